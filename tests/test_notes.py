"""What a sender is told of a request that was taken."""

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.intake.notes import MAX_DEPTH
from tests.otlp import Span, logged_input, request_span, traces
from tests.store import Store


def nested(levels: int, kinds: str, bottom: str = "bottom") -> AnyValue:
    """A value in `levels` lists (l) and maps (m), by turns of `kinds`."""
    value = AnyValue(string_value=bottom)
    for level in range(levels):
        outer = AnyValue()
        if kinds[level % len(kinds)] == "l":
            outer.array_value.values.add().CopyFrom(value)
        else:
            outer.kvlist_value.values.add(key="k").value.CopyFrom(value)
        value = outer
    return value


def with_value(value: AnyValue, times: int = 1) -> ExportTraceServiceRequest:
    request = traces(Span(), Span())
    for span in request.resource_spans[0].scope_spans[0].spans[:times]:
        span.attributes.add(key="nested").value.CopyFrom(value)
    return request


def on_resource(value: AnyValue) -> Message:
    request = traces(Span())
    request.resource_spans[0].resource.attributes.add(key="nested").value.CopyFrom(value)
    return request


def as_body(value: AnyValue) -> ExportLogsServiceRequest:
    request = logged_input(request_span(), "x")
    request.resource_logs[0].scope_logs[0].log_records[0].body.CopyFrom(value)
    return request


@pytest.mark.parametrize("kinds", ["l", "m", "lm", "mml"])
def test_values_too_deep_are_counted_for_the_request_that_has_them(
    store: Store, kinds: str
) -> None:
    fits, deep = nested(MAX_DEPTH, kinds), nested(MAX_DEPTH + 1, kinds)
    quiet, one, two, far, last = store.take(
        with_value(fits),
        with_value(deep),
        with_value(deep, times=2),
        with_value(nested(MAX_DEPTH + 20, kinds)),
        traces(Span()),
    )
    assert (quiet.message, last.message) == ("", "")
    for receipt, count in ((one, 1), (two, 2), (far, 1)):
        assert receipt.rejected == 0
        assert f"{count} values nested deeper than {MAX_DEPTH}" in receipt.message


def test_resources_and_bodies_are_looked_at_too(store: Store) -> None:
    deep = nested(MAX_DEPTH + 1, "l")
    for request in (on_resource(deep), as_body(deep)):
        assert "nested deeper" in store.take(request)[0].message


def test_a_list_that_is_kept_may_hold_a_value_too_deep(store: Store) -> None:
    request = traces(request_span(limen_scores=[0.5]))
    scores = request.resource_spans[0].scope_spans[0].spans[0].attributes[-1].value
    scores.array_value.values.add().CopyFrom(nested(MAX_DEPTH + 5, "l"))
    assert "nested deeper" in store.take(request)[0].message
    # A list with an item that is no number is no list of scores.
    assert store.rows("select scores, decision from spans") == [
        {"scores": None, "decision": "accept"}
    ]


def test_the_string_table_of_profiles_is_empty_here_and_said(store: Store) -> None:
    request = traces(Span(), Span())
    attributes = request.resource_spans[0].scope_spans[0].spans[0].attributes
    attributes.add(key_strindex=3).value.string_value = "x"
    attributes.add(key="limen.feature").value.string_value_strindex = 4
    (receipt,) = store.take(request)
    assert receipt.rejected == 0
    assert receipt.message.startswith("2 keys or values of a profile's string table")
    assert store.rows("select feature from spans") == [{"feature": None}] * 2
