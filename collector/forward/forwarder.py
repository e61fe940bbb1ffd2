"""Passes stored spans on, at least once, beside everything else.

A span is passed on when the backend has answered for it; the place is then saved, at most once a
second. For each try the spans are read again: what was erased or has expired meanwhile is not sent.
"""

import asyncio
import logging
import random
import threading
import time
import traceback
from contextlib import suppress
from typing import Self

import pyarrow.compute as pc

from collector.contract.errors import Overloaded
from collector.forward.backend import Backend, Later, Refused, Taken
from collector.forward.encode import encode
from collector.self_telemetry.health import Health
from collector.store.backlog import Backlog

# At most in one request; fewer while the backend finds that too large.
SPANS = 2000
LOOK_SECONDS = 1.0
SAVE_SECONDS = 1.0
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300.0
# A backend may ask for a longer wait, up to this.
LONGEST_ASKED_SECONDS = 3600.0
# How often trouble that lasts is said, and trouble that comes and goes.
SAY_AGAIN_SECONDS = 3600.0
SAY_ANEW_SECONDS = 60.0

_log = logging.getLogger("limen")


class Forwarder:
    """Runs in a thread of its own while its context is open."""

    def __init__(self, backlog: Backlog, health: Health, backend: Backend) -> None:
        self._backlog, self._health, self._backend = backlog, health, backend
        self._most = SPANS
        self._oldest: int | None = None
        self._failures = self._refused = 0
        self._reason = ""
        self._in_trouble = False
        self._trouble_said = self._refused_said = self._saved = float("-inf")
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._forward())
        self._thread = threading.Thread(target=self._run, name="limen-forward")
        health.watch(forward_waiting_seconds=self.waiting_seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        self._loop.close()

    def waiting_seconds(self) -> float:
        """How long ago the oldest span was received that waits; 0 where none does."""
        return 0.0 if self._oldest is None else max(0.0, time.time() - self._oldest / 1e9)

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)

    async def _forward(self) -> None:
        async with self._backend:
            try:
                while True:
                    await asyncio.sleep(await self._step())
            finally:
                with suppress(Overloaded):
                    self._backlog.save()

    async def _step(self) -> float:
        """One try. The seconds until the next."""
        try:
            return await self._try()
        except Overloaded as exc:
            return self._wait(Later(f"was not asked, {exc}"))
        except Exception as exc:
            # A message could hold a value.
            place = traceback.extract_tb(exc.__traceback__)[-1]
            where = (type(exc).__name__, place.filename, place.lineno)
            return self._wait(Later("was not asked: {} at {}:{}".format(*where)))

    async def _try(self) -> float:
        self._say_refused()
        began = time.perf_counter()
        spans = self._backlog.next(self._most)
        if spans is None:
            self._oldest = None
            self._backlog.save()
            return LOOK_SECONDS
        self._oldest = pc.min(spans.column("received_time")).as_py()
        count, body = spans.num_rows, encode(spans)
        worked = time.perf_counter() - began
        answer = await self._backend.send(body)
        if isinstance(answer, Later):
            return self._wait(answer)
        if isinstance(answer, Refused) and answer.too_large and count > 1:
            self._most = count // 2
            return 0.0
        full = count >= self._most
        self._pass(count, answer)
        # What comes in goes first: it rests as long as it worked.
        return worked if full else LOOK_SECONDS

    def _pass(self, count: int, answer: Taken | Refused) -> None:
        if self._in_trouble:
            _log.warning("forwarding: %s takes spans again", self._backend.name)
            self._in_trouble = False
        self._failures = 0
        refused = answer.rejected if isinstance(answer, Taken) else count
        if refused:
            self._refused, self._reason = self._refused + refused, answer.reason
            self._say_refused()
        self._health.forwarded(delivered=count - refused, refused=refused)
        self._most = min(SPANS, self._most + SPANS // 100)
        self._backlog.passed()
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self._backlog.save()
            self._saved = time.monotonic()

    def _say_refused(self) -> None:
        if self._refused and time.monotonic() - self._refused_said > SAY_ANEW_SECONDS:
            _log.warning(
                "forwarding: %s will not take %d spans, it %s; they are not sent again",
                self._backend.name,
                self._refused,
                self._reason,
            )
            self._refused, self._refused_said = 0, time.monotonic()

    def _wait(self, later: Later) -> float:
        quiet = SAY_AGAIN_SECONDS if self._in_trouble else SAY_ANEW_SECONDS
        if time.monotonic() - self._trouble_said > quiet:
            remedy = f"; {later.remedy}" if later.remedy else ""
            _log.warning(
                "forwarding: %s %s: spans wait and are sent again%s",
                self._backend.name,
                later.reason,
                remedy,
            )
            self._in_trouble, self._trouble_said = True, time.monotonic()
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(self._failures, 20))
        self._failures += 1
        asked = min(later.seconds or 0.0, LONGEST_ASKED_SECONDS)
        return max(asked, wait * random.uniform(0.8, 1.2))
