"""The one DuckDB file: opened alone, configuration locked, schema made or checked.

The connection is never handed out: `read` and `write` by intent, DuckDB's errors translated. When
DuckDB gives its own memory of the file up (a failed fsync or checkpoint), the next write opens the
file anew.
"""

import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from collector.contract.errors import BadInput, Overloaded, StoreUnusable
from collector.keys import sync
from collector.store.queries import query
from collector.store.schema import DEFINITIONS, TABLES, VERSION, ddl, migration

# What blocks of the file and questions may take of it.
MEMORY_BYTES = 350 * 10**6

_CONFIG: Mapping[str, str] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # Checkpoints run from a timer at low load, never inside a commit that a phone waits for.
    "wal_autocheckpoint": "1GB",
    "auto_checkpoint_skip_wal_threshold": "1000000000",
    # Beyond its memory it spills beside the file, within bounds.
    "max_temp_directory_size": "10GB",
}

# After these DuckDB refuses everything until the file is opened anew. An OSError is the folder's:
# whether its log has a name on the disk is then as unknown as after a failed fsync.
_GIVEN_UP = (duckdb.FatalException, duckdb.InternalException, OSError)

# How long a copy that was given up may be held by what still runs.
_LET_GO_SECONDS = 10.0

_LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")

_log = logging.getLogger("limen")


class Database:
    """The only holder of the file at `path`. Raises StoreUnusable with what to do about it."""

    def __init__(
        self, path: Path, *, query_seconds: float, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self.path = path
        self._log_path = path.with_name(path.name + ".wal")
        self.copy_path = path.with_name(path.name + ".copy")
        self._query_seconds, self._memory_bytes = query_seconds, memory_bytes
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._healthy, self._given_up = True, False
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make(path)
        self._opened = 0
        self._open()
        # What a process that was killed left behind; only the holder of the file may remove it.
        self.remove_copy()
        shutil.rmtree(path.with_name(path.name + ".tmp"), ignore_errors=True)

    def _open(self) -> None:
        reachable = [self.copy_path, *_logs(self.copy_path)]
        self._connection = _connect(self.path, reachable, self._memory_bytes)
        try:
            self.path.chmod(0o600)
            self._define()
        except (duckdb.Error, OSError) as exc:
            self._connection.close()
            reason = str(exc).splitlines()[0]
            raise StoreUnusable(f"{self.path} cannot be written: {reason}") from exc
        self._connection.execute("set lock_configuration = true")
        self._write_cursor = self._connection.cursor()
        self._opened += 1

    @property
    def opened(self) -> int:
        """How often the file was opened: what was remembered of an older one may be wrong."""
        return self._opened

    @property
    def healthy(self) -> bool:
        """Whether the last write or checkpoint reached the disk."""
        return self._healthy

    def close(self) -> None:
        """Lets go of the file, its log moved into it where that can be done."""
        with suppress(Overloaded):
            self.checkpoint()
        with self._writing:
            self._write_cursor.close()
            self._connection.close()

    def read(self, sql: str, values: Mapping[str, Any] | None = None) -> pa.Table:
        """The answer to a query, one at a time, interrupted after `query_seconds`.

        Raises Overloaded when it took too long or none could be admitted in that time, and
        BadInput when a value does not fit.
        """
        if not self._reading.acquire(timeout=self._query_seconds):
            raise Overloaded("another question is being answered: try again shortly")
        try:
            with self._connection.cursor() as cursor:
                watch = threading.Timer(self._query_seconds, cursor.interrupt)
                watch.start()
                try:
                    return cursor.sql(sql, params=dict(values or {})).to_arrow_table()
                finally:
                    watch.cancel()
        except duckdb.InterruptException as exc:
            raise Overloaded(
                f"the question took longer than {self._query_seconds:g} s: ask for a shorter period"
            ) from exc
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as exc:
            raise BadInput("a value does not fit its column") from exc
        except duckdb.Error as exc:
            if isinstance(exc, _GIVEN_UP):
                self._failed(exc)
            raise Overloaded("the question could not be answered: ask for less") from exc
        finally:
            self._reading.release()

    @contextmanager
    def write(self) -> Iterator["Transaction"]:
        """One transaction: committed, and so on the disk, when the block ends without an error.

        Raises Overloaded when the database could not take it: nothing of it is stored then.
        """
        with self._writing:
            self._revive()
            log_is_new = not self._log_path.exists()
            try:
                self._write_cursor.begin()
                yield Transaction(self._write_cursor)
                self._write_cursor.commit()
                if log_is_new:
                    # DuckDB syncs the log, not the folder that names it.
                    sync(self.path.parent)
            except BaseException as exc:
                self._undo()
                if isinstance(exc, duckdb.Error | OSError):
                    self._failed(exc)
                    raise Overloaded("the database could not take the data: try again") from exc
                raise
            self._healthy = True

    def checkpoint(self) -> None:
        """Moves the log into the file. Raises Overloaded where it could not be done now."""
        with self._writing:
            self._revive()
            try:
                self._write_cursor.execute(query("checkpoint"))
            except duckdb.Error as exc:
                self._failed(exc)
                raise Overloaded("the log could not be moved into the file: try later") from exc
            self._healthy = True

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While the block runs, nobody reads or writes. The question being answered ends first."""
        while True:
            # In this order, so that writes do not wait for a question; the other way round
            # elsewhere, so that it lets go and tries again.
            self._reading.acquire()
            if self._writing.acquire(timeout=1.0):
                break
            self._reading.release()
        try:
            yield
        finally:
            self._writing.release()
            self._reading.release()

    @contextmanager
    def beside(self) -> Iterator["Beside"]:
        """A fresh database in `copy_path`, open beside this one. Raises Overloaded."""
        self.remove_copy()
        beside = Beside(self._connection.cursor())
        try:
            beside.open(self.copy_path)
            yield beside
        except (duckdb.Error, OSError) as exc:
            raise Overloaded("the database could not be copied: try later") from exc
        finally:
            beside.close()

    def replace(self) -> None:
        """Puts the copy, which is whole, in the place of the file; only while `alone`.

        A crash leaves the one or the other, and no log of the old file beside the new one: the log
        is gone from the disk before the copy takes its place. Raises Overloaded.
        """
        self._write_cursor.execute(query("checkpoint"))
        try:
            self._write_cursor.close()
            self._connection.close()
            if any(log.exists() for log in _logs(self.path)):
                raise Overloaded("the log could not be moved into the file: the copy is not used")
            sync(self.path.parent)
            sync(self.copy_path)
            os.replace(self.copy_path, self.path)
            sync(self.path.parent)
            self._open()
        except (StoreUnusable, Overloaded, OSError) as exc:
            # Whoever writes next opens the file, the old one or the new.
            self._healthy, self._given_up = False, True
            raise Overloaded("the copy could not take the place of the file") from exc

    def remove_copy(self) -> None:
        """Removes the copy, where there is one."""
        for path in (self.copy_path, *_logs(self.copy_path)):
            path.unlink(missing_ok=True)

    def space(self) -> "Space":
        """What the file holds, as of its last checkpoint. Raises Overloaded."""
        return Space(**self.read(query("space")).to_pylist()[0])

    def file_bytes(self) -> int:
        """The size of the file, without its log."""
        return self.path.stat().st_size

    def log_bytes(self) -> int:
        """The size of the log that the next checkpoint will move."""
        try:
            return self._log_path.stat().st_size
        except FileNotFoundError:
            return 0

    def _failed(self, error: Exception) -> None:
        self._healthy = False
        self._given_up = self._given_up or isinstance(error, _GIVEN_UP)

    def _revive(self) -> None:
        """Opens the file anew if DuckDB gave it up. Raises Overloaded while that cannot be done.

        Opening replays the log and checkpoints it: what a failed fsync left in the page cache only
        is written again before anything else is acknowledged.
        """
        if not self._given_up:
            return
        with self._reading:
            self._write_cursor.close()
            self._connection.close()
            try:
                self._open()
            except StoreUnusable as exc:
                raise Overloaded("the database cannot be written: try later") from exc
        self._given_up = False
        _log.warning("the database was opened anew: its disk had failed to take a write")

    def _undo(self) -> None:
        try:
            self._write_cursor.rollback()
        except duckdb.Error:
            # Nothing to undo: the transaction never began or the database ended it.
            self._write_cursor = self._connection.cursor()

    def _define(self) -> None:
        connection = self._connection
        if _one(connection, query("find_schema")) == 0:
            connection.begin()
            for name in TABLES:
                connection.execute(ddl(name))
            connection.execute(query("mark_schema"), {"version": VERSION})
            connection.commit()
        version = _one(connection, query("read_schema"))
        if version > VERSION:
            connection.close()
            raise StoreUnusable(
                f"{self.path} has schema {version} and this Limen reads up to {VERSION}: "
                "install the Limen that wrote it, or a newer one"
            )
        if version < VERSION:
            self._migrate(version)
        connection.begin()
        for name in DEFINITIONS:
            connection.execute(ddl(name))
        connection.commit()
        connection.execute(query("checkpoint"))

    def _migrate(self, version: int) -> None:
        """Takes the schema from `version` to ours, or leaves it as it was."""
        connection = self._connection
        try:
            connection.begin()
            for step in range(version + 1, VERSION + 1):
                connection.execute(migration(step))
            connection.execute(query("mark_schema"), {"version": VERSION})
            connection.commit()
        except duckdb.Error as exc:
            connection.close()
            raise StoreUnusable(
                f"{self.path} has schema {version} and could not be brought to {VERSION}; it is "
                "as it was: install the Limen that wrote it"
            ) from exc


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """Bytes of the file that are `used`, and that are `reusable` without its growing."""

    used: int
    reusable: int


class Transaction:
    """Writes within one transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def run(self, name: str, **values: object) -> None:
        """Runs the query called `name`."""
        self._cursor.execute(query(name), values or None)

    def ask(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """The rows of the query called `name`, as this transaction sees them."""
        rows: list[tuple[Any, ...]] = self._cursor.execute(query(name), values or None).fetchall()
        return rows

    def name(self, **tables: pa.Table) -> None:
        """Calls Arrow tables by these names, until others are called so."""
        for name, table in tables.items():
            self._cursor.register(name, table)


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
        """Runs the query called `name`, for `table` where it is for any."""
        self._cursor.execute(query(name).replace("{table}", table), values or None)

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


def _logs(path: Path) -> list[Path]:
    """What DuckDB may keep beside a file of its own."""
    return [path.with_name(path.name + end) for end in _LOGS]


def _make(path: Path) -> None:
    """An empty database, whole or not there at all: one half made could never be opened."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        duckdb.connect(str(fresh)).close()
        os.replace(fresh, path)
        sync(path.parent)
    except (duckdb.Error, OSError) as exc:
        raise StoreUnusable(f"{path} cannot be made: {str(exc).splitlines()[0]}") from exc


def _connect(path: Path, reachable: Sequence[Path], memory_bytes: int) -> duckdb.DuckDBPyConnection:
    """`path`, opened; besides it DuckDB may touch the `reachable` paths and nothing else."""
    if not path.exists():
        # DuckDB would make another in its place.
        raise StoreUnusable(f"{path} is gone")
    try:
        connection = duckdb.connect(
            str(path), config={**_CONFIG, "memory_limit": f"{memory_bytes}B"}
        )
        connection.execute(query("set_reachable"), {"paths": [str(path) for path in reachable]})
        connection.execute(query("cut_off"))
        return connection
    except duckdb.Error as exc:
        if holder := re.search(r"PID (\d+)", str(exc)):
            raise StoreUnusable(
                f"{path} is open in process {holder[1]}: stop it, or name another --home"
            ) from exc
        reason = str(exc).splitlines()[0]
        if damaged := re.search(r"Corrupt WAL file: entry at byte position (\d+)", reason):
            log = path.with_name(path.name + ".wal")
            raise StoreUnusable(
                f"{log} is damaged at byte {damaged[1]}: restore a backup, or give up what was "
                f"stored from there on: truncate --size {damaged[1]} {log}"
            ) from exc
        raise StoreUnusable(f"{path} cannot be opened: {reason}") from exc


def stored_version(path: Path) -> int | None:
    """The version of the schema in the file at `path`; None where there is none.

    Raises StoreUnusable.
    """
    if not path.exists():
        return None
    connection = _connect(path, [], MEMORY_BYTES)
    try:
        found = _one(connection, query("find_schema"))
        version: int | None = _one(connection, query("read_schema")) if found else None
        return version
    finally:
        connection.close()


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute(sql).fetchone()
    return row[0] if row else None
