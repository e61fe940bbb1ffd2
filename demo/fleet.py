"""The fleet at work: every phone lives its week, is counted, and tells the collector."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
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
from demo.samples import Sample, Samples
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

    def send(self, spans: Sequence[ReadableSpan], records: Sequence[ReadableLogRecord]) -> None: ...


class Fleet:
    """A seeded fleet: all it does follows from `seed`, but for measured durations and today."""

    def __init__(
        self, *, seed: int, requests: int, sender: Sender, samples: Mapping[str, Samples]
    ) -> None:
        self.ledger = Ledger(seed)
        self._seed = seed
        self._requests = requests
        self._samples = samples
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
                week(phone, counts[phone.index], self._seed)
                for phone in self._phones[first : first + _PHONES_PER_BLOCK]
            ]
            for one, samples in zip(block, self._inputs(first + 1, block), strict=True):
                self._live(one, samples, begin, uplink)
                progress(len(samples))

    def live_on(self, uplink: Uplink, seconds_between: float) -> NoReturn:
        """Requests of today, without end: it is left by an exception (Ctrl-C is one)."""
        rng = random.Random(f"{self._seed}/live")
        waiting: list[Buffer] = []
        number = 0
        while True:
            number += 1
            phone = rng.choice(self._phones)
            one = visit(phone, rng)
            (samples,) = self._inputs(len(self._phones) + number, [one])
            buffer = Buffer()
            for launch in one.launches:
                with closing(self._store.launch(phone, launch, buffer)) as app:
                    for request, sample in zip(launch.requests, samples, strict=True):
                        time.sleep(seconds_between)
                        app.answer(request, sample, time.time_ns())
            if one.launches[-1].requests[-1].offline:
                waiting.append(buffer)
            else:
                uplink.send(*buffer.take())
            if number % _VISITS_UNTIL_BACK == 0:
                for late in waiting:
                    uplink.send(*late.take())
                waiting.clear()

    def _live(self, one: Week, samples: Sequence[Sample], begin: int, uplink: Uplink) -> None:
        self.ledger.count_installation()
        buffer = Buffer()
        taken = iter(samples)
        last = 0.0
        for launch in one.launches:
            with closing(self._store.launch(one.installation, launch, buffer)) as app:
                if launch is one.launches[0]:
                    app.tell_consents(begin)
                for request in launch.requests:
                    if comes_back(one.windows, last, request.at):
                        uplink.send(*buffer.take())
                    app.answer(request, next(taken), begin + int(request.at * _SECOND))
                    last = request.at
        uplink.send(*buffer.take())

    def _inputs(self, roll: int, weeks: Sequence[Week]) -> list[list[Sample]]:
        """The input of every request, week by week, each as its phone sees it."""
        planned = [(one.installation, request) for one in weeks for request in one.requests()]
        found: dict[int, Sample] = {}
        for name, samples in self._samples.items():
            own = [at for at, (_, request) in enumerate(planned) if request.chances.feature == name]
            numbers = [planned[at][1].chances.sample for at in own]
            severities = [planned[at][0].severity for at in own]
            found |= zip(own, samples.take(roll, numbers, severities), strict=True)
        ordered = iter(range(len(planned)))
        return [[found[next(ordered)] for _ in one.requests()] for one in weeks]
