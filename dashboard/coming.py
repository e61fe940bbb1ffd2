"""Answers that come one after another: whoever asks the same meanwhile reads along."""

import time
from collections.abc import Iterator
from threading import Condition, Thread

from collector.contract.records import Answer


class Coming:
    """`answers` as they come, taken in a thread of its own: a page that is left stops nobody."""

    def __init__(self, answers: Iterator[Answer]) -> None:
        self._answers = answers
        self._found: list[Answer] = []
        self._ended: float | None = None
        self._error: Exception | None = None
        self._more = Condition()
        Thread(target=self._take, name="limen-answers", daemon=True).start()

    def stands(self, seconds: float) -> bool:
        """Whether it need not be asked anew: the last came at most so long ago, or is to come."""
        with self._more:
            ended, error = self._ended, self._error
        return ended is None or (error is None and time.monotonic() - ended < seconds)

    def has(self, place: int) -> bool:
        """Whether the answer in this place, from 0 on, need not be waited for."""
        return self._ended is not None or place < len(self._found)

    def at(self, place: int) -> Answer:
        """The answer in this place once it is there. Raises what went wrong before it was."""
        with self._more:
            self._more.wait_for(lambda: self.has(place))
            if place < len(self._found):
                return self._found[place]
            assert self._error is not None
            raise self._error

    def _take(self) -> None:
        error = None
        try:
            for answer in self._answers:
                with self._more:
                    self._found.append(answer)
                    self._more.notify_all()
        except Exception as exc:
            error = exc
        finally:
            with self._more:
                self._ended, self._error = time.monotonic(), error
                self._more.notify_all()
