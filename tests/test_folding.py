"""What is left of requests that expired: sums by day in which no small cell is told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.contract.config import MIN_CELL
from collector.contract.records import Query
from collector.metrics.sources import FOLDED_DIMENSIONS
from collector.store.cells import SmallCells
from collector.store.maintenance import Maintenance
from tests.otlp import PHONE, now, request_span, traces
from tests.store import POLICY, Store, policy_from

DAY = 24 * 3600 * 10**9
MIDNIGHT = now() // DAY * DAY
LEVELS = sorted(FOLDED_DIMENSIONS - {"day", "app", "environment"})
# Ten days ago: common and rare releases, OS and countries.
THEN = MIDNIGHT - 10 * DAY
PHONES = 60
EXPIRED = MIDNIGHT + 25 * DAY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    shorter = POLICY + "[features.barcode_scan]\nretention_days = 7\n"
    with Store(tmp_path, policy_from(shorter, tmp_path)) as store:
        sent = []
        for number in range(PHONES):
            kind = {
                **PHONE,
                "app.installation.id": f"phone-{number}",
                "service.version": "2.5.0" if number % 10 == 0 else "2.4.0",
                "os.version": "15" if number % 4 == 0 else "14",
                "geo.country.iso_code": "FR" if number % 20 == 3 else "DE",
            }
            spans = [
                request_span(
                    "fallback" if number % 3 == 0 else "accept",
                    start=THEN + number,
                    limen_feature="barcode_scan" if number % 2 else "image_classify",
                    limen_sequence=0,
                )
            ]
            sent.append(traces(*spans, resource=kind))
        store.take(*sent, received=THEN + 10**9)
        yield store


def retain(store: Store, at: int, **more: Any) -> None:
    Maintenance(store.database, store.policy, store.health, **more).retain(at)


def ask(store: Store, metric: str, *by: str, merged: bool = False) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = store.reader.table(
        Query(metric=metric, since="-20d", by=by), merged=merged
    ).to_pylist()
    return found


def counted(rows: list[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    names = ("requests", "fallbacks", "fallback_rate", "declined_rate")
    cell = [name for name in LEVELS if rows and name in rows[0]]
    return [tuple(row[name] for name in (*names, *cell)) for row in rows]


def told_to_a_lead(store: Store) -> list[list[tuple[object, ...]]]:
    by = zip(LEVELS[::2], LEVELS[1::2], strict=True)
    return [counted(ask(store, "fallback_rate", *pair, "day", merged=True)) for pair in by]


def test_what_a_lead_was_told_of_a_day_stays_when_its_spans_expire(store: Store) -> None:
    before = told_to_a_lead(store)
    assert before[0] != counted(ask(store, "fallback_rate", *LEVELS[:2], "day"))
    for at in (MIDNIGHT, EXPIRED):
        retain(store, at)
        assert told_to_a_lead(store) == before
    assert store.rows("select count(*) as n from span_facts") == [{"n": 0}]


def test_others_are_told_exactly_while_anything_is_kept_and_then_without_small_cells(
    store: Store,
) -> None:
    told = counted(ask(store, "fallback_rate", "release", merged=True))
    retain(store, MIDNIGHT)
    kept = [row["requests"] for row in ask(store, "fallback_rate", "feature")]
    assert kept == [PHONES // 2]
    retain(store, EXPIRED)
    assert counted(ask(store, "fallback_rate", "release")) == told
    assert ask(store, "fallback_rate", "reason") == []
    assert ask(store, "release_health") == []


def test_no_sum_that_is_left_is_of_fewer_installations_than_the_setting_says(store: Store) -> None:
    cells = ("app", "environment", *LEVELS)
    installations = store.rows(
        "select os, count(distinct installation) as n from requests group by all"
    )
    assert min(row["n"] for row in installations) < 20
    retain(store, EXPIRED, min_cell=20)
    rows = store.rows(f"select {', '.join(cells)}, sum(n) as n from folded_requests group by all")
    # One request of each installation.
    assert sum(row["n"] for row in rows) == PHONES
    assert min(row["n"] for row in rows) >= 20 > MIN_CELL


def test_a_lead_is_told_no_day_that_was_folded_in_cells_smaller_than_may_be_seen_now(
    store: Store,
) -> None:
    retain(store, EXPIRED)
    assert ask(store, "volume", merged=True)[0]["requests"] == PHONES
    store.reader.cells = SmallCells(MIN_CELL + 1)
    assert ask(store, "volume", merged=True)[0]["requests"] == 0
    assert ask(store, "volume")[0]["requests"] == PHONES


def test_a_day_of_too_few_phones_leaves_nothing(store: Store) -> None:
    retain(store, EXPIRED, min_cell=PHONES + 1)
    assert store.rows("select count(*) as n from folded_requests") == [{"n": 0}]
    assert ask(store, "fallback_rate")[0]["requests"] == 0


def test_offline_coverage_of_a_day_stays(store: Store) -> None:
    names = ("offline_requests", "served", "offline_coverage", "stranded", "device_coverage")
    before = [row[name] for row in ask(store, "offline_coverage", "day") for name in names]
    retain(store, EXPIRED)
    assert [r[name] for r in ask(store, "offline_coverage", "day") for name in names] == before
