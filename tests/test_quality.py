"""What data quality counts: lost and late requests, clocks, unknown values, thresholds in use."""

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from dashboard.charts import quality
from tests.otlp import now, request_span, traces
from tests.store import Store
from tests.test_metrics import phone

SECOND = 10**9
HOUR = 3600 * SECOND
DAY = 24 * HOUR


def numbered(number: int, *sequence: int, **more: Any) -> ExportTraceServiceRequest:
    spans = [request_span(limen_sequence=n) for n in sequence]
    return traces(*spans, resource=phone(number, **more))


def test_lost_requests_are_told_by_how_many_are_missing_in_a_row(store: Store) -> None:
    store.take(
        numbered(1, 1, 3, 3, 4, 10),
        numbered(2, 5, 16),
        numbered(3, 7, 8, 9, service_version="2.5.0"),
        traces(request_span(), resource=phone(4, service_version="2.5.0")),
    )
    new, old = sorted(store.ask("lost_requests", "release"), key=lambda row: row["lost"])
    assert (old["lost"], old["lost_singly"], old["lost_few"], old["lost_many"]) == (16, 1, 5, 10)
    assert (old["longest"], old["requests"], old["numbered"]) == (10, 7, 7)
    assert (old["installations"], old["losing"]) == (2, 2)
    assert (new["lost"], new["losing"], new["longest"]) == (0, 0, 0)
    assert (new["requests"], new["numbered"], new["installations"]) == (4, 3, 1)
    complete = {row["release"]: row for row in store.ask("completeness", "release")}
    for row in (new, old):
        known = complete[row["release"]]
        assert known["expected"] - known["received"] == row["lost"]
        assert row["completeness_low"] < known["completeness"] <= row["completeness_high"]


def test_what_is_lost_by_phones_together_is_less_sure_than_what_each_loses(store: Store) -> None:
    each = [numbered(n, 0, 1, 3, 4, os_name="each") for n in range(20)]
    one = [numbered(n + 50, 0, 1, 2, 23 if n == 0 else 3, os_name="one") for n in range(20)]
    store.take(*each, *one)
    spread = {
        row["os"]: row["completeness_high"] - row["completeness_low"]
        for row in store.ask("lost_requests", "os")
    }
    assert spread["one 14"] > 3 * spread["each 14"]


def test_arrival_is_by_the_devices_own_start(store: Store) -> None:
    received = now()
    ages = (-300, 5, 30, 1_800, 7_000, 3 * 86_400, 40 * 86_400, -1_200)
    for age in ages:
        store.take(traces(request_span(start=received - age * SECOND)), received=received)
    (row,) = store.ask("arrival", since="-60d")
    assert [round(row[name] * len(ages)) for name in quality.AGES] == [2, 3, 3, 4, 5, 5, 6, 6]
    assert (row["requests"], row["late"], row["ahead"], row["not_believed"]) == (8, 2, 1, 2)


def shares(store: Store, metric: str, since: str = "-40d") -> dict[str, tuple[int, float]]:
    base = "transfers" if metric == "unknown_departures" else "requests"
    return {row["attribute"]: (row[base], row["share"]) for row in store.ask(metric, since=since)}


def test_what_is_unknown_is_counted_of_those_that_could_say_it(store: Store) -> None:
    store.take(traces(request_span(start=now() - 10 * DAY), resource=phone(9)))
    assert shares(store, "unknown_values")["confidence"] == (1, 1)
    said: dict[str, Any] = {
        "limen_confidence": 0.9,
        "limen_threshold": 0.7,
        "limen_model_name": "m",
    }
    store.take(
        traces(
            request_span(**said, limen_sequence=1),
            request_span(network_connection_type=None),
            request_span("fallback", limen_fallback_reason="memory"),
            request_span("fallback", limen_placement=None),
            request_span("cloud", limen_placement="cloud", network_connection_type="unknown"),
        )
    )
    found = shares(store, "unknown_values", since="-5d")
    assert found["release"] == (5, 0) and found["country"] == (5, 1)
    assert found["network"] == (5, 2 / 5)
    assert found["stated_placement"] == (5, 1 / 5) and found["placement"] == (5, 0)
    # The cloud's request tried no model, two were decided by confidence, two say a reason.
    assert found["model"] == (4, 3 / 4)
    assert found["confidence"] == found["threshold"] == (2, 0.5)
    assert found["reason"] == (2, 0.5)
    assert found["sequence"] == (5, 4 / 5) and found["installation"] == (5, 0)
    assert found["start"] == found["duration"] == (5, 0)
    store.take(traces(request_span(), resource={"service.name": "a"}))
    rows = {
        (row["release"], row["attribute"]): row["unknown"]
        for row in store.ask("unknown_values", "release")
    }
    assert rows["unknown", "installation"] == rows["unknown", "release"] == 1
    assert rows["2.4.0", "installation"] == 0


def test_what_is_unknown_of_departures_leaves_limens_own_out(store: Store) -> None:
    request = request_span("fallback")
    told = {
        "server_address": "api.example.com",
        "limen_purpose": "app_functionality",
        "limen_consent_state": "granted",
        "limen_data_categories": "image",
        "http_request_body_size": 9,
    }
    store.take(
        traces(
            request,
            request.child("CLIENT", **told),
            request.child("CLIENT", server_address="x.example", limen_data_categories="image,new"),
        )
    )
    found = shares(store, "unknown_departures")
    halves = ("consent", "category", "purpose", "bytes", "role")
    assert {name: found[name] for name in halves} == dict.fromkeys(halves, (2, 0.5))
    assert found["destination"] == found["cause"] == found["leg"] == found["declaration"] == (2, 0)


def test_thresholds_in_use_are_those_that_phones_say(store: Store) -> None:
    spans = [request_span(limen_threshold=0.7) for _ in range(3)]
    other = request_span(limen_threshold=0.6, limen_feature="scan")
    store.take(traces(*spans, request_span(limen_threshold=0.8), request_span(), other))
    rows = [(r["feature"], r["threshold"], r["requests"], r["share"])
            for r in store.ask("thresholds_in_use")]  # fmt: skip
    assert rows == [
        ("image_classify", 0.7, 3, 0.75),
        ("image_classify", 0.8, 1, 0.25),
        ("scan", 0.6, 1, 1.0),
    ]


def test_figures_show_the_newest_release_first_and_leave_out_what_everybody_says() -> None:
    rows = [
        {"release": release, "attribute": name, "unknown": n, "share": n / 4}
        for release, name, n in (
            ("2.4.0", "network", 1), ("2.5.0", "network", 2), ("other", "network", 0),
            ("2.4.0", "os", 0), ("2.5.0", "os", 0),
        )
    ]  # fmt: skip
    figure = quality.unknown(rows, "#000000")
    (heat,) = figure.data
    assert list(heat.x) == ["2.5.0", "2.4.0", "other"] and list(heat.y) == ["Network"]
    assert [list(line) for line in heat.z] == [[0.5, 0.25, 0.0]]
    bars = quality.stacked(
        [{"release": "a<b>", "lost_singly": 1, "lost_few": 2, "lost_many": 0}], quality.LOST
    )
    assert [(bar.x[0], bar.y[0]) for bar in bars.data] == [
        (1, "a&lt;b&gt;"), (2, "a&lt;b&gt;"), (0, "a&lt;b&gt;"),
    ]  # fmt: skip
