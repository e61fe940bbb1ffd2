"""Several answers of one request, each as soon as it is there."""

import socket
import time
from collections.abc import Iterator
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from google.protobuf.message import Message

from collector.contract.client import LimenClient
from collector.contract.connection import lines_of
from collector.contract.errors import BadInput, Forbidden
from collector.contract.records import JSON_LINES, Answer, Query
from dashboard.coming import Coming
from tests.otlp import PHONE, request_span, traces
from tests.processes import RunningCollector

QUERIES: list[dict[str, Any]] = [
    {"metric": "fallback_rate"},
    {"metric": "volume", "by": ["release"]},
    {"metric": "requests"},
]
WRONG: dict[str, Any] = {"metric": "volume", "by": ["shoes"]}


def several(
    collector: RunningCollector, queries: list[dict[str, Any]], *, accept: str = JSON_LINES
) -> httpx.Response:
    return httpx.post(
        f"{collector.api}/api/metrics",
        json={"queries": queries},
        headers={"accept": accept},
        trust_env=False,
    )


@pytest.fixture(scope="module")
def filled(collector: RunningCollector) -> RunningCollector:
    send(collector, traces(request_span("accept"), request_span("fallback"), resource=PHONE))
    return collector


def send(collector: RunningCollector, body: Message) -> None:
    httpx.post(
        f"{collector.http}/v1/traces",
        content=body.SerializeToString(),
        headers={"content-type": "application/x-protobuf"},
        trust_env=False,
    ).raise_for_status()


def test_a_line_an_answer_says_what_one_document_says(filled: RunningCollector) -> None:
    document = several(filled, QUERIES, accept="application/json")
    lines = several(filled, QUERIES)
    assert document.headers["content-type"] == "application/json"
    assert lines.headers["content-type"] == JSON_LINES
    found = [orjson.loads(line) for line in lines.content.splitlines()]
    assert [one["metric"] for one in found] == [one["metric"] for one in QUERIES]
    assert found == document.json()["answers"]
    assert found[0]["rows"] and found[2]["rows"]


def test_what_goes_wrong_at_once_is_a_problem_as_ever(filled: RunningCollector) -> None:
    answer = several(filled, [WRONG, *QUERIES])
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no dimension 'shoes'" in answer.json()["detail"]


def test_what_goes_wrong_later_is_the_last_line(filled: RunningCollector) -> None:
    answer = several(filled, [QUERIES[0], WRONG, QUERIES[1]])
    assert answer.status_code == 200
    first, last = (orjson.loads(line) for line in answer.content.splitlines())
    assert first["metric"] == "fallback_rate"
    assert last["problem"]["status"] == 400
    assert "no dimension 'shoes'" in last["problem"]["detail"]


def test_the_client_tells_those_before_and_raises_what_went_wrong(filled: RunningCollector) -> None:
    asked = [Query(metric="fallback_rate"), Query(metric="volume", by=("shoes",))]
    with filled.client() as client:
        answers = client.answers(asked)
        assert next(answers).metric == "fallback_rate"
        with pytest.raises(BadInput, match="no dimension 'shoes'"):
            next(answers)
        # The connection is as good as before.
        assert client.metric(asked[0]).rows


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_only_a_newline_ends_a_line_wherever_it_is_cut(size: int) -> None:
    lines = [orjson.dumps(word) for word in ("a", "two\u2028\u0085lines", "", "\x0b\x1c")]
    for end in (b"\n", b""):
        sent = b"\n".join(lines) + end
        pieces = (sent[at : at + size] for at in range(0, len(sent), size))
        assert list(lines_of(pieces)) == lines


def test_who_does_not_read_holds_nobody_up(filled: RunningCollector) -> None:
    many = orjson.dumps({"queries": [{"metric": "requests"}] * 3000})
    address = urlsplit(filled.api)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((address.hostname, address.port))
        head = (
            f"POST /api/metrics HTTP/1.1\r\nhost: {address.netloc}\r\naccept: {JSON_LINES}\r\n"
            f"content-length: {len(many)}\r\n\r\n"
        )
        slow.sendall(head.encode() + many)
        assert slow.recv(12) == b"HTTP/1.1 200"
        with filled.client() as client:
            assert client.metric(Query(metric="fallback_rate")).rows


def test_who_hangs_up_ends_what_is_made(filled: RunningCollector) -> None:
    endless = [Query(metric="requests", where={"app": (str(n),)}) for n in range(3000)]
    with LimenClient(filled.api) as client:
        answers = client.answers(endless)
        assert next(answers).metric == "requests"
    began = time.monotonic()
    with filled.client() as client:
        assert client.metric(Query(metric="fallback_rate")).rows
    assert time.monotonic() - began < 5


def told(metric: str) -> Answer:
    return Answer(metric=metric, columns=(), rows=[], suppressed_rows=0, completeness=None)


def test_who_asks_the_same_meanwhile_reads_along() -> None:
    goes_on = Event()

    def answers() -> Iterator[Answer]:
        yield told("a")
        goes_on.wait(10)
        yield told("b")

    coming = Coming(answers())
    assert [coming.at(0).metric for _ in range(2)] == ["a", "a"]
    assert coming.has(0) and not coming.has(1)
    goes_on.set()
    assert coming.at(1).metric == "b"


def test_whoever_waits_hears_what_went_wrong_and_keeps_what_came_before() -> None:
    def answers() -> Iterator[Answer]:
        yield told("a")
        raise Forbidden

    coming = Coming(answers())
    for _ in range(2):
        with pytest.raises(Forbidden):
            coming.at(1)
    assert coming.at(0).metric == "a"
