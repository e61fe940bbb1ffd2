"""How long the questions of each page take over a store of many requests: with what is rolled up,
and from the spans alone.

python -m bench.pages [--requests N --installations N --days N --rounds N]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np

from collector.contract.errors import Overloaded
from collector.contract.records import Query
from collector.engine import DATABASE, Engine
from collector.store.rollups import Rollups

SLICE = 1_000_000
# What nobody waits for.
QUERY_SECONDS = 60.0

# By page what it asks, each with its dimensions: dashboard/views.
PAGES: Mapping[str, Sequence[tuple[str, ...]]] = {
    "overview": (
        ("fallback_rate",),
        ("offline_coverage",),
        ("latency",),
        ("completeness",),
        ("release_health",),
        ("completeness", "release"),
        ("fallback_rate", "release", "day"),
        ("fallback_reasons",),
    ),
    "offline": (
        ("offline_coverage",),
        ("offline_coverage", "release", "day"),
        ("fallback_reasons",),
        ("offline_coverage", "release"),
        ("offline_coverage", "feature"),
        ("offline_coverage", "os"),
    ),
    "egress": (("egress",), ("egress", "feature", "release"), ("flows",)),
    "ledger": (("ledger",),),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the 95th percentile of each page's questions together, and its ratio to the spans."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=2_000_000)
    arguments.add_argument("--installations", type=int, default=6_000)
    arguments.add_argument("--days", type=int, default=90)
    arguments.add_argument("--rounds", type=int, default=5)
    asked = arguments.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with _engine(home):
            pass
        _fill(home / DATABASE, asked.requests, asked.installations, asked.days)
        with _engine(home) as engine:
            _roll_up(engine)
            asks = {
                (days, page): _queries(page, days) for days in (7, asked.days) for page in PAGES
            }
            rolled = {ask: _p95(engine, queries, asked.rounds) for ask, queries in asks.items()}
            with engine.database.write() as transaction:
                transaction.run("clear_rollup_state")
            for (days, page), queries in asks.items():
                _compare(f"{page}, {days} days", rolled[days, page], _seconds(engine, queries))


def _engine(home: Path) -> Engine:
    return Engine(
        home, None, query_seconds=QUERY_SECONDS, max_in_flight_bytes=2**28, min_free_bytes=0
    )


def _fill(path: Path, requests: int, phones: int, days: int) -> None:
    fleet, sql = (Path(__file__).with_name(f"{n}.sql").read_text() for n in ("fleet", "requests"))
    fixed = {"now": time.time_ns(), "phones": phones, "requests": requests, "days": days}
    with duckdb.connect(str(path)) as connection:
        connection.execute(fleet)
        for first in range(0, requests, SLICE):
            last = min(first + SLICE, requests)
            connection.execute(sql, fixed | {"first": first, "last": last})
            _say(f"filled {last:,} of {requests:,} requests")


def _roll_up(engine: Engine) -> None:
    rollups, began = Rollups(engine.database), time.perf_counter()
    while rollups.run():
        pass
    seconds = time.perf_counter() - began
    spans = engine.reader.status()["spans"]
    size = engine.database.file_bytes() / spans
    _say(f"rolled up {spans:,} spans in {seconds:.0f} s; {size:.0f} bytes of file a span")


def _queries(page: str, days: int) -> list[Query]:
    return [
        Query.model_validate({"metric": metric, "from": f"-{days}d", "by": by})
        for metric, *by in PAGES[page]
    ]


def _p95(engine: Engine, queries: Sequence[Query], rounds: int) -> float | None:
    times = [_seconds(engine, queries) for _ in range(rounds)]
    found = [seconds for seconds in times if seconds is not None]
    return float(np.percentile(found, 95)) if len(found) == rounds else None


def _compare(what: str, rolled: float | None, spans: float | None) -> None:
    said = ["not answered" if s is None else f"{s:.2f} s" for s in (rolled, spans)]
    ratio = f", {spans / rolled:.1f} times as long" if rolled and spans else ""
    _say(f"{what}: p95 {said[0]}; from the spans alone {said[1]}{ratio}")


def _seconds(engine: Engine, queries: Sequence[Query]) -> float | None:
    """None where one could not be answered."""
    began, known = time.perf_counter(), dict[str, float | None]()
    try:
        for query in queries:
            engine.reader.answer(query, known=known)
    except Overloaded:
        return None
    return time.perf_counter() - began


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
