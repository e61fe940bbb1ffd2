"""OTLP/JSON as the specification has it and as real SDKs send it."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.contract.errors import BadInput
from collector.server.transcode import MAX_DEPTH, transcode
from tests.otlp import request_span, traces
from tests.processes import RunningCollector

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


@pytest.mark.parametrize(
    "identifier", [TRACE, TRACE.lower(), base64.b64encode(bytes.fromhex(TRACE)).decode()]
)
def test_ids_are_hexadecimal_in_either_case_or_base64(identifier: str) -> None:
    span = read(request(traceId=identifier, parentSpanId=""))
    assert span.trace_id == bytes.fromhex(TRACE)
    assert span.parent_span_id == b""


def test_an_id_of_the_wrong_length_is_left_to_be_rejected_alone() -> None:
    assert read(request(traceId="abcd")).trace_id == b"\xab\xcd"


@pytest.mark.parametrize("kind", [3, "SPAN_KIND_CLIENT", "3"])
def test_enumerations_are_integers_or_names(kind: Any) -> None:
    assert read(request(kind=kind)).kind == 3


@pytest.mark.parametrize("stamp", ["1544712660000000000", 1544712660000000000])
def test_64_bit_integers_are_strings_or_numbers(stamp: Any) -> None:
    assert read(request(startTimeUnixNano=stamp)).start_time_unix_nano == 1544712660000000000


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


def test_unknown_fields_null_and_snake_case_are_ignored() -> None:
    span = read(request(flags=None, shoes=9, start_time_unix_nano="5"))
    assert (span.flags, span.start_time_unix_nano) == (0, 0)


def test_values_too_deep_are_left_out_counted_and_the_rest_is_there() -> None:
    value: dict[str, Any] = {"stringValue": "bottom"}
    for _ in range(MAX_DEPTH):
        value = {"arrayValue": {"values": [value]}}
    body = json.dumps(request(attributes=[{"key": "deep", "value": value}])).encode()
    encoded, dropped = transcode(body, ExportTraceServiceRequest)
    assert dropped == 1 and b"bottom" not in encoded
    assert b"deep" in encoded


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


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the official examples are not beside this tree")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("trace", ExportTraceServiceRequest),
        ("logs", ExportLogsServiceRequest),
        ("events", ExportLogsServiceRequest),
    ],
)
def test_the_official_examples_are_read_whole(name: str, kind: type[Message]) -> None:
    body = (EXAMPLES / f"{name}.json").read_bytes()
    encoded, dropped = transcode(body, kind)
    assert dropped == 0
    ours = json_format.MessageToDict(kind.FromString(encoded))
    assert _words(ours) == _words(json.loads(body))


def _words(document: Any) -> list[str]:
    """Every attribute key and string value, in order."""
    if isinstance(document, list):
        return [word for item in document for word in _words(item)]
    if not isinstance(document, dict):
        return []
    own = [str(document[k]) for k in ("key", "name", "stringValue") if k in document]
    return own + [word for k in sorted(document) for word in _words(document[k])]


def post(collector: RunningCollector, path: str, body: bytes) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return httpx.post(collector.http + path, content=body, headers=headers)


def test_json_is_taken_and_answered_in_json(collector: RunningCollector) -> None:
    attributes = [
        {"key": "limen.feature", "value": {"stringValue": "f"}},
        {"key": "limen.decision", "value": {"stringValue": "accept"}},
    ]
    answer = post(collector, "/v1/traces", json.dumps(request(attributes=attributes)).encode())
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert answer.headers["content-type"] == "application/json"
    with collector.client() as client:
        assert client.trace(TRACE.lower())["requests"][0]["feature"] == "f"
