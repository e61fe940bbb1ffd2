"""Phones that read real digits with the real models: their spans and logged inputs, as OTLP."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

import httpx
import numpy as np
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from models.interpreters import open_interpreter
from models.registry import Registry
from models.training.digits import Split, camera, load_split
from tests.otlp import PHONE, Span, logged_input, request_span, traces
from tests.processes import RunningCollector

THRESHOLD = 0.7
CLOUD = {"service.name": "cloud"}
SEVERITY = 0.5


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One request: the digit a phone saw, and what its model (of `digest`) said of it.

    `audit` is the probability with which an accepted answer was drawn, None where it was not;
    `threshold` is the one that the phone decided by.
    """

    phone: str
    digest: str
    image: bytes
    truth: str
    label: str
    confidence: float
    audit: float | None = None
    threshold: float = THRESHOLD
    model: str = "digit_reader@1"

    @property
    def decision(self) -> str:
        return "accept" if self.confidence >= self.threshold else "fallback"

    @property
    def asked_the_cloud(self) -> bool:
        return self.decision == "fallback" or self.audit is not None


@cache
def _split() -> Split:
    return load_split()


def read_digits(
    rows: int,
    *,
    model: str,
    name: str,
    each: int = 3,
    audit: float | None = None,
    threshold: float = THRESHOLD,
    seed: int = 1,
) -> list[Reading]:
    """`rows` digits that no model learned from, seen by phones `name`-0, -1 … with `each` inputs.

    Of the accepted answers, the share `audit` is drawn at random.
    """
    random = np.random.default_rng(seed)
    drawn = random.integers(len(_split().test_labels), size=rows)
    images = camera(_split().test_images[drawn], random, SEVERITY)
    found = Registry.bundled().get(model)
    interpreter = open_interpreter(found)
    answers = interpreter.run(interpreter.prepare(images))
    audited = random.random(rows) < (audit or 0)
    return [
        Reading(
            phone=f"{name}-{row // each}",
            digest=found.card.digest,
            image=images[row].tobytes(),
            truth=str(_split().test_labels[drawn[row]]),
            label=answers.predicted[row],
            confidence=float(answers.confidence[row]),
            audit=audit if audited[row] and answers.confidence[row] >= threshold else None,
            threshold=threshold,
            model=model,
        )
        for row in range(rows)
    ]


def send(collector: RunningCollector, readings: Iterable[Reading]) -> None:
    """Sends the requests, then their inputs, in one export request each."""
    spans, inputs = ExportTraceServiceRequest(), ExportLogsServiceRequest()
    for number, reading in enumerate(readings):
        resource = {**PHONE, "app.installation.id": reading.phone}
        request = _request(reading)
        # Samples are drawn by it: the same readings are drawn each time.
        said = f"{number}/{reading.phone}/{reading.model}".encode() + reading.image
        request.span_id = blake2b(said, digest_size=8).digest()
        if reading.asked_the_cloud:
            sent = request.child(
                "CLIENT",
                http_request_body_size=len(reading.image),
                server_address="api.example.com",
            )
            # The demo's cloud errs too; this one knows the digit.
            served = sent.child("SERVER", limen_output_label=reading.truth)
            spans.MergeFrom(traces(request, sent, resource=resource))
            spans.MergeFrom(traces(served, resource=CLOUD))
        else:
            spans.MergeFrom(traces(request, resource=resource))
        inputs.MergeFrom(logged_input(request, reading.image, resource, limen_label=reading.truth))
    _post(collector, "traces", spans)
    _post(collector, "logs", inputs)


def _request(reading: Reading) -> Span:
    return request_span(
        reading.decision,
        limen_confidence=reading.confidence,
        limen_threshold=reading.threshold,
        limen_output_label=reading.label,
        limen_model_name=reading.model.partition("@")[0],
        limen_model_version=reading.model.partition("@")[2],
        limen_model_digest=reading.digest,
        limen_runtime_name="litert",
        limen_runtime_delegate="cpu",
        limen_audit_sampled=reading.audit is not None,
        limen_audit_probability=reading.audit,
    )


def _post(collector: RunningCollector, signal: str, request: Message) -> None:
    answer = httpx.post(
        f"{collector.http}/v1/{signal}",
        content=request.SerializeToString(),
        headers={"content-type": "application/x-protobuf"},
        timeout=30,
    )
    assert (answer.status_code, answer.content) == (200, b"")
