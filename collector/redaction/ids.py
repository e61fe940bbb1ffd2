"""Ids of traces and spans: random bytes, and so no place for a text. One that reads like a text is
replaced by its keyed hash, which keeps traces together."""

import hashlib
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.contract.attributes import SPAN_ID_BYTES, TRACE_ID_BYTES

_HIGH_BITS = np.uint64(0x8080808080808080)
# One random id in a million reads like this.
_TEXT = {
    TRACE_ID_BYTES: re.compile(rb"[ -~]*"),
    SPAN_ID_BYTES: re.compile(rb"[a-z0-9@._\-]*|[A-Z0-9@._\-]*"),
}


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
        real = words.any(axis=1)
        places = np.flatnonzero(good)
        good[places] = real
        # Most ids have a byte that no text has.
        suspects = np.flatnonzero(real & ~(words & _HIGH_BITS).any(axis=1)).tolist()
        stored = {places[n]: content[n].as_py() for n in suspects}
        texts = {n: self.stored(one) for n, one in stored.items() if self.stored(one) != one}
        if texts:
            every = ids.to_pylist()
            for n, one in texts.items():
                every[n] = one
            ids = pa.array(every, pa.binary())
        return ids, good, len(texts)

    def stored(self, one: bytes) -> bytes:
        """An id of the right length as it is stored."""
        if len(one) not in _TEXT or len(set(one)) == 1 or not _TEXT[len(one)].fullmatch(one):
            return one
        return hashlib.blake2b(one, digest_size=len(one), key=self._key, person=b"ids").digest()


def _words(ids: pa.BinaryArray, size: int) -> npt.NDArray[np.uint64]:
    if not len(ids):
        return np.zeros((0, size // 8), dtype=np.uint64)
    offsets = np.frombuffer(ids.buffers()[1], np.int32)
    begin = int(offsets[ids.offset])
    content = np.frombuffer(ids.buffers()[2], np.uint64, len(ids) * size // 8, begin)
    return content.reshape(len(ids), size // 8)
