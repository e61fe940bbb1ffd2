"""One transaction: queries by their names, tables by theirs, and the entries of the audit log."""

import json
import time as clock
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

from collector.store.queries import query
from collector.tlog.entries import COLLECTOR, Entry, fresh_salt
from collector.tlog.merkle import Frontier

# Whichever database they are run on.
_PARSED: dict[str, list[duckdb.Statement]] = {}


class Transaction:
    """Writes within one transaction. `audited` is the audit log as it will be after it, `spans` how
    many it stores."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, audited: Frontier) -> None:
        self._cursor = cursor
        self._afterwards: list[Callable[[], None]] = []
        self.audited = audited
        self.spans = 0

    def run(self, name: str, **values: object) -> None:
        """Runs the query called `name`."""
        for statement in self._parsed(name):
            self._cursor.execute(statement, values or None)

    def run_for(self, table: str, name: str, **values: object) -> None:
        """Runs for `table` the query called `name`, which is for any."""
        self._cursor.execute(query(name).replace("{table}", table), values or None)

    def ask(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """The rows of the query called `name`, as this transaction sees them."""
        (statement,) = self._parsed(name)
        rows: list[tuple[Any, ...]] = self._cursor.execute(statement, values or None).fetchall()
        return rows

    def _parsed(self, name: str) -> list[duckdb.Statement]:
        """The query called `name`: to read its text again is a fifth of the cost of a small one."""
        if name not in _PARSED:
            _PARSED[name] = self._cursor.extract_statements(query(name))
        return _PARSED[name]

    def name(self, **tables: pa.Table) -> None:
        """Calls Arrow tables by these names, until others are called so."""
        for name, table in tables.items():
            self._cursor.register(name, table)

    def forget(self, *names: str) -> None:
        """Lets go of Arrow tables that were called so."""
        for name in names:
            self._cursor.unregister(name)

    def afterwards(self, work: Callable[[], None]) -> None:
        """Does `work` once this is committed, before anybody else writes; it must not fail."""
        self._afterwards.append(work)

    def committed(self) -> None:
        """Does what was to be done afterwards."""
        for work in self._afterwards:
            work()

    def note(
        self,
        action: str,
        *,
        by: str | None = COLLECTOR,
        why: str | None = None,
        count: int | None = None,
        time: int | None = None,
        **detail: object,
    ) -> Entry:
        """Appends to the audit log what was done, at `time` (ns; None: now), as part of this.

        `by` is the id of the token that asked, None where no tokens are in use; `why` the reason
        that was given; `count` how many it was done to; the `detail` is JSON. Nothing in it may
        tell of whom: no identifier, no pseudonym, no id of a trace.
        """
        entry = Entry(
            number=self.audited.size,
            time=clock.time_ns() if time is None else time,
            action=action,
            actor=by,
            reason=why,
            count=count,
            detail=json.dumps(detail, sort_keys=True),
            salt=fresh_salt(),
        )
        self.append(entry)
        return entry

    def append(self, entry: Entry) -> None:
        """Appends an entry that has the next number."""
        self.audited, hashes = self.audited.append(entry.leaf())
        self.run("append_audit", **entry.columns(), hashes=b"".join(hashes))
