"""The rules of OTLP's data model that bind a receiver."""

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.intake.notes import MAX_DEPTH
from tests.otlp import PHONE, Span, fresh_id, logged_input, request_span, traces
from tests.processes import RunningCollector


def said(collector: RunningCollector, request: Any) -> Any:
    body = request if isinstance(request, bytes) else request.SerializeToString()
    answer = collector.post(body)
    assert answer.status_code == 200
    return ExportTraceServiceResponse.FromString(answer.content).partial_success


def stored(collector: RunningCollector, span: Span) -> dict[str, Any]:
    with collector.client() as client:
        spans = client.trace(span.trace_id.hex())["spans"]
    return next(dict(s) for s in spans if s["span_id"] == span.span_id.hex())


def last_span(request: ExportTraceServiceRequest) -> Any:
    return request.resource_spans[0].scope_spans[0].spans[-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"trace_id": bytes(16)},
        {"trace_id": b""},
        {"trace_id": b"long" * 5},
        {"span_id": bytes(8)},
        {"span_id": b"short"},
    ],
)
def test_d1_spans_without_valid_ids_are_rejected_alone(
    collector: RunningCollector, wrong: dict[str, bytes]
) -> None:
    before = collector.spans()
    partial = said(collector, traces(Span(), Span(**wrong), Span()))  # type: ignore[arg-type]
    assert partial.rejected_spans == 1 and "ids" in partial.error_message
    assert collector.spans() == before + 2


def test_d2_log_records_without_ids_or_time_are_no_error(collector: RunningCollector) -> None:
    request = logged_input(Span(trace_id=b"", span_id=b""), b"x")
    request.resource_logs[0].scope_logs[0].log_records.add().body.string_value = "a line"
    answer = collector.post(request.SerializeToString(), path="/v1/logs")
    partial = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_log_records) == (200, 2)
    assert "no request" in partial.error_message and "not an input" in partial.error_message


def test_d3_of_a_repeated_key_the_last_value_wins(collector: RunningCollector) -> None:
    span = request_span("fallback")
    request = traces(span)
    last_span(request).attributes.add(key="limen.decision").value.string_value = "accept"
    assert not said(collector, request).error_message
    assert stored(collector, span)["attributes"]["limen.decision"] == "accept"


def test_d4_empty_values_bytes_mixed_lists_and_maps_are_taken(collector: RunningCollector) -> None:
    span = request_span()
    request = traces(span)
    for key, value in {
        "empty": AnyValue(),
        "bytes": AnyValue(bytes_value=b"\xff\x00"),
        "limen.scores": AnyValue(),
        "limen.purpose": AnyValue(bytes_value=b"x"),
        "": AnyValue(int_value=1),
    }.items():
        last_span(request).attributes.add(key=key).value.CopyFrom(value)
    mixed = last_span(request).attributes.add(key="mixed").value
    mixed.array_value.values.add().int_value = 1
    mixed.array_value.values.add().string_value = "x"
    mixed.array_value.values.add()
    nested = last_span(request).attributes.add(key="map").value.kvlist_value.values
    nested.add(key="inner").value.kvlist_value.values.add(key="k").value.bool_value = True
    last_span(request).attributes.add(key="no value")
    assert not said(collector, request).error_message
    assert stored(collector, span)["attributes"]["limen.decision"] == "accept"


def test_d5_the_string_table_of_profiles_is_empty_elsewhere_and_said(
    collector: RunningCollector,
) -> None:
    span = request_span()
    request = traces(span)
    last_span(request).attributes.add(key_strindex=3).value.string_value = "x"
    last_span(request).attributes.add(key="limen.purpose").value.string_value_strindex = 4
    partial = said(collector, request)
    assert partial.rejected_spans == 0
    assert "2 keys or values of a profile's string table" in partial.error_message
    assert "limen.purpose" not in stored(collector, span)["attributes"]


def test_d6_high_flags_are_no_error_and_an_unspecified_kind_is_internal(
    collector: RunningCollector,
) -> None:
    for kind in (0, 99):
        span = Span()
        request = traces(span)
        last_span(request).flags = 0xFFFFFFFF
        last_span(request).kind = kind
        last_span(request).links.add(trace_id=fresh_id(16), flags=0xFFFFFF00)
        assert not said(collector, request).error_message
        assert stored(collector, span)["kind"] == "INTERNAL"


def test_d7_a_span_may_end_before_it_starts_or_never(collector: RunningCollector) -> None:
    early, never = Span(duration=-3_000_000), Span()
    request = traces(early, never)
    last_span(request).end_time_unix_nano = 0
    assert not said(collector, request).error_message
    assert stored(collector, early)["duration_ms"] == -3.0
    assert stored(collector, never)["duration_ms"] is None


def test_d8_times_of_any_age_are_stored_as_they_are(collector: RunningCollector) -> None:
    old, future = Span(start=1), Span(start=2**62)
    assert not said(collector, traces(old, future)).error_message
    for span in (old, future):
        assert stored(collector, span)["time_believed"] is False


def test_d9_an_input_is_known_by_the_name_of_its_event(collector: RunningCollector) -> None:
    consented = logged_input(request_span(), b"x")
    assert collector.post(consented.SerializeToString(), path="/v1/logs").content == b""
    consented.resource_logs[0].scope_logs[0].log_records[0].event_name = "other.event"
    answer = collector.post(consented.SerializeToString(), path="/v1/logs")
    assert b"not an input" in answer.content


def test_d10_repeated_messages_merge_and_unknown_fields_and_groups_are_skipped(
    collector: RunningCollector,
) -> None:
    span = request_span()
    whole = traces(span, resource={"service.name": "fieldnotes"})
    more = traces(resource={"service.version": "9.9.9"}).resource_spans[0].resource
    extra = more.SerializeToString()
    inner = whole.resource_spans[0].SerializeToString()
    inner += b"\x0a" + bytes([len(extra)]) + extra
    # Unknown: a varint, a string, a fixed32, and a group that holds a string.
    inner += b"\xa0\x06\x05" + b"\xaa\x06\x02hi" + b"\xad\x06four"
    inner += b"\xb3\x06" + b"\x0a\x02hi" + b"\xb4\x06"
    size = len(inner)
    body = b"\x0a" + bytes([size & 0x7F | 0x80, size >> 7]) + inner
    assert ExportTraceServiceRequest.FromString(body).resource_spans[0].resource.attributes[1]
    assert not said(collector, body).error_message
    found = stored(collector, span)
    assert (found["app"], found["release"]) == ("fieldnotes", "9.9.9")


@pytest.mark.parametrize(
    "where", ["key", "value", "item", "name", "event", "resource", "scope", "status", "nested"]
)
def test_d11_a_string_that_is_not_utf_8_costs_nobody_a_batch(
    collector: RunningCollector, where: str
) -> None:
    mark = "MARK" * 30
    spans = [request_span() for _ in range(511)]
    odd = Span(
        name=mark if where == "name" else "route f",
        attributes={mark: 1} if where == "key" else {"k": mark} if where == "value" else {},
    )
    resource = {**PHONE, "os.type": mark} if where == "resource" else PHONE
    request = traces(*spans, odd, resource=resource)
    if where == "event":
        last_span(request).events.add(name=mark)
    if where == "scope":
        request.resource_spans[0].scope_spans[0].scope.name = mark
    if where == "status":
        last_span(request).status.message = mark
    if where in ("item", "nested"):
        value = last_span(request).attributes.add(key="limen.scores.labels").value
        for _ in range(1 if where == "item" else MAX_DEPTH):
            value = value.array_value.values.add()
        value.string_value = mark
    body = request.SerializeToString()
    assert mark.encode() in body
    before = collector.spans()
    partial = said(collector, body.replace(b"MARK", b"\xff\xfe\xc3\x28"))
    assert partial.rejected_spans == 0 and "1 strings were not UTF-8" in partial.error_message
    assert collector.spans() == before + 512


def test_d12_values_nested_too_deep_are_left_out_and_said(collector: RunningCollector) -> None:
    for levels, says in ((MAX_DEPTH, ""), (MAX_DEPTH + 1, "1 values nested deeper than 32")):
        span = request_span()
        request = traces(span)
        value = last_span(request).attributes.add(key="deep").value
        for _ in range(levels):
            value = value.array_value.values.add()
        partial = said(collector, request)
        assert partial.rejected_spans == 0
        assert partial.error_message.startswith(says) and bool(says) == bool(partial.error_message)
        assert stored(collector, span)["attributes"]["limen.decision"] == "accept"
