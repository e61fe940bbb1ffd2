"""Who is answered next: one question at a time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A question is answered while `answering` is held. While a thread has the turn, what it asks
    comes before what others ask: after the question being answered, those who waited before, and
    whom it gives way."""

    def __init__(self, wait_seconds: float) -> None:
        """Others wait at most so long."""
        self.answering = threading.Lock()
        self._wait_seconds = wait_seconds
        self._whose: int | None = None
        self._waiting = self._let_by = 0
        self._changed = threading.Condition()

    @property
    def taken(self) -> bool:
        """Whether a thread has the turn."""
        return self._whose is not None

    @property
    def waiting(self) -> int:
        """How many wait for the turn to end."""
        return self._waiting

    @contextmanager
    def take(self) -> Iterator[None]:
        """This thread has the turn while the block runs; one at a time may have it."""
        self._whose = threading.get_ident()
        try:
            yield
        finally:
            with self._changed:
                self._whose = None
                self._changed.notify_all()

    def give_way(self) -> None:
        """Lets one of those by who wait for this thread's turn to end."""
        with self._changed:
            self._let_by = min(1, self._waiting)
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._let_by)

    def come(self) -> bool:
        """Waits to be answered; whether it is time now, and `answering` held.

        Whose turn it is waits for all who waited before, however long: none of them takes longer
        than a question may.
        """
        if self._whose == threading.get_ident():
            return self.answering.acquire()
        began = time.monotonic()
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: not self.taken or self._let_by, self._wait_seconds)
            self._waiting -= 1
            self._let_by = 0
            self._changed.notify_all()
        left = self._wait_seconds - (time.monotonic() - began)
        return self.answering.acquire(timeout=max(0.0, left))
