"""How long it takes to find which of 5,000 spans are stored already, in a store of 50 million.

python -m bench.duplicates [--spans N]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from collector.redact import Redacted
from collector.redaction.tally import Tally
from collector.store.database import Database
from collector.store.writer import Part, first_copies

GROUP = 5_000
DAYS = 7
SLICE = 5_000_000
ROUNDS = 15

_DAY_NS = 86_400 * 10**9


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the milliseconds of a group of recent spans, and of one with 1 % late ones."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--spans", type=int, default=50_000_000)
    spans = arguments.parse_args(argv).spans
    now, rng = time.time_ns(), np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "limen.duckdb"
        Database(path, query_seconds=60).close()
        _fill(path, spans, now)
        database = Database(path, query_seconds=60)
        for name, late in (("recent only", 0), ("1 % up to 7 days late", GROUP // 100)):
            times = [_seconds(database, now, late, rng) for _ in range(ROUNDS)]
            _say(
                f"{GROUP:,} spans against {spans:,}, {name}: median "
                f"{statistics.median(times) * 1e3:.1f} ms, longest {max(times) * 1e3:.1f} ms"
            )
        database.close()


def _fill(path: Path, spans: int, now: int) -> None:
    sql = Path(__file__).with_name("fill.sql").read_text("utf-8")
    with duckdb.connect(str(path)) as connection:
        for first in range(0, spans, SLICE):
            last = min(first + SLICE, spans)
            values = {"now": now, "days": DAYS, "spans": spans, "first": first, "last": last}
            connection.execute(sql, values)
            _say(f"filled {last:,} of {spans:,} spans")


def _seconds(database: Database, now: int, late: int, rng: np.random.Generator) -> float:
    start = now - rng.integers(0, 5 * 10**9, GROUP)
    start[:late] = now - rng.integers(3600 * 10**9, DAYS * _DAY_NS, late)
    rows = pa.table(
        {
            "span_id": pa.array([rng.bytes(8) for _ in range(GROUP)], pa.binary()),
            "start_time": pa.array(start.astype(np.uint64)),
        }
    )
    zeros = np.zeros(GROUP, dtype=np.int64)
    part = Part(
        signal="traces",
        redacted=Redacted(
            rows=rows, request=zeros, rejected=zeros[:1], tally=Tally(), policy_version="bench"
        ),
        inputs=None,
        consents=None,
        received=np.array([now]),
        body_bytes=[0],
    )
    with database.write() as transaction:
        begin = time.perf_counter()
        (found,) = first_copies(transaction, [part])
        seconds = time.perf_counter() - begin
    assert len(found) == GROUP
    return seconds


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
