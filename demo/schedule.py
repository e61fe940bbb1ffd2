"""What every phone will do in its week: launches, requests, and what goes wrong with them."""

import math
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from demo.features import FEATURES
from demo.installations import HISTORY_SECONDS, Installation
from demo.network import Window, connection, offline_windows
from demo.releases import NEW_RELEASE

AUDIT_PROBABILITY = 0.05

# A request span, two attempts at the cloud, and a thumbnail or the chat that the attempts are of.
_SPANS_PER_REQUEST = 4
_REQUESTS_PER_LAUNCH = (4, 8)
_REQUESTS_PER_VISIT = (1, 4)
_SECONDS_PER_REQUEST = 2_700.0
_VISIT_OFFLINE = 0.12
_THUMBNAIL = 0.10
_LOST = 0.02
_TRANSFERS_LOST_TOO = 0.5
_ERROR = 0.002
_MODEL_UNAVAILABLE = 0.003

_NAMES = tuple(FEATURES)
_SHARES = tuple(feature.share for feature in FEATURES.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Chances:
    """What chance decides about one request before it happens.

    `sample` is the number of its input; `fault` is `error`, `model_unavailable` or None; `lost`
    means that its span never leaves the phone, `transfers_lost` that those of its transfers do not
    either.
    """

    feature: str
    sample: int
    audit: bool
    thumbnail: bool
    fault: str | None
    lost: bool
    transfers_lost: bool
    trace_id: int
    span_ids: tuple[int, ...]

    @classmethod
    def draw(cls, rng: random.Random, release: str) -> "Chances":
        """One draw of everything, always in the same order."""
        feature = rng.choices(_NAMES, _SHARES)[0]
        seen = FEATURES[feature].picture is not None
        return cls(
            feature=feature,
            sample=rng.getrandbits(32),
            audit=rng.random() < AUDIT_PROBABILITY,
            thumbnail=rng.random() < _THUMBNAIL and release == NEW_RELEASE and seen,
            fault=_fault(rng.random(), FEATURES[feature].placement),
            lost=rng.random() < _LOST,
            transfers_lost=rng.random() < _TRANSFERS_LOST_TOO,
            trace_id=_random_id(rng, 128),
            span_ids=tuple(_random_id(rng, 64) for _ in range(_SPANS_PER_REQUEST)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRequest:
    """One request to come, `at` seconds into the history; `sequence` counts within its launch."""

    at: float
    sequence: int
    network: str
    chances: Chances

    @property
    def offline(self) -> bool:
        return self.network == "unavailable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """One life of the app's process, of one release."""

    id: str
    session: str
    release: str
    requests: tuple[PlannedRequest, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """The history of one installation."""

    installation: Installation
    windows: tuple[Window, ...]
    launches: tuple[Launch, ...]

    def requests(self) -> Iterator[PlannedRequest]:
        """All requests in order."""
        for launch in self.launches:
            yield from launch.requests


def installations_for(requests: int) -> int:
    """How many phones make that many requests: 2,000 or as many as there are, more for many."""
    return max(min(2_000, requests), requests // 6)


def shares(phones: Sequence[Installation], requests: int, seed: int) -> list[int]:
    """Requests per phone: at least one each, the others by activity; they add up."""
    weights = np.array([phone.activity for phone in phones])
    rng = np.random.default_rng([seed, 0])
    more = rng.multinomial(requests - len(phones), weights / weights.sum())
    return [1 + int(count) for count in more]


def week(phone: Installation, requests: int, seed: int) -> Week:
    """The week of one phone."""
    rng = random.Random(f"{seed}/week/{phone.index}")
    windows = offline_windows(rng)
    sizes = list(_launch_sizes(rng, requests))
    room = HISTORY_SECONDS / len(sizes)
    launches = []
    for number, size in enumerate(sizes):
        length = min(0.9 * room, (size - 1) * _SECONDS_PER_REQUEST)
        start = number * room + rng.uniform(0.0, room - length)
        times = [start, *sorted(start + length * rng.random() for _ in range(size - 1))]
        launches.append(_launch(rng, phone, windows, times))
    return Week(installation=phone, windows=windows, launches=tuple(launches))


def visit(phone: Installation, rng: random.Random) -> Week:
    """A single launch of a phone after its week, offline as a whole or not at all."""
    away = rng.random() < _VISIT_OFFLINE
    windows = (Window(start=HISTORY_SECONDS, end=math.inf),) if away else ()
    times = [HISTORY_SECONDS] * rng.randint(*_REQUESTS_PER_VISIT)
    launch = _launch(rng, phone, windows, times)
    return Week(installation=phone, windows=windows, launches=(launch,))


def _launch(
    rng: random.Random,
    phone: Installation,
    windows: tuple[Window, ...],
    times: Sequence[float],
) -> Launch:
    # An upgrade takes hold when the app next starts.
    release = phone.release(times[0])
    return Launch(
        id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        session=f"{rng.getrandbits(64):016x}",
        release=release,
        requests=tuple(
            PlannedRequest(
                at=at,
                sequence=sequence,
                network=connection(rng, windows, at),
                chances=Chances.draw(rng, release),
            )
            for sequence, at in enumerate(times)
        ),
    )


def _launch_sizes(rng: random.Random, requests: int) -> Iterator[int]:
    while requests > 0:
        size = min(requests, rng.randint(*_REQUESTS_PER_LAUNCH))
        yield size
        requests -= size


def _fault(draw: float, placement: str) -> str | None:
    if draw < _ERROR:
        return "error"
    missing = placement == "hybrid" and draw < _ERROR + _MODEL_UNAVAILABLE
    return "model_unavailable" if missing else None


def _random_id(rng: random.Random, bits: int) -> int:
    """Not zero, and never of decimal digits alone: the door would take it for a number."""
    return rng.getrandbits(bits) | 0xA << bits - 4
