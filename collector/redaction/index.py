"""Where each attribute stands in the records of a group."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.decode import Attributes, Indices
from collector.persons.pseudonyms import RowKeys
from collector.redaction.forms import Hasher, positions

# For attributes of which none becomes a pseudonym.
_NO_KEYS = RowKeys(())
_NOWHERE: Indices = np.zeros(0, dtype=np.int64)


class Index:
    """Where each attribute name stands in an exploded column of attributes.

    `place` says whose they are; `owner` (int64 [rows]) the record each of them belongs to, -1
    where it is none's; `keys` are those of its rows.
    """

    def __init__(
        self,
        place: str,
        attributes: Attributes,
        owner: Indices,
        aliases: Mapping[str, str],
        keys: RowKeys = _NO_KEYS,
    ) -> None:
        self.place, self.keys = place, keys
        self.value = attributes.value
        self._row, self._rows = attributes.row, attributes.rows
        self.owner = owner
        self.found: dict[str, Indices] = {}
        for key, places in _by_key(attributes.key):
            name = aliases.get(key, key)
            if name in self.found:
                places = np.sort(np.concatenate((self.found[name], places)))
            self.found[name] = places

    def at(self, name: str) -> pa.Array:
        """For each row the position of its value, null where it has none."""
        return positions(self._row, self.found[name], self._rows)

    def hasher(self, name: str) -> Hasher:
        """Makes pseudonyms of identifiers that stand in the attribute `name`."""
        return partial(self.keys.hash, name)

    def records(self, places: Indices) -> Indices:
        """The record that each of `places` belongs to."""
        found: Indices = self.owner[self._row[places]]
        return found

    def unfit(self, at: pa.Array, column: pa.Array) -> Indices:
        """The places of the values at `at` that `column` does not hold; empty values are none."""
        if column.null_count == at.null_count:
            return _NOWHERE
        lost = pc.and_(at.is_valid(), column.is_null()).to_numpy(zero_copy_only=False)
        places = at.take(pa.array(np.flatnonzero(lost)))
        blank = np.ones(len(places), dtype=bool)
        for field in self.value.type:
            child = self.value.field(field.name).take(places)
            blank &= child.is_null().to_numpy(zero_copy_only=False)
        found: Indices = places.to_numpy(zero_copy_only=False)[~blank]
        return found


@dataclass(frozen=True, slots=True)
class Indexed:
    """The attributes of records and of their resources; `resource_of` is int64 [records]."""

    own: Index
    resource: Index | None
    resource_of: Indices

    def key_ids(self) -> pa.Array:
        """The id of the key of each record's pseudonyms (int32 [records])."""
        return self.own.keys.ids(len(self.resource_of))

    def parts(self) -> tuple[Index, ...]:
        return (self.own,) if self.resource is None else (self.own, self.resource)

    def names(self) -> set[str]:
        return {name for part in self.parts() for name in part.found}

    def own_first(
        self, name: str, column_of: Callable[[Index], pa.Array], kind: pa.DataType
    ) -> pa.Array:
        """The record's own value wherever it carries `name`, fitting or not; else its
        resource's."""
        carried = name in self.own.found
        if self.resource is None or name not in self.resource.found:
            return column_of(self.own) if carried else pa.nulls(len(self.resource_of), kind)
        inherited = column_of(self.resource).take(pa.array(self.resource_of))
        if not carried:
            return inherited
        return pc.if_else(
            self.own.at(name).is_valid(), plain(column_of(self.own)), plain(inherited)
        )


def plain(column: pa.Array) -> pa.Array:
    """`column` without its dictionary, where it has one."""
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def _by_key(keys: pa.StringArray) -> Iterator[tuple[str, Indices]]:
    encoded = keys.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    names = encoded.dictionary.to_pylist()
    # numpy sorts 16 bits by radix, several times as fast.
    small = codes.astype(np.uint16) if len(names) <= 2**16 else codes
    order = np.argsort(small, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    # The last part, after the last end, is empty.
    yield from zip(names, np.split(order, ends), strict=False)
