"""How long the questions of each page take over a store of many requests: with what is rolled up,
and from the spans alone.

Asked are the whole period by what is rolled up, by an administrator and by a lead, who is told
small cells merged, and 14 days by a dimension that is not. The first round of each is cold: the
database was just opened (its pages may still be in the system's cache). `--rolled` leaves the spans
alone out; what is made in a `--home` stays there, and is asked again the next time.

python -m bench.pages
    [--requests N --installations N --days N --rounds N] [--rolled] [--home FOLDER]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from bench.repeated import Fleet, fill, roll_up
from collector.contract.config import DATABASE
from collector.contract.errors import Overloaded
from collector.contract.policy import Policy
from collector.contract.records import Query
from collector.engine import Engine
from collector.metrics import get_metric
from collector.metrics.cells import CELLS
from collector.permissions.tokens import Tokens

# What nobody waits for.
QUERY_SECONDS = 60.0
# As bench.readers has it, which asks the same store.
POLICY = Policy(version="bench", retention_days=400)

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
        ("offline_targets",),
        ("offline_by_threshold", "feature"),
        ("thresholds_in_use",),
        ("offline_hours",),
    ),
    "placement": (("feature_use",), ("transfers", "feature")),
    "release": (
        ("release_health",),
        ("release_intervals",),
        ("completeness", "release"),
        ("release_models",),
        ("volume", "app"),
    ),
    "egress": (("transfers",), ("transfers", "feature", "release"), ("flows",)),
    "ledger": (("ledger",),),
    "requests": (("requests",),),
    "quality": (
        ("completeness",),
        ("lost_requests",),
        ("arrival",),
        ("unknown_values",),
        ("completeness", "release"),
        ("lost_requests", "release"),
        ("arrival", "release"),
        ("unknown_values", "release"),
        ("unknown_departures", "release"),
        ("clock_skew", "release"),
        ("skewed_installations",),
    ),
}

LEAD = ("overview", "offline", "release", "egress")

# Pages asked by what is not rolled up, with one value of it.
OTHERWISE = (
    ("overview", "device_model", "Pixel 8"),
    ("offline", "country", "DE"),
    ("egress", "device_model", "Pixel 8"),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a page asks, with small cells `merged` or not."""

    what: str
    queries: Sequence[Query]
    merged: bool = False


def main(argv: Sequence[str] | None = None) -> None:
    """Prints how long each page's questions take, the slowest of them, and the spans alone."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=2_000_000)
    arguments.add_argument("--installations", type=int, default=6_000)
    arguments.add_argument("--days", type=int, default=90)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--rolled", action="store_true")
    arguments.add_argument("--home", type=Path)
    asked = arguments.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = asked.home or Path(folder)
        if not (home / DATABASE).exists():
            _fill(home, asked.requests, asked.installations, asked.days)
        with _engine(home) as engine:
            roll_up(engine, _say)
        asks = [Ask(f"{page}, {asked.days} days", queries(page, asked.days)) for page in PAGES]
        asks += [
            Ask(
                f"{page}, {asked.days} days, by a lead",
                [query for query in queries(page, asked.days) if query.metric in CELLS],
                merged=True,
            )
            for page in LEAD
        ]
        asks += [
            Ask(f"{page}, 14 days of one {name}", queries(page, 14, {name: [value]}))
            for page, name, value in OTHERWISE
        ]
        rounds = [_measured(home, ask, asked.rounds) for ask in asks]
        if asked.rolled:
            return
        with duckdb.connect(str(home / DATABASE)) as connection:
            connection.execute(Path(__file__).with_name("forget.sql").read_text())
        with _engine(home) as engine:
            for ask, found in zip(asks, rounds, strict=True):
                spans = sum(_seconds(engine, ask))
                ratio = spans / np.median(np.sum(found, axis=1))
                _say(f"{ask.what}: from the spans alone {spans:.2f} s, {ratio:.1f} times as long")


def _engine(home: Path) -> Engine:
    return Engine(
        home, POLICY, query_seconds=QUERY_SECONDS, max_in_flight_bytes=2**28, min_free_bytes=0
    )


def _fill(home: Path, requests: int, phones: int, days: int) -> None:
    Tokens.at(home, home / DATABASE)
    folder = Path(__file__)
    fleet = Fleet(
        requests=requests,
        days=days,
        made=folder.with_name("fleet.sql").read_text(),
        sent=folder.with_name("requests.sql").read_text(),
        values={"phones": phones},
    )
    fill(home, lambda: _engine(home), fleet, _say)


def queries(page: str, days: int, where: Mapping[str, Sequence[str]] | None = None) -> list[Query]:
    """What a page asks; what cannot be narrowed by `where` is not, as the dashboard says then."""
    found = []
    for metric, *by in PAGES[page]:
        known = get_metric(metric).dimensions
        narrowed = {name: values for name, values in (where or {}).items() if name in known}
        asked = {"metric": metric, "from": f"-{days}d", "by": by, "where": narrowed}
        found.append(Query.model_validate(asked))
    return found


def _measured(home: Path, ask: Ask, rounds: int) -> list[list[float]]:
    """Seconds [rounds, queries]; the first round right after the database was opened."""
    with _engine(home) as engine:
        found = [_seconds(engine, ask) for _ in range(rounds)]
    pages = np.sum(found, axis=1)
    warm = pages[1:] if len(pages) > 1 else pages
    medians = np.median(found, axis=0)
    slowest = int(np.argmax(medians))
    p50, p95 = np.percentile(warm, [50, 95])
    _say(
        f"{ask.what}: cold {pages[0]:.2f} s, warm p50 {p50:.2f} s and p95 {p95:.2f} s, slowest "
        f"question {medians[slowest]:.2f} s ({ask.queries[slowest].metric})"
    )
    return found


def _seconds(engine: Engine, ask: Ask) -> list[float]:
    """Of each question; infinite where it could not be answered."""
    found: list[float] = []
    began = time.perf_counter()
    try:
        for _ in engine.reader.answers((query, ask.merged) for query in ask.queries):
            found.append(time.perf_counter() - began)
            began = time.perf_counter()
    except Overloaded:
        found += [float("inf")] * (len(ask.queries) - len(found))
    return found


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
