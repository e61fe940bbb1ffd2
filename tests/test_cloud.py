"""The demo's cloud: a real server on a real port, and as the process that the demo starts."""

import functools
import gzip
import json
import signal
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from numpy.typing import NDArray
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from demo.cloud import Cloud
from demo.cloud_model import NAME, VERSION, CloudModel
from demo.cloud_telemetry import CloudTelemetry
from demo.device_model import DeviceModels
from demo.transfers import ADKIT, INFERENCE, Sender, encode_picture, thumbnail
from models.training.digits import camera, load_split

SEED = 7
ROOT = Path(__file__).parent.parent


class RunningCloud:
    """The cloud on a port of its own, and the spans it has made."""

    def __init__(self, url: str, telemetry: CloudTelemetry, exporter: InMemorySpanExporter) -> None:
        self.url = url
        self._telemetry = telemetry
        self._exporter = exporter

    def spans(self) -> tuple[ReadableSpan, ...]:
        self._telemetry.flush()
        return self._exporter.get_finished_spans()

    def received(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = httpx.get(
            f"{self.url}/_demo/received", trust_env=False
        ).json()
        return found


@functools.cache
def trained() -> CloudModel:
    return CloudModel(SEED)


@contextmanager
def running_cloud(seed: int = SEED) -> Iterator[RunningCloud]:
    exporter = InMemorySpanExporter()
    telemetry = CloudTelemetry(exporter, seed=seed, model_name=NAME, model_version=VERSION)
    app = Cloud(trained(), telemetry, seed).app()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield RunningCloud(url, telemetry, exporter)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud() as running:
        yield running


def digit() -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = load_split().test_images[0]
    return picture


def test_the_cloud_reads_bad_pictures_better_than_the_phones() -> None:
    split = load_split()
    seen = camera(split.test_images, np.random.default_rng(SEED), 0.7)
    digits, sure = trained().classify(seen)
    right = np.mean(digits == split.test_labels)
    for reference in ("digit_reader@1", "digit_reader@2"):
        phone = DeviceModels().get(reference, "litert", "cpu")
        labels = [phone.read(picture).label for picture in seen]
        assert right > np.mean(np.array(labels, dtype=np.int64) == split.test_labels)
    assert np.all((sure > 0) & (sure <= 1))


def test_it_counts_the_bodies_of_every_host_as_they_arrive(cloud: RunningCloud) -> None:
    picture = digit()
    whole, small = encode_picture(picture), encode_picture(thumbnail(picture))
    with closing(Sender(cloud.url)) as sender:
        for number in range(1, 4):
            sender.send(INFERENCE, whole, trace_id=number, span_id=1, clock=0)
        sender.send(ADKIT, small, trace_id=9, span_id=1, clock=0)
    assert cloud.received() == {
        "inference.example.com": {"requests": 3, "bytes": 3 * len(whole)},
        "adkit.example": {"requests": 1, "bytes": len(small)},
    }


def test_its_span_is_in_the_phones_trace_on_the_phones_clock(cloud: RunningCloud) -> None:
    five_days = -5 * 86_400 * 10**9
    body = encode_picture(digit())
    with closing(Sender(cloud.url)) as sender:
        transfer = sender.send(INFERENCE, body, trace_id=0xABC, span_id=0xDEF, clock=five_days)
    (span,) = cloud.spans()
    assert span.context.trace_id == 0xABC
    assert span.parent is not None and span.parent.span_id == 0xDEF
    assert span.start_time is not None and span.end_time is not None
    assert transfer.started <= span.start_time <= span.end_time <= transfer.ended
    assert span.attributes is not None
    assert span.attributes["http.request.body.size"] == len(body)
    assert span.attributes["limen.retained"] is False
    assert str(span.attributes["limen.output.label"]).isdigit()
    assert span.resource.attributes["service.name"] == "inference-api"
    assert "app.installation.id" not in span.resource.attributes


def test_other_peoples_hosts_make_no_span(cloud: RunningCloud) -> None:
    with closing(Sender(cloud.url)) as sender:
        sender.send(ADKIT, encode_picture(digit()), trace_id=1, span_id=1, clock=0)
    assert cloud.spans() == ()


def test_the_same_requests_are_refused_for_the_same_seed() -> None:
    def refusals() -> list[tuple[int, int]]:
        body = encode_picture(digit())
        with running_cloud() as cloud, closing(Sender(cloud.url)) as sender:
            return [
                (trace, span)
                for trace in range(1, 101)
                for span in (1, 2)
                if sender.send(INFERENCE, body, trace_id=trace, span_id=span, clock=0).refused
            ]

    first = refusals()
    assert 0 < len(first) < 20
    assert first == refusals()


BAD_PICTURES = {
    "nothing": b"",
    "not deflated": b"P5 8 8 255\n" + bytes(64),
    "another size": zlib.compress(b"P5 4 4 255\n" + bytes(16)),
    "too short": zlib.compress(b"P5 8 8 255\n" + bytes(63)),
    "far too long": zlib.compress(b"P5 8 8 255\n" + bytes(10_000_000)),
}


@pytest.mark.parametrize("body", BAD_PICTURES.values(), ids=BAD_PICTURES.keys())
def test_a_bad_picture_is_the_senders_fault(cloud: RunningCloud, body: bytes) -> None:
    with closing(Sender(cloud.url)) as sender:
        assert sender.send(INFERENCE, body, trace_id=1, span_id=1, clock=0).status == 400
    assert cloud.received()["inference.example.com"]["bytes"] == len(body)


def test_the_process_says_where_it_is_and_sends_its_spans_before_it_ends() -> None:
    bodies: list[bytes] = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as sink:
        threading.Thread(target=sink.serve_forever).start()
        command = [sys.executable, "-m", "demo.cloud", "--seed", str(SEED)]
        process = subprocess.Popen(
            [*command, "--otlp", f"http://127.0.0.1:{sink.server_port}"],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        with process:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            with closing(Sender(ready["url"])) as sender:
                sender.send(INFERENCE, encode_picture(digit()), trace_id=5, span_id=6, clock=0)
            process.send_signal(signal.SIGTERM)
        sink.shutdown()
    assert ready["ready"] is True
    spans = [
        span
        for body in bodies
        for resource in ExportTraceServiceRequest.FromString(gzip.decompress(body)).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert [span.trace_id for span in spans] == [(5).to_bytes(16, "big")]
