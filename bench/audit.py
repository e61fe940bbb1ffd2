"""What the audit log costs when it is long: appending to it, proving an entry, checking all of it.

python -m bench.audit [--entries N]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa

from collector.store.audit_log import AuditLog
from collector.store.database import Database
from collector.tlog.checkpoint import Signer, read_checkpoints
from collector.tlog.entries import Entry, fresh_salt
from collector.tlog.merkle import Frontier
from collector.tlog.verify import Check

_TIMES = 50
_SLICE = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.audit")
    parser.add_argument("--entries", type=int, default=1_000_000)
    entries: int = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "limen.duckdb"
        Database(path, query_seconds=60).close()
        fill(path, entries)
        began = time.perf_counter()
        database = Database(path, query_seconds=60)
        _say(f"{entries:,} entries; opening {time.perf_counter() - began:.2f} s")
        measure(database, AuditLog(database, Signer(bytes(32))))
        database.close()


def measure(database: Database, log: AuditLog) -> None:
    def inside() -> None:
        with database.write() as transaction:
            began = time.thread_time()
            transaction.ask("read_schema")
            asked.append(time.thread_time() - began)
            began = time.thread_time()
            transaction.note("a bench", count=1)
            spent.append(time.thread_time() - began)

    spent: list[float] = []
    asked: list[float] = []
    timed(inside)
    appending, asking = (1000 * sorted(times)[_TIMES // 2] for times in (spent, asked))
    _say(
        f"appending, before the commit: {appending:.2f} ms of processor, "
        f"{appending / asking:.1f} of the smallest question"
    )
    size = log.size
    _say(f"a proof of one entry: {timed(lambda: log.proof(size // 3)):.1f} ms")
    _say(f"a proof of consistency: {timed(lambda: log.consistency(size // 3, size)):.1f} ms")
    began = time.perf_counter()
    (head,) = read_checkpoints(log.checkpoint())
    check = Check(log.verifier, head, [])
    for first in range(0, head.size, _SLICE):
        table = log.entries(first, _SLICE)
        leaves = table.column("leaf").to_pylist()
        for row, leaf in zip(table.drop_columns("leaf").to_pylist(), leaves, strict=True):
            check.take(Entry(**row), row["number"], leaf)
    assert not check.finish()
    _say(f"checking all of it: {time.perf_counter() - began:.1f} s")


def timed(run: Callable[[], object]) -> float:
    """The median of some runs, ms."""
    spent = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        run()
        spent.append(time.perf_counter() - began)
    return 1000 * sorted(spent)[_TIMES // 2]


def fill(path: Path, entries: int) -> None:
    """A log as if it had been appended to one by one."""
    connection = duckdb.connect(str(path))
    tree = Frontier()
    for first in range(0, entries, _SLICE):
        rows = []
        for number in range(first, min(first + _SLICE, entries)):
            entry = Entry(
                number=number,
                time=number,
                action="inputs opened",
                actor="0123456789ab",
                reason="a bench of the log",
                count=1,
                detail='{"chunk": 1, "run": "abcdef"}',
                salt=fresh_salt(),
            )
            tree, hashes = tree.append(entry.leaf())
            rows.append(entry.columns() | {"hashes": b"".join(hashes)})
        connection.from_arrow(pa.Table.from_pylist(rows)).insert_into("audit")
    connection.close()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
