"""Calls of the gRPC door: how many at once, and how long their messages may take to arrive.

gRPC says nothing of a message before it is whole, so neither its bytes can be counted as they come
nor a worker be lent to somebody else: the senders that take longest are ended instead.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

import grpc

from collector.contract.errors import BadInput, Crowded

MOST_CALLS = 1024
# Of the calls whose message has not come within a second this many may go on.
MOST_SLOW = 32
SLOW_SECONDS = 1.0

_SWEEP_SECONDS = 0.25


class Calls:
    """Watches over them in a thread of its own while its context is open.

    A message may take `seconds`. `refused` is called with the reason when a call is ended.
    """

    def __init__(self, refused: Callable[[str], None], *, seconds: float) -> None:
        self._refused, self._seconds = refused, seconds
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
            slow = [
                (context, since)
                for context, since in list(self._arriving.items())
                if now - since > SLOW_SECONDS
            ]
            for at, (context, since) in enumerate(slow):
                if now - since > self._seconds or len(slow) - at > MOST_SLOW:
                    self._refused("slow_message")
                    context.cancel()
