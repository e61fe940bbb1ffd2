"""Looks for many secrets at once in bytes, in each of the forms that one may be stored in."""

import base64
import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from tests.canaries.kinds import INVISIBLE, escaped, full_width, percent

# A needle is found by its first bytes, at any offset; shorter ones would be found by chance.
_PREFIX = 8
# Fewer digits without what stands between them would be found by chance.
_BARE = 11
_BITS = 22
_MIX = np.uint64(0x9E3779B97F4A7C15)


def forms(mark: str) -> set[bytes]:
    """How `mark` may stand in a file."""
    plain = mark.encode()
    bare = "".join(filter(str.isalnum, mark))
    texts = {mark, mark.lower(), mark.upper(), percent(mark), escaped(mark), full_width(mark)}
    texts |= {INVISIBLE.join(mark), plain.hex(), plain.hex().upper()}
    found = {mark.encode("utf-16-le"), mark.encode("utf-16-be"), *_base64(plain)}
    if len(bare) >= _BARE:
        texts.add(bare)
        if bare.isdigit() and int(bare) < 2**63:
            found.add(struct.pack("<q", int(bare)))
        if re.fullmatch(r"(?:[0-9a-f]{2})+", bare):
            found.add(bytes.fromhex(bare))
    return {text for text in found | {text.encode() for text in texts} if len(text) >= _PREFIX}


def _base64(plain: bytes) -> Iterator[bytes]:
    """What every base64 of a text holds that has `plain` somewhere in it, in both alphabets."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + plain)
        # Characters that also depend on what stands before or behind are left out.
        size = (before + len(plain)) * 8 // 6
        middle = whole[-(-before * 8 // 6) : size]
        yield middle
        yield middle.translate(bytes.maketrans(b"+/", b"-_"))


class Search:
    """Needles, each with what it belongs to."""

    def __init__(self, needles: Iterable[tuple[bytes, int]]) -> None:
        self._by_prefix: Mapping[int, list[tuple[bytes, int]]] = defaultdict(list)
        for needle, owner in needles:
            prefix = int.from_bytes(needle[:_PREFIX], "little")
            self._by_prefix[prefix].append((needle, owner))
        self._prefixes = np.array(sorted(self._by_prefix), dtype=np.uint64)
        self._table = np.zeros(2**_BITS, dtype=bool)
        self._table[_slot(self._prefixes)] = True

    def owners(self, data: bytes) -> set[int]:
        """What of it stands in `data`."""
        found: set[int] = set()
        for offset in range(min(_PREFIX, max(0, len(data) - _PREFIX + 1))):
            count = (len(data) - offset) // _PREFIX
            words = np.frombuffer(data, dtype="<u8", count=count, offset=offset)
            likely = np.flatnonzero(self._table[_slot(words)])
            if not len(likely):
                continue
            at = np.searchsorted(self._prefixes, words[likely])
            same = self._prefixes[np.minimum(at, len(self._prefixes) - 1)] == words[likely]
            for place in likely[same].tolist():
                begin = offset + place * _PREFIX
                prefix = int.from_bytes(data[begin : begin + _PREFIX], "little")
                found |= {
                    owner
                    for needle, owner in self._by_prefix[prefix]
                    if owner not in found and data.startswith(needle, begin)
                }
        return found


def _slot(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return (words * _MIX) >> np.uint64(64 - _BITS)
