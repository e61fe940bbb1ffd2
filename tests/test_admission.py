"""The budget of bytes in flight: counted as they arrive, given back with the answer."""

import gzip
import http.client
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from google.protobuf import json_format
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from collector.contract.errors import Overloaded
from collector.intake.admission import Admission
from collector.intake.free_space import FreeSpace
from tests.otlp import Span, traces
from tests.processes import JSON, PROTOBUF, RunningCollector, running_collector
from tests.store import Store

MIB = 2**20
BODY = 8 * MIB
BUDGET = 2 * BODY


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    with running_collector(
        tmp_path_factory.mktemp("home"), max_body_bytes=BODY, max_in_flight_bytes=BUDGET
    ) as running:
        yield running


def large_body() -> bytes:
    """Almost as large as is taken, and one span."""
    made: bytes = traces(Span(attributes={"not.kept": "x" * (BODY - 4096)})).SerializeToString()
    return made


def resident(collector: RunningCollector) -> int:
    """The most memory the collector had so far, in bytes."""
    status = Path(f"/proc/{collector.process.pid}/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def test_what_is_held_is_counted_and_given_back(store: Store) -> None:
    admission = Admission(store.health, FreeSpace(store.home, 0), max_in_flight_bytes=100)
    with admission.hold() as one, admission.hold() as other:
        one.take(60)
        with pytest.raises(Overloaded):
            other.take(41)
        with pytest.raises(Overloaded):
            other.expect(41)
        other.take(40)
        one.give_back(30)
        assert admission.held == 70
    assert admission.held == 0


def test_once_it_stops_nothing_is_admitted_and_it_says_so(store: Store) -> None:
    store.admission.admit()
    assert store.admission.obstacle() is None
    store.admission.stop()
    with pytest.raises(Overloaded, match="stopping"):
        store.admission.admit()
    assert "stopping" in str(store.admission.obstacle())


def test_the_last_eighth_is_for_small_requests(store: Store) -> None:
    admission = Admission(store.health, FreeSpace(store.home, 0), max_in_flight_bytes=16 * MIB)
    with admission.hold() as large, admission.hold() as small:
        large.take(14 * MIB)
        with pytest.raises(Overloaded):
            large.take(1)
        small.take(MIB)
        with pytest.raises(Overloaded):
            small.take(1)


def head(media: str, length: int) -> bytes:
    return (
        f"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: {media}\r\n"
        f"content-length: {length}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("media", [PROTOBUF, JSON])
def test_a_declared_body_that_does_not_fit_is_refused_before_it_is_sent(
    tight: RunningCollector, media: str
) -> None:
    # Half of the budget is held by a body that does not end.
    with tight.connect() as holding:
        holding.sendall(head(PROTOBUF, BODY) + bytes(BODY - 1))
        deadline = time.monotonic() + 20
        while tight.gauge("in_flight_bytes") < BODY - 1:
            assert time.monotonic() < deadline
        with tight.connect() as late:
            late.sendall(head(media, BODY))
            answer = http.client.HTTPResponse(late)
            answer.begin()
            said = answer.read()
        assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-type"] == media
        status = json_format.Parse(said, Status()) if media == JSON else Status.FromString(said)
        assert status.code == code_pb2.UNAVAILABLE and "in flight" in status.message
        # A phone's small batch is taken in the meantime.
        assert tight.post(traces(Span()).SerializeToString()).status_code == 200
    while tight.gauge("in_flight_bytes"):
        assert time.monotonic() < deadline


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("zipped", [False, True])
def test_many_large_bodies_at_once_cost_bounded_memory_and_arrive_in_the_end(
    tight: RunningCollector, zipped: bool
) -> None:
    body = large_body()
    encoding = "gzip" if zipped else "identity"
    assert tight.post(gzip.compress(body, 1) if zipped else body, content_encoding=encoding)
    before, stored = resident(tight), tight.spans()
    bodies = [large_body() for _ in range(16)]
    sent = [gzip.compress(body, 1) for body in bodies] if zipped else bodies
    refused: list[httpx.Response] = []
    done = threading.Event()

    def send(body: bytes) -> None:
        while (answer := tight.post(body, content_encoding=encoding)).status_code == 503:
            refused.append(answer)
            time.sleep(0.05)
        assert answer.status_code == 200

    def small() -> None:
        while not done.is_set():
            codes.append(tight.post(traces(Span()).SerializeToString()).status_code)
            time.sleep(0.05)

    codes: list[int] = []
    threads = [threading.Thread(target=send, args=(body,)) for body in sent]
    phone = threading.Thread(target=small)
    for thread in [phone, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    phone.join()
    assert tight.spans() == stored + len(bodies) + len(codes)
    assert set(codes) == {200}
    assert refused and all(1 <= int(answer.headers["retry-after"]) <= 32 for answer in refused)
    # They are 128 MiB: held at once they would show, whatever an allocator keeps for later.
    assert resident(tight) - before < 5 * BUDGET
