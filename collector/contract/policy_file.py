"""Reads `policy.toml`, and says of a wrong one every line, the key and the remedy."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from collector.contract.config import Settings
from collector.contract.errors import BadInput
from collector.contract.policy import LONGEST, Policy, is_built_in
from collector.contract.policy_checks import contradictions
from collector.contract.policy_errors import said
from collector.contract.toml_lines import Key, Lines

# tomllib says where it stopped, and what it met.
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_TWICE = re.compile(r"Cannot declare \((.*)\) twice|Cannot overwrite a value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong at one place. `line` counts from 1."""

    line: int
    key: str
    message: str


class WrongPolicy(BadInput):
    """The policy has errors; `problems` are all that were found."""

    def __init__(self, file: Path, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(_sentence(file, problem) for problem in problems))


def read_policy(path: Path | None) -> Policy:
    """The policy in `path`, or the built-in one for None. Raises BadInput, of it WrongPolicy."""
    if path is None:
        return Policy.built_in()
    try:
        # Some editors mark a file as UTF-8 by what TOML does not know.
        return parse_policy(path.read_text("utf-8-sig"), path)
    except FileNotFoundError:
        raise BadInput(f"{path}: no such policy file; put it there, or name another") from None
    except OSError as exc:
        raise BadInput(f"{path}: cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        problem = Problem(line=line, key="", message="it is not UTF-8 text: save the file as such")
        raise WrongPolicy(path, (problem,)) from None


def named_policy(settings: Settings) -> Policy | None:
    """The policy that the settings name, or None. Raises BadInput."""
    if settings.built_in_policy():
        return read_policy(None)
    file = settings.policy_file()
    return None if file is None else read_policy(file)


def parse_policy(text: str, file: Path) -> Policy:
    """The policy that `text`, of `file`, says. Raises WrongPolicy."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise WrongPolicy(file, (_not_toml(str(exc), text),)) from None
    found = [*_of_version(document)]
    try:
        policy = Policy.model_validate(document)
    except ValidationError as exc:
        # The values are the team's own text.
        errors = [said(error) for error in exc.errors(include_url=False)]
        found += errors
        policy = Policy.model_validate(_sound(document, [key for key, _ in errors]))
    found += contradictions(policy)
    if found:
        lines = Lines(text)
        problems = (Problem(line=lines.of(k), key=_named(k), message=m) for k, m in found)
        raise WrongPolicy(file, tuple(sorted(problems, key=lambda problem: problem.line)))
    return policy


def _sound(document: Mapping[str, Any], wrong: list[Key]) -> dict[str, Any]:
    """`document` without what is `wrong`, and without what could seem so because of that."""
    tables = ("aliases", "attributes", "features")
    left = {k: dict(v) if k in tables and isinstance(v, dict) else v for k, v in document.items()}
    for top, *below in wrong:
        name = str(top)
        if name in tables and below:
            left.get(name, {}).pop(below[0], None)
        else:
            left.pop(name, None)
        if name == "hosts":
            left.pop("features", None)
        if name == "retention_days":
            left[name] = LONGEST
    return left


def _not_toml(what: str, text: str) -> Problem:
    place = _PLACE.search(what)
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    if twice := _TWICE.search(what):
        names = re.findall(r"'([^']*)'", twice[1] or "")
        first = f", first on line {Lines(text).of(tuple(names))}" if names else ""
        message = f"it is there twice{first}: join the two, or give one of them another name"
        return Problem(line=line, key=_named(tuple(names)), message=message)
    return Problem(line=line, key="", message=f"not valid TOML: {_PLACE.sub('', what)}")


def _of_version(document: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    version = document.get("version")
    if version is None:
        yield (
            ("version",),
            'it is missing: name this policy on the first line, for example version = "2026-11-01"',
        )
    elif isinstance(version, str) and is_built_in(version):
        yield ("version",), f"{version} is the name of the built-in policy: write another"


def _named(key: Key) -> str:
    plain = re.compile(r"[A-Za-z0-9_\-]+")
    return ".".join(str(p) if plain.fullmatch(str(p)) else json.dumps(p) for p in key)


def _sentence(file: Path, problem: Problem) -> str:
    key = f"{problem.key}: " if problem.key else ""
    return f"{file}:{problem.line}: {key}{problem.message}"
