"""How a value reads, once for every page: percent, counts, bytes, milliseconds, times.

None is `unknown`, never zero. Times say of which zone they are.
"""

import html
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from dashboard import zones

UNKNOWN = "unknown"
OTHER = "other"
"""What small cells are merged into, for a role that may see none."""

_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def percent(value: float | None) -> str:
    """A ratio as a percentage with one decimal."""
    return UNKNOWN if value is None or _missing(value) else f"{value:.1%}"


def score(value: float | None) -> str:
    """A confidence or a threshold, as apps and policies write them."""
    return UNKNOWN if value is None or _missing(value) else f"{value:.3f}"


def interval(low: float | None, high: float | None) -> str:
    """The bounds of a ratio as `[low, high]`."""
    return bounds(low, high, percent)


def bounds(low: float | None, high: float | None, shown: Callable[[Any], str]) -> str:
    """The ends of an interval as `[low, high]`, each as `shown`."""
    return UNKNOWN if _missing(low) and _missing(high) else f"[{shown(low)}, {shown(high)}]"


def count(value: float | None) -> str:
    """A whole number with thousands separators."""
    return UNKNOWN if value is None or _missing(value) else f"{value:,.0f}"


def size(value: float | None) -> str:
    """Bytes in SI units, three digits where there are that many."""
    if value is None or _missing(value):
        return UNKNOWN
    step, rest = 0, abs(value)
    while rest >= 999.5 and step < len(_SIZES) - 1:
        step, rest = step + 1, rest / 1000
    sign = "-" if value < 0 else ""
    digits = 0 if step == 0 and rest == round(rest) or rest >= 99.95 else 1
    return f"{sign}{rest:,.{digits}f} {_SIZES[step]}"


def milliseconds(value: float | None) -> str:
    """A duration in milliseconds; below ten with one decimal, below one with two."""
    if value is None or _missing(value):
        return UNKNOWN
    digits = 2 if abs(value) < 0.995 else 1 if abs(value) < 9.95 else 0
    return f"{value:,.{digits}f} ms"


def lapse(value: float | None) -> str:
    """A duration in milliseconds, either way, in the unit that a person would say it in."""
    if value is None or _missing(value):
        return UNKNOWN
    if abs(value) < 999.5:
        return milliseconds(value)
    seconds = value / 1000
    for unit, length, until in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if abs(seconds) < until:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds / 86_400:,.1f} days"


def moment(value: str | datetime | None, zone: tzinfo | None = None) -> str:
    """An RFC 3339 time or an aware datetime to the second, in `zone`, or that of the reader."""
    if value is None or _missing(value):
        return UNKNOWN
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    there = found.astimezone(zone or zones.chosen())
    if there.tzname() == zones.UTC:
        return f"{there:%Y-%m-%d %H:%M:%S} UTC"
    return there.isoformat(" ", "seconds")


def day(value: str | datetime | None) -> str:
    """A day of the collector's, which counts by those of UTC, whatever zone the reader is in."""
    return UNKNOWN if value is None or _missing(value) else moment(value, UTC)[:10]


def members(value: str | None) -> str:
    """A comma-joined set, readable."""
    return UNKNOWN if value is None or _missing(value) else value.replace(",", ", ")


def optional(value: object) -> str:
    """Text that need not be there: a request that the device answered has no reason."""
    return "–" if value is None or _missing(value) else words(value)


def flag(value: bool | None) -> str:
    return UNKNOWN if value is None or _missing(value) else "yes" if value else "no"


def words(value: object) -> str:
    """A value as plain text; a list as its members, comma-joined."""
    if value is None or _missing(value):
        return UNKNOWN
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value) or UNKNOWN
    return str(value)


_WRITTEN: Mapping[str, str] = {"os": "OS", "p50": "p50", "p95": "p95", "p99": "p99", "ms": "(ms)"}


def label(name: str) -> str:
    """A name of the API as a reader sees it: `low_confidence` is `Low confidence`."""
    first, *rest = name.split("_")
    head = _WRITTEN.get(first, first[:1].upper() + first[1:])
    return " ".join([head, *(_WRITTEN.get(word, word) for word in rest)])


def inside(title: str) -> str:
    """A title as it stands within a sentence: all but `OS` is small."""
    return title if title.isupper() else title.lower()


def plain(value: object) -> str:
    """Text for a figure: Plotly reads a little HTML, and telemetry must not be read as any."""
    return html.escape(words(value), quote=False)


BY_UNIT: Mapping[str, Callable[[Any], str]] = {
    "ratio": percent,
    "score": score,
    "count": count,
    "bytes": size,
    "ms": milliseconds,
    "lapse": lapse,
    "time": moment,
    "day": day,
    "flag": flag,
    "optional": optional,
    "set": members,
    "text": words,
}
