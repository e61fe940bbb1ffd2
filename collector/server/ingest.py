"""OTLP over HTTP: phones and clouds send here. 200 means committed."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from collector.contract.errors import LimenError, UnsupportedMedia
from collector.pipeline import Payload, Pipeline, Receipt, Signal
from collector.server.body import read_body
from collector.server.errors import JSON, PROTOBUF, otlp_error, otlp_status
from collector.server.transcode import MAX_DEPTH, transcode


@dataclass(frozen=True, slots=True)
class _Service:
    """The messages of one signal, and what its response calls rejected records."""

    request: type[Message]
    response: type[Message]
    rejected: str
    rejected_json: str


_SERVICES: Mapping[Signal, _Service] = {
    "traces": _Service(
        ExportTraceServiceRequest, ExportTraceServiceResponse, "rejected_spans", "rejectedSpans"
    ),
    "logs": _Service(
        ExportLogsServiceRequest,
        ExportLogsServiceResponse,
        "rejected_log_records",
        "rejectedLogRecords",
    ),
}
_METRICS_NOTE = "metrics are accepted and not stored: Limen keeps traces and logged inputs"


def ingest_app(pipeline: Pipeline, *, max_body_bytes: int, ready: Callable[[], bool]) -> Starlette:
    """The ingest door. `ready` tells whether data can be taken now."""

    async def export(request: Request, signal: Signal) -> Response:
        media, received = _media(request), time.time_ns()
        body, sent = await read_body(request, max_body_bytes)
        service, too_deep = _SERVICES[signal], 0
        if media == JSON:
            body, too_deep = await run_in_threadpool(transcode, body, service.request)
        payload = Payload(signal=signal, body=body, sent_bytes=sent, received=received)
        receipt = await asyncio.wrap_future(pipeline.submit(payload))
        return _answer(media, service, receipt, too_deep)

    async def traces(request: Request) -> Response:
        return await export(request, "traces")

    async def logs(request: Request) -> Response:
        return await export(request, "logs")

    async def metrics(request: Request) -> Response:
        media = _media(request)
        await read_body(request, max_body_bytes)
        if media == JSON:
            return _json({"partialSuccess": {"errorMessage": _METRICS_NOTE}})
        answer = ExportMetricsServiceResponse()
        answer.partial_success.error_message = _METRICS_NOTE
        return Response(answer.SerializeToString(), media_type=PROTOBUF)

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        return PlainTextResponse("ready\n") if ready() else PlainTextResponse("not ready\n", 503)

    return Starlette(
        routes=[
            Route("/v1/traces", traces, methods=["POST"]),
            Route("/v1/logs", logs, methods=["POST"]),
            Route("/v1/metrics", metrics, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ],
        exception_handlers={LimenError: _refuse, HTTPException: _refuse},
    )


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _media(request: Request) -> str:
    media = _content_type(request)
    if media not in (PROTOBUF, JSON):
        raise UnsupportedMedia(f"send {PROTOBUF} or {JSON}: OTLP over HTTP")
    return media


async def _refuse(request: Request, error: Exception) -> Response:
    media = JSON if _content_type(request) == JSON else PROTOBUF
    if isinstance(error, LimenError):
        return otlp_error(error, media)
    assert isinstance(error, HTTPException)
    return otlp_status(error.status_code, error.detail, media, error.headers)


def _answer(media: str, service: _Service, receipt: Receipt, too_deep: int) -> Response:
    """The export response; full success leaves `partial_success` unset."""
    note = f"{too_deep} values nested deeper than {MAX_DEPTH} were left out" if too_deep else ""
    message = "; ".join(part for part in (receipt.message, note) if part)
    if media == JSON:
        if not message:
            return _json({})
        # 64-bit integers are strings in OTLP/JSON.
        rejected = {service.rejected_json: str(receipt.rejected)} if receipt.rejected else {}
        return _json({"partialSuccess": rejected | {"errorMessage": message}})
    response = service.response()
    if message:
        partial = response.partial_success
        partial.error_message = message
        setattr(partial, service.rejected, receipt.rejected)
    return Response(response.SerializeToString(), media_type=PROTOBUF)


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type=JSON)
