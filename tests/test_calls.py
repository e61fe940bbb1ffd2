"""Calls over gRPC whose messages do not arrive: ended, and nobody else hurt."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo

from collector.contract.config import Address
from collector.contract.errors import Crowded
from collector.server.calls import MOST_CALLS, MOST_SLOW, MOST_SLOW_IN_MEMORY, WORKERS, Calls
from collector.server.ingest_grpc import GrpcDoor
from tests.otlp import Span, traces
from tests.processes import RunningCollector, running_collector
from tests.store import LIMITS, Store

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def endless(until: threading.Event) -> Iterator[bytes]:
    """A call that begins and sends no message."""
    until.wait(60)
    yield from ()


@contextlib.contextmanager
def hanging(address: str, number: int) -> Iterator[list[grpc.Future]]:
    until = threading.Event()
    own = [("grpc.use_local_subchannel_pool", 1)]
    with contextlib.ExitStack() as stack:
        channels = [
            stack.enter_context(grpc.insecure_channel(address, own))
            for _ in range(number // 50 + 1)
        ]
        stack.callback(until.set)
        # Held here too: a call that nobody holds is cancelled.
        calls = [
            channels[at % len(channels)].stream_unary(EXPORT).future(endless(until))
            for at in range(number)
        ]
        yield calls


@contextlib.contextmanager
def own_door(store: Store) -> Iterator[str]:
    """The address of a door in this process."""
    free = Address(host="127.0.0.1", port=0)
    with GrpcDoor(
        store.pipeline, store.health, store.guard, free, admission=store.admission, limits=LIMITS
    ) as door:
        yield str(door.address)


def send(channel: grpc.Channel) -> float:
    """The seconds until a small batch was answered."""
    began = time.monotonic()
    assert channel.unary_unary(EXPORT)(traces(Span()).SerializeToString(), timeout=30) == b""
    return time.monotonic() - began


def test_a_message_that_does_not_arrive_in_time_ends_its_call(tmp_path: Path) -> None:
    with running_collector(tmp_path, body_seconds=1.5) as running:
        with hanging(running.grpc, 3) as calls, grpc.insecure_channel(running.grpc) as channel:
            began = time.monotonic()
            for call in calls:
                assert call.exception(timeout=20).code() is grpc.StatusCode.CANCELLED
            assert time.monotonic() - began > 1
            send(channel)
        text = httpx.get(running.api + "/metrics").text
        assert 'limen_refusals_total{door="grpc",reason="slow_message"} 3.0' in text


def test_many_slow_senders_do_not_keep_the_workers_from_others(tmp_path: Path) -> None:
    slow = WORKERS + 44
    with running_collector(tmp_path) as running:
        with hanging(running.grpc, slow) as calls, grpc.insecure_channel(running.grpc) as channel:
            assert send(channel) < 20
            deadline = time.monotonic() + 20
            while sum(not call.done() for call in calls) >= WORKERS:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            # These have their time, and others are not behind them.
            for _ in range(5):
                send(channel)
            assert sum(not call.done() for call in calls) >= MOST_SLOW
        assert running.stop() == 0


def test_where_memory_runs_short_only_few_slow_senders_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = -store.admission.max_in_flight_bytes
    monkeypatch.setattr("collector.server.calls.RESIDENT_BYTES", short)
    with own_door(store) as address, hanging(address, 40) as calls:
        deadline = time.monotonic() + 20
        while sum(not call.done() for call in calls) > MOST_SLOW_IN_MEMORY:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for _ in range(10):
            time.sleep(0.05)
            assert sum(not call.done() for call in calls) == MOST_SLOW_IN_MEMORY


def test_a_call_without_a_message_is_invalid(collector: RunningCollector) -> None:
    with grpc.insecure_channel(collector.grpc) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.stream_unary(EXPORT)(iter(()), timeout=30)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_beyond_the_number_of_calls_one_is_told_when_to_come_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.server.calls.MOST_CALLS", 5)
    with own_door(store) as address, grpc.insecure_channel(address) as channel:
        with hanging(address, 8):
            deadline = time.monotonic() + 20
            refused = None
            while refused is None:
                assert time.monotonic() < deadline
                try:
                    send(channel)
                except grpc.RpcError as error:
                    refused = error
            assert refused.code() is grpc.StatusCode.UNAVAILABLE
            wait = dict(refused.trailing_metadata())["google.rpc.retryinfo-bin"]
            assert RetryInfo.FromString(wait).retry_delay.seconds >= 1
        while True:
            assert time.monotonic() < deadline
            with contextlib.suppress(grpc.RpcError):
                send(channel)
                break


def test_calls_are_counted() -> None:
    calls = Calls(lambda _: None, seconds=1, in_flight=0)
    for _ in range(MOST_CALLS):
        calls.begin()
    with pytest.raises(Crowded):
        calls.begin()
    calls.end()
    calls.begin()
