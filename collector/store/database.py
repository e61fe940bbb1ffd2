"""The one DuckDB file: opened alone, configuration locked, schema made or checked.

The connection is never handed out: `read` and `write` by intent, DuckDB's errors translated. When
DuckDB gives its own memory of the file up (a failed fsync or checkpoint), the next write opens the
file anew.
"""

import contextlib
import errno
import logging
import os
import shutil
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from collector.asker import asker
from collector.contract.errors import BadInput, Failed, HungUp, Overloaded, StoreUnusable
from collector.keys import sync
from collector.store.audit import frontier_of
from collector.store.beside import Beside
from collector.store.defining import define
from collector.store.opening import MEMORY_BYTES, connect, logs, make
from collector.store.queries import query
from collector.store.snapshot import Snapshot
from collector.store.transaction import Transaction
from collector.store.turns import Turns
from collector.tlog.merkle import Frontier

# After these DuckDB refuses everything until the file is opened anew. An OSError is the folder's:
# whether its log has a name on the disk is then as unknown as after a failed fsync.
_GIVEN_UP = (duckdb.FatalException, duckdb.InternalException, OSError)

_DISK_FULL = os.strerror(errno.ENOSPC)

# What is held of a person is looked for so long (s): there is no less of it to ask for.
PERSON_SECONDS = 600.0

_log = logging.getLogger("limen")

# `Database.snapshot` is for few rows.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result makes an extra copy")


class Database:
    """The only holder of the file at `path`. Raises StoreUnusable with what to do about it."""

    def __init__(
        self, path: Path, *, query_seconds: float, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self.path = path
        self._log_path = path.with_name(path.name + ".wal")
        self.copy_path = path.with_name(path.name + ".copy")
        self._query_seconds, self._memory_bytes = query_seconds, memory_bytes
        self.turns = Turns(query_seconds)
        self._reading = self.turns.answering
        self._writing = threading.Lock()
        self._healthy, self._given_up = True, False
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            make(path)
        self._opened = self._checkpoints = 0
        self._open()
        # What a process that was killed left behind; only the holder of the file may remove it.
        self.remove_copy()
        shutil.rmtree(path.with_name(path.name + ".tmp"), ignore_errors=True)

    def _open(self) -> None:
        reachable = [self.copy_path, *logs(self.copy_path)]
        self._connection = connect(self.path, reachable, self._memory_bytes)
        try:
            self.path.chmod(0o600)
            define(self._connection, self.path)
        except (duckdb.Error, OSError) as exc:
            self._connection.close()
            reason = str(exc).splitlines()[0]
            raise StoreUnusable(f"{self.path} cannot be written: {reason}") from exc
        self._connection.execute("set lock_configuration = true")
        try:
            self._audited = frontier_of(self._connection)
        except StoreUnusable:
            self._connection.close()
            raise
        self._write_cursor = self._connection.cursor()
        self._opened += 1
        self._log_spans = 0

    @property
    def opened(self) -> int:
        """How often the file was opened: what was remembered of an older one may be wrong."""
        return self._opened

    @property
    def moved(self) -> tuple[int, int]:
        """Another value once rows may have got another place in the file."""
        return self._opened, self._checkpoints

    @property
    def audited(self) -> Frontier:
        """The tree over the audit log as it is committed."""
        return self._audited

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

        Raises Overloaded when it took too long or too much memory, or none could be admitted in
        that time, BadInput when a value does not fit, HungUp once the asker is gone, and Failed,
        said in the log without any value, for whatever else the database finds wrong.
        """
        with self._answering() as cursor:
            return cursor.sql(sql, params=dict(values or {})).to_arrow_table()

    @contextmanager
    def snapshot(self, seconds: float | None = None) -> Iterator[Snapshot]:
        """What answers several queries as of one moment, with the limits of `read` for all
        together, or interrupted after so many `seconds`; nobody else is answered meanwhile."""
        with self._answering(seconds) as cursor:
            cursor.begin()
            yield Snapshot(cursor)

    @contextmanager
    def _answering(self, seconds: float | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one question, with the limits and errors of `read`."""
        waits, limit = asker(), seconds or self._query_seconds
        if not self.turns.come():
            raise Overloaded("another question is being answered: try again shortly")
        try:
            with self._connection.cursor() as cursor, waits.waiting(cursor.interrupt):
                watch = threading.Timer(limit, cursor.interrupt)
                watch.start()
                try:
                    yield cursor
                finally:
                    watch.cancel()
        except duckdb.InterruptException as exc:
            if waits.gone:
                raise HungUp from exc
            raise Overloaded(
                f"the question took longer than {limit:g} s: ask for a shorter period"
            ) from exc
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as exc:
            raise BadInput("a value does not fit its column") from exc
        except duckdb.Error as exc:
            if isinstance(exc, _GIVEN_UP):
                self._failed(exc)
            if self._given_up:
                raise Overloaded("the database is to be opened anew: try again shortly") from exc
            if isinstance(exc, duckdb.OutOfMemoryException) or _DISK_FULL in str(exc):
                raise Overloaded(
                    "the question takes more room than there is: ask for less"
                ) from exc
            _log.error("a question failed: %s, asked at %s:%s", type(exc).__name__, *_asked_at())
            # Whoever logs an exception logs its causes too, and this one's message holds values.
            raise Failed from None
        finally:
            self._reading.release()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: committed, and so on the disk, when the block ends without an error.

        Raises Overloaded when the database could not take it: nothing of it is stored then.
        """
        with self._writing:
            self._revive()
            log_is_new = not self._log_path.exists()
            try:
                self._write_cursor.begin()
                transaction = Transaction(self._write_cursor, self._audited)
                yield transaction
                self._write_cursor.commit()
                self._audited = transaction.audited
                self._log_spans += transaction.spans
                transaction.committed()
                if log_is_new:
                    # DuckDB syncs the log, not the folder that names it.
                    sync(self.path.parent)
            except BaseException as exc:
                self._undo()
                if isinstance(exc, duckdb.Error | OSError):
                    self._failed(exc)
                    if isinstance(exc, duckdb.OutOfMemoryException):
                        raise Overloaded(
                            "the change takes more memory than the database has: raise "
                            "database_memory_bytes"
                        ) from exc
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
            finally:
                self._checkpoints += 1
            self._healthy, self._log_spans = True, 0

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
    def beside(self) -> Iterator[Beside]:
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
            if any(log.exists() for log in logs(self.path)):
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
        for path in (self.copy_path, *logs(self.copy_path)):
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

    def log_spans(self) -> int:
        """How many spans the next checkpoint will move."""
        return self._log_spans

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
            try:
                self._write_cursor = self._connection.cursor()
            except duckdb.Error:
                self._given_up = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """Bytes of the file that are `used`, and that are `reusable` without its growing."""

    used: int
    reusable: int


def _asked_at() -> tuple[str, int | None]:
    """The file and line of ours that asks the question at hand."""
    frames = reversed(traceback.extract_stack())
    own = (__file__, contextlib.__file__)
    return next((frame.filename, frame.lineno) for frame in frames if frame.filename not in own)
