"""Ids of traces and spans: random bytes, and so no place for a text. One that reads like a text is
replaced by its keyed hash, which keeps traces together."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.contract.attributes import SPAN_ID_BYTES, TRACE_ID_BYTES

_HIGH_BITS = np.uint64(0x8080808080808080)
_NIBBLES, _SIX, _CARRY = (np.uint64(n * 0x0101010101010101) for n in (0x0F, 0x06, 0x10))
# But those that stand between words, and zero.
_CONTROL = np.array([0 < n < 32 and not chr(n).isspace() for n in range(256)])
# One random id in half a million reads like this, of those of spans one in two thousand is decimal.
_TEXT = re.compile(r"[^\W_]|[ -~\s]")
_WORD = re.compile(r"[a-z0-9@._\-]{4,}|[A-Z0-9@._\-]{4,}")
_DECIMAL = re.compile(r"0*[1-9]\d{8,}")


@dataclass(frozen=True, slots=True)
class RecordIds:
    """The trace and span ids of records; `good` (bool [records]) where both are ids."""

    trace: pa.BinaryArray = field(repr=False)
    span: pa.BinaryArray = field(repr=False)
    good: npt.NDArray[np.bool_]


class Ids:
    """Tells ids from texts. `key` (32 bytes) makes the hashes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def column(
        self, ids: pa.BinaryArray, size: int
    ) -> tuple[pa.BinaryArray, npt.NDArray[np.bool_], int]:
        """`ids` (none of them null) as they are stored; which of them have the right length and are
        not all zero; and how many were a text."""
        offsets = np.frombuffer(ids.buffers()[1], np.int32)[ids.offset : ids.offset + len(ids) + 1]
        good: npt.NDArray[np.bool_] = np.diff(offsets) == size
        content = ids if good.all() else ids.filter(pa.array(good))
        words = _words(content, size)
        real = _any(words)
        places = np.flatnonzero(good)
        good[places] = real
        suspects = np.flatnonzero(real & (_decimal(words) | _utf8(words, size))).tolist()
        stored = {places[n]: content[n].as_py() for n in suspects}
        texts = {n: self.stored(one) for n, one in stored.items() if self.stored(one) != one}
        if texts:
            ids = _replaced(ids, {int(offsets[n]): one for n, one in texts.items()})
        return ids, good, len(texts)

    def stored(self, one: bytes) -> bytes:
        """An id of the right length as it is stored."""
        if len(set(one)) == 1 or not _reads(one):
            return one
        return hashlib.blake2b(one, digest_size=len(one), key=self._key, person=b"ids").digest()


def _reads(one: bytes) -> bool:
    """Whether an id is a number, or a text that may be padded with zeros or of two bytes each."""
    if _DECIMAL.fullmatch(one.hex()):
        return True
    try:
        text = one.replace(b"\0", b"").decode()
    except UnicodeDecodeError:
        return False
    if len(text) <= SPAN_ID_BYTES:
        return bool(_WORD.fullmatch(text))
    return len(one) == TRACE_ID_BYTES and all(map(_TEXT.match, text))


def _decimal(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which ids are decimal digits alone where they are written as hexadecimal."""
    over = ((words & _NIBBLES) + _SIX) | (((words >> np.uint64(4)) & _NIBBLES) + _SIX)
    return ~_any(over & _CARRY)


def _utf8(words: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.bool_]:
    """Which ids could be UTF-8 without control characters; in ids of spans, ASCII."""
    if size == SPAN_ID_BYTES:
        return ~_any(words & _HIGH_BITS)
    content = words.view(np.uint8).reshape(-1, size)
    # Most random ids have a control character.
    likely = np.flatnonzero(~_any(_CONTROL.take(content).view(np.uint64)))
    content = content[likely]
    # A first byte of several, and those that go on.
    first, more = content >= 0xC2, (content >= 0x80) & (content < 0xC0)
    goes_on = (first | more)[:, :-1]
    good = ~((first[:, :-1] & ~more[:, 1:]) | (more[:, 1:] & ~goes_on)).any(axis=1)
    found = np.zeros(len(words), dtype=bool)
    found[likely[good & ~more[:, 0]]] = True
    return found


def _any(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which ids have a bit set. By column: numpy is slow along an axis of two."""
    found: npt.NDArray[np.bool_] = (words[:, 0] | words[:, -1]) != 0
    return found


def _replaced(ids: pa.BinaryArray, fresh: Mapping[int, bytes]) -> pa.BinaryArray:
    """`ids` (none of them null) with others of the same length, by where they begin in the
    content."""
    _, offsets, content = ids.buffers()
    changed = bytearray(content)
    for begin, one in fresh.items():
        changed[begin : begin + len(one)] = one
    return pa.Array.from_buffers(
        ids.type, len(ids), [None, offsets, pa.py_buffer(bytes(changed))], offset=ids.offset
    )


def _words(ids: pa.BinaryArray, size: int) -> npt.NDArray[np.uint64]:
    if not len(ids):
        return np.zeros((0, size // 8), dtype=np.uint64)
    offsets = np.frombuffer(ids.buffers()[1], np.int32)
    begin = int(offsets[ids.offset])
    content = np.frombuffer(ids.buffers()[2], np.uint64, len(ids) * size // 8, begin)
    return content.reshape(len(ids), size // 8)
