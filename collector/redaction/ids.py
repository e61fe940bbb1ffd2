"""Ids of traces and spans: random bytes, and so no place for a text."""

import re

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


def real_ids(ids: pa.BinaryArray, size: int) -> npt.NDArray[np.bool_]:
    """Which ids (none of them null) have the right length, are not all zero and are no text."""
    offsets = np.frombuffer(ids.buffers()[1], np.int32)[ids.offset : ids.offset + len(ids) + 1]
    good: npt.NDArray[np.bool_] = np.diff(offsets) == size
    content = ids if good.all() else ids.filter(pa.array(good))
    words = _words(content, size)
    real = words.any(axis=1)
    # Most ids have a byte that no text has.
    for at in np.flatnonzero(real & ~(words & _HIGH_BITS).any(axis=1)).tolist():
        real[at] = not _TEXT[size].fullmatch(content[at].as_py())
    good[good] = real
    return good


def _words(ids: pa.BinaryArray, size: int) -> npt.NDArray[np.uint64]:
    if not len(ids):
        return np.zeros((0, size // 8), dtype=np.uint64)
    offsets = np.frombuffer(ids.buffers()[1], np.int32)
    begin = int(offsets[ids.offset])
    content = np.frombuffer(ids.buffers()[2], np.uint64, len(ids) * size // 8, begin)
    return content.reshape(len(ids), size // 8)
