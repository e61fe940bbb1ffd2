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

from collector.contract.errors import Crowded
from collector.server.calls import MOST_CALLS, MOST_SLOW, Calls
from tests.otlp import Span, traces
from tests.processes import RunningCollector, running_collector

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def endless(until: threading.Event) -> Iterator[bytes]:
    """A call that begins and sends no message."""
    until.wait(60)
    yield from ()


@contextlib.contextmanager
def hanging(collector: RunningCollector, number: int) -> Iterator[list[grpc.Future]]:
    until = threading.Event()
    own = [("grpc.use_local_subchannel_pool", 1)]
    with contextlib.ExitStack() as stack:
        channels = [
            stack.enter_context(grpc.insecure_channel(collector.grpc, own))
            for _ in range(number // 50 + 1)
        ]
        stack.callback(until.set)
        yield [
            channels[at % len(channels)].stream_unary(EXPORT).future(endless(until))
            for at in range(number)
        ]


def send(channel: grpc.Channel) -> float:
    """The seconds until a small batch was answered."""
    began = time.monotonic()
    assert channel.unary_unary(EXPORT)(traces(Span()).SerializeToString(), timeout=30) == b""
    return time.monotonic() - began


def test_a_message_that_does_not_arrive_in_time_ends_its_call(tmp_path: Path) -> None:
    with running_collector(tmp_path, body_seconds=1.5) as running:
        with hanging(running, 3) as calls, grpc.insecure_channel(running.grpc) as channel:
            began = time.monotonic()
            for call in calls:
                assert call.exception(timeout=20).code() is grpc.StatusCode.CANCELLED
            assert time.monotonic() - began > 1
            send(channel)
        text = httpx.get(running.api + "/metrics").text
        assert 'limen_refusals_total{door="grpc",reason="slow_message"} 3.0' in text


def test_many_slow_senders_do_not_keep_the_workers_from_others(tmp_path: Path) -> None:
    slow = 200
    with running_collector(tmp_path) as running:
        with hanging(running, slow) as calls, grpc.insecure_channel(running.grpc) as channel:
            assert send(channel) < 20
            deadline = time.monotonic() + 20
            while sum(call.done() for call in calls) < slow - MOST_SLOW:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            # These have their time, and others are not behind them.
            assert sum(not call.done() for call in calls) == MOST_SLOW
            for _ in range(5):
                send(channel)
        assert running.stop() == 0


def test_a_call_without_a_message_is_invalid(collector: RunningCollector) -> None:
    with grpc.insecure_channel(collector.grpc) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.stream_unary(EXPORT)(iter(()), timeout=30)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_beyond_the_number_of_calls_one_is_told_when_to_come_back(tmp_path: Path) -> None:
    with running_collector(tmp_path) as running:
        with hanging(running, MOST_CALLS + 50) as calls:
            deadline = time.monotonic() + 20
            refused: list[grpc.RpcError] = []
            while not refused:
                assert time.monotonic() < deadline
                refused = [
                    error
                    for call in calls
                    if call.done()
                    and (error := call.exception()).code() is grpc.StatusCode.UNAVAILABLE
                ]
                time.sleep(0.05)
            trailers = dict(refused[0].trailing_metadata())
            wait = RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"])
            assert wait.retry_delay.seconds >= 1


def test_calls_are_counted() -> None:
    calls = Calls(lambda _: None, seconds=1)
    for _ in range(MOST_CALLS):
        calls.begin()
    with pytest.raises(Crowded):
        calls.begin()
    calls.end()
    calls.begin()
