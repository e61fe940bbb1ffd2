"""Every metric by its definition, counted by hand."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pytest

from collector.contract.dimensions import DIMENSIONS
from collector.contract.errors import BadInput, NotFound
from collector.contract.records import Query
from collector.metrics import UNITS, get_metric, metrics, parse_metric
from collector.metrics.sources import GAP_DIMENSIONS, ROLLED_DIMENSIONS
from collector.store.reader import parse_time
from tests.otlp import PHONE, Span, now, request_span, traces
from tests.store import Store

DAY = 24 * 3600 * 10**9


def phone(number: int, **more: Any) -> dict[str, Any]:
    own = {"app.installation.id": f"phone-{number}", "service.instance.id": f"launch-{number}"}
    return {**PHONE, **own, **{k.replace("_", "."): v for k, v in more.items()}}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that nothing is added to."""
    with Store(tmp_path_factory.mktemp("empty")) as store:
        yield store


@pytest.fixture(scope="module")
def of_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of one request, which nothing is added to."""
    with Store(tmp_path_factory.mktemp("of-one")) as store:
        said = {"limen_fallback_reason": "low_confidence", "limen_confidence": 0.5}
        store.take(traces(request_span("fallback", **said)))
        yield store


@pytest.mark.parametrize("metric", metrics().values(), ids=metrics())
def test_every_metric_is_asked_by_each_of_its_dimensions(of_one: Store, metric: Any) -> None:
    """By all at once, and by all of those that it may be counted from other sources by."""
    names = set(metric.dimensions)
    for dimensions in {
        frozenset(names & counted) for counted in (names, ROLLED_DIMENSIONS, GAP_DIMENSIONS)
    }:
        by = () if metric.single_rows else tuple(sorted(dimensions))
        nowhere = dict.fromkeys(dimensions, ("no such value",))
        asked = Query(metric=metric.name, since="-1d", by=by, where=nowhere)
        answered = of_one.reader.table(asked)
        assert set(by) <= set(answered.column_names)
        assert by or not metric.single_rows or not answered.num_rows
    for dimension in metric.dimensions if metric.single_rows else ():
        with pytest.raises(BadInput, match="single rows"):
            of_one.ask(metric.name, dimension)


@pytest.mark.parametrize("metric", metrics().values(), ids=metrics())
def test_every_metric_answers_an_empty_store_in_columns_that_are_described(
    empty: Store, metric: Any
) -> None:
    answered = empty.reader.answer(_query(metric.name))
    assert [c.name for c in answered.columns] == [c.name for c in metric.columns]
    assert all(c.unit in UNITS for c in answered.columns)
    assert set(metric.dimensions) <= DIMENSIONS.keys()


def _query(name: str, **where: tuple[str, ...]) -> Any:
    return Query(metric=name, where=where)


def test_fallback_declined_and_error_rates(store: Store) -> None:
    store.take(
        traces(
            *(request_span("accept") for _ in range(5)),
            *(request_span("fallback") for _ in range(2)),
            request_span("blocked", limen_blocked_reason="quota"),
            request_span("error"),
            request_span("cloud", limen_placement="cloud"),
        )
    )
    row = store.ask("fallback_rate")[0]
    assert (row["requests"], row["attempted"], row["fallbacks"], row["blocked"]) == (10, 9, 2, 1)
    assert row["fallback_rate"] == pytest.approx(2 / 9)
    assert row["declined_rate"] == pytest.approx(3 / 9)
    assert store.ask("release_health")[0]["error_rate"] == pytest.approx(1 / 10)
    counted = {row["decision"]: row["requests"] for row in store.ask("volume", "decision")}
    assert counted == {"accept": 5, "fallback": 2, "blocked": 1, "error": 1, "cloud": 1}


def test_a_missing_placement_comes_from_the_decision_else_the_policy_else_is_unknown(
    store: Store,
) -> None:
    store.take(
        traces(
            request_span("cloud", limen_placement=None),
            request_span("accept", limen_placement=None),
            request_span("accept", limen_placement=None, limen_feature="other"),
        )
    )
    rows = store.rows("select placement, placement_inferred from requests order by placement")
    assert rows == [
        {"placement": p, "placement_inferred": True} for p in ("cloud", "hybrid", "unknown")
    ]


def test_offline_coverage_of_everything_and_of_attempted_and_the_stranded(store: Store) -> None:
    off = {"network_connection_type": "unavailable"}
    store.take(
        traces(
            *(request_span("accept", **off) for _ in range(3)),
            request_span("blocked", limen_blocked_reason="offline", **off),
            request_span("blocked", limen_blocked_reason="offline", limen_placement="cloud", **off),
            request_span("blocked", limen_blocked_reason="offline"),
            request_span("accept"),
        )
    )
    row = store.ask("offline_coverage")[0]
    assert (row["offline_requests"], row["served"], row["attempted_offline"]) == (5, 3, 4)
    assert row["offline_coverage"] == pytest.approx(3 / 5)
    assert row["device_coverage"] == pytest.approx(3 / 4)
    assert row["stranded"] == 1


def test_a_request_whose_network_nobody_reported_is_not_stranded(store: Store) -> None:
    blocked = {"limen_blocked_reason": "offline"}
    store.take(
        traces(
            request_span("blocked", network_connection_type=None, **blocked),
            request_span("blocked", network_connection_type="unknown", **blocked),
        )
    )
    assert store.ask("offline_coverage")[0]["stranded"] == 0


def test_device_coverage_is_of_attempted_requests_alone(store: Store) -> None:
    off = {"network_connection_type": "unavailable"}
    store.take(
        traces(
            *(request_span("accept", limen_placement="cloud", **off) for _ in range(2)),
            request_span("blocked", limen_blocked_reason="offline", **off),
        )
    )
    row = store.ask("offline_coverage")[0]
    assert (row["served"], row["attempted_offline"], row["device_coverage"]) == (2, 1, 0.0)


def test_an_answer_without_any_case_is_unknown_and_not_zero(store: Store) -> None:
    store.take(traces(request_span("accept")))
    row = store.ask("offline_coverage")[0]
    assert row["offline_coverage"] is None and row["coverage_low"] is None
    assert store.ask("release_health")[0]["offline_coverage"] is None


def test_reasons_are_shares_of_what_fell_back_or_was_blocked(store: Store) -> None:
    store.take(
        traces(
            *(request_span("fallback", limen_fallback_reason="low_confidence") for _ in range(3)),
            request_span("blocked", limen_blocked_reason="offline"),
            request_span("accept"),
        )
    )
    found = {(r["decision"], r["reason"]): r["share"] for r in store.ask("fallback_reasons")}
    assert found == {("fallback", "low_confidence"): 0.75, ("blocked", "offline"): 0.25}


def test_latency_is_of_answered_requests_by_who_answered(store: Store) -> None:
    spans = [request_span("accept") for _ in range(3)] + [request_span("blocked")]
    for span, ms in zip(spans, (1, 2, 9, 500), strict=True):
        span.duration = ms * 10**6
    store.take(traces(*spans))
    rows = store.ask("latency")
    (row,) = rows
    assert (row["answered_by"], row["requests"]) == ("device", 3)
    assert row["p50_ms"] == pytest.approx(2, rel=0.044)


def test_gaps_in_the_sequence_are_lost_requests_of_the_next_spans_dimensions(store: Store) -> None:
    early = [request_span(limen_sequence=n) for n in (3, 4)]
    late = [request_span(limen_sequence=n) for n in (7, 8)]
    store.take(traces(*early, resource=phone(1)))
    store.take(traces(*late, resource=phone(1, service_version="2.5.0")))
    store.take(traces(request_span(limen_sequence=40), resource=phone(2)))
    whole = store.ask("completeness")[0]
    assert (whole["received"], whole["expected"], whole["open"]) == (5, 7, True)
    by = {
        r["release"]: (r["received"], r["expected"]) for r in store.ask("completeness", "release")
    }
    assert by == {"2.4.0": (3, 3), "2.5.0": (2, 4)}


def test_phones_that_cannot_be_told_apart_show_no_gaps(store: Store) -> None:
    for numbers in ((1, 2), (5000, 5001)):
        spans = [request_span(limen_sequence=n) for n in numbers]
        store.take(traces(*spans, resource={"service.name": "a", "service.version": "1"}))
    no_launch = {k: v for k, v in PHONE.items() if k != "service.instance.id"}
    store.take(traces(*(request_span(limen_sequence=n) for n in (1, 9)), resource=no_launch))
    row = store.ask("completeness")[0]
    assert (row["received"], row["expected"], row["completeness"]) == (0, 0, None)
    assert store.ask("fallback_rate")[0]["fallback_max"] is None


def test_a_number_that_comes_twice_is_expected_once(store: Store) -> None:
    store.take(traces(*(request_span(limen_sequence=n) for n in (1, 1, 3))))
    row = store.ask("completeness")[0]
    assert (row["received"], row["expected"]) == (2, 3)


def test_without_numbers_nothing_is_said_of_what_was_lost(store: Store) -> None:
    store.take(traces(request_span("fallback")))
    row = store.ask("fallback_rate")[0]
    assert (row["fallback_rate"], row["fallback_min"], row["fallback_max"]) == (1.0, None, None)


def test_missing_telemetry_bounds_the_rate_and_is_unknown_by_feature(store: Store) -> None:
    spans = [request_span("fallback", limen_sequence=1)]
    spans += [request_span("accept", limen_sequence=n) for n in (2, 3, 6)]
    store.take(traces(*spans))
    row = store.ask("fallback_rate")[0]
    assert row["fallback_min"] == pytest.approx(1 / 6)
    assert row["fallback_max"] == pytest.approx(3 / 6)
    assert store.ask("fallback_rate", "feature")[0]["fallback_min"] is None
    assert store.ask("fallback_rate", feature="image_classify")[0]["fallback_max"] is None


def test_adoption_is_of_the_apps_installations_whatever_release_is_asked_for(store: Store) -> None:
    for number in range(4):
        version = "2.10.0" if number == 0 else "2.9.0"
        store.take(traces(request_span(), resource=phone(number, service_version=version)))
    rows = store.ask("release_health")
    assert [(r["release"], r["adoption"]) for r in rows] == [("2.9.0", 0.75), ("2.10.0", 0.25)]
    assert store.ask("release_health", release="2.10.0")[0]["adoption"] == 0.25


def test_adoption_is_of_the_rows_own_app_and_day(store: Store) -> None:
    store.take(traces(request_span(), resource=phone(1, service_name="a")))
    for number in range(2, 11):
        store.take(traces(request_span(), resource=phone(number, service_name="b")))
    store.take(
        traces(
            request_span(start=now() - DAY),
            resource=phone(2, service_name="b", service_version="1"),
        )
    )
    by_app = {(r["app"], r["release"]): r["adoption"] for r in store.ask("release_health", "app")}
    assert by_app == {("a", "2.4.0"): 1.0, ("b", "2.4.0"): 1.0, ("b", "1"): pytest.approx(1 / 9)}
    whole = {r["release"]: r["adoption"] for r in store.ask("release_health")}
    assert whole == {"2.4.0": 1.0, "1": pytest.approx(1 / 9)}
    by_day = [(r["release"], r["adoption"]) for r in store.ask("release_health", "day")]
    assert by_day == [("1", 1.0), ("2.4.0", 1.0)]


def test_a_day_is_the_day_of_the_device_and_old_data_is_outside_the_period(store: Store) -> None:
    yesterday = now() - DAY
    store.take(traces(request_span(start=yesterday), request_span(start=now() - 9 * DAY)))
    days = [r["day"] for r in store.ask("fallback_rate", "day", since="-7d")]
    assert days == [time.strftime("%Y-%m-%d", time.gmtime(yesterday // 10**9))]


def test_a_period_of_days_begins_with_a_day_and_one_of_hours_where_it_says() -> None:
    at = 20 * DAY + 5 * 3600 * 10**9
    assert parse_time("-7d", at) == 13 * DAY
    assert parse_time("-168h", at) == at - 7 * DAY


def test_the_interval_covers_the_truth_when_phones_repeat_themselves(store: Store) -> None:
    """300 installations × 40 requests, intra-class correlation 0.05: 95 % within binomial error."""
    rng = np.random.default_rng(11)
    truth, correlation, sets = 0.1, 0.05, 400
    strength = 1 / correlation - 1
    rates = rng.beta(truth * strength, (1 - truth) * strength, size=(sets, 300))
    n = 40
    k = rng.binomial(n, rates)
    found = store.database.read(
        "select $truth between wilson_low(k / $n, size) and wilson_high(k / $n, size) as covers"
        " from (select k, effective_size(k, $n, kk, kn, $nn, $clusters) as size from"
        " (select unnest($k) as k, unnest($kk) as kk, unnest($kn) as kn))",
        {"k": k.sum(1).tolist(), "kk": (k * k).sum(1).tolist(), "kn": (k * n).sum(1).tolist()}
        | {"n": n * 300, "nn": n * n * 300, "clusters": 300, "truth": truth},
    )
    covered = sum(found["covers"].to_pylist())
    assert covered / sets > 0.95 - 3 * (0.95 * 0.05 / sets) ** 0.5


def test_one_phone_alone_gives_a_wide_interval(store: Store) -> None:
    store.take(traces(*(request_span("accept") for _ in range(500))))
    row = store.ask("fallback_rate")[0]
    assert row["fallback_high"] > 0.5


@pytest.mark.parametrize(
    ("by", "where"),
    [(("shoe_size",), {}), ((), {"shoe_size": ("9",)}), (("feature; drop table spans",), {})],
)
def test_only_dimensions_of_the_metric_reach_the_sql(by: Any, where: Any) -> None:
    with pytest.raises(BadInput, match="has no dimension"):
        get_metric("fallback_rate").statement(0, 1, 1, by, where)


def test_values_are_bound_and_never_text(store: Store) -> None:
    store.take(traces(request_span()))
    assert store.ask("fallback_rate", app="x' or 1=1 --")[0]["requests"] == 0


def test_an_unknown_metric_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="fallback_rate"):
        get_metric("nope")


def test_a_metric_file_with_a_broken_head_is_refused() -> None:
    with pytest.raises(BadInput, match="first line"):
        parse_metric("x", "-- no colon here\nselect 1")
    with pytest.raises(BadInput, match="cannot read"):
        parse_metric("x", "-- Title: what.\n-- column without a unit\nselect 1")


def test_gaps_have_only_dimensions_there_are() -> None:
    assert GAP_DIMENSIONS <= DIMENSIONS.keys()


def test_the_request_list_has_the_newest_first(store: Store) -> None:
    first, second = request_span(start=now() - DAY), request_span("blocked")
    store.take(traces(first, second))
    rows = store.ask("requests")
    assert [r["trace_id"] for r in rows] == [second.trace_id.hex(), first.trace_id.hex()]
    assert [r["late"] for r in rows] == [False, True]


def test_confidence_is_counted_in_twenty_steps(store: Store) -> None:
    store.take(traces(*(request_span(limen_confidence=c) for c in (0.0, 0.049, 0.72, 1.0))))
    found = {r["bucket"]: r["requests"] for r in store.ask("confidence")}
    assert found == {0.0: 2, 0.7: 1, 0.95: 1}


def test_the_door_counts_the_same_as_redaction_whatever_the_field(store: Store) -> None:
    store.take(traces(request_span(made_up="x")))
    by_action: Counter[str] = Counter()
    for row in store.ask("redaction"):
        by_action[row["action"]] += row["values"]
    assert {row["action"]: row["values"] for row in store.ask("door")} == by_action
    (day,) = {row["day"] for row in store.ask("door", "day")}
    assert day == datetime.now(UTC).date().isoformat()


def test_redaction_shows_what_was_done_by_field(store: Store) -> None:
    store.take(traces(Span(attributes={"limen.confidence": 7.0, "user.email": "a@b.c"})))
    found = {(r["field"], r["action"]): r["values"] for r in store.ask("redaction")}
    assert found["limen.confidence", "drop"] == 1
    assert found["(unnamed attributes)", "drop"] == 1
    assert found["app.installation.id", "hash"] == 1


def test_questions_of_one_request_look_for_gaps_once(store: Store) -> None:
    store.take(traces(request_span(limen_sequence=1), request_span(limen_sequence=4)))
    asked = [_query("latency"), _query("latency", release=("other",)), _query("completeness")]
    answers = store.reader.answers((one, False) for one in asked)
    assert [answer.completeness for answer in answers] == [0.5, None, 0.5]
    of_metric = {"metric": "completeness"}
    times = store.health.registry.get_sample_value("limen_query_seconds_count", of_metric)
    assert times == 2


def test_the_ledger_is_read_in_any_order_page_by_page_and_by_trace(store: Store) -> None:
    sent = []
    for size in (300, 100, None, 200):
        asked = request_span("fallback")
        facts = {} if size is None else {"http_request_body_size": size}
        sent.append(asked.child("CLIENT", server_address="adkit.example", **facts))
        store.take(traces(asked, sent[-1], resource=phone(1)))

    def bytes_of(**how: Any) -> list[int | None]:
        narrowed = _query("ledger", destination=("adkit.example",))
        asked = narrowed.model_copy(update={"since": "-1d", **how})
        return [row["bytes"] for row in store.reader.answer(asked).records()]

    ledger = partial(store.ask, "ledger", since="-1d")
    assert bytes_of(order="-bytes") == [300, 200, 100, None]
    assert bytes_of(order="bytes", offset=1) == [200, 300, None]
    assert bytes_of(offset=4) == []
    (row,) = ledger(trace=sent[3].trace_id.hex())
    assert (row["bytes"], row["declared"]) == (200, False)
    assert len(ledger(declaration="undeclared")) == 4
    assert ledger(declaration="declared") == []
    assert {row["destination"] for row in ledger(declaration="unknown")} == {"telemetry"}
    with pytest.raises(BadInput, match="no column of that name; it has time, app"):
        bytes_of(order="bytes; drop")
    with pytest.raises(BadInput, match="has one page"):
        store.reader.answer(_query("latency").model_copy(update={"offset": 1}))
