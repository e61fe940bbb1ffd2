"""Finds in text what nobody meant to send: mail addresses, tokens, numbers of cards and persons.

RE2 tells over the column which values could hold anything; those alone are looked at one by one.
What is found only after an encoding is undone, or invisible characters are left out, cannot be cut
out cleanly.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.detect_kinds import KINDS, SUSPICIOUS

_PATTERNS = [(kind, re.compile(kind.pattern, re.ASCII)) for kind in KINDS]
# What may hide something: an encoding, or characters that look like others or like nothing.
_HIDDEN = r"%[0-9A-Fa-f]{2}|\\[ux]|&#|[^\x00-\x7F]|[A-Za-z0-9+/_\-]{12}"

_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{12,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
_ESCAPED = re.compile(
    r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|&#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}));"
)
_PRINTABLE = re.compile(r"[ -~\s]{6,}")

# What a detector failed on is found by this.
ERROR = "error"

# What stands for somebody or opens something, though nobody can say what it is.
_OPAQUE = r"\d{9,}|(?:\d[ .\-]?){12,}|[0-9a-fA-F]{17,}|\d\.\d{4,}[ ,;]+-?\d{1,3}\.\d{4}"
_RUN = re.compile(r"[A-Za-z0-9]{14,}")
# Of a random run of letters and digits more neighbours than this are of different classes; of
# words, written together or not, fewer.
_RANDOM = 0.36


@dataclass(frozen=True, slots=True)
class Scan:
    """`values` with what was found replaced by `[detector]`, null where it cannot be cut out;
    `found`: detector → which of the values held it; ERROR where one failed."""

    values: pa.Array
    found: Mapping[str, npt.NDArray[np.bool_]]


class Detectors:
    """Safe to use from any thread."""

    def scan(self, values: pa.StringArray, field: str) -> Scan:
        """Looks at distinct values of the attribute `field`."""
        kept: list[str | None] = values.to_pylist()
        found: dict[str, npt.NDArray[np.bool_]] = {}
        suspicious, hidden = (_matches(values, pattern) for pattern in (SUSPICIOUS, _HIDDEN))
        for at in np.flatnonzero(suspicious | hidden).tolist():
            try:
                kept[at], names = _looked_at(kept[at] or "", hidden=hidden[at])
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
            hit |= _matches(values, _OPAQUE)
            hit |= np.array([_holds_token(value) for value in values.to_pylist()], dtype=bool)
        return hit


def _looked_at(text: str, *, hidden: bool) -> tuple[str | None, list[str]]:
    """What is left of `text`, and the names of what was found in it."""
    masked, names = _masked(text)
    if hidden:
        more = [name for plain in _undone(masked) for name in _masked(plain)[1]]
        if more:
            return None, list(dict.fromkeys((*names, *more)))
    return masked, names


def _masked(text: str) -> tuple[str, list[str]]:
    """`text` without what is found in it, and the names of what that was."""
    names: list[str] = []
    for kind, pattern in _PATTERNS:
        pieces, end = [], 0
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            if kind.check(match[group]):
                pieces += [text[end : match.start(group)], f"[{kind.name}]"]
                end = match.end(group)
        if pieces:
            text = "".join(pieces) + text[end:]
            names.append(kind.name)
    return text, names


def _undone(text: str) -> Iterator[str]:
    """`text` as it reads once what hides it is undone, where that changes it."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf"
    )
    plain = _ESCAPED.sub(_unescaped, unquote(unquote(plain)))
    if plain != text:
        yield plain
    for run in _BASE64.findall(plain):
        for shift in range(len(run) % 4 == 1, 2):
            yield from _read(_decoded(run[shift:]))
    for run in _HEX.findall(plain):
        yield from _read(bytes.fromhex(run))


def _unescaped(match: re.Match[str]) -> str:
    number = int(match[4]) if match[4] else int(next(g for g in match.groups() if g), 16)
    return chr(number) if number < 0x110000 else ""


def _decoded(run: str) -> bytes:
    content = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(content + "=" * (-len(content) % 4))
    except binascii.Error:
        return b""


def _read(content: bytes) -> Iterator[str]:
    yield from _PRINTABLE.findall(content.decode("latin-1"))


def _holds_token(value: str) -> bool:
    for run in _RUN.findall(value):
        classes = [0 if c.isdigit() else 1 if c.islower() else 2 for c in run]
        changes = sum(one != other for one, other in pairwise(classes))
        if changes > _RANDOM * (len(run) - 1):
            return True
    return False


def _matches(values: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    matched = pc.match_substring_regex(values, pattern)
    found: npt.NDArray[np.bool_] = matched.to_numpy(zero_copy_only=False).copy()
    return found
