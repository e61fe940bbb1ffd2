"""Several answers of one request, each as soon as it is there."""

import asyncio
import socket
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from google.protobuf.message import Message
from starlette.responses import StreamingResponse

from collector.asker import ASKER, Asker
from collector.contract.client import LimenClient
from collector.contract.connection import lines_of
from collector.contract.errors import (
    BadInput,
    CollectorUnreachable,
    Failed,
    Forbidden,
    HungUp,
    LimenError,
)
from collector.contract.records import JSON_LINES, Answer, Query
from collector.server.api import MOST_QUERIES
from collector.server.lines import lines
from dashboard.coming import Coming
from tests.otlp import PHONE, request_span, traces
from tests.processes import RunningCollector, running_collector, until
from tests.store import Store

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
    spans = [request_span("accept") for _ in range(100)] + [request_span("fallback")]
    send(collector, traces(*spans, resource=PHONE))
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
    jsonl = several(filled, QUERIES)
    assert document.headers["content-type"] == "application/json"
    assert jsonl.headers["content-type"] == JSON_LINES
    found = [orjson.loads(line) for line in jsonl.content.splitlines()]
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
    words = [orjson.dumps(word) for word in ("a", "two\u2028\u0085lines", "", "\x0b\x1c")]
    for end in (b"\n", b""):
        sent = b"\n".join(words) + end
        pieces = (sent[at : at + size] for at in range(0, len(sent), size))
        assert list(lines_of(pieces)) == words


def test_who_does_not_read_holds_nobody_up(filled: RunningCollector) -> None:
    # More than the system keeps for one who does not read.
    many = orjson.dumps({"queries": [{"metric": "requests"}] * MOST_QUERIES})
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


SLOW = [Query(metric="release_intervals", where={"app": (str(n),)}) for n in range(MOST_QUERIES)]


def test_who_hangs_up_ends_what_is_made(filled: RunningCollector) -> None:
    with LimenClient(filled.api) as client:
        answers = client.answers(SLOW)
        next(answers)
    began = time.monotonic()
    with filled.client() as client:
        assert client.metric(Query(metric="fallback_rate")).rows
    assert time.monotonic() - began < 3


def test_who_hung_up_is_told_nothing_that_is_known_already(store: Store) -> None:
    asker = Asker()
    before = ASKER.set(asker)
    try:
        answers = store.reader.answers([(Query(metric="volume"), False)] * 2)
        next(answers)
        asker.hang_up()
        with pytest.raises(HungUp):
            next(answers)
    finally:
        ASKER.reset(before)


def test_more_than_one_request_may_ask_is_said(filled: RunningCollector) -> None:
    answer = several(filled, [QUERIES[0]] * (MOST_QUERIES + 1))
    assert answer.status_code == 400 and str(MOST_QUERIES) in answer.json()["detail"]


def test_a_collector_that_goes_away_meanwhile_is_told_as_that(tmp_path: Path) -> None:
    with running_collector(tmp_path) as own, own.client() as client:
        answers = client.answers(SLOW)
        next(answers)
        own.process.kill()
        with pytest.raises(CollectorUnreachable, match="in the middle of an answer"):
            list(answers)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]\n", b"1\n", b"Ada Lovelace\n", b'{"answers": "Ada Lovelace"}\n', b'{"problem": 1}\n',
     b'{"problem": {"detail": "Ada Lovelace"}}\n'],
)  # fmt: skip
def test_what_is_no_answer_is_told_without_what_it_says(body: bytes) -> None:
    class Stranger(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", JSON_LINES)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        Thread(target=server.handle_request, daemon=True).start()
        with (
            LimenClient(f"http://127.0.0.1:{server.server_port}") as client,
            pytest.raises(CollectorUnreachable, match="no collector's query API") as raised,
        ):
            client.metric(Query(metric="fallback_rate"))
    said = "".join(traceback.format_exception(raised.value))
    assert "Lovelace" not in said


def test_a_fault_of_the_collectors_own_is_the_last_line_of_a_whole_body(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused: list[LimenError] = []

    def make() -> Iterator[str]:
        yield "one"
        raise ValueError("of Ada Lovelace")

    async def body() -> list[bytes]:
        response = await lines(make, str.upper, refused.append)
        assert isinstance(response, StreamingResponse)
        return [
            bytes(piece) async for piece in response.body_iterator if not isinstance(piece, str)
        ]

    first, last = (orjson.loads(line) for line in asyncio.run(body()))
    assert (first, last["problem"]["status"]) == ("ONE", 500)
    assert [type(error) for error in refused] == [Failed]
    (record,) = caplog.records
    assert "ValueError at" in record.getMessage() and "Ada" not in record.getMessage()


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
    # It is asked anew.
    assert not coming.stands(60)


def test_answers_stand_from_the_last_of_them_on() -> None:
    goes_on = Event()

    def answers() -> Iterator[Answer]:
        yield told("a")
        goes_on.wait(10)

    coming = Coming(answers())
    assert coming.at(0).metric == "a"
    # However long it takes.
    assert coming.stands(0)
    goes_on.set()
    until(lambda: not coming.stands(0))
    assert coming.stands(60)
