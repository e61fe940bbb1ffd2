"""A copy of the database in a file beside it, filled by queries that see both."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from collector.asker import asker
from collector.contract.errors import HungUp
from collector.store.queries import query
from collector.store.schema import TABLES, ddl

# How long a copy that was given up may be held by what still runs.
_LET_GO_SECONDS = 10.0


class Beside:
    """This database and a copy of it, `fresh`, on a cursor of their own; no transaction around."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._closed = False

    def open(self, path: Path) -> None:
        """Makes the copy in `path`, without rows."""
        self._attach(path)
        path.chmod(0o600)
        for name in TABLES:
            self._cursor.execute(ddl(name).replace("create table ", "create table fresh."))

    def _attach(self, path: Path) -> None:
        """DuckDB holds a copy that was given up until whoever saw it last has ended."""
        until = time.monotonic() + _LET_GO_SECONDS
        while True:
            try:
                self._cursor.execute(query("attach_copy"), {"path": str(path)})
                return
            except duckdb.ResourceInUseException:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def run(self, name: str, table: str = "", **values: object) -> None:
        """Runs the query called `name`, for `table` where it is for any.

        Raises HungUp once the asker is gone.
        """
        try:
            with asker().waiting(self._cursor.interrupt):
                self._cursor.execute(query(name).replace("{table}", table), values or None)
        except duckdb.InterruptException as exc:
            raise HungUp from exc

    def ask(self, name: str, table: str = "", **values: object) -> list[tuple[Any, ...]]:
        """The rows of the query called `name`."""
        self.run(name, table, **values)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """The queries of the block see one state."""
        self._cursor.begin()
        yield
        self._cursor.commit()

    def close(self) -> None:
        """Lets go of the copy, after which it can be moved."""
        if not self._closed:
            self._closed = True
            with suppress(duckdb.Error):
                self._cursor.rollback()
            with suppress(duckdb.Error):
                self._cursor.execute(query("detach_copy"))
            self._cursor.close()
