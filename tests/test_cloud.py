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
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from demo.bodies import Body, picture_body
from demo.cloud import Cloud, cloud_models
from demo.cloud_language import ExtractiveSummary, NgramSampler, tokens
from demo.cloud_models import CloudModel
from demo.cloud_telemetry import CloudTelemetry
from demo.destinations import ADKIT
from demo.device_model import DeviceModels
from demo.features import BARCODE_SCAN, FEATURES, IMAGE_CLASSIFY, NEXT_WORD, Feature
from demo.samples import Samples, all_samples
from demo.transfers import Sender

DIGITS = IMAGE_CLASSIFY.destination
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
def trained() -> Mapping[str, CloudModel]:
    return cloud_models(SEED)


@functools.cache
def samples() -> Mapping[str, Samples]:
    return all_samples(SEED)


@contextmanager
def running_cloud(seed: int = SEED) -> Iterator[RunningCloud]:
    exporter = InMemorySpanExporter()
    telemetry = CloudTelemetry(exporter, seed=seed)
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


HYBRID = [feature for feature in FEATURES.values() if feature.models]
WRITING = [feature for feature in FEATURES.values() if feature.chat_model]
PER_FEATURE = pytest.mark.parametrize("feature", HYBRID, ids=lambda feature: feature.name)


def bodies(feature: Feature, count: int = 1, severity: float = 0.3) -> list[Body]:
    """What phones would send of the first inputs of a feature."""
    taken = samples()[feature.name].take(1, range(count), [severity] * count)
    return [feature.body(one.content) for one in taken]


def digit() -> Body:
    (body,) = bodies(IMAGE_CLASSIFY)
    return body


@PER_FEATURE
def test_the_cloud_answers_bad_inputs_better_than_the_phones(feature: Feature) -> None:
    taken = samples()[feature.name].take(1, range(200), [0.7] * 200)
    model = trained()[feature.name]
    answers = [model.answer(feature.body(one.content).content) for one in taken]
    assert all(0 <= answer.confidence <= 1 for answer in answers)
    right = sum(answer.label == one.truth for answer, one in zip(answers, taken, strict=True))
    for reference in dict.fromkeys(feature.models.values()):
        phone = DeviceModels().get(reference, "litert", "cpu")
        assert right > sum(phone.read(one.content).label == one.truth for one in taken)


def test_it_counts_the_bodies_of_every_host_as_they_arrive(cloud: RunningCloud) -> None:
    whole, small = digit(), picture_body(bytes(16), 4, 4)
    with closing(Sender(cloud.url)) as sender:
        for number in range(1, 4):
            sender.send(DIGITS, whole, trace_id=number, span_id=1, clock=0)
        sender.send(ADKIT, small, trace_id=9, span_id=1, clock=0)
    assert cloud.received() == {
        "inference.example.com": {"requests": 3, "bytes": 3 * len(whole.content)},
        "adkit.example": {"requests": 1, "bytes": len(small.content)},
    }


def test_its_span_is_in_the_phones_trace_on_the_phones_clock(cloud: RunningCloud) -> None:
    five_days = -5 * 86_400 * 10**9
    body = digit()
    with closing(Sender(cloud.url)) as sender:
        transfer = sender.send(DIGITS, body, trace_id=0xABC, span_id=0xDEF, clock=five_days)
    (span,) = cloud.spans()
    assert span.context.trace_id == 0xABC
    assert span.parent is not None and span.parent.span_id == 0xDEF
    assert span.start_time is not None and span.end_time is not None
    assert transfer.started <= span.start_time <= span.end_time <= transfer.ended
    assert span.attributes is not None
    assert span.attributes["http.request.body.size"] == len(body.content)
    assert span.attributes["limen.retained"] is False
    assert str(span.attributes["limen.output.label"]).isdigit()
    assert span.resource.attributes["service.name"] == "inference-api"
    assert "app.installation.id" not in span.resource.attributes


def test_other_peoples_hosts_make_no_span(cloud: RunningCloud) -> None:
    with closing(Sender(cloud.url)) as sender:
        sender.send(ADKIT, digit(), trace_id=1, span_id=1, clock=0)
    assert cloud.spans() == ()


def test_the_same_requests_are_refused_for_the_same_seed() -> None:
    def refusals() -> list[tuple[int, int]]:
        body = digit()
        with running_cloud() as cloud, closing(Sender(cloud.url)) as sender:
            return [
                (trace, span)
                for trace in range(1, 101)
                for span in (1, 2)
                if sender.send(DIGITS, body, trace_id=trace, span_id=span, clock=0).refused
            ]

    first = refusals()
    assert 0 < len(first) < 20
    assert first == refusals()


PICTURES = {
    "nothing": b"",
    "not deflated": b"P5 8 8 255\n" + bytes(64),
    "another size": zlib.compress(b"P5 4 4 255\n" + bytes(16)),
    "too short": zlib.compress(b"P5 8 8 255\n" + bytes(63)),
    "far too long": zlib.compress(b"P5 8 8 255\n" + bytes(10_000_000)),
}
TEXTS = {
    "nothing": b"",
    "no JSON": b"{text}",
    "no text": b'{"words": "a"}',
    "a number": b'{"text": 1}',
    "far too long": b'{"text": "' + b"a" * 100_000 + b'"}',
    "not UTF-8": b'{"text": "\xff"}',
}
BAD_BODIES = [
    pytest.param(feature, body, id=f"{feature.name}, {what}")
    for feature, bad in ((IMAGE_CLASSIFY, PICTURES), (BARCODE_SCAN, PICTURES), (NEXT_WORD, TEXTS))
    for what, body in bad.items()
]


@pytest.mark.parametrize(("feature", "content"), BAD_BODIES)
def test_a_bad_body_is_the_senders_fault(
    cloud: RunningCloud, feature: Feature, content: bytes
) -> None:
    body = Body(content=content, headers={})
    with closing(Sender(cloud.url)) as sender:
        transfer = sender.send(feature.destination, body, trace_id=1, span_id=1, clock=0)
    assert transfer.status == 400
    assert cloud.received()["inference.example.com"]["bytes"] == len(content)


@pytest.mark.parametrize("feature", WRITING, ids=lambda feature: feature.name)
def test_a_chat_is_answered_in_the_form_of_openai_and_its_tokens_are_counted(
    cloud: RunningCloud, feature: Feature
) -> None:
    (body,) = bodies(feature, severity=0.0)
    with httpx.Client(base_url=cloud.url, trust_env=False) as http:
        answer = http.post("/v1/chat/completions", content=body.content).json()
    (choice,) = answer["choices"]
    assert answer["object"] == "chat.completion" and answer["model"] == feature.chat_model
    assert choice["message"]["role"] == "assistant" and choice["finish_reason"] == "stop"
    (asked,) = samples()[feature.name].take(1, [0], [0.0])
    made = choice["message"]["content"]
    assert made and set(tokens(made)) <= set(tokens(asked.content.decode()))
    assert answer["usage"] == {
        "prompt_tokens": len(tokens(asked.content.decode())),
        "completion_tokens": len(tokens(made)),
        "total_tokens": len(tokens(asked.content.decode())) + len(tokens(made)),
    }
    (span,) = cloud.spans()
    assert span.attributes is not None
    told = [span.attributes[f"gen_ai.usage.{side}_tokens"] for side in ("input", "output")]
    assert told == [len(tokens(asked.content.decode())), len(tokens(made))]
    assert span.attributes["gen_ai.request.model"] == feature.chat_model


BAD_CHATS = {
    "no model": (b'{"messages": [{"role": "user", "content": "a"}]}', 400),
    "no messages": (b'{"model": "ngram-sampler", "messages": []}', 400),
    "no words": (b'{"model": "ngram-sampler", "messages": [{"role": "user"}]}', 400),
    "another model": (b'{"model": "x", "messages": [{"role": "user", "content": "a"}]}', 404),
}


@pytest.mark.parametrize(("content", "status"), BAD_CHATS.values(), ids=BAD_CHATS.keys())
def test_a_bad_chat_is_told_what_is_wrong(cloud: RunningCloud, content: bytes, status: int) -> None:
    answer = httpx.post(f"{cloud.url}/v1/chat/completions", content=content, trust_env=False)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("text", ["", "…", "One.", "One. Two! Three? Four", "a " * 10_000])
def test_whatever_the_text_a_summary_repeats_it_and_a_sampler_ends(text: str) -> None:
    for writer in (ExtractiveSummary(), NgramSampler()):
        written = writer.write(text)
        assert set(tokens(written.text)) <= set(tokens(text))
        assert written.output_tokens == len(tokens(written.text)) <= written.input_tokens + 40
        assert writer.write(text) == written


def test_a_summary_is_two_sentences_about_what_the_text_is_about() -> None:
    text = "The pump leaks. Call me. The pump has a leak at the seal of the pump. It rained."
    assert ExtractiveSummary().write(text).text == (
        "The pump leaks. The pump has a leak at the seal of the pump."
    )


def test_every_model_of_the_cloud_says_in_plain_words_what_it_is(cloud: RunningCloud) -> None:
    listed = httpx.get(f"{cloud.url}/v1/models", trust_env=False).json()["data"]
    cards = {model["id"]: model["description"] for model in listed}
    assert len(cards) == len(FEATURES)
    assert cards["extractive-summary"].startswith("An extractive summary")
    assert cards["ngram-sampler"].startswith("A sampler of bigrams over the request's own text")


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
                sender.send(DIGITS, digit(), trace_id=5, span_id=6, clock=0)
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
