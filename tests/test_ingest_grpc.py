"""OTLP over gRPC on a real port, with raw calls and the official exporter."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from collector.contract.config import Address
from collector.server.ingest_grpc import GrpcDoor
from tests.otlp import Span, logged_input, request_span, traces
from tests.processes import RunningCollector
from tests.store import Store

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def channel(collector: RunningCollector) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(collector.grpc) as opened:
        yield opened


def stub(kind: Any, channel: grpc.Channel) -> Any:
    return kind(channel)


def raw(channel: grpc.Channel, body: bytes) -> bytes:
    answer: bytes = channel.unary_unary(EXPORT)(body, timeout=30)
    return answer


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_batch_is_answered_with_nothing_to_say_and_is_there(
    collector: RunningCollector, channel: grpc.Channel, compression: grpc.Compression
) -> None:
    span = request_span()
    answer = stub(TraceServiceStub, channel).Export(
        traces(span), compression=compression, timeout=30
    )
    assert answer.ByteSize() == 0
    with collector.client() as client:
        assert client.trace(span.trace_id.hex())["requests"][0]["decision"] == "accept"


def test_what_can_never_be_stored_is_said(channel: grpc.Channel) -> None:
    partly = stub(TraceServiceStub, channel).Export(
        traces(Span(), Span(trace_id=b"short")), timeout=30
    )
    assert partly.partial_success.rejected_spans == 1
    denied = logged_input(request_span(), b"x", limen_consent_state="denied")
    dropped = stub(LogsServiceStub, channel).Export(denied, timeout=30)
    assert dropped.partial_success.rejected_log_records == 1
    note = stub(MetricsServiceStub, channel).Export(ExportMetricsServiceRequest(), timeout=30)
    assert "not stored" in note.partial_success.error_message


def test_bytes_that_are_no_request_are_an_invalid_argument(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        raw(channel, b"\xff\xff")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "not a protobuf" in refused.value.details()


def test_a_message_beyond_the_limit_is_refused_and_others_are_not(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        raw(channel, bytes(64 * 2**20 + 1))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    bomb = channel.unary_unary(EXPORT)
    with pytest.raises(grpc.RpcError) as refused:
        bomb(bytes(70 * 2**20), compression=grpc.Compression.Gzip, timeout=30)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert raw(channel, traces(Span()).SerializeToString()) == b""


def test_a_store_that_cannot_take_it_says_when_to_come_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.pipeline.WAITING_BYTES", 0)
    free = Address(host="127.0.0.1", port=0)
    body = traces(Span()).SerializeToString()
    with (
        GrpcDoor(store.pipeline, store.health, store.guard, free, max_body_bytes=2**20) as door,
        grpc.insecure_channel(str(door.address)) as channel,
    ):
        with store.database._writing:
            first = channel.unary_unary(EXPORT).future(body, timeout=30)
            while not store.pipeline._waiting_bytes:
                assert not first.done()
            with pytest.raises(grpc.RpcError) as refused:
                raw(channel, body)
        assert first.result() == b""
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
    wait = RetryInfo()
    assert Status.FromString(details).details[0].Unpack(wait)
    assert wait.retry_delay.seconds >= 1


def test_the_official_exporter_delivers(collector: RunningCollector) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "grpc-app"}))
    exporter = OTLPSpanExporter(endpoint=collector.grpc, insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("route f") as span:
        span.set_attributes({"limen.feature": "f", "limen.decision": "fallback"})
        trace = f"{span.get_span_context().trace_id:032x}"
    provider.shutdown()
    with collector.client() as client:
        assert client.trace(trace)["requests"][0]["decision"] == "fallback"
