"""What counts as data leaving the device, and what is said of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.store.cells import DAY
from collector.store.rollups import Rollups
from tests.otlp import PHONE, Span, fresh_id, now, request_span, traces
from tests.store import POLICY, Store, policy_from

API: dict[str, Any] = {
    "server_address": "api.example.com",
    "http_request_body_size": 100,
    "limen_purpose": "app_functionality",
    "limen_data_categories": ["image"],
    "limen_consent_state": "granted",
}
CLOUD = {"service.name": "inference-api", "service.version": "1", "cloud.region": "eu-west-1"}


def client(parent: Span, **more: Any) -> Span:
    """A client span below `parent`; keywords as attributes, None leaves one out."""
    merged = {k: v for k, v in (API | more).items() if v is not None}
    return parent.child("CLIENT", **merged)


def departures(store: Store) -> list[dict[str, Any]]:
    """All but Limen's own telemetry."""
    rows = store.ask("egress", "feature", "release")
    return [row for row in rows if row["destination"] != "telemetry"]


def one_each(
    store: Store, requests: Sequence[Span], more: Sequence[Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """What left with each of the requests, each of an app of its own; `more` is said of it."""
    for number, (request, said) in enumerate(
        zip(requests, more or [{}] * len(requests), strict=True)
    ):
        phone = {**PHONE, "service.name": f"case-{number}"}
        store.take(traces(request, client(request, **said), resource=phone))
    rows = [row for row in store.ask("egress", "app") if row["destination"] != "telemetry"]
    assert len(rows) == len(requests)
    by_app = {row["app"]: row for row in rows}
    return [by_app[f"case-{number}"] for number in range(len(requests))]


def test_a_fallback_is_one_transfer_with_its_bytes_and_who_gets_them(store: Store) -> None:
    request = request_span("fallback")
    store.take(traces(request, client(request)))
    (row,) = departures(store)
    assert row == row | {
        "leg": "device",
        "destination": "api.example.com",
        "region": "eu-west-1",
        "category": "image",
        "purpose": "app_functionality",
        "consent": "granted",
        "cause": "fallback",
        "declared": True,
        "measure": "http.request.body.size",
        "transfers": 1,
        "bytes": 100,
        "unknown_bytes_transfers": 0,
        "feature": "image_classify",
        "release": "2.4.0",
    }


def test_the_innermost_client_span_counts_and_the_outer_lends_what_it_says(store: Store) -> None:
    request = request_span("cloud", limen_placement="cloud")
    outer = client(request, http_request_body_size=None, server_address=None)
    between = outer.child("INTERNAL")
    inner = between.child("CLIENT", server_address="api.example.com", http_request_body_size=70)
    store.take(traces(request, outer, between, inner))
    (row,) = departures(store)
    assert (row["transfers"], row["bytes"], row["cause"]) == (1, 70, "design")
    assert (row["category"], row["purpose"], row["consent"]) == (
        "image",
        "app_functionality",
        "granted",
    )


def test_what_a_back_end_passes_on_is_onward_and_keeps_its_cause(store: Store) -> None:
    request = request_span("fallback")
    sent = client(request)
    served = sent.child("SERVER", limen_feature="image_classify")
    onward = client(served, server_address="llm.example.net", http_request_body_size=900)
    store.take(traces(request, sent), traces(served, onward, resource=CLOUD))
    rows = {r["leg"]: r for r in departures(store)}
    assert rows["device"]["bytes"] == 100
    assert (rows["onward"]["destination"], rows["onward"]["bytes"]) == ("example.net", 900)
    assert rows["onward"]["cause"] == "fallback"


CAUSES: list[tuple[str, dict[str, Any], str]] = [
    ("fallback", {}, "fallback"),
    ("cloud", {"limen_placement": "cloud"}, "design"),
    ("accept", {}, "design"),
    ("accept", {"limen_audit_sampled": True}, "audit"),
    ("blocked", {"limen_blocked_reason": "cloud_error"}, "fallback"),
    ("error", {"limen_placement": "cloud"}, "design"),
]


def test_the_cause_comes_from_the_request(store: Store) -> None:
    requests = [request_span(decision, **more) for decision, more, _ in CAUSES]
    for case, row in zip(CAUSES, one_each(store, requests), strict=True):
        assert row["cause"] == case[-1], case


def test_a_missing_placement_is_the_policys_for_the_cause_too(tmp_path: Path) -> None:
    text = POLICY.replace('placement = "hybrid"', 'placement = "cloud"')
    with Store(tmp_path, policy_from(text, tmp_path)) as store:
        request = request_span("blocked", limen_placement=None, limen_blocked_reason="cloud_error")
        store.take(traces(request, client(request)))
        assert [r["cause"] for r in departures(store)] == ["design"]


def test_whatever_clients_send_a_climb_ends_and_nothing_is_hidden(store: Store) -> None:
    trace, one, other = fresh_id(16), b"\xffcircl-1", b"\xffcircl-2"
    circle = [
        Span(kind="CLIENT", trace_id=trace, span_id=a, parent=b, start=now() + n * 1000)
        for n in range(20)
        for a, b in ((one, other), (other, one))
    ]
    myself = Span(
        kind="CLIENT",
        span_id=b"\xffmysel-1",
        attributes={k.replace("_", "."): v for k, v in API.items()},
    )
    myself.parent = myself.span_id
    store.take(traces(*circle, myself))
    assert [r["bytes"] for r in departures(store) if r["destination"] == "api.example.com"] == [100]


def test_two_client_spans_that_name_each_other_as_parents_both_count(store: Store) -> None:
    request = request_span("fallback")
    one, other = client(request), client(request, server_address="metrics.adkit.example")
    one.parent, other.parent = other.span_id, one.span_id
    store.take(traces(one, other))
    assert sorted(r["destination"] for r in departures(store)) == [
        "adkit.example",
        "api.example.com",
    ]


def test_an_orphan_keeps_its_feature_and_has_an_unknown_cause(store: Store) -> None:
    lost = request_span("fallback")
    store.take(traces(client(lost, limen_feature="image_classify")))
    (row,) = departures(store)
    assert (row["leg"], row["cause"], row["feature"]) == ("device", "unknown", "image_classify")


def test_a_parent_that_arrives_later_is_found(store: Store) -> None:
    request = request_span("fallback")
    store.take(traces(client(request)))
    store.take(traces(request))
    assert [r["cause"] for r in departures(store)] == ["fallback"]


DECLARED: list[tuple[dict[str, Any], bool | None]] = [
    ({}, True),
    ({"server_address": "metrics.adkit.example"}, False),
    ({"server_address": "ads.api.example.com"}, False),
    ({"server_address": "example.com"}, False),
    ({"limen_purpose": "analytics"}, False),
    ({"limen_data_categories": ["image", "location_precise"]}, False),
    ({"limen_data_categories": None}, None),
    ({"limen_purpose": None}, None),
    ({"limen_feature": "another"}, None),
    ({"server_address": "API.Example.com"}, True),
    ({"limen_consent_state": "denied"}, False),
    ({"limen_consent_state": None}, None),
    ({"limen_consent_state": "unknown"}, None),
]


def test_declared_is_what_the_policy_names_and_unknown_stays_unknown(store: Store) -> None:
    features = [{k: v for k, v in more.items() if k == "limen_feature"} for more, _ in DECLARED]
    requests = [request_span("fallback", **feature) for feature in features]
    rows = one_each(store, requests, [more for more, _ in DECLARED])
    for (more, declared), row in zip(DECLARED, rows, strict=True):
        assert row["declared"] is declared, more


CONDITIONS = """
version = "1"
[[hosts]]
match = "*.example.com"
role = "third_party"
[[hosts]]
match = "api.example.com"
role = "processor"
[[hosts]]
match = "eu.example.com"
region = "EU-west-1"
retained = false
[features.image_classify]
categories = ["image", "document"]
[[features.image_classify.egress]]
host = "*.example.com"
purpose = "app_functionality"
region = "eu-west-1"
role = "third_party"
categories = ["image"]
[[features.image_classify.egress]]
host = "api.example.com"
purpose = "analytics"
role = "processor"
retained = false
[[features.image_classify.egress]]
host = "eu.example.com"
purpose = "analytics"
retained = false
[features.image_classify.from."2.5.0"]
categories = ["image", "text_prompt"]
[features.image_classify.from."3.0.0"]
egress = []
"""
EU = {"server_address": "eu.example.com"}
ANALYTICS = {"limen_purpose": "analytics"}
PROMPT = {**EU, **ANALYTICS, "limen_data_categories": ["text_prompt"]}
# A way out is taken where all it names is met: what the app sends, its release, what the other
# side says of keeping it.
MET: list[tuple[dict[str, Any], str | None, bool | None, bool | None]] = [
    ({**EU}, "2.4.0", None, True),
    ({**EU, "limen_egress_region": "us-east-1"}, "2.4.0", None, False),
    ({"server_address": "us.example.com"}, "2.4.0", None, None),
    ({}, "2.4.0", None, False),
    ({**EU, "limen_data_categories": ["image", "document"]}, "2.4.0", None, False),
    ({**EU, "limen_data_categories": ["image", "unknown"]}, "2.4.0", None, None),
    ({**EU, "limen_data_categories": ["name", "unknown"]}, "2.4.0", None, False),
    ({**EU, **ANALYTICS, "limen_data_categories": ["image", "document"]}, "2.4.0", None, True),
    ({**EU, **ANALYTICS}, "2.4.0", True, False),
    ({**ANALYTICS}, "2.4.0", None, None),
    ({**ANALYTICS}, "2.4.0", False, True),
    ({**ANALYTICS, "server_address": None}, "2.4.0", None, None),
    (PROMPT, "2.4.9", None, False),
    (PROMPT, "2.5.0", None, True),
    (PROMPT, "3.0.0", None, False),
    (PROMPT, None, None, None),
    ({**EU}, None, None, None),
    ({**EU, "limen_purpose": "other"}, None, None, False),
]


def test_all_that_a_way_out_names_must_be_met_by_the_policy_of_the_release(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(CONDITIONS, tmp_path)) as store:
        for number, (more, release, kept, _) in enumerate(MET):
            request = request_span("fallback")
            sent = client(request, **more)
            phone = {**PHONE, "service.name": f"case-{number}", "service.version": release}
            phone = {name: said for name, said in phone.items() if said is not None}
            store.take(traces(request, sent, resource=phone))
            if kept is not None:
                served = sent.child("SERVER", limen_retained=kept)
                store.take(traces(served, resource=CLOUD))
        rows = store.ask("egress", "app")
    found = {r["app"]: r["declared"] for r in rows if r["destination"] != "telemetry"}
    for number, (more, release, kept, declared) in enumerate(MET):
        assert found[f"case-{number}"] is declared, (more, release, kept)


def test_a_way_out_of_every_release_is_that_of_an_unknown_one(store: Store) -> None:
    request = request_span("fallback")
    phone = {name: said for name, said in PHONE.items() if name != "service.version"}
    store.take(traces(request, client(request), resource=phone))
    assert [(r["release"], r["declared"]) for r in departures(store)] == [("unknown", True)]


MEASURED: list[tuple[dict[str, Any], int | None, str | None]] = [
    ({}, 100, "http.request.body.size"),
    ({"http_request_size": 180}, 100, "http.request.body.size"),
    ({"http_request_body_size": None, "http_request_size": 180}, 180, "http.request.size"),
    ({"limen_egress_bytes": 42}, 42, "limen.egress.bytes"),
    ({"http_request_body_size": None}, None, None),
    ({"error_type": "ConnectError"}, None, None),
]


def test_bytes_come_from_one_named_measure_and_a_failed_send_is_unknown(store: Store) -> None:
    requests = [request_span("fallback") for _ in MEASURED]
    rows = one_each(store, requests, [more for more, *_ in MEASURED])
    for (more, size, measure), row in zip(MEASURED, rows, strict=True):
        assert (row["bytes"], row["measure"]) == (size, measure), more
        assert row["unknown_bytes_transfers"] == (1 if size is None else 0)


def test_a_refused_send_did_leave_the_device(store: Store) -> None:
    request = request_span("blocked", limen_blocked_reason="cloud_error")
    sent = client(request, error_type="503")
    sent.attributes = {**sent.attributes, "http.response.status_code": 503}
    store.take(traces(request, sent))
    assert [r["bytes"] for r in departures(store)] == [100]


def test_every_resend_is_a_transfer(store: Store) -> None:
    request = request_span("fallback")
    again = client(request)
    again.attributes = {**again.attributes, "http.request.resend_count": 1}
    store.take(traces(request, client(request), again))
    (row,) = departures(store)
    assert (row["transfers"], row["bytes"]) == (2, 200)


def test_limens_own_telemetry_has_its_row(store: Store) -> None:
    request = traces(request_span())
    store.take(request, traces(Span(kind="SERVER"), resource=CLOUD))
    rows = [r for r in store.ask("egress") if r["destination"] == "telemetry"]
    assert [(r["leg"], r["transfers"], r["bytes"]) for r in rows] == [
        ("device", 1, request.ByteSize())
    ]


def test_bytes_per_request_are_unknown_where_no_send_was_measured(store: Store) -> None:
    request = request_span("fallback")
    store.take(traces(request, client(request, http_request_body_size=None)))
    row = store.ask("release_health")[0]
    assert (row["egress_bytes_per_request"], row["unknown_bytes_transfers"]) == (None, 1)


def test_bytes_per_request_are_of_what_left_with_the_releases_requests(store: Store) -> None:
    request = request_span("fallback")
    store.take(traces(request, client(request), request_span("accept")))
    assert store.ask("release_health")[0]["egress_bytes_per_request"] == 50.0


def test_the_ledger_of_some_traces_has_what_left_in_them_whatever_is_rolled_up(
    store: Store,
) -> None:
    requests = [request_span("fallback", start=now() - number * DAY) for number in range(4)]
    for number, request in enumerate(requests):
        if number == 2:
            Rollups(store.database).run()
        store.take(traces(request, client(request), client(request)))
    whole = store.ask("ledger")
    told = sorted({row["trace_id"] for row in whole} - {None})
    assert len(told) == len(requests)
    for some in ([told[0]], told[1:3], [told[3], "f" * 32]):
        asked = store.ask("ledger", trace=tuple(some))
        assert asked == [row for row in whole if row["trace_id"] in some]
        assert len(asked) == 2 * len(set(some) & set(told))
    assert not store.ask("ledger", trace=("no id", told[0][1:], f"{told[0]}0", "F" * 32))


def test_one_trace_shows_its_spans_its_decision_and_what_left(store: Store) -> None:
    request = request_span("fallback", limen_confidence=0.4)
    sent = client(request)
    served = sent.child("SERVER", limen_output_label="7")
    store.take(traces(request, sent, resource=PHONE), traces(served, resource=CLOUD))
    trace = store.reader.trace(request.trace_id.hex())
    assert {s["kind"] for s in trace["spans"]} == {"INTERNAL", "CLIENT", "SERVER"}
    assert trace["requests"][0]["decision"] == "fallback"
    assert trace["departures"][0]["bytes"] == 100
    assert "installation" not in str(trace)
