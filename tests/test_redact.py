"""What the door keeps, and what it counts."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from collector.contract.attributes import ATTRIBUTES, INSTALLATION
from collector.contract.policy import Policy
from collector.decode import decode_spans
from collector.detect import Detectors
from collector.keys import Keys
from collector.persons.pseudonyms import Period, Pseudonyms
from collector.redact import Redacted, Redactor
from collector.redaction.columns import NEWEST_NS, OLDEST_NS
from collector.redaction.forms import COLUMN_TYPES
from collector.store.schema import ddl
from tests.otlp import PHONE, Span, fresh_id, now, traces
from tests.store import Store

PERIODS = [Period(key_id=1, since=0, key=base64.b64encode(b"s" * 32))]
PSEUDONYMS = Pseudonyms(Keys(b"k" * 32), Path("periods.json"), PERIODS)


def pseudonym(purpose: str, identifier: str) -> bytes:
    ((_, found),) = PSEUDONYMS.all(purpose, identifier)
    return found


def redact(
    *requests: Any,
    policy: Policy | None = None,
    received: int | None = None,
    detectors: Detectors | None = None,
) -> Redacted:
    bodies = [request.SerializeToString() for request in requests]
    arrived = np.full(len(bodies), received or now(), dtype=np.int64)
    redactor = Redactor(policy or Policy(), PSEUDONYMS, b"f" * 32, detectors)
    return redactor.spans(decode_spans(bodies), arrived)


def kept(name: str, raw: Any, policy: Policy | None = None) -> Any:
    """What is stored of one attribute on one span."""
    column = {a.name: a.column for a in ATTRIBUTES}.get(name)
    row = redact(traces(Span(attributes={name: raw}), resource={}), policy=policy).rows.to_pylist()
    found = row[0].get(column) if column else dict(row[0].get("attributes") or []).get(name)
    return found


@pytest.mark.parametrize(
    ("name", "good", "stored"),
    [
        ("limen.decision", "fallback", "fallback"),
        ("limen.feature", "barcode_scan", "barcode_scan"),
        ("service.version", "2.5.0-rc.1+7", "2.5.0-rc.1+7"),
        ("limen.model.version", 3, "3"),
        ("limen.confidence", 0.25, 0.25),
        ("limen.confidence", 1, 1.0),
        ("limen.input.size", 64, 64),
        ("limen.audit.sampled", True, True),
        ("limen.scores", [0.5, 0.25], [0.5, 0.25]),
        ("limen.scores", "0.5, 0.25", [0.5, 0.25]),
        ("limen.scores", [1, 0], [1.0, 0.0]),
        ("limen.scores.labels", ["7", "1"], ["7", "1"]),
        ("limen.scores.labels", "7,1", ["7", "1"]),
        ("limen.data.categories", ["location_coarse", "image", "image"], "image,location_coarse"),
        ("limen.data.categories", "image", "image"),
        ("limen.data.categories", ["image", "my shoe size"], "image,unknown"),
        ("server.address", "API.example.com", "example.com"),
        ("server.address", "203.0.113.77", "203.0.113.0/24"),
        ("server.address", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("limen.model.digest", "sha256:" + "ab" * 32, "sha256:" + "ab" * 32),
        ("device.model.name", "Galaxy S23", "Galaxy S23"),
        ("url.template", "/v1/users/{id}", "/v1/users/{id}"),
        ("url.template", "/patients/19800101/notes?of=ada", "/patients/{id}/notes"),
        ("url.template", "https://ada:pw@example.com/x", "/x"),
        ("limen.input.digest", "1234567a", "1234567a"),
        ("service.version", "12.15.10-20261101", "12.15.10-20261101"),
        ("service.version", "12.15.10_20261101", "12.15.10_20261101"),
    ],
)
def test_a_value_that_fits_its_form_is_kept(name: str, good: Any, stored: Any) -> None:
    assert kept(name, good) == stored


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("limen.decision", "maybe"),
        ("limen.decision", 1.5),
        ("limen.feature", "ada@example.com"),
        ("service.version", "call +49 171 1234567"),
        ("limen.confidence", 1.01),
        ("limen.confidence", float("nan")),
        ("limen.confidence", "0.9 ada@example.com"),
        ("limen.input.size", -1),
        ("limen.audit.sampled", "true"),
        ("limen.scores", [0.5, 7.0]),
        ("limen.scores", "0.5,ada@example.com"),
        ("limen.scores", []),
        ("limen.scores.labels", ["7", "ada@example.com"]),
        ("server.address", "https://ada:pw@example.com/?q=1"),
        ("limen.model.digest", "sha256:ada"),
        ("limen.input.digest", "ada lovelace"),
        ("device.model.name", b"\x00\x01"),
        ("limen.feature", None),
        ("limen.input.digest", "4111111111111111"),
        ("limen.input.digest", b"ada@example.com".hex()),
        ("url.template", "patients of Ada"),
        ("limen.sequence", 14155550123),
        ("http.request.body.size", 14155550123),
        ("limen.model.digest", "sha256:" + b"ada.lovelace@example.com........".hex()),
        ("limen.model.digest", "sha256:" + "4111111111111111".zfill(64)),
        ("limen.consent.changed_at", "4111-11-11T11:11:11Z"),
        ("limen.output.label", "4111/1111/1111/1111"),
        ("limen.output.label", "DE89_3704_0044_0532_0130_00"),
        ("limen.output.label", "123_45_6789"),
        ("limen.model.name", "ada_at_example.com"),
        ("limen.model.name", base64.b32encode(b"ada@example.com").decode().lower()),
        ("service.version", "ada+AEA-example.com"),
    ],
)
def test_a_value_that_does_not_fit_its_form_is_not_kept(name: str, bad: Any) -> None:
    assert kept(name, bad) is None


def test_a_dropped_value_is_counted_and_an_empty_one_is_not() -> None:
    spans = [Span(attributes={"limen.confidence": c}) for c in (0.5, 7.0, None)]
    tally = redact(traces(*spans, resource={})).tally
    assert tally["limen.confidence", "form", "drop"] == 1


def test_an_attribute_that_no_policy_names_is_not_kept_and_counted() -> None:
    secret = {"user.email": "ada@example.com", "ada@example.com": "x", "http.url": "https://x/?q"}
    redacted = redact(traces(Span(attributes=secret), resource={"host.name": "adas-phone"}))
    assert redacted.tally["(unnamed attributes)", "allowlist", "drop"] == 4
    assert "ada" not in str(redacted.rows.to_pylist()) + str(redacted.tally)


def test_a_policy_lets_an_attribute_in_and_can_hash_bucket_or_drop_it() -> None:
    policy = Policy(
        attributes={
            "checkout.step": "keep",
            "customer.ref": "hash",
            "client.address": "bucket:ipv4/24",
            "birth.date": "bucket:date/month",
            "kernel": "bucket:version/major",
            "limen.output.label": "drop",
        }
    )
    assert kept("checkout.step", "payment", policy) == "payment"
    assert kept("checkout.step", 3, policy) == "3"
    assert kept("customer.ref", "C-17", policy) == pseudonym("customer.ref", "C-17").hex()
    assert kept("client.address", "203.0.113.77", policy) == "203.0.113.0/24"
    assert kept("client.address", "ada", policy) is None
    assert kept("birth.date", "1984-07-02", policy) == "1984-07"
    assert kept("kernel", "6.1.0-13", policy) == "6"
    assert kept("limen.output.label", "7", policy) is None


def test_an_alias_is_stored_under_the_name_it_stands_for() -> None:
    policy = Policy(aliases={"myapp.ai.confidence": "limen.confidence"})
    rows = redact(traces(Span(attributes={"myapp.ai.confidence": 0.4})), policy=policy).rows
    assert rows.column("confidence").to_pylist() == [0.4]


def test_an_installation_is_stored_only_as_its_keyed_hash() -> None:
    redacted = redact(traces(Span(), resource=PHONE))
    assert redacted.rows.column("installation").to_pylist() == [pseudonym(INSTALLATION, "phone-1")]
    assert b"phone-1" not in b"".join(
        bytes(buffer) for c in redacted.rows.itercolumns() for k in c.chunks
        for buffer in k.buffers() if buffer is not None
    )  # fmt: skip
    assert "phone-1" not in repr(redacted.tally)


def test_the_spans_own_value_wins_over_the_resources_and_the_last_of_a_key_wins() -> None:
    request = traces(
        Span(attributes={"service.version": "2.5.0"}), Span(), resource={"service.version": "2.4.0"}
    )
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add(
        key="service.version"
    ).value.string_value = "2.6.0"
    assert redact(request).rows.column("release").to_pylist() == ["2.6.0", "2.4.0"]


@pytest.mark.parametrize("own", ["not a version!", "", None, b"x"])
def test_an_own_value_that_is_not_kept_does_not_fall_back_to_the_resources(own: Any) -> None:
    span = Span(attributes={"service.version": own})
    rows = redact(traces(span, Span(), resource={"service.version": "2.4.0"})).rows
    assert rows.column("release").to_pylist() == [None, "2.4.0"]


def test_a_span_that_names_itself_as_its_parent_is_a_root() -> None:
    span = Span(span_id=b"\xffmysel-0")
    span.parent = span.span_id
    assert redact(traces(span)).rows.column("parent_span_id").to_pylist() == [None]


def test_an_alias_is_dropped_with_the_name_it_stands_for() -> None:
    policy = Policy(attributes={"deployment.environment": "drop"})
    assert kept("deployment.environment.name", "jane", policy) is None
    assert kept("deployment.environment", "jane", policy) is None


def test_a_kept_text_is_cut_at_its_limit_and_that_is_tallied() -> None:
    policy = Policy(attributes={"note": "keep"})
    redacted = redact(traces(Span(attributes={"note": "x" * 300})), policy=policy)
    assert dict(redacted.rows.to_pylist()[0]["attributes"])["note"] == "x" * 256
    assert redacted.tally["note", "policy", "cut"] == 1


def test_spans_with_impossible_ids_are_rejected_and_counted_per_request() -> None:
    good, zero, short = Span(), Span(trace_id=bytes(16)), Span(span_id=b"x")
    redacted = redact(traces(good, zero), traces(short), traces(Span()))
    assert redacted.rejected.tolist() == [1, 1, 0]
    assert redacted.request.tolist() == [0, 2]
    assert redacted.rows.column("span_id").to_pylist()[0] == good.span_id


@pytest.mark.parametrize(
    ("trace", "span", "texts"),
    [
        (b"ada@example.com!", b"\x80" * 8, 1),
        (b"4111111111111111", b"\x80" * 8, 1),
        (b"\x80" * 16, b"ada@me.x", 2),
        (b"\x80" * 16, b"41111711", 2),
        (b"\x80" * 16, b"7F3A-9C1", 2),
        (b"ada@me.x".ljust(16, b"\0"), b"\x80" * 8, 1),
        (b"ada@me.x".rjust(16, b"\0"), b"\x80" * 8, 1),
        ("ada@me.x".encode("utf-16-le"), b"\x80" * 8, 1),
        ("J\u00fcrgen M\u00fcller".encode().rjust(16), b"\x80" * 8, 1),
        (b"Ada\x1cLovelace".rjust(16), b"\x80" * 8, 1),
        (bytes.fromhex("14155550123".zfill(32)), b"\x80" * 8, 1),
        (b"\x80" * 16, bytes.fromhex("4111111111111111"), 2),
        (b"\x80" * 16, b"ada.l\0\0\0", 2),
        (bytes.fromhex("12345678".zfill(32)), b"\x80" * 8, 0),
        (b"\x80" * 16, b"\x01" * 8, 0),
        (b"[" * 16, b"s" * 8, 0),
        (b"\x01" * 16, b"aB3~aB3~", 0),
    ],
)
def test_an_id_that_reads_like_text_is_hashed_wherever_it_stands(
    trace: bytes, span: bytes, texts: int
) -> None:
    redacted = redact(
        traces(Span(trace_id=trace, span_id=span), Span(trace_id=fresh_id(16), parent=span))
    )
    one, other = redacted.rows.select(["trace_id", "span_id", "parent_span_id"]).to_pylist()
    assert other["parent_span_id"] == one["span_id"] and len(one["trace_id"]) == 16
    assert redacted.tally["span.ids", "text", "hash"] == texts
    assert (one["trace_id"] == trace, one["span_id"] == span) == (
        texts != 1,
        texts != 2,
    )


def test_a_trace_whose_id_is_a_text_is_found_by_it(store: Store) -> None:
    store.take(traces(Span(trace_id=b"ada@example.com!", span_id=b"ada@me.x")))
    (span,) = store.reader.trace(b"ada@example.com!".hex())["spans"]
    assert span["span_id"] != b"ada@me.x".hex()


def test_a_parent_of_zeros_is_a_root() -> None:
    rows = redact(traces(Span(parent=bytes(8)), Span(parent=b"\xffparen-1"))).rows
    assert rows.column("parent_span_id").to_pylist() == [None, b"\xffparen-1"]


@pytest.mark.parametrize(
    ("offset", "believed"),
    [
        (0, True),
        (-OLDEST_NS, True),
        (-OLDEST_NS - 1, False),
        (NEWEST_NS, True),
        (NEWEST_NS + 1, False),
    ],
)
def test_a_device_time_is_believed_only_near_the_time_received(offset: int, believed: bool) -> None:
    received = now()
    rows = redact(traces(Span(start=received + offset)), received=received).rows
    assert rows.column("time_believed").to_pylist() == [believed]
    assert rows.column("time").to_pylist() == [received + offset if believed else received]
    assert rows.column("start_time").to_pylist() == [received + offset]


@pytest.mark.parametrize("start", [0, 2**63, 2**64 - 1])
def test_absurd_device_times_are_stored_as_they_came(start: int) -> None:
    span = Span(start=0, duration=0)
    request = traces(span)
    request.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano = start
    rows = redact(request).rows
    assert rows.column("start_time").to_pylist() == [start]
    assert rows.column("time_believed").to_pylist() == [False]


def test_names_events_links_and_status_messages_do_not_carry_content() -> None:
    request = traces(Span(name="mail to ada@example.com"), Span(name="user 49171123456"))
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.status.message = "ada@example.com not found"
    span.events.add(name="ada@example.com")
    span.links.add(trace_id=b"a" * 16, span_id=b"b" * 8)
    span.trace_state = "vendor=ada"
    redacted = redact(request)
    assert redacted.rows.column("name").to_pylist() == [None, None]
    assert "ada" not in str(redacted.rows.to_pylist())
    fields = {field for field, _, _ in redacted.tally}
    assert {"span.events", "span.links", "span.status.message", "span.trace_state"} <= fields


SPAN_TABLES = ("span_facts", "span_sources", "span_contexts")


def test_every_attribute_has_a_column_of_its_type_and_every_column_an_owner() -> None:
    tables = [ddl(name).split("(", 1)[1].splitlines() for name in SPAN_TABLES]
    columns = {
        words[0]: words[1].rstrip(",").split("(")[0]
        for lines in tables
        for line in lines
        if len(words := line.split()) > 1
    }
    sql_types = {
        "string": "varchar", "double": "double", "int64": "bigint", "bool": "boolean",
        "list<item: float>": "float[]", "list<item: string>": "varchar[]", "binary": "blob",
    }  # fmt: skip
    for attribute in ATTRIBUTES:
        if attribute.column:
            arrow = str(COLUMN_TYPES[type(attribute.form)])
            assert columns[attribute.column] == sql_types[arrow], attribute.name
    made = set(redact(traces(Span())).rows.column_names) | {"policy_version", "attributes"}
    # That a start was believed is said by its column being null.
    made -= {"time_believed"}
    numbers = {"commit_number", "source", "context", "number", "digest", "trace"}
    assert columns.keys() == {a.column for a in ATTRIBUTES if a.column} | made | numbers
