"""What is told of requests without a network: targets, other thresholds, hours."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from collector.contract.policy_file import WrongPolicy
from collector.store.reader import rfc3339
from collector.store.rollups import Rollups
from dashboard.charts import offline, rates
from tests.otlp import PHONE, Span, now, request_span, traces
from tests.store import POLICY, Store, policy_from

CRITICAL = """
[features.scan]
placement = "hybrid"
offline_critical = true
offline_target = 0.5
[features.read]
placement = "hybrid"
offline_critical = true
"""


def away(decision: str = "accept", **more: Any) -> Span:
    return request_span(decision, network_connection_type="unavailable", **more)


def test_a_critical_feature_is_held_against_its_target_by_its_whole_interval(
    tmp_path: Path,
) -> None:
    with Store(tmp_path, policy_from(POLICY + CRITICAL, tmp_path)) as store:
        for number in range(40):
            kind = {**PHONE, "app.installation.id": f"phone-{number}"}
            old = {"limen_feature": "scan", "limen_blocked_reason": "offline"}
            spans = [
                # Of 2.4.0 nothing, of 2.5.0 all, of 2.6.0 every second.
                (away("blocked", **old), "2.4.0"),
                (away(limen_feature="scan"), "2.5.0"),
                (away("blocked" if number % 2 else "accept", **old), "2.6.0"),
                (away(limen_feature="read"), "2.5.0"),
                (away(), "2.5.0"),
                (request_span(limen_feature="scan"), "2.7.0"),
            ]
            store.take(
                *(traces(s, resource={**kind, "service.version": release}) for s, release in spans)
            )
        rows = store.ask("offline_targets", "release")
        assert {
            (r["feature"], r["release"]): (r["offline_requests"], r["served"], r["met"])
            for r in rows
        } == {
            ("scan", "2.4.0"): (40, 0, False),
            ("scan", "2.5.0"): (40, 40, True),
            ("scan", "2.6.0"): (40, 20, None),
            ("scan", "2.7.0"): (0, 0, None),
            ("read", "2.5.0"): (40, 40, None),
        }
        assert {r["feature"]: r["target"] for r in rows} == {"scan": 0.5, "read": None}
        # The same question without targets.
        for row in store.ask("offline_targets"):
            (same,) = store.ask("offline_coverage", feature=row["feature"])
            names = ("offline_requests", "offline_coverage", "coverage_low", "coverage_high")
            assert [row[name] for name in names] == [same[name] for name in names]


def test_a_target_of_what_need_not_work_offline_is_refused(tmp_path: Path) -> None:
    text = POLICY + CRITICAL.replace("offline_critical = true\n", "", 1)
    with pytest.raises(WrongPolicy, match="say offline_critical = true too"):
        policy_from(text, tmp_path)


def test_at_another_threshold_the_unknown_is_between_two_bounds(store: Store) -> None:
    low = {"limen_threshold": 0.75, "limen_blocked_reason": "offline"}
    store.take(
        traces(
            away(limen_confidence=1.0),
            away(limen_confidence=0.8, limen_threshold=0.75),
            away("blocked", limen_confidence=0.7, **low),
            away("blocked", limen_confidence=0.3, **low),
            # Sure enough, and declined: for memory or heat, say.
            away("blocked", limen_confidence=0.9, **low),
            away("blocked", limen_confidence=0.99, limen_placement="cloud"),
            away("error", limen_confidence=0.99),
            away("accept", limen_confidence=None),
            request_span(limen_confidence=0.99),
        )
    )
    rows = {row["threshold"]: row for row in store.ask("offline_by_threshold")}
    assert list(rows) == [n / 20 for n in range(20)]
    assert {(row["offline_requests"], row["unknown"]) for row in rows.values()} == {(8, 1)}
    sure = {threshold: row["sure"] for threshold, row in rows.items()}
    assert [sure[at] for at in (0.0, 0.3, 0.35, 0.7, 0.75, 0.8, 0.85, 0.95)] == [
        4, 4, 3, 3, 2, 2, 1, 1,
    ]  # fmt: skip
    assert (rows[0.7]["coverage_min"], rows[0.7]["coverage_max"]) == (3 / 8, 4 / 8)


def test_thresholds_are_told_apart_by_feature(store: Store) -> None:
    store.take(
        traces(
            away(limen_confidence=0.9, limen_feature="scan"),
            away(limen_confidence=0.4, limen_feature="read"),
        )
    )
    rows = store.ask("offline_by_threshold", "feature")
    assert len(rows) == 40
    found = {row["feature"]: row["coverage_min"] for row in rows if row["threshold"] == 0.5}
    assert found == {"scan": 1.0, "read": 0.0}
    used = [("scan", 0.7, 0.95), ("scan", 0.9, 0.05), ("read", 0.7, 1.0), ("read", 0.5, 0.5)]
    marked = [{"feature": f, "threshold": t, "share": s} for f, t, s in (*used, ("old", 0.1, 1.0))]
    figure = offline.by_threshold(rows, ["scan", "read"], marked)
    marks = [(mark.x, mark.text) for mark in figure.layout.annotations]
    assert marks == [(0.5, "current, read 0.500"), (0.7, "current 0.700")]
    assert [line.name for line in figure.data if line.showlegend is not False] == ["scan", "read"]
    assert list(figure.data[0].y) == [
        row["coverage_min"] for row in rows if row["feature"] == "scan"
    ]


def test_requests_without_a_network_are_counted_by_the_hour_they_were_made_in(
    store: Store,
) -> None:
    hour = 3600 * 10**9
    begins = now() // hour * hour - 30 * hour
    made = [
        away(start=begins),
        away("blocked", limen_blocked_reason="offline", start=begins + hour - 1),
        away(start=begins + 3 * hour),
        request_span(start=begins + 2 * hour),
    ]
    store.take(traces(*made))
    counted = ("hour", "offline_requests", "served", "offline_coverage")
    for _ in range(2):
        found = [tuple(row[name] for name in counted) for row in store.ask("offline_hours")]
        assert found == [
            (rfc3339(begins)[:-11] + "Z", 2, 1, 0.5),
            (rfc3339(begins + 3 * hour)[:-11] + "Z", 1, 1, 1.0),
        ]
        while Rollups(store.database).run():
            pass


def test_an_hour_stands_in_its_day_and_one_without_requests_is_empty() -> None:
    rows = [
        {"hour": "2026-11-03T07:00:00Z", "offline_requests": 4, "offline_coverage": 0.75},
        {"hour": "2026-11-04T23:00:00Z", "offline_requests": 1, "offline_coverage": 0.0},
        {"hour": "2026-11-04T22:00:00Z", "offline_requests": 0, "offline_coverage": None},
        {"hour": "2026-10-01T22:00:00Z", "offline_requests": 9, "offline_coverage": 0.1},
    ]
    (drawn,) = offline.heatmap(rows, date(2026, 11, 3), date(2026, 11, 4)).data
    assert [(h, d) for h, line in enumerate(drawn.z) for d, z in enumerate(line) if z] == [
        (7, 0),
        (23, 1),
    ]
    assert drawn.text[7][0] == "4 without a network, 75.0% answered"


def test_a_target_that_nobody_gave_is_not_drawn() -> None:
    row = {
        "feature": "scan", "target": 0.9, "offline_requests": 10, "offline_coverage": 0.8,
        "coverage_low": 0.7, "coverage_high": 0.9,
    }  # fmt: skip
    figure = rates.targets([row, {**row, "feature": "read", "target": None}])
    found = {drawn.name: (list(drawn.y), list(drawn.x)) for drawn in figure.data if drawn.name}
    assert found["Target"] == (["scan"], [0.9])
    assert found["Of everything"] == (["scan", "read"], [0.8, 0.8])
