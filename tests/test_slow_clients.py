"""500 slow connections beside phones that send as ever: what the phones notice, in figures."""

import contextlib
import http.client
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.otlp import request_span, traces
from tests.processes import PROTOBUF, RunningCollector, running_collector

SLOW = 500
EVERY_SECONDS = 4.0
ATTACK_SECONDS = 40.0
PHONES = 8

pytestmark = pytest.mark.soak

HEAD = b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\n"


def in_the_head(connection: socket.socket, turn: int) -> None:
    connection.sendall(HEAD if turn == 0 else b"x")


def in_the_body(connection: socket.socket, turn: int) -> None:
    connection.sendall(HEAD + b"content-length: 1000000\r\n\r\n" if turn == 0 else b"x")


def half_open(connection: socket.socket, turn: int) -> None:
    if turn == 0:
        connection.sendall(HEAD + b"content-length: 10\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)


def attack(collector: RunningCollector, act: Callable[[socket.socket, int], None]) -> int:
    """Keeps `SLOW` connections slow, each replaced when it is ended; how many were."""
    slow: dict[socket.socket, int] = {}
    ended = 0
    deadline = time.monotonic() + ATTACK_SECONDS
    while (began := time.monotonic()) < deadline:
        for connection, turn in list(slow.items()):
            try:
                act(connection, turn)
                slow[connection] = turn + 1
                if heard(connection):
                    raise ConnectionResetError
            except OSError:
                connection.close()
                del slow[connection]
                ended += 1
        while len(slow) < SLOW:
            slow[collector.connect()] = 0
        time.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - began)))
    for connection in slow:
        connection.close()
    return ended


def heard(connection: socket.socket) -> bool:
    """Whether the collector has answered or closed."""
    connection.settimeout(0)
    try:
        connection.recv(4096)
        return True
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(60)


def phone(collector: RunningCollector, until: threading.Event, took: list[float]) -> None:
    client = http.client.HTTPConnection(urlsplit(collector.http).netloc, timeout=60)
    while not until.is_set():
        body = traces(*(request_span() for _ in range(8))).SerializeToString()
        began = time.perf_counter()
        client.request("POST", "/v1/traces", body, {"content-type": PROTOBUF})
        answer = client.getresponse()
        answer.read()
        took.append(time.perf_counter() - began)
        assert answer.status == 200
        time.sleep(0.05)
    client.close()


def say(line: str) -> None:
    sys.stdout.write(f"\n{line}")


@contextlib.contextmanager
def phones(collector: RunningCollector) -> Iterator[list[float]]:
    """Eight phones that send while the block runs, and how long each answer took (s)."""
    until, took = threading.Event(), list[float]()
    threads = [threading.Thread(target=phone, args=(collector, until, took)) for _ in range(PHONES)]
    for thread in threads:
        thread.start()
    yield took
    until.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("act", [in_the_head, in_the_body, half_open], ids=lambda act: act.__name__)
@pytest.mark.parametrize("most", [2048, 256], ids=["room for all", "too many"])
def test_phones_are_answered_while_others_are_slow(
    tmp_path: Path, act: Callable[[socket.socket, int], None], most: int
) -> None:
    with running_collector(tmp_path, max_connections=most) as running:
        with phones(running) as calm:
            time.sleep(10)
        with phones(running) as attacked:
            ended = attack(running, act)
        rows = [("calm", calm), (f"{SLOW} slow", attacked)]
        for name, took in rows:
            p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
            say(f"{name}: {len(took)} answers, p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")
        say(f"{ended} slow connections were ended")
        assert ended > 0
        assert statistics.quantiles(attacked, n=100)[98] < 2
        running.stop()
