"""The demo's cloud: one process that plays every host the app talks to, and counts for each.

`python -m demo.cloud --otlp URL` prints one line of JSON when it is ready and ends on SIGTERM.
"""

import argparse
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.bodies import BadBody, read_chat
from demo.cloud_barcodes import CloudBarcodes
from demo.cloud_digits import CloudDigits
from demo.cloud_documents import CloudDocuments
from demo.cloud_language import ExtractiveSummary, NgramSampler
from demo.cloud_models import CloudModel, LanguageModel, Written
from demo.cloud_telemetry import CloudTelemetry, Served, draw, otlp_exporter
from demo.cloud_words import CloudWords
from demo.destinations import ADKIT, LANGUAGE
from demo.features import (
    BARCODE_SCAN,
    DOC_CLASSIFY,
    FEATURES,
    IMAGE_CLASSIFY,
    NEXT_WORD,
    Feature,
)
from demo.transfers import CLOCK_HEADER, UNAVAILABLE

# Of all traces, the share that finds the cloud busy, and of their requests, the share refused.
_BUSY = 0.04
_REFUSED_WHEN_BUSY = 0.5

_CHATS = {one.chat_model: one for one in FEATURES.values() if one.chat_model}
_MODELS_ROUTE = "/v1/models"


def cloud_models(seed: int) -> Mapping[str, CloudModel]:
    """The cloud's model of each feature that phones answer too; takes some seconds."""
    return {
        IMAGE_CLASSIFY.name: CloudDigits(seed),
        DOC_CLASSIFY.name: CloudDocuments(seed),
        BARCODE_SCAN.name: CloudBarcodes(),
        NEXT_WORD.name: CloudWords(),
    }


class Cloud:
    """The handlers, the models behind them, and what each host received."""

    def __init__(
        self, models: Mapping[str, CloudModel], telemetry: CloudTelemetry, seed: int
    ) -> None:
        self._models = models
        writers: tuple[LanguageModel, ...] = (ExtractiveSummary(), NgramSampler())
        self._writers = {one.name: one for one in writers}
        self._telemetry = telemetry
        self._seed = seed
        self._requests: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def app(self) -> Starlette:
        labelled = [
            Route(
                FEATURES[name].destination.template,
                partial(self.label, FEATURES[name]),
                methods=["POST"],
            )
            for name in self._models
        ]
        routes = [
            *labelled,
            Route(LANGUAGE.template, self.chat, methods=["POST"]),
            Route(_MODELS_ROUTE, self.cards),
            Route(ADKIT.template, self.collect, methods=["POST"]),
            Route("/_demo/received", self.received),
            Route("/_demo/flush", self.flush, methods=["POST"]),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    async def label(self, feature: Feature, request: Request) -> Response:
        """An input in, its label out; 503 for a small seeded share."""
        model = self._models[feature.name]
        served, body = await self._begin(request)
        if self._is_busy(request):
            return self._end(served, feature, model, Response(status_code=UNAVAILABLE))
        try:
            answer = model.answer(body)
        except BadBody:
            return self._end(served, feature, model, Response(status_code=400))
        said = {"label": answer.label, "confidence": answer.confidence}
        served.label, served.confidence = answer.label, answer.confidence
        return self._end(served, feature, model, JSONResponse(said))

    async def chat(self, request: Request) -> Response:
        """A chat completion, in the form of https://platform.openai.com/docs/api-reference/chat."""
        served, body = await self._begin(request)
        try:
            name, text = read_chat(body)
            writer = self._writers[name]
        except BadBody:
            return _wrong(400, "model and messages with the user's words are asked for")
        except KeyError:
            return _wrong(404, f"there is no such model; there are {', '.join(self._writers)}")
        feature = _CHATS[name]
        if self._is_busy(request):
            return self._end(served, feature, writer, Response(status_code=UNAVAILABLE))
        written = served.written = writer.write(text)
        return self._end(served, feature, writer, JSONResponse(_completion(writer, written)))

    async def cards(self, request: Request) -> Response:
        """Every model, and in plain words what it is."""
        models: list[CloudModel | LanguageModel] = [*self._models.values(), *self._writers.values()]
        listed = [
            {"id": one.name, "object": "model", "version": one.version, "description": one.card}
            for one in models
        ]
        return JSONResponse({"object": "list", "data": listed})

    async def collect(self, request: Request) -> Response:
        """Somebody else's host: takes what it gets and tells nobody."""
        await self._take(request)
        return Response(status_code=204)

    async def received(self, request: Request) -> Response:
        """Requests and body bytes per host since the start."""
        hosts = {
            host: {"requests": self._requests[host], "bytes": self._bytes[host]}
            for host in sorted(self._requests)
        }
        return JSONResponse(hosts)

    async def flush(self, request: Request) -> Response:
        """Sends all spans; 204 when they have arrived, 502 where not."""
        good = await run_in_threadpool(self._telemetry.flush)
        return Response(status_code=204 if good else 502)

    async def _begin(self, request: Request) -> tuple[Served, bytes]:
        clock = int(request.headers.get(CLOCK_HEADER, "0"))
        started = time.time_ns() + clock
        body = await self._take(request)
        served = Served(
            headers=request.headers,
            template=request.url.path,
            clock=clock,
            started=started,
            body_bytes=len(body),
        )
        return served, body

    def _end(
        self,
        served: Served,
        feature: Feature,
        model: CloudModel | LanguageModel,
        response: Response,
    ) -> Response:
        self._telemetry.record(
            served, feature, model.name, model.version, status=response.status_code
        )
        return response

    async def _take(self, request: Request) -> bytes:
        host = request.headers["host"]
        body = await request.body()
        self._requests[host] += 1
        self._bytes[host] += len(body)
        return body

    def _is_busy(self, request: Request) -> bool:
        traceparent = request.headers.get("traceparent", "")
        trace = traceparent.split("-")[1] if traceparent.count("-") == 3 else ""
        busy = draw(self._seed, trace) < _BUSY
        return busy and draw(self._seed, traceparent) < _REFUSED_WHEN_BUSY

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(self._telemetry.close)


def _completion(writer: LanguageModel, written: Written) -> dict[str, Any]:
    message = {"role": "assistant", "content": written.text}
    return {
        "id": "chatcmpl-demo",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": writer.name,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": written.input_tokens,
            "completion_tokens": written.output_tokens,
            "total_tokens": written.input_tokens + written.output_tokens,
        },
    }


def _wrong(status: int, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error"}
    return JSONResponse({"error": error}, status_code=status)


class _Announced(uvicorn.Server):
    """Says where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            port = sockets[0].getsockname()[1]
            sys.stdout.write(json.dumps({"ready": True, "url": f"http://127.0.0.1:{port}"}) + "\n")
            sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="demo.cloud", description=__doc__)
    parser.add_argument("--otlp", required=True, help="where the collector takes OTLP over HTTP")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(arguments)
    telemetry = CloudTelemetry(otlp_exporter(args.otlp), seed=args.seed)
    cloud = Cloud(cloud_models(args.seed), telemetry, args.seed)
    config = uvicorn.Config(
        cloud.app(), log_level="warning", access_log=False, timeout_graceful_shutdown=5
    )
    with socket.create_server(("127.0.0.1", args.port)) as listener:
        _Announced(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
