"""Who waits for an answer, and may hang up before it is there."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from collector.contract.errors import HungUp

# An interrupt that comes before the work has begun is lost: it is said until the work ends.
AGAIN_SECONDS = 0.1


class Asker:
    """One who waits; what is done for them is interrupted once they are gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], None]] = []
        self.gone = False

    def hang_up(self) -> None:
        """Goes away. To be called again until the work has ended: it may just be beginning."""
        with self._lock:
            self.gone = True
            for interrupt in self._interrupts:
                interrupt()

    @contextmanager
    def waiting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Around what `interrupt` would end. Raises HungUp where nobody waits any more."""
        with self._lock:
            if self.gone:
                raise HungUp
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)


ASKER: ContextVar[Asker] = ContextVar("asker")
_NOBODY = Asker()


def asker() -> Asker:
    """The ASKER of the request that is answered here; elsewhere somebody who never hangs up."""
    return ASKER.get(_NOBODY)
