"""When a phone has a network: the windows in which it has none, and wifi or cell otherwise."""

import random
from dataclasses import dataclass

from demo.installations import HISTORY_SECONDS

_EVER_OFFLINE = 0.60
_LONG = 0.35
_WIFI = 0.65


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A time without network, in seconds into the history; `end` is the moment it comes back."""

    start: float
    end: float


def offline_windows(rng: random.Random) -> tuple[Window, ...]:
    """The windows of one phone in order: hours or days for most, none for the others.

    All of them end before the history does, so that every phone comes back.
    """
    if rng.random() >= _EVER_OFFLINE:
        return ()
    windows = []
    slots = rng.choice((1, 2))
    room = HISTORY_SECONDS / slots
    for slot in range(slots):
        hours = rng.uniform(24, 72) if rng.random() < _LONG else rng.uniform(5, 24)
        length = min(hours * 3600.0, 0.9 * room)
        start = slot * room + rng.uniform(0.0, room - length)
        windows.append(Window(start=start, end=start + length))
    return tuple(windows)


def connection(rng: random.Random, windows: tuple[Window, ...], at: float) -> str:
    """`network.connection.type` at `at` seconds into the history."""
    offline = any(window.start <= at < window.end for window in windows)
    online = "wifi" if rng.random() < _WIFI else "cell"
    return "unavailable" if offline else online


def comes_back(windows: tuple[Window, ...], since: float, until: float) -> bool:
    """Whether a window ends within (since, until]."""
    return any(since < window.end <= until for window in windows)
