"""What repeats from span to span is stored once: distinct combinations of columns get a number.

A combination is found again by a keyed hash of it, so that a group of spans is placed with a few
additions per column and no look at what is known already.
"""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.store.database import Database
from collector.store.queries import query
from collector.store.transaction import Transaction

_REMEMBERED = 200_000
_REMEMBERED_HASHES = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Queries:
    """Of a table of combinations: its columns, its highest number, the numbers of some digests,
    and how new ones are stored."""

    columns: str
    last: str
    find: str
    insert: str


class Repeated:
    """Numbers the combinations of one table. Used from the writer's thread.

    What `place` gave a number is remembered at once; `forget` when its transaction failed, or when
    rows of the table were deleted.
    """

    def __init__(self, database: Database, queries: Queries, key: bytes) -> None:
        self._queries, self._key = queries, key
        # The same values come again in every group.
        self._hash = lru_cache(_REMEMBERED_HASHES)(self._hash_anew)
        self._columns = database.read(query(queries.columns)).column(0).to_pylist()
        self._next = database.read(query(queries.last)).column(0)[0].as_py() + 1
        self._numbers: dict[int, int] = {}

    def forget(self) -> None:
        """Looks the numbers up again from now on."""
        self._numbers.clear()

    def place(self, transaction: Transaction, rows: pa.Table) -> pa.Array:
        """The number of each row's combination (int32 [rows]); new ones are stored."""
        keys, first, inverse = np.unique(
            self._digests(rows), return_index=True, return_inverse=True
        )
        digests: list[int] = keys.tolist()
        if not self._numbers.keys() >= set(digests):
            self._learn(transaction, digests, rows, first)
        numbers = np.array([self._numbers[digest] for digest in digests], dtype=np.int32)
        return pa.array(numbers[inverse])

    def _learn(
        self,
        transaction: Transaction,
        digests: Sequence[int],
        rows: pa.Table,
        first: npt.NDArray[np.int64],
    ) -> None:
        if len(self._numbers) > _REMEMBERED:
            self._numbers.clear()
        unknown = [digest for digest in digests if digest not in self._numbers]
        transaction.name(fresh=pa.table({"digest": pa.array(unknown, pa.uint64())}))
        self._numbers.update(transaction.ask(self._queries.find))
        fresh = [at for at, digest in enumerate(digests) if digest not in self._numbers]
        if not fresh:
            return
        added = {"digest": pa.array([digests[at] for at in fresh], pa.uint64())}
        added["number"] = pa.array(range(self._next, self._next + len(fresh)), pa.int32())
        places = pa.array(first[fresh])
        for name in self._present(rows):
            added[name] = rows.column(name).take(places)
        transaction.name(fresh=pa.table(added))
        transaction.run(self._queries.insert)
        self._numbers.update(
            {digests[at]: number for number, at in enumerate(fresh, start=self._next)}
        )
        self._next += len(fresh)

    def _present(self, rows: pa.Table) -> list[str]:
        present = set(rows.column_names)
        return [name for name in self._columns if name in present]

    def _digests(self, rows: pa.Table) -> npt.NDArray[np.uint64]:
        """A 64-bit hash of each row. A null adds nothing, so a column that is not there neither.

        A sum of keyed hashes, one per column and value: whoever does not know the key cannot make
        two combinations collide.
        """
        total = np.zeros(rows.num_rows, dtype=np.uint64)
        for name in self._present(rows):
            column = rows.column(name).combine_chunks()
            encoded = (
                column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
            )
            hashes = [self._hash(name, value) for value in encoded.dictionary.to_pylist()]
            if len(hashes) == 1 and not encoded.null_count:
                total += np.uint64(hashes[0])
                continue
            codes = encoded.indices.fill_null(len(hashes)).to_numpy(zero_copy_only=False)
            total += np.array([*hashes, 0], dtype=np.uint64)[codes]
        return total

    def _hash_anew(self, name: str, value: Hashable) -> int:
        if value is None:
            return 0
        text = f"{name}={value!r}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8, key=self._key).digest(), "big")
