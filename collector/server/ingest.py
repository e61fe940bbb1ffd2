"""OTLP over HTTP: phones and clouds send here. 200 means committed."""

import asyncio
import time
from collections.abc import Callable

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from collector.contract.errors import LimenError, UnsupportedMedia
from collector.pipeline import Payload, Pipeline, Receipt, Signal
from collector.server.body import read_body
from collector.server.errors import otlp_error

PROTOBUF = "application/x-protobuf"


def ingest_app(pipeline: Pipeline, *, max_body_bytes: int, ready: Callable[[], bool]) -> Starlette:
    """The ingest door. `ready` tells whether data can be taken now."""

    async def export(request: Request, signal: Signal) -> Response:
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != PROTOBUF:
            raise UnsupportedMedia(f"send {PROTOBUF}: OTLP over HTTP with protobuf")
        received = time.time_ns()
        body, sent = await read_body(request, max_body_bytes)
        payload = Payload(signal=signal, body=body, sent_bytes=sent, received=received)
        receipt = await asyncio.wrap_future(pipeline.submit(payload))
        return Response(_answer(signal, receipt), media_type=PROTOBUF)

    async def traces(request: Request) -> Response:
        return await export(request, "traces")

    async def logs(request: Request) -> Response:
        return await export(request, "logs")

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        return PlainTextResponse("ready\n") if ready() else PlainTextResponse("not ready\n", 503)

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, LimenError)
        return otlp_error(error)

    return Starlette(
        routes=[
            Route("/v1/traces", traces, methods=["POST"]),
            Route("/v1/logs", logs, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ],
        exception_handlers={LimenError: refuse},
    )


def _answer(signal: Signal, receipt: Receipt) -> bytes:
    """The export response; success without anything to say is no bytes at all."""
    response = ExportTraceServiceResponse() if signal == "traces" else ExportLogsServiceResponse()
    if receipt.rejected:
        partial = response.partial_success
        partial.error_message = receipt.message
        if signal == "traces":
            partial.rejected_spans = receipt.rejected
        else:
            partial.rejected_log_records = receipt.rejected
    return bytes(response.SerializeToString())
