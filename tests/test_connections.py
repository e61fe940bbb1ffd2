"""Connections that are slow, half open, endless or too many: ended, and nobody else hurt."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator

import grpc
import httpx
import pytest
from google.protobuf import json_format
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.otlp import Span, traces
from tests.processes import JSON, PROTOBUF, RunningCollector, running_collector

MOST = 40
HEAD = b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    with running_collector(
        tmp_path_factory.mktemp("home"),
        head_seconds=1,
        body_seconds=1,
        idle_seconds=1,
        max_connections=MOST,
    ) as running:
        yield running


def answer_on(connection: socket.socket) -> tuple[http.client.HTTPResponse, bytes]:
    found = http.client.HTTPResponse(connection)
    found.begin()
    return found, found.read()


def closes(connection: socket.socket) -> bool:
    """Whether the collector ends the connection within the socket's timeout."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def drip(connection: socket.socket, text: bytes) -> None:
    """Sends a byte every tenth of a second until the other side has had enough."""
    with contextlib.suppress(OSError):
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)


@pytest.mark.parametrize("sent", [b"", b"POST /v1/traces HT", HEAD[:40]], ids=["none", "line", ""])
def test_a_head_that_does_not_end_is_answered_with_408_and_closed(
    strict: RunningCollector, sent: bytes
) -> None:
    with strict.connect() as slow:
        slow.sendall(sent)
        began = time.monotonic()
        answer, _ = answer_on(slow)
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert 0.9 < time.monotonic() - began < 20
        assert closes(slow)


def test_a_byte_now_and_then_wins_no_time(strict: RunningCollector) -> None:
    for text in (b"POST /v1/traces HTTP/1.1\r\nx: " + b"y" * 400, HEAD % (b"text/plain", 400)):
        with strict.connect() as slow:
            dripping = threading.Thread(target=drip, args=(slow, text + bytes(400)))
            dripping.start()
            assert answer_on(slow)[0].status in (408, 415)
            assert closes(slow)
            dripping.join()


@pytest.mark.parametrize("media", [PROTOBUF, JSON])
def test_a_body_that_does_not_end_is_answered_with_408_in_its_encoding(
    strict: RunningCollector, media: str
) -> None:
    with strict.connect() as slow:
        slow.sendall(HEAD % (media.encode(), 100) + b"abc")
        answer, body = answer_on(slow)
        assert (answer.status, answer.headers["content-type"]) == (408, media)
        status = json_format.Parse(body, Status()) if media == JSON else Status.FromString(body)
        assert status.code == code_pb2.DEADLINE_EXCEEDED and "longer than 1 s" in status.message
        assert closes(slow)


def test_a_refused_body_is_not_waited_for_without_end(strict: RunningCollector) -> None:
    with strict.connect() as slow:
        slow.sendall(HEAD % (b"text/plain", 100) + b"abc")
        assert answer_on(slow)[0].status == 415
        assert closes(slow)


def test_an_idle_connection_is_closed_and_one_in_use_is_not(strict: RunningCollector) -> None:
    body = traces(Span()).SerializeToString()
    with strict.connect() as phone:
        for _ in range(6):
            phone.sendall(HEAD % (PROTOBUF.encode(), len(body)) + body)
            assert answer_on(phone)[0].status == 200
            time.sleep(0.4)
        assert closes(phone)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200_000,
        b"GET / HTTP/1.1\r\na: " + b"b" * 2**20,
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\n"
        b"transfer-encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 200_000,
    ],
    ids=["many", "long", "trailers"],
)
def test_a_head_without_end_is_refused_with_431(strict: RunningCollector, sent: bytes) -> None:
    with strict.connect() as endless:
        with contextlib.suppress(OSError):
            endless.sendall(sent)
        # What was on the way when it closed may take the answer with it.
        with contextlib.suppress(ConnectionResetError):
            assert answer_on(endless)[0].status == 431
        assert closes(endless)
    assert httpx.get(strict.http + "/healthz").status_code == 200


def test_who_waits_longest_makes_room_and_phones_are_answered_all_the_while(
    strict: RunningCollector,
) -> None:
    deadline = time.monotonic() + 60
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(strict.connect()) for _ in range(MOST - 5)]
        for connection in slow:
            connection.sendall(HEAD[:20])
        codes = []
        while strict.gauge("connections") > 10:
            codes.append(strict.post(traces(Span()).SerializeToString()).status_code)
            assert time.monotonic() < deadline
        assert set(codes) == {200}
        assert all(answer_on(connection)[0].status == 408 for connection in slow)


def test_beyond_the_limit_the_newcomer_is_told_when_to_come_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with (
        running_collector(tmp_path_factory.mktemp("home"), max_connections=3) as running,
        contextlib.ExitStack() as stack,
    ):
        first = [stack.enter_context(running.connect()) for _ in range(3)]
        late = stack.enter_context(running.connect())
        late.sendall(HEAD % (PROTOBUF.encode(), 0))
        answer, body = answer_on(late)
        assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1
        assert "connected" in Status.FromString(body).message and closes(late)
        # A second later the first of those that only wait goes instead.
        time.sleep(1.1)
        assert running.post(traces(Span()).SerializeToString()).status_code == 200
        answer, _ = answer_on(first[0])
        assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1
        assert closes(first[0])
        text = httpx.get(running.api + "/metrics").text
        assert 'limen_refusals_total{door="http",reason="crowded"} 1.0' in text
        assert 'limen_refusals_total{door="http",reason="made_room"} 1.0' in text


def test_connections_over_grpc_beyond_the_limit_are_closed_until_one_ends(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_collector(tmp_path_factory.mktemp("home"), max_connections=3) as running:
        host, _, port = running.grpc.rpartition(":")
        with contextlib.ExitStack() as held:
            for _ in range(3):
                kept = held.enter_context(socket.create_connection((host, int(port)), timeout=10))
                # HTTP/2's first frame: the server speaks first, once it has taken the connection.
                assert kept.recv(9)[3] == 4
            with socket.create_connection((host, int(port)), timeout=10) as refused:
                assert closes(refused)
        deadline = time.monotonic() + 20
        with grpc.insecure_channel(running.grpc) as channel:
            export = TraceServiceStub(channel).Export  # type: ignore[no-untyped-call]
            export(traces(Span()), timeout=deadline - time.monotonic(), wait_for_ready=True)
        assert running.spans() == 1
