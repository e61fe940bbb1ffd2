"""OTLP over HTTP: phones and clouds send here. 200 means committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Literal

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

from collector.contract.errors import LimenError, UnsupportedMedia
from collector.intake.admission import Admission, Hold
from collector.intake.notes import not_utf8
from collector.intake.outline import LARGE_BYTES, check_parts
from collector.intake.payload import Payload, Receipt, Signal
from collector.pipeline import Pipeline
from collector.self_telemetry.health import Health
from collector.server.body import BodyLimits, hung_up, read_body
from collector.server.counted import CountAnswers
from collector.server.errors import JSON, PROTOBUF, otlp_error, otlp_status, own_fault, reason_of
from collector.server.guard import Guard
from collector.server.receipts import Receipts
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


class IngestApi:
    """The routes, over a pipeline. `obstacle` says why data cannot be taken now, if so."""

    def __init__(
        self,
        pipeline: Pipeline,
        health: Health,
        guard: Guard,
        *,
        admission: Admission,
        limits: BodyLimits,
        obstacle: Callable[[], str | None],
    ) -> None:
        self._pipeline, self._health, self._guard = pipeline, health, guard
        self._admission, self._limits = admission, limits
        self._obstacle, self._receipts = obstacle, Receipts()
        # What a large JSON body becomes on its way takes many times its size: one at a time.
        self._one_large = asyncio.Lock()

    def app(self, cors_origins: Sequence[str] = ()) -> Starlette:
        """The routes. Pages of `cors_origins`, and no others, may send from a browser."""
        routes = [
            Route("/v1/traces", _answered(self.traces), methods=["POST"]),
            Route("/v1/logs", _answered(self.logs), methods=["POST"]),
            Route("/v1/metrics", _answered(self.metrics), methods=["POST"]),
            Route("/healthz", _answered(self.healthz)),
            Route("/readyz", _answered(self.readyz)),
        ]
        app = Starlette(
            routes=self._guard.over(routes),
            exception_handlers={
                LimenError: self._refuse,
                HTTPException: self._refuse,
                ClientDisconnect: hung_up,
            },
            middleware=[
                Middleware(CountAnswers, count=self._count),
                *([_cors(cors_origins)] if cors_origins else []),
            ],
        )
        # Behind a proxy with TLS a redirect would send data and tokens on in the clear.
        app.router.redirect_slashes = False
        return app

    async def traces(self, request: Request) -> Response:
        """Spans; answered when they are committed."""
        return await self._export(request, "traces")

    async def logs(self, request: Request) -> Response:
        """Logged inputs; answered when they are committed."""
        return await self._export(request, "logs")

    async def metrics(self, request: Request) -> Response:
        """Read, not stored, and said so."""
        media = _media(request)
        with self._admission.hold() as hold:
            await read_body(request, self._limits, hold)
        return _receipted(media, "metrics", METRICS_RECEIPT)

    async def healthz(self, _: Request) -> Response:
        """Whether the process answers."""
        return PlainTextResponse("ok\n")

    async def readyz(self, _: Request) -> Response:
        """Whether data can be taken now, and else why not."""
        if (found := self._obstacle()) is not None:
            return PlainTextResponse(f"not ready: {found}\n", 503)
        return PlainTextResponse("ready\n")

    async def _export(self, request: Request, signal: Signal) -> Response:
        media, received, mended = _media(request), time.time_ns(), 0
        self._admission.admit()
        with self._admission.hold() as hold:
            body, sent = await read_body(request, self._limits, hold)
            if media == JSON:
                body, mended = await self._to_protobuf(body, signal, hold)
            if len(body) > LARGE_BYTES:
                await run_in_threadpool(check_parts, body, signal)
            payload = Payload(signal=signal, body=body, sent_bytes=sent, received=received)
            receipt = await self._receipts.of(self._pipeline.submit(payload))
        if mended:
            receipt = receipt.noting(not_utf8(mended))
        return _receipted(media, signal, receipt)

    async def _to_protobuf(self, body: bytes, signal: Signal, hold: Hold) -> tuple[bytes, int]:
        """The body as protobuf, and how many strings in it were mended."""
        async with self._one_large if len(body) > _LARGE_JSON else nullcontext():
            made, mended = await run_in_threadpool(transcode, body, request_type(signal))
        hold.give_back(len(body))
        hold.take(len(made))
        return made, mended

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        signal = _SIGNALS.get(scope["path"], "none")
        encoding = _ENCODINGS.get(_content_type(scope), "other")
        self._health.answered(signal, "http", encoding, str(status), seconds)

    async def _refuse(self, request: Request, error: Exception) -> Response:
        self._health.refused("http", reason_of(error))
        media = JSON if _content_type(request.scope) == JSON else PROTOBUF
        if isinstance(error, LimenError):
            return otlp_error(error, media)
        assert isinstance(error, HTTPException)
        return otlp_status(error.status_code, _detail(error), media, error.headers)


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


def _detail(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return f"nothing is taken here: send to {', '.join(_SIGNALS)}"
        case 405:
            return f"this method is not taken here: use {dict(error.headers or {})['Allow']}"
        case _:
            return error.detail


def _media(request: Request) -> str:
    media = _content_type(request.scope)
    if media not in (PROTOBUF, JSON):
        raise UnsupportedMedia(f"send {PROTOBUF} or {JSON}: OTLP over HTTP")
    return media


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


def _receipted(media: str, signal: Signal | Literal["metrics"], receipt: Receipt) -> Response:
    if media == JSON:
        return Response(orjson.dumps(json_response(signal, receipt)), media_type=JSON)
    return Response(protobuf_response(signal, receipt), media_type=PROTOBUF)
