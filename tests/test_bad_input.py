"""Bad input: refused or taken with a word, in bounded time and memory, and nobody else notices."""

import gzip
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conformance.test_json import document, pair
from tests.otlp import Span, proto, request_span, traces
from tests.processes import JSON, PROTOBUF, RunningCollector
from tests.test_body import COMPRESS
from tests.wire import (
    ATTRIBUTES,
    EVENTS,
    LINKS,
    NAME,
    SPANS,
    STRING,
    attribute,
    field,
    nested,
    request,
    varint,
    with_span,
)

MIB = 2**20
LIMIT = 64 * MIB
SECONDS = 20
GROWTH_MIB = 700

WHOLE = traces(*(request_span(limen_scores=[0.5, 0.25]) for _ in range(20))).SerializeToString()
SPAN = proto(Span()).SerializeToString()
RANDOM = random.Random(5)


@pytest.fixture(autouse=True)
def bystander(collector: RunningCollector) -> Iterator[None]:
    """A client that sends good spans all the while, and is answered each time."""
    stop, answers = threading.Event(), []

    def send() -> None:
        with httpx.Client(headers={"content-type": PROTOBUF}, timeout=SECONDS) as client:
            while not stop.wait(0.02):
                body = traces(Span()).SerializeToString()
                answers.append(client.post(f"{collector.http}/v1/traces", content=body).status_code)

    thread = threading.Thread(target=send)
    thread.start()
    yield
    stop.set()
    thread.join(SECONDS)
    assert set(answers) <= {200}
    assert collector.post(traces(Span()).SerializeToString()).status_code == 200


@pytest.fixture(autouse=True)
def bounded(collector: RunningCollector) -> Iterator[None]:
    """The collector's peak of memory stays near where it was, and the time short."""
    process = Path(f"/proc/{collector.process.pid}")
    began = time.monotonic()
    if not process.exists():
        yield
        return
    (process / "clear_refs").write_text("5")
    before = peak(process)
    yield
    assert peak(process) - before < GROWTH_MIB
    assert time.monotonic() - began < 2 * SECONDS


def peak(process: Path) -> int:
    """MiB."""
    (line,) = [x for x in (process / "status").read_text().split("\n") if x.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def values(*attributes: dict[str, Any]) -> bytes:
    return json.dumps(document(attributes=list(attributes))).encode()


CASES: dict[str, tuple[set[int], str, Callable[[], bytes]]] = {
    "random": ({400}, PROTOBUF, lambda: b"\xff" + RANDOM.randbytes(100_000)),
    "a group that never ends": ({400}, PROTOBUF, lambda: b"\x0b" * 100_000),
    "a length beyond the end": ({400}, PROTOBUF, lambda: b"\x0a\xff\xff\xff\xff\x0f"),
    # ptars panics on it.
    "a length of 2^64 - 1": (
        {400},
        PROTOBUF,
        lambda: request(field(SPANS, b"\x2a" + varint(2**64 - 1) + b"name")),
    ),
    "wrong wire types": (
        {200},
        PROTOBUF,
        lambda: request(field(SPANS, SPAN + b"\x2d1234" + b"\x48\x05" + b"\x08\x01")),
    ),
    "unknown fields and groups": (
        {200},
        PROTOBUF,
        lambda: with_span(b"\xa3\x06" * 50 + b"\xa4\x06" * 50 + b"\xa0\x06\x07" * 100_000),
    ),
    "100,000 deep": ({200}, PROTOBUF, lambda: with_span(attribute(b"k", nested(100_000)))),
    "100,000 deep scores": (
        {200},
        PROTOBUF,
        lambda: with_span(attribute(b"limen.scores", nested(100_000))),
    ),
    "100,000 deep and not UTF-8": (
        {200},
        PROTOBUF,
        lambda: with_span(attribute(b"k", nested(100_000)) + field(NAME, b"\xff")),
    ),
    "100,000 attributes": (
        {200},
        PROTOBUF,
        lambda: with_span(
            b"".join(attribute(b"k%d" % n, field(STRING, b"v")) for n in range(100_000))
        ),
    ),
    "100,000 times one attribute": (
        {200},
        PROTOBUF,
        lambda: with_span(attribute(b"limen.feature", field(STRING, b"v")) * 100_000),
    ),
    "100,000 events and links": (
        {200},
        PROTOBUF,
        lambda: with_span((field(EVENTS, b"") + field(LINKS, b"")) * 100_000),
    ),
    "a value of 10 MB": (
        {200},
        PROTOBUF,
        lambda: with_span(attribute(b"limen.output.label", field(STRING, b"v" * 10**7))),
    ),
    "a key of 10 MB": (
        {200},
        PROTOBUF,
        lambda: with_span(attribute(b"k" * 10**7, field(STRING, b"v"))),
    ),
    "a name of 10 MB": ({200}, PROTOBUF, lambda: with_span(field(NAME, b"a" * 10**7))),
    "a list of a million": (
        {200},
        PROTOBUF,
        lambda: with_span(
            attribute(b"limen.scores", field(5, (field(1, b"\x21" + bytes(8))) * 10**6))
        ),
    ),
    "a joined list of ten million": (
        {200},
        PROTOBUF,
        lambda: with_span(attribute(b"limen.scores", field(STRING, b"1," * 10**7))),
    ),
    "thirty million spans": ({413}, PROTOBUF, lambda: request(field(SPANS, b"") * 30 * 10**6)),
    "thirty million attributes": (
        {413},
        PROTOBUF,
        lambda: with_span(field(ATTRIBUTES, b"") * 30 * 10**6),
    ),
    "thirty million resources": ({413}, PROTOBUF, lambda: field(1, b"") * 30 * 10**6),
    "JSON 100,000 deep": ({400}, JSON, lambda: b"[" * 100_000),
    "JSON 300 deep": (
        {200},
        JSON,
        lambda: values({"key": "k", "value": None}).replace(
            b"null", b'{"arrayValue":{"values":[' * 300 + b"{}" + b"]}}" * 300
        ),
    ),
    "JSON with 100,000 attributes": (
        {200},
        JSON,
        lambda: values(*(pair(f"k{n}", "stringValue", "v") for n in range(100_000))),
    ),
    "JSON with a value of 10 MB": (
        {200},
        JSON,
        lambda: values(pair("limen.feature", "stringValue", "v" * 10**7)),
    ),
    "JSON with twenty million objects": (
        {413},
        JSON,
        lambda: b'{"resourceSpans":[' + b"{}," * 20 * 10**6 + b"{}]}",
    ),
    "JSON numbers": ({400}, JSON, lambda: values(pair("k", "intValue", "9" * 10**6))),
    "zeros": ({400}, PROTOBUF, lambda: bytes(LIMIT)),
    "a bomb": ({413}, PROTOBUF, lambda: bytes(LIMIT + 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_body_is_answered_in_bounded_time_and_memory(
    collector: RunningCollector, name: str
) -> None:
    expected, media, build = CASES[name]
    sent = gzip.compress(build(), 1)
    began = time.monotonic()
    answer = collector.post(sent, media, content_encoding="gzip")
    assert time.monotonic() - began < SECONDS
    assert answer.status_code in expected
    assert len(answer.content) < 4096


def test_a_request_cut_anywhere_is_refused_or_taken(collector: RunningCollector) -> None:
    whole = gzip.compress(WHOLE)
    for cut in range(1, len(WHOLE), 97):
        assert collector.post(WHOLE[:cut]).status_code in (200, 400)
    for cut in range(1, len(whole), 97):
        assert collector.post(whole[:cut], content_encoding="gzip").status_code == 400


def test_a_bomb_of_zstd_is_refused(collector: RunningCollector) -> None:
    bomb = COMPRESS["zstd"](bytes(LIMIT + 1))
    assert len(bomb) < LIMIT // 10_000
    assert collector.post(bomb, content_encoding="zstd").status_code == 413


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("gzip in gzip", gzip.compress(gzip.compress(WHOLE, mtime=0), mtime=0)),
        ("plain", b"plain text body"),
        ("many members", gzip.compress(b"", 1) * 100_000),
        ("rubbish after it", gzip.compress(WHOLE, mtime=0) + b"rubbish"),
        ("of rubbish", gzip.compress(b"\xff\xff", mtime=0)),
    ],
)
def test_gzip_that_is_none_is_refused(collector: RunningCollector, name: str, sent: bytes) -> None:
    assert collector.post(sent, content_encoding="gzip").status_code == 400


def raw(collector: RunningCollector, head: str, body: bytes, *, hang_up: bool = False) -> bytes:
    """What a connection is answered on `head` (its lines) and `body`, until it is closed."""
    address = urlsplit(collector.http)
    lines = "POST /v1/traces HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
    lines += f"content-type: {PROTOBUF}\r\n{head}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=SECONDS) as sender:
        sender.sendall(lines.encode() + body)
        if hang_up:
            sender.shutdown(socket.SHUT_WR)
        answer = b""
        while part := sender.recv(65536):
            answer += part
    return answer


def test_a_million_chunks_of_one_byte_are_one_body(collector: RunningCollector) -> None:
    whole = traces(Span(attributes={"k": "v" * 10**6})).SerializeToString()
    chunks = b"".join(b"1\r\n" + whole[at : at + 1] + b"\r\n" for at in range(len(whole)))
    before = collector.spans()
    answer = raw(collector, "transfer-encoding: chunked", chunks + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert collector.spans() > before


def test_a_content_length_that_lies_takes_nothing(collector: RunningCollector) -> None:
    short = raw(collector, f"content-length: {len(WHOLE) - 5}", WHOLE)
    assert short.startswith(b"HTTP/1.1 400")
    long = raw(collector, f"content-length: {len(WHOLE) + 5}", WHOLE, hang_up=True)
    assert not long.startswith(b"HTTP/1.1 200")
    for head in (
        "content-length: -1",
        "content-length: many",
        "content-length: 4\r\ncontent-length: 5",
        "content-length: 4\r\ntransfer-encoding: chunked",
    ):
        assert raw(collector, head, b"abcd").startswith(b"HTTP/1.1 400"), head
