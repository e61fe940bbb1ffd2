"""Who is answered next: one question at a time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A question is answered while `answering` is held. While a thread has the turn, what it asks
    comes before what others ask: after the question being answered, and those who waited before."""

    def __init__(self, wait_seconds: float) -> None:
        """Others wait at most so long."""
        self.answering = threading.Lock()
        self._wait_seconds = wait_seconds
        self._whose: int | None = None
        self._nobodys = threading.Event()
        self._nobodys.set()

    @property
    def taken(self) -> bool:
        """Whether a thread has the turn."""
        return not self._nobodys.is_set()

    @contextmanager
    def take(self) -> Iterator[None]:
        """This thread has the turn while the block runs; one at a time may have it."""
        self._whose = threading.get_ident()
        self._nobodys.clear()
        try:
            yield
        finally:
            self._whose = None
            self._nobodys.set()

    def come(self) -> bool:
        """Waits to be answered; whether it is time now, and `answering` held.

        Whose turn it is waits for all who waited before, however long: none of them takes longer
        than a question may.
        """
        if self._whose == threading.get_ident():
            return self.answering.acquire()
        began = time.monotonic()
        self._nobodys.wait(self._wait_seconds)
        left = self._wait_seconds - (time.monotonic() - began)
        return self.answering.acquire(timeout=max(0.0, left))
