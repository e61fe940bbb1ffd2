"""OTLP over HTTP on a real port: what is taken, what is refused and how."""

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from google.rpc.status_pb2 import Status

from tests.otlp import Span, request_span, traces
from tests.processes import RunningCollector, running_collector

PROTOBUF = {"content-type": "application/x-protobuf"}
GZIP = PROTOBUF | {"content-encoding": "gzip"}
LIMIT = 64 * 2**20


def post(
    collector: RunningCollector,
    body: bytes | Iterator[bytes],
    headers: dict[str, str] | None = None,
    path: str = "/v1/traces",
) -> httpx.Response:
    return httpx.post(
        collector.http + path, content=body, headers=headers or PROTOBUF, trust_env=False
    )


def spans(collector: RunningCollector) -> int:
    with collector.client() as client:
        found: int = client.status()["spans"]
    return found


@pytest.mark.parametrize("zipped", [False, True])
def test_a_batch_is_answered_with_nothing_to_say_and_is_there(
    collector: RunningCollector, zipped: bool
) -> None:
    span = request_span()
    body = traces(span).SerializeToString()
    answer = post(collector, gzip.compress(body) if zipped else body, GZIP if zipped else PROTOBUF)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    with collector.client() as client:
        assert client.trace(span.trace_id.hex())["requests"][0]["decision"] == "accept"


def test_a_gzip_body_of_several_members_is_one_body(collector: RunningCollector) -> None:
    body = traces(Span(), Span()).SerializeToString()
    before = spans(collector)
    halves = gzip.compress(body[:40]) + gzip.compress(body[40:])
    assert post(collector, halves, GZIP).status_code == 200
    assert spans(collector) == before + 2


@pytest.mark.parametrize(
    ("name", "body", "headers", "status", "says"),
    [
        ("not gzip", b"plain text body", GZIP, 400, "gzip"),
        ("cut gzip", gzip.compress(b"x" * 1000)[:-9], GZIP, 400, "gzip"),
        ("many members", gzip.compress(b"", 1) * 100_000, GZIP, 400, "members"),
        ("gzip of rubbish", gzip.compress(b"\xff\xff"), GZIP, 400, "not a protobuf"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
def test_bad_input_is_refused_in_words_and_changes_nothing(
    collector: RunningCollector,
    name: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    says: str,
) -> None:
    before = spans(collector)
    for path in ("/v1/traces", "/v1/logs"):
        answer = post(collector, body, headers, path)
        assert answer.status_code == status
        assert says in Status.FromString(answer.content).message
    assert spans(collector) == before


def test_a_phone_that_hangs_up_while_it_sends_is_no_error(tmp_path: Path) -> None:
    with running_collector(tmp_path) as running:
        address = urlsplit(running.http)
        for _ in range(3):
            with socket.create_connection((address.hostname, address.port)) as phone:
                phone.sendall(
                    b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n"
                    b"content-type: application/x-protobuf\r\n\r\nabc"
                )
        assert post(running, traces(Span()).SerializeToString()).status_code == 200
        running.stop()
        assert running.process.stderr is not None
        assert "Exception" not in running.process.stderr.read()


def test_the_two_doors_are_apart(collector: RunningCollector) -> None:
    body = traces(Span()).SerializeToString()
    wrong = httpx.post(collector.api + "/v1/traces", content=body, headers=PROTOBUF)
    assert wrong.status_code == 404
    assert httpx.get(collector.http + "/api/status").status_code == 404
