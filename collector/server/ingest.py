"""OTLP over HTTP: phones and clouds send here. 200 means committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from collector.admission import Admission, Hold
from collector.contract.errors import LimenError, UnsupportedMedia
from collector.health import Health
from collector.notes import not_utf8
from collector.outline import LARGE_BYTES, check_parts
from collector.pipeline import Payload, Pipeline, Signal
from collector.server.body import BodyLimits, hung_up, read_body
from collector.server.counted import CountAnswers
from collector.server.errors import JSON, PROTOBUF, otlp_error, otlp_status, own_fault, reason_of
from collector.server.guard import Guard
from collector.server.responses import (
    METRICS_RECEIPT,
    json_response,
    protobuf_response,
    request_type,
)
from collector.server.transcode import transcode

# What web exporters send beyond the headers that need no permission.
_CORS_HEADERS = ("authorization", "content-encoding", "traceparent", "tracestate")
_LARGE_JSON = 2**20
# How answers are counted; whatever else is asked for or sent is one more of each.
_SIGNALS: Mapping[str, str] = {
    "/v1/traces": "traces",
    "/v1/logs": "logs",
    "/v1/metrics": "metrics",
}
_ENCODINGS: Mapping[str, str] = {PROTOBUF: "protobuf", JSON: "json"}

Endpoint = Callable[[Request], Awaitable[Response]]


def ingest_app(
    pipeline: Pipeline,
    health: Health,
    guard: Guard,
    *,
    admission: Admission,
    limits: BodyLimits,
    obstacle: Callable[[], str | None],
    cors_origins: Sequence[str] = (),
) -> Starlette:
    """The ingest door. `obstacle` says why data cannot be taken now, if so.

    Pages of `cors_origins`, and no others, may send from a browser.
    """

    # What a large JSON body becomes on its way takes many times its size: one at a time.
    one_large = asyncio.Lock()

    async def to_protobuf(body: bytes, signal: Signal, hold: Hold) -> tuple[bytes, int]:
        async with one_large if len(body) > _LARGE_JSON else nullcontext():
            made, mended = await run_in_threadpool(transcode, body, request_type(signal))
        hold.give_back(len(body))
        hold.take(len(made))
        return made, mended

    async def export(request: Request, signal: Signal) -> Response:
        media, received, mended = _media(request), time.time_ns(), 0
        admission.admit()
        with admission.hold() as hold:
            body, sent = await read_body(request, limits, hold)
            if media == JSON:
                body, mended = await to_protobuf(body, signal, hold)
            if len(body) > LARGE_BYTES:
                await run_in_threadpool(check_parts, body, signal)
            payload = Payload(signal=signal, body=body, sent_bytes=sent, received=received)
            receipt = await asyncio.wrap_future(pipeline.submit(payload))
        if mended:
            receipt = receipt.noting(not_utf8(mended))
        if media == JSON:
            return _json(json_response(signal, receipt))
        return Response(protobuf_response(signal, receipt), media_type=PROTOBUF)

    async def traces(request: Request) -> Response:
        return await export(request, "traces")

    async def logs(request: Request) -> Response:
        return await export(request, "logs")

    async def metrics(request: Request) -> Response:
        media = _media(request)
        with admission.hold() as hold:
            await read_body(request, limits, hold)
        if media == JSON:
            return _json(json_response("metrics", METRICS_RECEIPT))
        return Response(protobuf_response("metrics", METRICS_RECEIPT), media_type=PROTOBUF)

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        if (found := obstacle()) is not None:
            return PlainTextResponse(f"not ready: {found}\n", 503)
        return PlainTextResponse("ready\n")

    def count(scope: Scope, status: int, seconds: float) -> None:
        signal = _SIGNALS.get(scope["path"], "none")
        encoding = _ENCODINGS.get(_content_type(scope), "other")
        health.answered(signal, "http", encoding, str(status), seconds)

    async def refuse(request: Request, error: Exception) -> Response:
        health.refused("http", reason_of(error))
        return _refusal(request, error)

    routes = [
        Route("/v1/traces", _answered(traces), methods=["POST"]),
        Route("/v1/logs", _answered(logs), methods=["POST"]),
        Route("/v1/metrics", _answered(metrics), methods=["POST"]),
        Route("/healthz", _answered(healthz)),
        Route("/readyz", _answered(readyz)),
    ]
    return Starlette(
        routes=guard.over(routes),
        exception_handlers={
            LimenError: refuse,
            HTTPException: refuse,
            ClientDisconnect: hung_up,
        },
        middleware=[
            Middleware(CountAnswers, count=count),
            *([_cors(cors_origins)] if cors_origins else []),
        ],
    )


def _cors(origins: Sequence[str]) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["POST"],
        allow_headers=_CORS_HEADERS,
        # sendBeacon, which exporters use when a page closes, always asks with credentials.
        allow_credentials=True,
        expose_headers=["retry-after"],
    )


def _content_type(scope: Scope) -> str:
    raw: bytes = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return raw.decode("latin-1").partition(";")[0].strip().lower()


def _media(request: Request) -> str:
    media = _content_type(request.scope)
    if media not in (PROTOBUF, JSON):
        raise UnsupportedMedia(f"send {PROTOBUF} or {JSON}: OTLP over HTTP")
    return media


def _refusal(request: Request, error: Exception) -> Response:
    media = JSON if _content_type(request.scope) == JSON else PROTOBUF
    if isinstance(error, LimenError):
        return otlp_error(error, media)
    assert isinstance(error, HTTPException)
    return otlp_status(error.status_code, error.detail, media, error.headers)


def _answered(endpoint: Endpoint) -> Endpoint:
    """`endpoint`, whose own faults let the client keep its data: 500 would make it drop them."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (LimenError, HTTPException, ClientDisconnect):
            raise
        except Exception as exc:
            raise own_fault(exc) from None

    return answer


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type=JSON)
