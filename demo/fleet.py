"""The fleet at work: every phone lives its week, is counted, and tells the collector."""

import itertools
import random
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NoReturn, Protocol

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan

from collector.contract.policy_file import read_policy
from demo.app import AppStore
from demo.installations import HISTORY_SECONDS, population
from demo.ledger import Ledger
from demo.network import comes_back
from demo.phone import Shot
from demo.pictures import Pictures
from demo.schedule import Week, installations_for, shares, visit, week
from demo.telemetry import Buffer
from demo.transfers import Sender

POLICY_FILE = Path(__file__).parent / "policy.toml"

_PHONES_PER_BLOCK = 250
_ENDS_BEFORE_NOW = 60.0
_VISITS_UNTIL_BACK = 10
_SECOND = 1_000_000_000


class Uplink(Protocol):
    """Where phones hand over what they have to tell."""

    def send(self, spans: Sequence[ReadableSpan], inputs: Sequence[ReadableLogRecord]) -> None: ...


class Fleet:
    """A seeded fleet: all it does follows from `seed`, but for measured durations and today."""

    def __init__(self, *, seed: int, requests: int, sender: Sender) -> None:
        self.ledger = Ledger(seed)
        self._seed = seed
        self._requests = requests
        self._pictures = Pictures(seed)
        self._store = AppStore(
            policy=read_policy(POLICY_FILE), sender=sender, ledger=self.ledger, seed=seed
        )
        self._phones = population(installations_for(requests), seed)
        self._store.open_models(self._phones)

    def live_through_history(self, uplink: Uplink, progress: Callable[[int], None]) -> None:
        """The last days of every phone; `progress` is told of each few requests made."""
        begin = time.time_ns() - int((HISTORY_SECONDS + _ENDS_BEFORE_NOW) * _SECOND)
        counts = shares(self._phones, self._requests, self._seed)
        for first in range(0, len(self._phones), _PHONES_PER_BLOCK):
            block = [
                week(phone, counts[phone.index], self._seed, len(self._pictures))
                for phone in self._phones[first : first + _PHONES_PER_BLOCK]
            ]
            for one, shots in zip(block, self._shots(first + 1, block), strict=True):
                self._live(one, shots, begin, uplink)
                progress(len(shots))

    def live_on(self, uplink: Uplink, seconds_between: float) -> NoReturn:
        """Requests of today, without end: it is left by an exception (Ctrl-C is one)."""
        rng = random.Random(f"{self._seed}/live")
        waiting: list[Buffer] = []
        number = 0
        while True:
            number += 1
            phone = rng.choice(self._phones)
            one = visit(phone, rng, len(self._pictures))
            (shots,) = self._shots(len(self._phones) + number, [one])
            buffer = Buffer()
            for launch in one.launches:
                with closing(self._store.launch(phone, launch, buffer)) as app:
                    for request, shot in zip(launch.requests, shots, strict=True):
                        time.sleep(seconds_between)
                        app.answer(request, shot, time.time_ns())
            if one.launches[-1].requests[-1].offline:
                waiting.append(buffer)
            else:
                uplink.send(*buffer.take())
            if number % _VISITS_UNTIL_BACK == 0:
                for late in waiting:
                    uplink.send(*late.take())
                waiting.clear()

    def _live(self, one: Week, shots: Sequence[Shot], begin: int, uplink: Uplink) -> None:
        self.ledger.count_installation()
        buffer = Buffer()
        taken = iter(shots)
        last = 0.0
        for launch in one.launches:
            with closing(self._store.launch(one.installation, launch, buffer)) as app:
                for request in launch.requests:
                    if comes_back(one.windows, last, request.at):
                        uplink.send(*buffer.take())
                    app.answer(request, next(taken), begin + int(request.at * _SECOND))
                    last = request.at
        uplink.send(*buffer.take())

    def _shots(self, roll: int, weeks: Sequence[Week]) -> list[list[Shot]]:
        requests = [list(one.requests()) for one in weeks]
        shots = iter(
            self._pictures.shots(
                roll,
                [request.chances.image for some in requests for request in some],
                [
                    one.installation.severity
                    for one, some in zip(weeks, requests, strict=True)
                    for _ in some
                ],
            )
        )
        return [list(itertools.islice(shots, len(some))) for some in requests]
