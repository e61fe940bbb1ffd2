"""What an export is answered, by signal: the same words in protobuf, JSON and gRPC."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

from collector.intake.payload import Receipt, Signal

METRICS_RECEIPT = Receipt(
    message="metrics are accepted and not stored: Limen keeps traces and logged inputs"
)


@dataclass(frozen=True, slots=True)
class _Messages:
    """A signal's request and response, and what the response calls rejected records."""

    request: type[Message]
    response: type[Message]
    rejected: str
    rejected_json: str


_MESSAGES: Mapping[Signal | Literal["metrics"], _Messages] = {
    "traces": _Messages(
        trace.ExportTraceServiceRequest,
        trace.ExportTraceServiceResponse,
        "rejected_spans",
        "rejectedSpans",
    ),
    "logs": _Messages(
        logs.ExportLogsServiceRequest,
        logs.ExportLogsServiceResponse,
        "rejected_log_records",
        "rejectedLogRecords",
    ),
    "metrics": _Messages(
        metrics.ExportMetricsServiceRequest,
        metrics.ExportMetricsServiceResponse,
        "rejected_data_points",
        "rejectedDataPoints",
    ),
}


def request_type(signal: Signal) -> type[Message]:
    """The message that clients send of `signal`."""
    return _MESSAGES[signal].request


def protobuf_response(signal: Signal | Literal["metrics"], receipt: Receipt) -> bytes:
    """The export response; full success leaves `partial_success` unset, so it is no bytes."""
    response: Any = _MESSAGES[signal].response()
    if receipt.message:
        response.partial_success.error_message = receipt.message
        setattr(response.partial_success, _MESSAGES[signal].rejected, receipt.rejected)
    return bytes(response.SerializeToString())


def json_response(signal: Signal | Literal["metrics"], receipt: Receipt) -> dict[str, Any]:
    """The same in OTLP/JSON, where 64-bit integers are strings."""
    if not receipt.message:
        return {}
    name = _MESSAGES[signal].rejected_json
    rejected = {name: str(receipt.rejected)} if receipt.rejected else {}
    return {"partialSuccess": rejected | {"errorMessage": receipt.message}}
