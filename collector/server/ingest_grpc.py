"""OTLP over gRPC: the same pipeline, the same promise. OK means committed.

https://opentelemetry.io/docs/specs/otlp/#otlpgrpc — back-pressure is UNAVAILABLE with RetryInfo,
what can never be taken is INVALID_ARGUMENT.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, Self

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from collector.contract.config import Address
from collector.contract.errors import LimenError
from collector.intake.admission import Admission
from collector.intake.outline import check_parts
from collector.intake.payload import Payload, Receipt, Signal
from collector.permissions.roles import ACCESS
from collector.pipeline import Pipeline
from collector.self_telemetry.health import Health
from collector.server.body import BodyLimits
from collector.server.calls import WORKERS, Calls
from collector.server.errors import own_fault, reason_of, retry_seconds, rpc_status
from collector.server.guard import Guard
from collector.server.responses import METRICS_RECEIPT, protobuf_response
from collector.server.tls import Certificate

GRACE_SECONDS = 10.0

_REFUSERS = 4
_METADATA_BYTES = 2**14
_HANDSHAKE_MS = 10_000
_ALIVE_MS = 30_000
_PING_MS = 10_000
_AGE_MS = 30 * 60 * 1000

Export = Callable[[Iterator[bytes], grpc.ServicerContext], bytes]

_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
_SERVICE = "opentelemetry.proto.collector.{0}.v1.{1}Service"
_SIGNALS: Mapping[str, str] = {
    f"/{_SERVICE.format('trace', 'Trace')}/Export": "traces",
    f"/{_SERVICE.format('logs', 'Logs')}/Export": "logs",
    f"/{_SERVICE.format('metrics', 'Metrics')}/Export": "metrics",
}


class GrpcDoor:
    """Trace, Logs and Metrics services on `address`, which must be free."""

    def __init__(
        self,
        pipeline: Pipeline,
        health: Health,
        guard: Guard,
        address: Address,
        *,
        admission: Admission,
        limits: BodyLimits,
        connections: int = 2048,
        idle_seconds: float = 60.0,
        certificate: Certificate | None = None,
    ) -> None:
        self._pipeline, self._health, self._admission = pipeline, health, admission
        self._calls = Calls(
            partial(health.refused, "grpc"),
            seconds=limits.seconds,
            in_flight=admission.max_in_flight_bytes,
        )
        options = [
            ("grpc.max_receive_message_length", limits.bytes),
            ("grpc.max_concurrent_streams", 1024),
            ("grpc.max_allowed_incoming_connections", connections),
            ("grpc.max_metadata_size", _METADATA_BYTES),
            ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
            # Whoever no longer answers is found out; whoever asks the same of us may.
            ("grpc.keepalive_time_ms", _ALIVE_MS),
            ("grpc.keepalive_timeout_ms", _ALIVE_MS),
            ("grpc.http2.min_ping_interval_without_data_ms", _PING_MS),
            ("grpc.max_connection_idle_ms", int(idle_seconds * 1000)),
            ("grpc.max_connection_age_ms", _AGE_MS),
            ("grpc.max_connection_age_grace_ms", int(limits.seconds * 1000)),
            # Else a second process would silently share the port.
            ("grpc.so_reuseport", 0),
        ]
        workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="limen-grpc")
        self._server = grpc.server(
            workers, options=options, interceptors=[_Asking(guard, admission, self._calls, health)]
        )
        self._server.add_generic_rpc_handlers(
            (
                _service("trace", "Trace", self._export("traces")),
                _service("logs", "Logs", self._export("logs")),
                _service("metrics", "Metrics", self._export("metrics")),
            )
        )
        if certificate is None:
            port = self._server.add_insecure_port(str(address))
        else:
            port = self._server.add_secure_port(str(address), certificate.grpc())
        self.address = Address(host=address.host, port=port)

    def __enter__(self) -> Self:
        self._calls.__enter__()
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        # What was taken is answered first.
        self._server.stop(GRACE_SECONDS).wait()
        self._calls.__exit__()

    def _export(self, signal: Signal | Literal["metrics"]) -> Export:
        def export(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            began = time.perf_counter()
            try:
                body = self._calls.receive(requests, context)
                began = time.perf_counter()
                receipt = METRICS_RECEIPT if signal == "metrics" else self._take(body, signal)
            except LimenError as exc:
                status = rpc_status(exc)
                self._health.refused("grpc", reason_of(exc))
                self._answered(signal, _CODES[status.code], began)
                _abort(context, status)
            finally:
                self._calls.end()
            self._answered(signal, grpc.StatusCode.OK, began)
            return protobuf_response(signal, receipt)

        return export

    def _take(self, body: bytes, signal: Signal) -> Receipt:
        payload = Payload(signal=signal, body=body, sent_bytes=len(body), received=time.time_ns())
        try:
            with self._admission.hold() as hold:
                hold.take(len(body))
                check_parts(body, signal)
                return self._pipeline.submit(payload).result()
        except LimenError:
            raise
        except Exception as exc:
            # gRPC would answer UNKNOWN, after which clients drop their data, and log the message.
            raise own_fault(exc) from None

    def _answered(self, signal: str, code: grpc.StatusCode, began: float) -> None:
        seconds = time.perf_counter() - began
        self._health.answered(signal, "grpc", "protobuf", code.name, seconds)


def _service(package: str, name: str, export: Export) -> grpc.GenericRpcHandler:
    # No serializers: the pipeline takes bytes as they came. As a stream, which is the same on the
    # wire, so that the message's arrival can be watched.
    handlers: Mapping[str, grpc.RpcMethodHandler] = {
        "Export": grpc.stream_unary_rpc_method_handler(export)
    }
    return grpc.method_handlers_generic_handler(_SERVICE.format(package, name), handlers)


class _Asking(grpc.ServerInterceptor):  # type: ignore[misc]
    """Refuses a call without the token that it needs, and any that cannot be taken now.

    Before its message is read.
    """

    def __init__(self, guard: Guard, admission: Admission, calls: Calls, health: Health) -> None:
        self._guard, self._admission, self._health = guard, admission, health
        self._calls = calls
        self._workers = ThreadPoolExecutor(_REFUSERS, thread_name_prefix="limen-grpc-refuse")

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler | None],
        details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler | None:
        handler = continuation(details)
        if handler is None:
            return None
        try:
            metadata = dict(details.invocation_metadata)
            self._guard.admit(ACCESS[details.method], metadata.get("authorization"))
            self._admission.admit()
            self._calls.begin()
        except Exception as exc:
            error = exc if isinstance(exc, LimenError) else own_fault(exc)
            status = rpc_status(error)
            code = _CODES[status.code].name
            self._health.refused("grpc", reason_of(error))
            self._health.answered(_SIGNALS[details.method], "grpc", "protobuf", code, 0)
            return self._refusing(status)
        return handler

    def _refusing(self, status: Status) -> grpc.RpcMethodHandler:
        def refuse(_: Iterator[bytes], context: grpc.ServicerContext) -> None:
            _abort(context, status)

        # Not behind the calls that wait for a worker.
        refuse.experimental_thread_pool = self._workers  # type: ignore[attr-defined]
        # As a stream: a message that nobody iterates over is not received.
        return grpc.stream_unary_rpc_method_handler(refuse)


def _abort(context: grpc.ServicerContext, status: Status) -> None:
    """Ends the call with `status` and, where it may be tried again, when."""
    trailer = {}
    if status.code == code_pb2.UNAVAILABLE:
        wait = RetryInfo(retry_delay=Duration(seconds=retry_seconds()))
        status.details.add().Pack(wait)
        # Where the official Python exporter looks for it.
        trailer["google.rpc.retryinfo-bin"] = wait.SerializeToString()
    trailer["grpc-status-details-bin"] = status.SerializeToString()
    context.set_trailing_metadata(tuple(trailer.items()))
    context.abort(_CODES[status.code], status.message)
