"""OTLP over gRPC."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from collector.contract.config import Address
from collector.server.ingest_grpc import GrpcDoor
from tests.otlp import Span, logged_input, request_span, traces
from tests.processes import RunningCollector
from tests.store import LIMITS, Store

SERVICE = "/opentelemetry.proto.collector.{}.v1.{}Service/Export"
TRACES = SERVICE.format("trace", "Trace")
LIMIT = 64 * 2**20
RETRYABLE = {
    "CANCELLED",
    "DEADLINE_EXCEEDED",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNAVAILABLE",
    "DATA_LOSS",
}


@pytest.fixture
def channel(collector: RunningCollector) -> Iterator[grpc.Channel]:
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(collector.grpc, options) as opened:
        yield opened


def export(channel: grpc.Channel, request: Any, kind: Any = TraceServiceStub, **how: Any) -> Any:
    return kind(channel).Export(request, timeout=60, **how)


def refusal(channel: grpc.Channel, body: bytes, method: str = TRACES, **how: Any) -> Any:
    """The error that raw bytes are answered with."""
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(method)(body, timeout=60, **how)
    return refused.value


def test_g1_each_signal_has_its_service(collector: RunningCollector, channel: grpc.Channel) -> None:
    before = collector.spans()
    assert export(channel, traces(Span())).ByteSize() == 0
    consented = logged_input(request_span(), b"x")
    assert export(channel, consented, LogsServiceStub).ByteSize() == 0
    said = export(channel, ExportMetricsServiceRequest(), MetricsServiceStub).partial_success
    assert said.rejected_data_points == 0 and "not stored" in said.error_message
    assert collector.spans() == before + 1


def test_g2_calls_are_served_at_once(collector: RunningCollector, channel: grpc.Channel) -> None:
    before = collector.spans()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: export(channel, traces(Span())), range(100)))
    assert collector.spans() == before + 100


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_g3_messages_come_plain_or_as_gzip(
    collector: RunningCollector, channel: grpc.Channel, compression: grpc.Compression
) -> None:
    span = request_span()
    export(channel, traces(span), compression=compression)
    with collector.client() as client:
        assert client.trace(span.trace_id.hex())["requests"][0]["decision"] == "accept"


def test_g4_what_is_rejected_is_counted_and_said(channel: grpc.Channel) -> None:
    said = export(channel, traces(Span(), Span(trace_id=b"short"))).partial_success
    assert said.rejected_spans == 1 and "ids" in said.error_message
    denied = logged_input(request_span(), b"x", limen_consent_state="denied")
    said = export(channel, denied, LogsServiceStub).partial_success
    assert said.rejected_log_records == 1 and "no consent" in said.error_message


def test_g5_bad_data_is_an_invalid_argument_that_says_so(channel: grpc.Channel) -> None:
    for method in (TRACES, SERVICE.format("logs", "Logs")):
        error = refusal(channel, b"\xff\xff", method)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "not a protobuf" in error.details()
        trailing = dict(error.trailing_metadata())
        status = Status.FromString(trailing["grpc-status-details-bin"])
        request = BadRequest()
        assert status.details[0].Unpack(request)
        assert request.field_violations[0].description == error.details() == status.message


def test_g6_a_message_over_the_limit_is_refused_for_good_also_once_decompressed(
    channel: grpc.Channel,
) -> None:
    # gRPC's own limit is 4 MiB.
    large = traces(Span(attributes={"k": "v" * 2**23}))
    assert export(channel, large).ByteSize() == 0
    for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
        error = refusal(channel, bytes(LIMIT + 1), compression=compression)
        # Without RetryInfo a client must not send it again.
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "grpc-status-details-bin" not in dict(error.trailing_metadata())
    assert export(channel, traces(Span())).ByteSize() == 0


def test_g7_other_services_and_methods_are_unimplemented(channel: grpc.Channel) -> None:
    for method in (TRACES.replace("Export", "Import"), SERVICE.format("shoes", "Shoes")):
        assert refusal(channel, b"", method).code() is grpc.StatusCode.UNIMPLEMENTED


def test_g8_what_http_refuses_for_good_grpc_refuses_for_good(
    collector: RunningCollector, channel: grpc.Channel
) -> None:
    for body in (b"\xff\xff", b"\x0a\x20cut", b"\x0b"):
        assert collector.post(body).status_code == 400
        assert refusal(channel, body).code().name not in RETRYABLE


def test_g9_an_empty_message_is_a_success(channel: grpc.Channel) -> None:
    assert channel.unary_unary(TRACES)(b"", timeout=60) == b""


def test_g10_what_may_be_sent_again_is_unavailable_and_says_when(store: Store) -> None:
    store.refuse_labels()
    body = traces(Span(attributes={"limen.output.label": "seven"})).SerializeToString()
    free = Address(host="127.0.0.1", port=0)
    with (
        GrpcDoor(
            store.pipeline,
            store.health,
            store.guard,
            free,
            admission=store.admission,
            limits=LIMITS,
        ) as door,
        grpc.insecure_channel(str(door.address)) as channel,
    ):
        error = refusal(channel, body)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    details = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"]).details
    wait = RetryInfo()
    assert details[0].Unpack(wait) and wait.retry_delay.seconds >= 1


@pytest.mark.parametrize("part", ["pipeline._arrived", "admission._space"])
def test_g12_our_own_fault_is_unavailable_so_that_the_client_keeps_its_data(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    part: str,
) -> None:
    owner, _, name = part.partition(".")
    monkeypatch.setattr(getattr(store, owner), name, None)
    door = GrpcDoor(
        store.pipeline,
        store.health,
        store.guard,
        Address(host="127.0.0.1", port=0),
        admission=store.admission,
        limits=LIMITS,
    )
    with door, grpc.insecure_channel(str(door.address)) as channel:
        error = refusal(channel, traces(Span()).SerializeToString())
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    # The kind of error is logged; its message could hold a value.
    assert "AttributeError" in caplog.text and "NoneType" not in error.details() + caplog.text


def test_g11_warnings_are_the_same_as_over_http(channel: grpc.Channel) -> None:
    body = traces(Span(name="MARK")).SerializeToString().replace(b"MARK", b"\xff\xfe\xfd\xfc")
    answer = channel.unary_unary(TRACES)(body, timeout=60)
    said = ExportTraceServiceResponse.FromString(answer).partial_success
    assert said.rejected_spans == 0 and "not UTF-8" in said.error_message
