"""Tombstones: what was erased is known again when it is sent once more, and by nothing else.

A tombstone is an HMAC under a key of its own, of an installation's identifier or of the id of a
trace: neither can be read from it, and it is no pseudonym that anything is stored under.
"""

import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import TRACE_ID_BYTES

MARK_BYTES = 16
# What stands where the pseudonym of an erased installation would: never stored.
ERASED = b""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The `mark` of what was erased; `sieve` of a trace's id, None of an installation's."""

    mark: bytes = field(repr=False)
    sieve: int | None


@dataclass(frozen=True, slots=True)
class _Erased:
    """`sieves` (uint32, sorted) let most ids pass at the cost of a multiplication each.

    `pseudonyms` are those that groups which were prepared before the erasure may still carry.
    """

    installations: frozenset[bytes] = field(default=frozenset(), repr=False)
    traces: frozenset[bytes] = field(default=frozenset(), repr=False)
    sieves: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    pseudonyms: frozenset[bytes] = field(default=frozenset(), repr=False)


class Tombstones:
    """Those of a home. `key` (32 bytes) makes them. Read by any thread, changed by one."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        words = np.frombuffer(hmac.digest(key, b"sieve", "sha256"), np.uint64)
        self._first, self._second = words[0] | np.uint64(1), words[1] | np.uint64(1)
        self._erased = _Erased()

    def __repr__(self) -> str:
        return f"Tombstones({len(self._erased.installations)} installations)"

    def __bool__(self) -> bool:
        return bool(self._erased.installations)

    def installation(self, identifier: str) -> Tombstone:
        return Tombstone(self._mark(b"installation", identifier.encode()), None)

    def traces(self, ids: Sequence[bytes]) -> list[Tombstone]:
        sieves = self._sieve(pa.array(ids, pa.binary())).tolist()
        return [
            Tombstone(self._mark(b"trace", one), sieve)
            for one, sieve in zip(ids, sieves, strict=True)
        ]

    def add(self, stones: Iterable[Tombstone], pseudonyms: Collection[bytes] = ()) -> None:
        """From now on what these mark is refused, and what carries one of `pseudonyms`."""
        fresh, before = list(stones), self._erased
        sieves = [one.sieve for one in fresh if one.sieve is not None]
        self._erased = _Erased(
            installations=before.installations | {s.mark for s in fresh if s.sieve is None},
            traces=before.traces | {s.mark for s in fresh if s.sieve is not None},
            sieves=np.unique(np.append(before.sieves, np.array(sieves, np.uint32))),
            pseudonyms=before.pseudonyms | set(pseudonyms),
        )

    def erased(self, identifiers: Iterable[str | None]) -> set[str]:
        """Those of `identifiers` whose installation was erased."""
        known = self._erased.installations
        return {
            one for one in identifiers if one and self._mark(b"installation", one.encode()) in known
        }

    def refused(
        self, installation: pa.ChunkedArray | None, trace: pa.ChunkedArray | None
    ) -> Mask | None:
        """Which rows (bool [rows]) are of an erased installation, or of one of its traces and of
        no other installation; None: none. Either column may be None: nothing is known of it."""
        erased = self._erased
        rows = len(trace if trace is not None else installation or ())
        if not erased.installations or not rows:
            return None
        found = np.zeros(rows, dtype=np.bool_)
        if trace is not None:
            found = self._of_traces(trace, erased)
        if installation is not None:
            plain = installation.cast(pa.binary())
            found &= plain.is_null().to_numpy(zero_copy_only=False)
            gone = pa.array([ERASED, *erased.pseudonyms], pa.binary())
            found |= pc.is_in(plain, value_set=gone).to_numpy(zero_copy_only=False)
        return found if found.any() else None

    def _of_traces(self, trace: pa.ChunkedArray, erased: _Erased) -> Mask:
        found = np.zeros(len(trace), dtype=np.bool_)
        if not len(erased.sieves):
            return found
        sieves = self._sieve(trace)
        places = np.minimum(np.searchsorted(erased.sieves, sieves), len(erased.sieves) - 1)
        suspects = np.flatnonzero(erased.sieves[places] == sieves).tolist()
        found[[n for n in suspects if self._mark(b"trace", trace[n].as_py()) in erased.traces]] = 1
        return found

    def _sieve(self, ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint32]:
        """32 keyed bits of each id, by multiplying (Dietzfelbinger 1996)."""
        whole = ids.cast(pa.binary())
        if isinstance(whole, pa.ChunkedArray):
            whole = whole.combine_chunks()
        content = whole.cast(pa.binary(TRACE_ID_BYTES)).buffers()[1]
        words = np.frombuffer(content, np.uint64)[2 * whole.offset :][: 2 * len(whole)]
        mixed = words[::2] * self._first + words[1::2] * self._second
        sieves: npt.NDArray[np.uint32] = (mixed >> np.uint64(32)).astype(np.uint32)
        return sieves

    def _mark(self, kind: bytes, value: bytes) -> bytes:
        return hmac.digest(self._key, kind + b"\x1f" + value, "sha256")[:MARK_BYTES]
