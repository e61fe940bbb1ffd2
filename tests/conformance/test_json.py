"""The JSON mapping of OTLP."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.otlp import fresh_id, request_span
from tests.processes import JSON, RunningCollector

EXAMPLES = Path(__file__).parent.parent.parent.parent / "shared" / "otlp-examples"


def pair(key: str, kind: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": {kind: value}}


def document(**span: Any) -> dict[str, Any]:
    """A request with one span of these fields; what is None is left out."""
    fields = {
        "traceId": fresh_id(16).hex(),
        "spanId": fresh_id(8).hex(),
        "startTimeUnixNano": str(request_span().start),
    } | span
    kept = {name: value for name, value in fields.items() if value is not None}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [kept]}]}]}


def stored(collector: RunningCollector, sent: dict[str, Any] | bytes) -> dict[str, Any]:
    """The span of `sent` as it is stored, after it was taken in silence."""
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    answer = collector.post(body, JSON)
    assert (answer.status_code, answer.content) == (200, b"{}")
    trace = json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"]
    trace_id = trace if len(trace) == 32 else base64.b64decode(trace).hex()
    with collector.client() as client:
        (span,) = client.trace(trace_id.lower())["spans"]
    return dict(span)


def attribute(collector: RunningCollector, key: str, kind: str, value: Any) -> Any:
    """What is kept of an attribute of this value."""
    span = stored(collector, document(attributes=[pair(key, kind, value)]))
    return span["attributes"].get(key)


def refused(collector: RunningCollector, sent: dict[str, Any]) -> str:
    answer = collector.post(json.dumps(sent).encode(), JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    return str(answer.json()["message"])


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_j1_ids_are_hexadecimal_in_either_case(collector: RunningCollector, case: Any) -> None:
    parent = fresh_id(8).hex().replace("00000000", "abcdef00")
    span = stored(
        collector,
        document(
            traceId=case("ab" + fresh_id(15).hex()),
            spanId=case("cd" + fresh_id(7).hex()),
            parentSpanId=case(parent),
            links=[{"traceId": case("ab" * 16), "spanId": case("ef" * 8)}],
        ),
    )
    assert span["parent_span_id"] == parent and span["span_id"].startswith("cd")


@pytest.mark.parametrize("kind", [3, "3", "SPAN_KIND_CLIENT"])
def test_j2_enumerations_are_integers_and_names_are_tolerated(
    collector: RunningCollector, kind: Any
) -> None:
    status = {"code": "STATUS_CODE_ERROR" if isinstance(kind, str) else 2}
    span = stored(collector, document(kind=kind, status=status))
    assert (span["kind"], span["status"]) == ("CLIENT", "ERROR")


def test_j3_unknown_fields_are_ignored(collector: RunningCollector) -> None:
    sent = document(name="route f", shoes={"size": [9]}, traceState="a=b")
    sent["resourceSpans"][0]["resource"] = {"entityRefs": [], "shoes": True}
    sent["more"] = [1, 2.5, "x", None]
    assert stored(collector, sent)["name"] == "route f"


def test_j4_keys_in_snake_case_are_unknown(collector: RunningCollector) -> None:
    span = stored(collector, document(parent_span_id="ab" * 8, end_time_unix_nano="5"))
    assert (span["parent_span_id"], span["duration_ms"]) == (None, None)


@pytest.mark.parametrize("write", [str, int])
def test_j5_64_bit_integers_are_strings_or_numbers(collector: RunningCollector, write: Any) -> None:
    start = request_span().start
    sent = document(
        startTimeUnixNano=write(start),
        endTimeUnixNano=write(start + 7_000_000),
        attributes=[pair("limen.input.size", "intValue", write(2**32 + 1))],
    )
    span = stored(collector, sent)
    assert span["duration_ms"] == 7.0
    assert span["attributes"]["limen.input.size"] == 2**32 + 1


@pytest.mark.parametrize("written", ["/+8BAg==", "_-8BAg==", "_-8BAg"])
def test_j6_bytes_are_base64_in_either_alphabet_padded_or_not(
    collector: RunningCollector, written: str
) -> None:
    # Bytes are the value of no attribute that is kept; what is no base64 is refused.
    assert attribute(collector, "limen.feature", "bytesValue", written) is None
    sent = document(attributes=[pair("limen.feature", "bytesValue", "a*b")])
    assert "bytesValue is not base64" in refused(collector, sent)


@pytest.mark.parametrize(
    ("value", "kept"), [(0.5, 0.5), (1, 1.0), ("0.25", 0.25), ("NaN", None), ("-Infinity", None)]
)
def test_j7_doubles_are_numbers_or_the_names_of_what_is_none(
    collector: RunningCollector, value: Any, kept: float | None
) -> None:
    assert attribute(collector, "limen.confidence", "doubleValue", value) == kept


def test_j8_32_bit_integers_may_be_strings(collector: RunningCollector) -> None:
    sent = document(flags="257", droppedAttributesCount="3", status={"code": "1"})
    assert stored(collector, sent)["status"] == "OK"


def test_j9_null_is_unset(collector: RunningCollector) -> None:
    sent = document(name="route f", attributes=None)
    sent["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= {
        "kind": None,
        "attributes": None,
        "status": None,
        "endTimeUnixNano": None,
    }
    sent["resourceSpans"][0]["resource"] = None
    assert stored(collector, sent)["kind"] == "INTERNAL"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("startTimeUnixNano", 2**64),
        ("startTimeUnixNano", "-1"),
        ("kind", 2**31),
        ("flags", 2**32),
        ("startTimeUnixNano", 1.5),
        ("startTimeUnixNano", "1_000"),
        ("kind", " 2"),
    ],
)
def test_j10_integers_out_of_range_are_refused_by_their_place(
    collector: RunningCollector, field: str, value: Any
) -> None:
    said = refused(collector, document(**{field: value}))
    assert said.startswith(f"resourceSpans[0].scopeSpans[0].spans[0].{field} is ")
    assert str(value) not in said


def test_j11_the_last_of_repeated_keys_wins(collector: RunningCollector) -> None:
    body = json.dumps(document(name="route f")).encode()
    assert stored(collector, body.replace(b'"name"', b'"name": "x y", "name"'))["name"] == "route f"
    value = {"stringValue": "image_classify", "intValue": "7"}
    sent = document(attributes=[{"key": "limen.sequence", "value": value}])
    assert stored(collector, sent)["attributes"] == {"limen.sequence": 7}


def test_j12_every_kind_of_value_is_read(collector: RunningCollector) -> None:
    scores = {"values": [{"doubleValue": 0.5}, {"doubleValue": 0.25}]}
    kinds = [
        pair("limen.feature", "stringValue", "f"),
        pair("limen.audit.sampled", "boolValue", False),
        pair("limen.sequence", "intValue", "7"),
        pair("limen.confidence", "doubleValue", 0.5),
        pair("limen.scores", "arrayValue", scores),
        pair("limen.purpose", "kvlistValue", {"values": [pair("k", "stringValue", "v")]}),
        {"key": "limen.decision", "value": {}},
        {"key": "limen.placement"},
    ]
    assert stored(collector, document(attributes=kinds))["attributes"] == {
        "limen.feature": "f",
        "limen.audit.sampled": False,
        "limen.sequence": 7,
        "limen.confidence": 0.5,
        "limen.scores": [0.5, 0.25],
    }


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the official examples are not beside this tree")
@pytest.mark.parametrize(
    ("name", "path", "kind"),
    [
        ("trace", "/v1/traces", ExportTraceServiceRequest),
        ("logs", "/v1/logs", ExportLogsServiceRequest),
        ("events", "/v1/logs", ExportLogsServiceRequest),
        ("metrics", "/v1/metrics", ExportMetricsServiceRequest),
    ],
)
def test_j13_the_official_examples_are_taken_in_both_encodings(
    collector: RunningCollector, name: str, path: str, kind: type[Message]
) -> None:
    sent = json.loads((EXAMPLES / f"{name}.json").read_bytes())
    encoded = json_format.ParseDict(_as_proto3_json(sent), kind()).SerializeToString()
    before = collector.spans()
    as_protobuf, as_json = (
        collector.post(encoded, path=path),
        collector.post(json.dumps(sent).encode(), JSON, path),
    )
    assert (as_protobuf.status_code, as_json.status_code) == (200, 200)
    if name == "trace":
        assert (as_protobuf.content, as_json.content) == (b"", b"{}")
        # The same span in both encodings is one span.
        assert collector.spans() == before + 1
        with collector.client() as client:
            (span,) = client.trace("5b8efff798038103d269b633813fc60c")["spans"]
        assert (span["kind"], span["parent_span_id"]) == ("SERVER", "eee19b7ec3c1b173")


def _as_proto3_json(sent: Any) -> Any:
    """OTLP/JSON as `json_format` reads it: there ids are base64."""
    if isinstance(sent, list):
        return [_as_proto3_json(item) for item in sent]
    if not isinstance(sent, dict):
        return sent
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode()
        if key in ("traceId", "spanId", "parentSpanId")
        else _as_proto3_json(value)
        for key, value in sent.items()
    }
