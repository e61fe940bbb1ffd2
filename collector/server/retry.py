"""When a refused client should try again: spread, and more widely the longer it goes on.

Official exporters drop a batch at once when they are told to wait longer than what is left of their
own time: 10 s in Python and JavaScript, a minute in Go. So the window begins well below, and ends
where some of the drawn times still are.
"""

import random
import time
from collections.abc import Callable

NARROWEST_SECONDS = 4
WIDEST_SECONDS = 32
# After so long without a refusal the next one is the first again.
CALM_SECONDS = 10


class Spread:
    """Draws between 1 s and as long as refusals have gone on, within the bounds above."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first = self._last = float("-inf")

    def seconds(self) -> int:
        """The seconds that a client which is refused now is told."""
        now = self._clock()
        if now - self._last > CALM_SECONDS:
            self._first = now
        self._last = now
        window = int(now - self._first)
        return random.randint(1, min(max(window, NARROWEST_SECONDS), WIDEST_SECONDS))
