"""The demo's cloud: one process that plays every host the app talks to, and counts for each.

`python -m demo.cloud --otlp URL` prints one line of JSON when it is ready and ends on SIGTERM.
"""

import argparse
import json
import socket
import sys
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.cloud_model import NAME, VERSION, CloudModel
from demo.cloud_telemetry import CloudTelemetry, draw, otlp_exporter
from demo.transfers import ADKIT, CLOCK_HEADER, INFERENCE, UNAVAILABLE

SIDE = 8

_BODY_LIMIT = 4096
_HEADER = b"P5 %d %d 255\n" % (SIDE, SIDE)

# Of all traces, the share that finds the cloud busy, and of their requests, the share refused.
_BUSY = 0.04
_REFUSED_WHEN_BUSY = 0.5


class BadPicture(Exception):
    """The body is not a deflated 8×8 portable graymap."""


def decode_picture(body: bytes) -> NDArray[np.uint8]:
    """The picture in a body, uint8 [8, 8, 1]. Raises BadPicture."""
    try:
        plain = zlib.decompressobj().decompress(body, _BODY_LIMIT)
    except zlib.error as exc:
        raise BadPicture from exc
    if not plain.startswith(_HEADER) or len(plain) != len(_HEADER) + SIDE * SIDE:
        raise BadPicture
    return np.frombuffer(plain, np.uint8, offset=len(_HEADER)).reshape(SIDE, SIDE, 1)


class Cloud:
    """The handlers, the model behind them, and what each host received."""

    def __init__(self, model: CloudModel, telemetry: CloudTelemetry, seed: int) -> None:
        self._model = model
        self._telemetry = telemetry
        self._seed = seed
        self._requests: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def app(self) -> Starlette:
        routes = [
            Route(INFERENCE.template, self.classify, methods=["POST"]),
            Route(ADKIT.template, self.collect, methods=["POST"]),
            Route("/_demo/received", self.received),
            Route("/_demo/flush", self.flush, methods=["POST"]),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    async def classify(self, request: Request) -> Response:
        """A picture in, its digit out; 503 for a small seeded share."""
        clock = int(request.headers.get(CLOCK_HEADER, "0"))
        started = time.time_ns() + clock
        body = await self._take(request)
        label = confidence = None
        if self._is_busy(request.headers.get("traceparent", "")):
            response: Response = Response(status_code=UNAVAILABLE)
        else:
            try:
                digits, sure = self._model.classify(decode_picture(body)[np.newaxis])
            except BadPicture:
                response = Response(status_code=400)
            else:
                label, confidence = str(digits[0]), float(sure[0])
                response = JSONResponse({"label": label, "confidence": confidence})
        self._telemetry.record(
            request.headers,
            INFERENCE.template,
            started=started,
            ended=time.time_ns() + clock,
            body_bytes=len(body),
            status=response.status_code,
            label=label,
            confidence=confidence,
        )
        return response

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

    async def _take(self, request: Request) -> bytes:
        host = request.headers["host"]
        body = await request.body()
        self._requests[host] += 1
        self._bytes[host] += len(body)
        return body

    def _is_busy(self, traceparent: str) -> bool:
        trace = traceparent.split("-")[1] if traceparent.count("-") == 3 else ""
        busy = draw(self._seed, trace) < _BUSY
        return busy and draw(self._seed, traceparent) < _REFUSED_WHEN_BUSY

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(self._telemetry.close)


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
    exporter = otlp_exporter(args.otlp)
    telemetry = CloudTelemetry(exporter, seed=args.seed, model_name=NAME, model_version=VERSION)
    cloud = Cloud(CloudModel(args.seed), telemetry, args.seed)
    config = uvicorn.Config(
        cloud.app(), log_level="warning", access_log=False, timeout_graceful_shutdown=5
    )
    with socket.create_server(("127.0.0.1", args.port)) as listener:
        _Announced(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
