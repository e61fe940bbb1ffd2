"""What Dart SDKs really put on the wire (docs/conventions.md, "What SDKs send"), on real ports."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.conformance.test_json import document, pair
from tests.otlp import PHONE, Span, fresh_id, request_span, traces
from tests.processes import JSON, RunningCollector


def send(collector: RunningCollector, *spans: Span, resource: Any = PHONE) -> None:
    answer = collector.post(traces(*spans, resource=resource).SerializeToString())
    assert (answer.status_code, answer.content) == (200, b"")


def stored(collector: RunningCollector, trace_id: str) -> list[dict[str, Any]]:
    with collector.client() as client:
        return [dict(span) for span in client.trace(trace_id)["spans"]]


def test_a_parent_id_of_eight_zero_bytes_is_none(collector: RunningCollector) -> None:
    span = Span(parent=bytes(8))
    send(collector, span)
    assert stored(collector, span.trace_id.hex())[0]["parent_span_id"] is None
    sent = document(parentSpanId="0" * 16)
    assert collector.post(json.dumps(sent).encode(), JSON).content == b"{}"
    trace_id = sent["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"]
    assert stored(collector, trace_id)[0]["parent_span_id"] is None


def test_a_list_that_arrives_as_an_empty_value_is_unknown(collector: RunningCollector) -> None:
    span = request_span()
    lists = ("limen.scores", "limen.scores.labels", "limen.data.categories")
    request = traces(span)
    for name in lists:
        request.resource_spans[0].scope_spans[0].spans[0].attributes.add(
            key=name
        ).value.SetInParent()
    assert collector.post(request.SerializeToString()).content == b""
    attributes = stored(collector, span.trace_id.hex())[0]["attributes"]
    assert attributes["limen.decision"] == "accept" and not attributes.keys() & set(lists)


def test_lists_may_be_joined_by_commas(collector: RunningCollector) -> None:
    span = request_span(limen_scores="0.5, 0.25", limen_scores_labels="seven,one")
    send(collector, span)
    attributes = stored(collector, span.trace_id.hex())[0]["attributes"]
    assert attributes["limen.scores"] == [0.5, 0.25]
    assert attributes["limen.scores.labels"] == ["seven", "one"]


def test_ids_in_json_are_base64_or_hexadecimal(collector: RunningCollector) -> None:
    trace, span, parent = b"\xfb" * 8 + fresh_id(8), fresh_id(8), b"\xff" * 8
    before = collector.spans()
    for write in (lambda raw: base64.b64encode(raw).decode(), bytes.hex):
        sent = document(
            traceId=write(trace),
            spanId=write(span),
            parentSpanId=write(parent),
            startTimeUnixNano="1700000000000000000",
        )
        assert collector.post(json.dumps(sent).encode(), JSON).content == b"{}"
    # One span, whichever way its ids were written.
    assert collector.spans() == before + 1
    assert stored(collector, trace.hex())[0]["parent_span_id"] == parent.hex()


@pytest.mark.parametrize(("kind", "code"), [("SPAN_KIND_SERVER", "STATUS_CODE_ERROR"), (2, 2)])
def test_enumerations_in_json_are_names_or_integers(
    collector: RunningCollector, kind: Any, code: Any
) -> None:
    sent = document(kind=kind, status={"code": code})
    assert collector.post(json.dumps(sent).encode(), JSON).content == b"{}"
    trace_id = sent["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"]
    (span,) = stored(collector, trace_id)
    assert (span["kind"], span["status"]) == ("SERVER", "ERROR")


def test_a_resource_may_be_empty_or_missing(collector: RunningCollector) -> None:
    span = request_span()
    send(collector, span, resource={})
    (found,) = stored(collector, span.trace_id.hex())
    assert (found["app"], found["release"]) == (None, None)
    assert found["attributes"]["limen.decision"] == "accept"
    sent = document(attributes=[pair("limen.feature", "stringValue", "f")])
    assert "resource" not in sent["resourceSpans"][0]
    assert collector.post(json.dumps(sent).encode(), JSON).content == b"{}"


@pytest.mark.parametrize("system", ["android", "ios"])
def test_the_type_of_the_system_is_kept_as_it_is(collector: RunningCollector, system: str) -> None:
    span = request_span()
    send(collector, span, resource={**PHONE, "os.type": system})
    assert stored(collector, span.trace_id.hex())[0]["attributes"]["os.type"] == system


def test_what_a_span_says_of_itself_wins_over_the_resource_it_is_grouped_under(
    collector: RunningCollector,
) -> None:
    first = request_span()
    second = request_span(service_version="9.9.9", os_version="17")
    second.attributes = {**second.attributes, "app.installation.id": "phone-2"}
    send(collector, first, second)
    (one,), (two,) = (stored(collector, span.trace_id.hex()) for span in (first, second))
    assert (one["release"], two["release"]) == ("2.4.0", "9.9.9")
    assert (one["app"], two["app"]) == ("fieldnotes", "fieldnotes")
    assert two["attributes"]["os.version"] == "17"


def test_one_span_comes_per_request_over_http_and_grpc(collector: RunningCollector) -> None:
    before = collector.spans()
    spans = [request_span() for _ in range(200)]
    with grpc.insecure_channel(collector.grpc) as channel, ThreadPoolExecutor(16) as pool:
        export = TraceServiceStub(channel).Export  # type: ignore[no-untyped-call]
        answers = pool.map(lambda span: export(traces(span), timeout=60).ByteSize(), spans[:100])
        assert set(answers) == {0}
        list(pool.map(lambda span: send(collector, span), spans[100:]))
    assert collector.spans() == before + 200


def test_batches_of_512_come_uncompressed(collector: RunningCollector) -> None:
    before = collector.spans()
    for _ in range(4):
        send(collector, *(request_span(limen_confidence=0.5) for _ in range(512)))
    assert collector.spans() == before + 4 * 512
