"""`limen replay` in this process, what it printed, and the collector and phones it is about."""

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import limen
from models.registry import BUNDLED_ROOT
from tests.phones import Reading
from tests.processes import RunningCollector

FEATURE, MODEL, OTHER_MODEL = "image_classify", "digit_reader@1", "digit_reader@2"


@dataclass(frozen=True, kw_only=True)
class Printed:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """A collector with what phones sent it: first without audits, from `audits_since` with."""

    collector: RunningCollector
    plain: list[Reading]
    audited: list[Reading]
    audits_since: str

    @property
    def place(self) -> tuple[str, ...]:
        return "--api", self.collector.api, "--home", str(self.collector.home)

    @property
    def before_audits(self) -> tuple[str, ...]:
        return "--to", self.audits_since


def replay(*words: str) -> Printed:
    """`limen replay` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = limen.main(["replay", *words])
    return Printed(code=code, out=out.getvalue(), err=err.getvalue())


def run(fleet: Fleet, *more: str, model: str = MODEL) -> Printed:
    return replay("run", "--feature", FEATURE, "--model", model, *fleet.place, *more)


def sweep(fleet: Fleet, name: str, *more: str) -> Printed:
    """With a limit that so few phones show whatever their draws, where `more` says no other."""
    return replay("sweep", name, "--max-error", "0.1", *fleet.place, *more)


def own_model(home: Path, *, of: str = "1", damage: bytes = b"") -> None:
    """A model of the user's own, digit_reader@7: version `of` whose file ends in `damage`."""
    folder = home / "models" / "digit_reader" / "7"
    shutil.copytree(BUNDLED_ROOT / "digit_reader" / of, folder)
    card = folder / "card.toml"
    text = card.read_text("utf-8").replace(f'version = "{of}"', 'version = "7"')
    card.write_text(text, "utf-8")
    with (folder / "model.tflite").open("ab") as file:
        file.write(damage)
