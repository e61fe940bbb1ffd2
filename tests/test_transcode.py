"""OTLP/JSON as the specification has it and as real SDKs send it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.contract.errors import BadInput
from collector.intake.notes import MAX_DEPTH
from collector.server.transcode import transcode
from tests.otlp import request_span, traces

EXAMPLES = Path(__file__).parent.parent.parent / "shared" / "otlp-examples"
TRACE, SPAN = "5B8EFFF798038103D269B633813FC60C", "EEE19B7EC3C1B174"


def request(**span: Any) -> dict[str, Any]:
    """A request with one span of these fields."""
    fields = {"traceId": TRACE, "spanId": SPAN, "name": "a"} | span
    return {"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}


def read(document: Any) -> Any:
    """The only span of a request, transcoded."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    found = ExportTraceServiceRequest.FromString(transcode(body, ExportTraceServiceRequest)[0])
    return found.resource_spans[0].scope_spans[0].spans[0]


def attribute(value: Any) -> Any:
    return read(request(attributes=[{"key": "k", "value": value}])).attributes[0].value


def test_an_id_of_the_wrong_length_is_left_to_be_rejected_alone() -> None:
    assert read(request(traceId="abcd")).trace_id == b"\xab\xcd"


@pytest.mark.parametrize(
    ("value", "field", "read_as"),
    [
        ({"stringValue": "x"}, "string_value", "x"),
        ({"boolValue": False}, "bool_value", False),
        ({"intValue": "-7"}, "int_value", -7),
        ({"intValue": 7.0}, "int_value", 7),
        ({"doubleValue": "Infinity"}, "double_value", float("inf")),
        ({"doubleValue": 1}, "double_value", 1.0),
        ({"bytesValue": "AQI="}, "bytes_value", b"\x01\x02"),
    ],
)
def test_every_kind_of_value_is_read(value: Any, field: str, read_as: Any) -> None:
    found = attribute(value)
    assert found.WhichOneof("value") == field
    assert getattr(found, field) == read_as


def test_empty_values_lists_and_maps_stay_what_they_are() -> None:
    assert attribute({}).WhichOneof("value") is None
    assert attribute({"arrayValue": {}}).WhichOneof("value") == "array_value"
    assert attribute({"kvlistValue": {}}).WhichOneof("value") == "kvlist_value"


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (b"not json", "line 1"),
        (b"[]", "the body"),
        (b"[" * 100_000, "line 1"),
        (b'{"resourceSpans": 7}', "resourceSpans"),
        (b'{"resourceSpans": [7]}', "resourceSpans[0]"),
        (request(traceId="z" * 32), "spans[0].traceId"),
        (request(traceId=7), "spans[0].traceId"),
        (request(kind="SPAN_KIND_SHOE"), "spans[0].kind"),
        (request(startTimeUnixNano="soon"), "spans[0].startTimeUnixNano"),
        (request(startTimeUnixNano=2**64), "spans[0].startTimeUnixNano"),
        (request(startTimeUnixNano=-1), "spans[0].startTimeUnixNano"),
        (request(flags=True), "spans[0].flags"),
        (request(name=7), "spans[0].name"),
        (request(attributes=[{"key": "k", "value": {"boolValue": "yes"}}]), "boolValue"),
        (request(attributes=[{"key": "k", "value": {"bytesValue": "ä"}}]), "bytesValue"),
        (request(attributes=[{"key": "k", "value": {"doubleValue": "fast"}}]), "doubleValue"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_place_and_never_by_its_value(
    document: Any, place: str
) -> None:
    with pytest.raises(BadInput) as refused:
        read(document)
    assert place in str(refused.value)
    assert not any(value in str(refused.value) for value in ("soon", "SHOE", "fast", "yes"))


def test_a_whole_request_is_the_same_in_both_encodings() -> None:
    whole = traces(request_span("fallback", limen_scores=[0.5, 0.25], limen_confidence=0.5))
    document = json_format.MessageToDict(whole)
    span = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    for name in ("traceId", "spanId"):
        span[name] = base64.b64decode(span[name]).hex()
    encoded, _ = transcode(json.dumps(document).encode(), ExportTraceServiceRequest)
    assert ExportTraceServiceRequest.FromString(encoded) == whole


@pytest.mark.parametrize(("lists", "kept"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_values_too_deep_are_left_out_and_the_rest_is_there(lists: int, kept: bool) -> None:
    value: dict[str, Any] = {"stringValue": "bottom"}
    for _ in range(lists):
        value = {"arrayValue": {"values": [value]}}
    body = json.dumps(request(attributes=[{"key": "deep", "value": value}])).encode()
    encoded, _ = transcode(body, ExportTraceServiceRequest)
    assert (b"bottom" in encoded) == kept
    assert b"deep" in encoded


@pytest.mark.parametrize(
    ("written", "read_as", "changed"),
    [
        (rb"fine \ud800 \\ \ud83d\ude00", "fine \ufffd \\ \U0001f600", 1),
        (rb"cut \udbff", "cut \ufffd", 1),
        (rb"\\ud800 stays", "\\ud800 stays", 0),
        (rb"\ude00\ud83d", "\ufffd\ufffd", 2),
        (b"latin \xe4 and \xef\xbf\xbd", "latin \ufffd and \ufffd", 1),
        (b"\xff\\uD800", "\ufffd\ufffd", 2),
    ],
)
def test_what_is_no_character_is_replaced_and_the_rest_is_read(
    written: bytes, read_as: str, changed: int
) -> None:
    body = json.dumps(request(name="NAME")).encode().replace(b"NAME", written)
    encoded, mended = transcode(body, ExportTraceServiceRequest)
    found = ExportTraceServiceRequest.FromString(encoded)
    assert found.resource_spans[0].scope_spans[0].spans[0].name == read_as
    assert mended == changed


def test_broken_json_with_broken_strings_is_refused_by_its_first_place() -> None:
    for body in (b'{"a": "\xff"', rb'{"a": "\ud800"', rb'{"a": "\ud8'):
        with pytest.raises(BadInput, match="line 1"):
            transcode(body, ExportTraceServiceRequest)
