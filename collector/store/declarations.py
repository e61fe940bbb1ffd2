"""Declarations of apps and verdicts on findings, as they are kept."""

import secrets
import time
from hashlib import sha256

from collector.contract.compliance import Judgement, Verdict
from collector.contract.declarations import Declaration, KeptDeclaration
from collector.contract.errors import BadInput, NotFound
from collector.declarations import read_declaration
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import parse_time, rfc3339


class Declarations:
    """Those of `database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        name: str,
        content: bytes,
        *,
        app: str,
        release: str | None = None,
        bundle: str | None = None,
        token: str | None = None,
    ) -> KeptDeclaration:
        """Keeps the file called `name` as a declaration of `app`, or the one that is kept already.

        Raises BadInput with what is wrong in it and where.
        """
        found = read_declaration(name, content, bundle)
        digest = sha256(content).hexdigest()
        for kept in self.all():
            if (kept.app, kept.release, kept.digest) == (app, release, digest):
                return kept
        now, id_ = time.time_ns(), secrets.token_hex(6)
        with self._database.write() as transaction:
            transaction.run(
                "insert_declaration",
                id=id_,
                added=now,
                app=app,
                release=release,
                digest=digest,
                token=token,
                content=found.model_dump_json(),
            )
            transaction.note(
                "declaration added",
                by=token,
                time=now,
                kind=found.kind,
                app=app,
                release=release,
                digest=digest,
            )
        return self.get(id_)

    def remove(self, id_: str, token: str | None = None) -> None:
        """Takes a declaration back."""
        kept = self.get(id_)
        with self._database.write() as transaction:
            transaction.run("remove_declaration", id=id_)
            transaction.note(
                "declaration removed",
                by=token,
                kind=kept.declaration.kind,
                app=kept.app,
                release=kept.release,
                digest=kept.digest,
            )

    def get(self, id_: str) -> KeptDeclaration:
        for kept in self.all():
            if kept.id == id_:
                return kept
        raise NotFound(
            "there is no such declaration; see limen declaration list (GET /api/declarations)"
        )

    def all(self) -> list[KeptDeclaration]:
        """Every one, the newest first."""
        return [
            KeptDeclaration(
                id=row["id"],
                app=row["app"],
                release=row["release"],
                added=rfc3339(row["added"]),
                digest=row["digest"],
                token=row["token"],
                declaration=Declaration.model_validate_json(row["content"]),
            )
            for row in self._database.read(query("declarations")).to_pylist()
        ]


class Verdicts:
    """Those of `database`: what was said last of each finding, by its id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def say(self, finding: str, code: str, said: Judgement, token: str | None) -> None:
        """Keeps what was `said` of a finding. Raises BadInput where it would be over already."""
        now = time.time_ns()
        until = None if said.until is None else parse_time(said.until, now)
        if until is not None and until <= now:
            raise BadInput("until lies in the past: leave it out, or name a time to come")
        with self._database.write() as transaction:
            transaction.run(
                "insert_verdict",
                time=now,
                finding=finding,
                word=said.word,
                who=said.who,
                why=said.why,
                until=until,
                token=token,
            )
            transaction.note(
                "finding judged",
                by=token,
                why=said.why,
                time=now,
                finding=finding,
                code=code,
                word=said.word,
                who=said.who,
                until=None if until is None else rfc3339(until),
            )

    def all(self) -> dict[str, Verdict]:
        now = time.time_ns()
        return {
            row["finding"]: Verdict(
                word=row["word"],
                who=row["who"],
                why=row["why"],
                until=None if row["until"] is None else rfc3339(row["until"]),
                at=rfc3339(row["time"]),
                token=row["token"],
                holds=row["word"] != "open" and (row["until"] is None or row["until"] > now),
            )
            for row in self._database.read(query("verdicts")).to_pylist()
        }
