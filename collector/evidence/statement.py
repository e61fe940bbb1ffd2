"""The manifest of a pack: an in-toto statement (v1) about its files, and what it says of them."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict

from collector.contract.errors import BadInput
from collector.evidence.archive import CONTENTS, SUBJECTS

STATEMENT = "https://in-toto.io/Statement/v1"
# Ours.
PREDICATE = "urn:x-limen:evidence:v1"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Question(_Record):
    """What was asked for, as it was said. None: whichever."""

    since: str | None
    until: str | None
    app: str | None
    environment: str | None
    release: str | None


class Arrived(_Record):
    """Requests of a release that arrived, of those that phones numbered. None: unknown."""

    app: str
    release: str
    completeness: float | None


class Log(_Record):
    """Where the excerpt of the audit log begins: the log's key (C2SP signed-note), the number of
    its first entry, and the roots, in hexadecimal, of the complete trees of those before."""

    key: str
    first: int
    roots: tuple[str, ...]


class Facts(_Record):
    """What a pack is about. Times are RFC 3339.

    `k` is the fewest installations that a row may be about: 1, nothing is left out.
    """

    limen: str
    made: str
    question: Question
    since: str
    until: str
    policy: str
    policy_digest: str
    flows: int
    departures: int
    findings: int
    errors_standing: int
    k: int
    completeness: tuple[Arrived, ...]


class Statement(_Record):
    """Facts, the log's excerpt, and the SHA-256 of every file."""

    facts: Facts
    log: Log
    files: Mapping[str, str]

    def written(self) -> bytes:
        """As JSON in one form: keys sorted, no spaces."""
        document = {
            "_type": STATEMENT,
            "subject": [{"name": n, "digest": {"sha256": d}} for n, d in self.files.items()],
            "predicateType": PREDICATE,
            "predicate": self.model_dump(mode="json", exclude={"files"}),
        }
        return one_form(document)

    @classmethod
    def read(cls, content: bytes) -> "Statement":
        """Raises BadInput."""
        try:
            document = json.loads(content)
            files = {one["name"]: one["digest"]["sha256"] for one in document["subject"]}
            predicate = json.dumps(document["predicate"] | {"files": files})
            found = cls.model_validate_json(predicate)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BadInput("it cannot be read as a statement of in-toto about a pack") from None
        if found.written() != content or tuple(files) != SUBJECTS:
            raise BadInput("it is not in the form that a manifest is written in")
        return found


def digests(members: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of each, in hexadecimal."""
    return {name: sha256(members[name]).hexdigest() for name in SUBJECTS}


def contents_digest(members: Mapping[str, bytes]) -> str:
    """What the audit log keeps of a pack: of lines as `sha256sum` writes them."""
    lines = [f"{sha256(members[name]).hexdigest()}  {name}\n" for name in CONTENTS]
    return sha256("".join(lines).encode()).hexdigest()


def one_form(document: Any) -> bytes:
    """JSON with its keys sorted and no spaces."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()
