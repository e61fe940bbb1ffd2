"""Mutated requests: answered as the specification has it, judged against protobuf's own parser."""

import gzip
import json
import random
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from tests.conformance.test_json import document, pair
from tests.otlp import Span, logged_input, now, traces
from tests.processes import JSON, PROTOBUF, RunningCollector

SHORT_SECONDS = 4.0
SOAK_SECONDS = 600.0
GROWTH_MIB = 400
# Late spans take another way; of the same length, so mutations are the same at any time.
START = now()
# What mutations like: tags, lengths that lie, bytes that are no UTF-8, numbers at an edge.
TOKENS = (b"\x00", b"\xff", b"\x80", b"\x0a", b"\x12", b"\x2a", b"\x0b", b"\xff" * 9 + b"\x01")
JSON_TOKENS = (b"{", b"}", b"[", b'"', b",", b"null", b"-1", b"1e999", b"\\ud800", b"\xff", b"{}")


@dataclass
class Findings:
    """How many requests were sent and how they were answered; what protobuf disagrees with."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    taken_where_protobuf_refuses: int = 0


def fixed(**attributes: Any) -> Span:
    """The same span each time, so that a seed gives the same requests."""
    attributes = {name.replace("_", "."): value for name, value in attributes.items()}
    return Span(trace_id=b"\xf7" * 16, span_id=b"\xf3" * 8, start=START, attributes=attributes)


def seeds() -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Trace requests, log requests, and trace requests as JSON."""
    nested = traces(fixed(limen_scores=[0.5, [0.25, ["deep"]]]))
    value = nested.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="map").value
    value.kvlist_value.values.add(key="k").value.CopyFrom(AnyValue(bytes_value=b"\xff"))
    full = traces(*(fixed(limen_output_label="ä") for _ in range(5)))
    span = full.resource_spans[0].scope_spans[0].spans[0]
    span.events.add(name="e").attributes.add(key="k").value.double_value = 0.5
    span.links.add(trace_id=b"l" * 16, span_id=b"m" * 8)
    span.status.message = "failed"
    documents = [
        document(name="a", kind=3, attributes=[pair("limen.confidence", "doubleValue", 0.5)]),
        document(attributes=[pair("k", "arrayValue", {"values": [{"stringValue": "\ud800ä"}]})]),
    ]
    for one in documents:
        ids = {"traceId": "ab" * 16, "spanId": "cd" * 8, "startTimeUnixNano": START}
        one["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= ids
    return (
        [request.SerializeToString() for request in (nested, full, traces())],
        [logged_input(fixed(), b"x").SerializeToString()],
        [json.dumps(one).encode() for one in documents],
    )


def mutate(
    body: bytes, rng: random.Random, others: list[bytes], tokens: tuple[bytes, ...]
) -> bytes:
    changed = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(7):
            case 0 if changed:
                changed[at % len(changed)] ^= 1 << rng.randrange(8)
            case 1:
                changed[at:at] = rng.choice(tokens)
            case 2:
                del changed[at : at + rng.randrange(1, 9)]
            case 3:
                changed[at:at] = changed[at : at + rng.randrange(64)] * rng.randrange(1, 9)
            case 4:
                del changed[at:]
            case 5:
                other = rng.choice(others)
                changed[at:] = other[rng.randrange(len(other) + 1) :]
            case 6 if changed:
                changed[at % len(changed)] = rng.randrange(256)
    return bytes(changed)


def cases(rng: random.Random) -> Iterator[tuple[str, bytes, dict[str, str], str]]:
    """Kind, body, headers and path of one mutated request after another."""
    spans, logs, documents = seeds()
    while True:
        kind = rng.choice(("protobuf", "protobuf", "json", "gzip", "zipped", "logs"))
        headers = {"content-type": JSON if kind == "json" else PROTOBUF}
        if kind == "json":
            body = mutate(rng.choice(documents), rng, documents, JSON_TOKENS)
        elif kind == "logs":
            body = mutate(rng.choice(logs), rng, spans, TOKENS)
        else:
            body = mutate(rng.choice(spans), rng, spans, TOKENS)
        if kind in ("gzip", "zipped"):
            headers["content-encoding"] = "gzip"
            body = gzip.compress(body)
            if kind == "gzip":
                body = mutate(body, rng, [body], TOKENS)
        yield kind, body, headers, "/v1/logs" if kind == "logs" else "/v1/traces"


def wrong_ids(request: Any) -> int:
    """How many spans of a request have ids that no span may have."""
    return sum(
        len(span.trace_id) != 16
        or not any(span.trace_id)
        or len(span.span_id) != 8
        or not any(span.span_id)
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    )


def judge(body: bytes, answer: httpx.Response, findings: Findings) -> None:
    """What protobuf takes is taken, and the same spans of it; nothing is refused without cause."""
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        findings.taken_where_protobuf_refuses += answer.status_code == 200
        return
    assert answer.status_code == 200
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_spans == wrong_ids(request)


def fuzz(collector: RunningCollector, seed: int, seconds: float) -> Findings:
    rng, findings = random.Random(seed), Findings()
    end = time.monotonic() + seconds
    # Each panic of the decoder's writes some lines: a full pipe would stop the collector.
    threading.Thread(target=deque, args=(collector.process.stderr, 0), daemon=True).start()
    with httpx.Client(base_url=collector.http, timeout=60, trust_env=False) as client:
        for kind, body, headers, path in cases(rng):
            if time.monotonic() > end:
                return findings
            try:
                answer = client.post(path, content=body, headers=headers)
            except httpx.TimeoutException:
                pytest.fail(f"no answer to {kind}: {body.hex()}")
            findings.answers[kind, answer.status_code] += 1
            assert answer.status_code in (200, 400, 413, 415), body.hex()
            assert len(answer.content) < 4096
            if kind in ("protobuf", "zipped"):
                raw = gzip.decompress(body) if kind == "zipped" else body
                judge(raw, answer, findings)
    raise AssertionError("the cases ended")


def resident_mib(collector: RunningCollector) -> int:
    """0 where this system does not tell."""
    status = Path(f"/proc/{collector.process.pid}/status")
    if not status.exists():
        return 0
    (line,) = [x for x in status.read_text().split("\n") if x.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


@pytest.mark.parametrize(
    ("seed", "seconds"),
    [(1, SHORT_SECONDS), pytest.param(None, SOAK_SECONDS, marks=pytest.mark.soak)],
)
def test_mutated_requests_are_answered_as_protobuf_would_have_it(
    collector: RunningCollector, seed: int | None, seconds: float
) -> None:
    # The parser in C; the one in Python has other limits.
    assert api_implementation.Type() == "upb"
    seed = seed or random.SystemRandom().randrange(2**32)
    before = resident_mib(collector)
    findings = fuzz(collector, seed, seconds)
    summary = f"seed {seed}: {findings}"
    sys.stdout.write(f"\n{summary}\n")
    assert {status for _, status in findings.answers} >= {200, 400}, summary
    assert collector.process.poll() is None
    assert resident_mib(collector) - before < GROWTH_MIB, summary
    assert collector.post(traces(Span()).SerializeToString()).content == b""
