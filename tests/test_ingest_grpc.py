"""OTLP over gRPC on a real port, with raw calls and the official exporter."""

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from collector.contract.config import Address
from collector.intake.admission import Admission
from collector.intake.free_space import FreeSpace
from collector.server.ingest_grpc import GrpcDoor
from tests.otlp import Span, traces
from tests.processes import RunningCollector
from tests.store import LIMITS, Store

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def raw(channel: grpc.Channel, body: bytes) -> bytes:
    answer: bytes = channel.unary_unary(EXPORT)(body, timeout=30)
    return answer


def test_a_store_that_cannot_take_it_says_when_to_come_back(
    store: Store,
) -> None:
    free = Address(host="127.0.0.1", port=0)
    body = traces(Span()).SerializeToString()
    space = FreeSpace(store.home, 0)
    admission = Admission(store.health, space, max_in_flight_bytes=2 * len(body) - 1)
    with (
        GrpcDoor(
            store.pipeline,
            store.health,
            store.guard,
            free,
            admission=admission,
            limits=LIMITS,
        ) as door,
        grpc.insecure_channel(str(door.address)) as channel,
    ):
        with store.database._writing:
            first = channel.unary_unary(EXPORT).future(body, timeout=30)
            while not admission.held:
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
