"""Looks at the values of a column for what nobody meant to send.

RE2 tells over the column which values could hold anything; those alone are looked at one by one.
What is found only after an encoding is undone, or invisible characters are left out, cannot be cut
out cleanly.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.detect import opaque
from collector.detect.evasions import HIDING, readings
from collector.detect.kinds import BESIDE, KINDS, SUSPICIOUS, Kind

# What a detector failed on is found by this.
ERROR = "error"

# What is cut out may uncover something else, once or twice.
_LOOKS = 4
# RE2's automaton is made anew for each column: for fewer values Python's is faster.
_FEW_VALUES = 8
_RE_OF = {p: re.compile(p, re.ASCII) for p in (SUSPICIOUS, HIDING, opaque.SUSPICIOUS)}


@dataclass(frozen=True, slots=True, repr=False)
class Scan:
    """`values` with what was found replaced by `[detector]`, null where it cannot be cut out;
    `found`: detector → which of the values held it; ERROR where one failed."""

    values: pa.Array = field(repr=False)
    found: Mapping[str, npt.NDArray[np.bool_]]


class Detectors:
    """Safe to use from any thread."""

    def scan(self, values: pa.StringArray, field: str) -> Scan:
        """Looks at distinct values of the attribute `field`."""
        kept: list[str | None] = values.to_pylist()
        found: dict[str, npt.NDArray[np.bool_]] = {}
        suspicious, hiding = (_matches(values, kept, p) for p in (SUSPICIOUS, HIDING))
        for at in np.flatnonzero(suspicious | hiding).tolist():
            try:
                kept[at], names = _looked_at(kept[at] or "", field, hiding=hiding[at])
            except Exception:
                kept[at], names = None, [ERROR]
            for name in names:
                found.setdefault(name, np.zeros(len(kept), dtype=bool))[at] = True
        return Scan(pa.array(kept, pa.string()), found)

    def hits(self, values: pa.StringArray, field: str, *, strict: bool) -> npt.NDArray[np.bool_]:
        """Which values hold anything; if `strict`, long numbers and opaque tokens too."""
        hit = np.zeros(len(values), dtype=bool)
        for found in self.scan(values, field).found.values():
            hit |= found
        if strict:
            texts: list[str | None] = values.to_pylist()
            for at in np.flatnonzero(_matches(values, texts, opaque.SUSPICIOUS) & ~hit).tolist():
                hit[at] = opaque.is_opaque(texts[at] or "", field)
        return hit


def _looked_at(text: str, field: str, *, hiding: bool) -> tuple[str | None, list[str]]:
    """What is left of `text`, and the names of what was found in it."""
    names: dict[str, None] = {}
    for _ in range(_LOOKS):
        text, more = _masked(text, field)
        if not more:
            break
        names |= dict.fromkeys(more)
    else:
        return None, list(names)
    if hiding:
        hidden = [name for reading in readings(text) for name in _masked(reading, field)[1]]
        if hidden:
            return None, list(names | dict.fromkeys(hidden))
    return text, list(names)


@cache
def _patterns() -> list[tuple[Kind, re.Pattern[str]]]:
    """Compiled when something suspicious comes, which takes a while."""
    return [(kind, re.compile(kind.pattern, re.ASCII)) for kind in KINDS]


def _masked(text: str, field: str) -> tuple[str, list[str]]:
    """`text` without what is found in it, and the names of what that was."""
    names = []
    for kind, pattern in _patterns():
        pieces, end, at = [], 0, 0
        while match := pattern.search(text, at):
            start = match.start(match.lastindex or 0)
            size = _size(kind, match, field)
            if size:
                pieces += [text[end:start], f"[{kind.name}]"]
                end = start + size
            # What fails as a whole may hold one that does not.
            at = end if size else start + 1
        if pieces:
            text = "".join(pieces) + text[end:]
            names.append(kind.name)
    return text, names


def _size(kind: Kind, match: re.Match[str], field: str) -> int:
    """How many characters of what matched are of the kind."""
    thing, start = match[match.lastindex or 0], match.start(match.lastindex or 0)
    size = kind.check(thing)
    if not size or not (kind.beside or kind.unless):
        return size
    beside = f"{field} {match.string[max(start - BESIDE, 0) : start]}"
    if kind.beside and not kind.beside.search(beside):
        return 0
    return 0 if kind.unless and kind.unless(thing, beside) else size


def _matches(
    values: pa.StringArray, texts: list[str | None], pattern: str
) -> npt.NDArray[np.bool_]:
    if len(texts) <= _FEW_VALUES:
        search = _RE_OF[pattern].search
        return np.array([bool(text and search(text)) for text in texts], dtype=bool)
    matched = pc.match_substring_regex(values, pattern).fill_null(False)
    found: npt.NDArray[np.bool_] = matched.to_numpy(zero_copy_only=False).copy()
    return found
