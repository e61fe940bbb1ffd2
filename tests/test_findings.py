"""What telemetry holds that it should not is found, and no value of it is stored."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from collector.contract.attributes import ATTRIBUTES
from collector.contract.findings import CODES, CONTENT_KEYS, content_key
from collector.contract.policy import Policy
from collector.detect import Detectors
from collector.redaction.keys import UNCLEAN, KeyNames
from collector.redaction.screen import Screen
from collector.redaction.watch import OTHER_KEYS
from tests.otlp import PHONE, Span, logged_input, pairs, traces
from tests.store import Store

# A value that must not be found anywhere.
VALUE = "zanzibar-7f"

_NUMBER = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("home"), Policy()) as store:
        yield store


def found(store: Store, app: str) -> list[dict[str, Any]]:
    return [row for row in store.ask("findings", "release", app=app) if row.pop("release")]


def phone(app: str) -> dict[str, Any]:
    return {"service.name": app, "service.version": "2.4.0"}


@pytest.mark.parametrize(
    ("key", "code", "field"),
    [
        ("gen_ai.input.messages", "CONTENT_IN_TELEMETRY", "gen_ai.input.messages"),
        ("gen_ai.prompt.0.content", "CONTENT_IN_TELEMETRY", "gen_ai.prompt"),
        ("llm.prompts.1.user", "CONTENT_IN_TELEMETRY", "llm.prompts"),
        ("ai.toolCall.args", "CONTENT_IN_TELEMETRY", "ai.toolcall.args"),
        ("http.request.body", "CONTENT_IN_TELEMETRY", "http.request.body"),
        ("device.id", "HARDWARE_ID_IN_TELEMETRY", "device.id"),
        ("app.device.androidId", "HARDWARE_ID_IN_TELEMETRY", "app.device.androidId"),
        ("http.request.header.authorization", "SECRET_IN_TELEMETRY", None),
        ("checkout.step", "UNKNOWN_ATTRIBUTE", "checkout.step"),
        ("http.response.body.size", "UNKNOWN_ATTRIBUTE", "http.response.body.size"),
        ("user ada@example.com", "UNKNOWN_ATTRIBUTE", UNCLEAN),
        ("order_4711081512", "UNKNOWN_ATTRIBUTE", UNCLEAN),
    ],
)
def test_an_attribute_is_found_by_its_key(
    shared: Store, key: str, code: str, field: str | None
) -> None:
    app = f"app-{next(_NUMBER)}"
    shared.take(traces(Span(attributes={key: VALUE}), Span(), resource=phone(app)))
    (row,) = found(shared, app)
    assert (row["code"], row["place"], row["field"]) == (code, "span", field or key)
    assert (row["value_type"], row["occurrences"], row["distinct_values"]) == ("string", 1, 1)
    assert row["policy"] == shared.policy.version


@pytest.mark.parametrize(
    ("place", "field"),
    [("resource", "kind.of"), ("scope", "kind.of"), ("event", "kind.of"), ("link", "kind.of")],
)
def test_attributes_are_found_wherever_they_stand(shared: Store, place: str, field: str) -> None:
    app = f"where-{place}"
    request = traces(Span(), resource=phone(app))
    group = request.resource_spans[0]
    span = group.scope_spans[0].spans[0]
    whose = {
        "resource": group.resource,
        "scope": group.scope_spans[0].scope,
        "event": span.events.add(),
        "link": span.links.add(),
    }
    whose[place].attributes.extend(pairs({field: [VALUE]}))
    shared.take(request)
    (row,) = found(shared, app)
    assert (row["place"], row["field"], row["value_type"]) == (place, field, "list")


def test_events_of_content_are_found_by_name_and_so_are_those_of_logs(shared: Store) -> None:
    request = traces(Span(), resource=phone("events"))
    request.resource_spans[0].scope_spans[0].spans[0].events.add(name="gen_ai.user.message")
    log = logged_input(Span(), VALUE, phone("events"))
    log.resource_logs[0].scope_logs[0].log_records[0].event_name = "gen_ai.choice"
    shared.take(request, log)
    rows = {(r["code"], r["place"], r["field"]) for r in found(shared, "events")}
    assert rows == {
        ("CONTENT_IN_TELEMETRY", "event", "gen_ai.user.message"),
        ("CONTENT_IN_TELEMETRY", "log", "gen_ai.choice"),
    }


SECRET = "AKIAIOSFODNN7REALKEY"


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("made.up", f"the key is {SECRET}", "made.up"),
        ("made.up", ["first", [SECRET]], "made.up"),
        ("made.up", {"deep": {"er": SECRET}}, "made.up"),
        ("limen.output.label", SECRET, "limen.output.label"),
        ("limen.decision", f"accept {SECRET}", "limen.decision"),
        ("limen.confidence", SECRET, "limen.confidence"),
        (f"key.{SECRET}", "1", UNCLEAN),
        (f"key {SECRET} of ada", "1", UNCLEAN),
    ],
)
def test_a_secret_is_found_wherever_it_stands(
    shared: Store, name: str, value: Any, field: str
) -> None:
    app = f"secret-{next(_NUMBER)}"
    shared.take(traces(Span(attributes={name: value}), resource=phone(app)))
    rows = [row for row in found(shared, app) if row["code"] == "SECRET_IN_TELEMETRY"]
    assert {(row["place"], row["field"]) for row in rows} == {("span", field)}
    assert [row["occurrences"] for row in rows] == [1]


def test_a_secret_is_found_in_what_is_no_attribute(shared: Store) -> None:
    request = traces(Span(name=SECRET), resource=phone("parts"))
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.status.message = f"denied for {SECRET}"
    span.trace_state = f"v={SECRET}"
    span.events.add(name=SECRET)
    request.resource_spans[0].scope_spans[0].scope.name = SECRET
    log = logged_input(Span(), f"body with {SECRET}", phone("parts"))
    log.resource_logs[0].scope_logs[0].log_records[0].event_name = "other"
    shared.take(request, log)
    rows = {(row["place"], row["field"]) for row in found(shared, "parts")}
    assert rows == {
        ("span", "span.name"), ("span", "span.status.message"), ("span", "span.trace_state"),
        ("event", "event.name"), ("scope", "scope.name"), ("log", "log.body"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://b.example.com/x?AWSAccessKeyId=AKIA&Signature=abc", True),
        ("https://b.example.com/x?a=1&x-goog-signature=abc", True),
        ("https://b.example.com/x?sig=REDACTED", False),
        ("https://b.example.com/x?signal=abc", False),
    ],
)
def test_a_url_whose_signature_is_not_redacted_is_found(
    shared: Store, url: str, signed: bool
) -> None:
    app = f"url-{next(_NUMBER)}"
    shared.take(traces(Span(attributes={"link.to": url}), resource=phone(app)))
    codes = {row["code"] for row in found(shared, app)}
    assert codes == {"UNKNOWN_ATTRIBUTE"} | ({"SIGNATURE_IN_URL"} if signed else set())


def test_occurrences_add_up_and_values_are_told_apart_over_groups(shared: Store) -> None:
    for start in (0, 10):
        spans = [Span(attributes={"step": n}) for n in range(start, start + 20)]
        shared.take(traces(*spans, resource=phone("steps")))
    (row,) = found(shared, "steps")
    assert (row["occurrences"], row["value_type"]) == (40, "int")
    # 30 different ones: an estimate from 60 bits.
    assert 20 <= row["distinct_values"] <= 42


def test_no_more_values_are_told_apart_than_there_are(shared: Store) -> None:
    spans = [Span(attributes={f"key{k}": 100 * k + n for k in range(30)}) for n in range(10)]
    shared.take(traces(*spans, resource=phone("apart")))
    rows = found(shared, "apart")
    assert len(rows) == 30
    assert all(5 <= row["distinct_values"] <= row["occurrences"] == 10 for row in rows)


def test_many_keys_of_one_request_are_told_apart_up_to_a_number(shared: Store) -> None:
    spans = Span(attributes={f"made.up{n:04}": 1 for n in range(600)})
    shared.take(traces(spans, resource=phone("keys")))
    rows = {row["field"]: row["occurrences"] for row in found(shared, "keys")}
    assert rows[OTHER_KEYS] == 100 and len(rows) == 501


def test_attributes_of_the_conventions_are_no_finding(shared: Store) -> None:
    everything: dict[str, Any] = {a.name: "x" for a in ATTRIBUTES if a.name not in PHONE}
    shared.take(traces(Span(attributes=everything), resource=phone("ours")))
    assert found(shared, "ours") == []


def test_a_finding_is_of_the_app_and_release_of_its_record(shared: Store) -> None:
    new = Span(attributes={"mine": 1, "service.version": "3.0.0"})
    shared.take(traces(new, Span(attributes={"mine": 1}), resource=phone("releases")))
    rows = shared.ask("findings", "release", app="releases")
    assert {(r["release"], r["occurrences"]) for r in rows} == {("3.0.0", 1), ("2.4.0", 1)}


def test_no_value_is_stored_with_a_finding(tmp_path: Path) -> None:
    with Store(tmp_path, Policy()) as store:
        attributes = {"made.up": VALUE, "gen_ai.prompt": VALUE, "imei": VALUE, f"{VALUE}@x": 1}
        store.take(traces(Span(attributes=attributes)))
        assert len(found(store, "fieldnotes")) == 4
        store.database.checkpoint()
    held = [p for p in tmp_path.rglob("*") if p.is_file() and VALUE.encode() in p.read_bytes()]
    assert held == []


def test_what_ends_in_a_size_is_no_content() -> None:
    for key in CONTENT_KEYS:
        assert content_key(f"{key}.0.content") == content_key(key) == key
        assert content_key(f"{key}.size") is None
    assert len(CODES) == 5


def test_made_up_names_are_shown_up_to_a_number() -> None:
    names = KeyNames(Screen(Detectors()))
    assert names.clean([f"key.n{n}" for n in range(3000)]).count(UNCLEAN) == 1000
    assert names.clean(["key.n1", "key.n2999"]) == ["key.n1", UNCLEAN]
