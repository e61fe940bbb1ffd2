"""An OTLP/HTTP backend that answers as it is told, on a real port."""

import gzip
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer; `seconds` before it, `rejected` as a partial success."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    rejected: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was posted, when (monotonic seconds), and the status it was answered with."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    status: int

    def spans(self) -> list[Span]:
        parsed = ExportTraceServiceRequest.FromString(self.body)
        return [s for g in parsed.resource_spans for scope in g.scope_spans for s in scope.spans]


class Receiver:
    """`replies` are given in turn, then 200, or what `judge` says of a request."""

    def __init__(self, *replies: Reply, judge: Callable[[int], Reply] = lambda _: Reply()) -> None:
        self.replies, self._judge = deque(replies), judge
        self.requests: list[Request] = []
        self.url = ""

    def taken(self) -> list[bytes]:
        """The ids of the spans it answered 200 for, in order."""
        return [s.span_id for r in self.requests if r.status == 200 for s in r.spans()]

    def wait_for(self, done: Callable[[], bool], seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < until, [r.status for r in self.requests]
            time.sleep(0.02)

    @contextmanager
    def serving(self, port: int = 0) -> Iterator["Receiver"]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
                receiver._answer(self, body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        at = time.monotonic()
        spans = Request(path="", headers={}, body=body, at=at, status=0).spans()
        reply = self.replies.popleft() if self.replies else self._judge(len(spans))
        self.requests.append(
            Request(
                path=handler.path,
                headers=dict(handler.headers),
                body=body,
                at=at,
                status=reply.status,
            )
        )
        time.sleep(reply.seconds)
        said = ExportTracePartialSuccess(rejected_spans=reply.rejected)
        answer = ExportTraceServiceResponse(partial_success=said).SerializeToString()
        with suppress(BrokenPipeError):
            _write(handler, reply, answer)


def _write(handler: BaseHTTPRequestHandler, reply: Reply, answer: bytes) -> None:
    handler.send_response(reply.status)
    for name, value in {"content-type": PROTOBUF, **reply.headers}.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(answer)))
    handler.end_headers()
    handler.wfile.write(answer)
