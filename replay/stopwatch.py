"""Where the time of a replay went."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from collector.contract.records import Spent


class Stopwatch:
    """Adds up the seconds of blocks by what they do, a field of `Spent`."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(Spent.model_fields, 0.0)

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[part] += time.perf_counter() - began

    def spent(self) -> Spent:
        """The seconds so far."""
        return Spent(**self._seconds)
