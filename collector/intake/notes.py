"""What a sender is told of a request that was taken: what of it could not be kept, and why.

Nothing here costs a request that has none of it more than a look at lengths and flags.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.decode import Attributes, Decoded, Indices, decode_pairs, decode_values

# How many lists and maps may stand around a value; what is deeper is left out.
MAX_DEPTH = 32

# A list in a list takes two tags and two lengths; a map in a map takes more.
_LEVEL_BYTES = 4


def not_utf8(places: int) -> str:
    """What is said of strings with bytes that are not UTF-8."""
    return f"{places} strings were not UTF-8: their bad bytes were replaced"


def notes(decoded: Decoded) -> Mapping[int, list[str]]:
    """By request: what its sender is told. Raises BadInput where a nested value cannot be read."""
    found: dict[int, list[str]] = defaultdict(list)
    for owner, value in _values(decoded):
        for request, count in _by_request(_deep(owner, value)):
            found[request].append(f"{count} values nested deeper than {MAX_DEPTH} were left out")
    for owner, attributes in _attributes(decoded):
        for request, count in _by_request(owner[_indexed(attributes)]):
            found[request].append(f"{count} keys or values of a profile's string table are empty")
    return found


def _attributes(decoded: Decoded) -> Iterator[tuple[Indices, Attributes]]:
    """Attributes that may be kept, and the request of each."""
    own, shared = decoded.attributes, decoded.resource_attributes
    yield decoded.request[own.row], own
    # A resource without records is nobody's.
    of_resource = np.full(shared.rows, -1, dtype=np.int64)
    of_resource[decoded.resource] = decoded.request
    yield of_resource[shared.row], shared


def _values(decoded: Decoded) -> Iterator[tuple[Indices, pa.StructArray]]:
    for owner, attributes in _attributes(decoded):
        yield owner, attributes.value
    # Log records have a body.
    if decoded.records.type.get_field_index("body") >= 0:
        yield decoded.request, decoded.records.field("body")


def _by_request(owner: Indices) -> Iterator[tuple[int, int]]:
    for request, count in zip(*np.unique(owner[owner >= 0], return_counts=True), strict=True):
        yield int(request), int(count)


def _indexed(attributes: Attributes) -> Indices:
    """Where a key or value is a number in a table of strings, which only profiles have."""
    by_key = attributes.key_index.to_numpy(zero_copy_only=False) != 0
    by_value = attributes.value.field("string_value_strindex")
    if by_value.null_count < len(by_value):
        by_key = by_key | by_value.is_valid().to_numpy(zero_copy_only=False)
    return np.flatnonzero(by_key)


def _deep(owner: Indices, value: pa.StructArray) -> Indices:
    """The owner of each value that stands in more than MAX_DEPTH lists and maps.

    Level by level; of each level only what is long enough to hold all that is missing.
    """
    items, pairs = _nested(owner, value)
    for depth in range(1, MAX_DEPTH + 1):
        least = _LEVEL_BYTES * (MAX_DEPTH + 1 - depth)
        items, pairs = _at_least(items, least), _at_least(pairs, least)
        if not len(items[0]) and not len(pairs[0]):
            return items[0]
        below = (
            _nested(items[0], decode_values(items[1]).to_struct_array()),
            _nested(pairs[0], decode_pairs(pairs[1]).column("value")),
        )
        items, pairs = _joined([b[0] for b in below]), _joined([b[1] for b in below])
    return np.concatenate((items[0], pairs[0]))


# Encoded values or pairs, and the owner of each.
_Encoded = tuple[Indices, pa.BinaryArray]


def _nested(owner: Indices, value: pa.StructArray) -> tuple[_Encoded, _Encoded]:
    """The encoded items of the lists and the encoded pairs of the maps in `value`."""
    lists, maps = (value.field(name).field("values") for name in ("array_value", "kvlist_value"))
    items, pairs = _items(owner, lists), _items(owner, maps)
    if not pa.types.is_struct(pairs[1].type):
        return items, pairs
    # Below an AnyValue ptars decodes one map further than elsewhere.
    below = pairs[1].field("value")
    there = below.is_valid()
    values = pairs[0][there.to_numpy(zero_copy_only=False)], below.filter(there)
    return _joined([items, values]), (owner[:0], below[:0])


def _items(owner: Indices, lists: pa.ListArray) -> _Encoded:
    parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    return owner[parents], pc.list_flatten(lists)


def _at_least(encoded: _Encoded, size: int) -> _Encoded:
    owner, content = encoded
    if not len(content):
        return encoded
    keep = pc.greater_equal(pc.binary_length(content), size)
    return owner[keep.to_numpy(zero_copy_only=False)], content.filter(keep)


def _joined(parts: Sequence[_Encoded]) -> _Encoded:
    owners, contents = zip(*parts, strict=True)
    return np.concatenate(owners), pa.concat_arrays(contents)
