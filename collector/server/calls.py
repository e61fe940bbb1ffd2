"""Calls of the gRPC door: how many at once, and how long their messages may take to arrive.

gRPC says nothing of a message before it is whole, so neither its bytes can be counted as they come
nor its worker be lent to somebody else. Where workers or memory run short, the senders that take
longest are ended.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import grpc

from collector.contract.errors import BadInput, Crowded

# Each waits for its message, then for its commit; a group answers all that wait together.
WORKERS = 256
MOST_CALLS = 1024
# A message that takes longer is slow. So many may be where workers, and where memory runs short.
SLOW_SECONDS = 0.5
MOST_SLOW = WORKERS // 2
MOST_SLOW_IN_MEMORY = 16
# What the collector needs at full load, beside the bytes in flight.
RESIDENT_BYTES = 768 * 2**20

_SWEEP_SECONDS = 0.25
_STATM = Path("/proc/self/statm")


class Calls:
    """Watches over them in a thread of its own while its context is open.

    A message may take `seconds`; memory is short beyond `in_flight` bytes and the constant above.
    `refused` is called with the reason when a call is ended.
    """

    def __init__(self, refused: Callable[[str], None], *, seconds: float, in_flight: int) -> None:
        self._refused, self._seconds, self._in_flight = refused, seconds, in_flight
        self._counting = threading.Lock()
        self._count = 0
        # When each message that arrives was first waited for, longest first.
        self._arriving: dict[grpc.ServicerContext, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="limen-grpc-calls")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def begin(self) -> None:
        """One more. Raises Crowded where there are too many."""
        with self._counting:
            if self._count >= MOST_CALLS:
                raise Crowded
            self._count += 1

    def end(self) -> None:
        """One less."""
        with self._counting:
            self._count -= 1

    def receive(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        """The message of a call. Raises BadInput where there is none, gRPC's error once ended."""
        self._arriving[context] = time.monotonic()
        try:
            message = next(requests, None)
        finally:
            del self._arriving[context]
        if message is None:
            raise BadInput("the call ended without a message")
        return message

    def _watch(self) -> None:
        while not self._stop.wait(_SWEEP_SECONDS):
            now = time.monotonic()
            waited = [(context, now - since) for context, since in list(self._arriving.items())]
            slow = [(context, took) for context, took in waited if took > SLOW_SECONDS]
            too_many = len(slow) - self._most_slow() if len(slow) > MOST_SLOW_IN_MEMORY else 0
            for at, (context, took) in enumerate(slow):
                if took > self._seconds or at < too_many:
                    self._refused("slow_message")
                    context.cancel()

    def _most_slow(self) -> int:
        if _resident() > RESIDENT_BYTES + self._in_flight:
            return MOST_SLOW_IN_MEMORY
        return MOST_SLOW if self._count >= WORKERS else MOST_CALLS


def _resident() -> int:
    """The memory of this process in bytes; 0 where the system does not say."""
    try:
        return int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        return 0
