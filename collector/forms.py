"""Fits whole columns of OTLP values to the forms of the contract: what does not fit is null.

Every function looks at each distinct value once. None of them puts a value into an error.
"""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import (
    Flag,
    Form,
    Labels,
    Pattern,
    Pseudonym,
    Real,
    Reals,
    Whole,
    Words,
    WordSet,
)
from collector.decode import Indices, decode_values

# Where a column has at most this many values, those that fit are remembered, up to a number.
FEW_VALUES = 64
REMEMBERED_VALUES = 10_000

# A column of identifiers → a column of their pseudonyms.
Hasher = Callable[[pa.StringArray], pa.BinaryArray]

# Longer lists are none that an app means: scores are those of the best few labels.
LIST_ITEMS = 1_000
JOINED_BYTES = 64 * LIST_ITEMS

_NUMBER = r"^\s*[+\-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\-]?\d+)?\s*$"

COLUMN_TYPES: Mapping[type, pa.DataType] = {
    Words: pa.string(),
    Pattern: pa.string(),
    WordSet: pa.string(),
    Real: pa.float64(),
    Whole: pa.int64(),
    Flag: pa.bool_(),
    Reals: pa.list_(pa.float32()),
    Labels: pa.list_(pa.string()),
    Pseudonym: pa.binary(),
}


def positions(attributes_row: Indices, found: Indices, rows: int) -> pa.Array:
    """For each of `rows` records the position of its value, null where it has none.

    Where a record repeats a key the last value wins.
    """
    at = np.full(rows, -1, dtype=np.int64)
    at[attributes_row[found]] = found
    return pa.array(at, mask=at < 0)


def fit(form: Form, value: pa.StructArray, at: pa.Array, hasher: Hasher) -> pa.Array:
    """The values at positions `at`, as a column of `COLUMN_TYPES[type(form)]` or its dictionary."""
    match form:
        case Words(values=allowed):
            return _checked_text(form, _text(value, at), lambda v: _member(v, allowed))
        case Pattern(regex=regex, without=None):
            return _checked_text(form, _text(value, at), lambda v: _matches(v, regex))
        case Pattern(regex=regex, without=str(without)):
            return _checked_text(
                form,
                _text(value, at),
                lambda v: pc.and_not(_matches(v, regex), _matches(v, without)),
            )
        case Real(low=low, high=high):
            return _within(_number(value, at), low, high)
        case Whole(low=low, high=high):
            return _within(value.field("int_value").take(at), low, high)
        case Flag():
            return value.field("bool_value").take(at)
        case Reals(low=low, high=high):
            return _reals(value, at, low, high)
        case Labels(regex=regex):
            lists, strings = _strings(value, at)
            return _rebuild(lists, strings, _matches(strings, regex))
        case WordSet(values=allowed):
            return _word_set(value, at, frozenset(allowed))
        case Pseudonym():
            return hasher(_text(value, at))


def as_text(value: pa.StructArray, at: pa.Array) -> pa.Array:
    """Any scalar value as a string; lists, maps and bytes are null."""
    return pc.coalesce(
        value.field("string_value").take(at),
        value.field("int_value").take(at).cast(pa.string()),
        value.field("double_value").take(at).cast(pa.string()),
        value.field("bool_value").take(at).cast(pa.string()),
    )


def hashed(text: pa.Array, hasher: Hasher) -> pa.Array:
    """The keyed hash of each value as hexadecimal text."""
    encoded = hasher(text).dictionary_encode()
    values = [v.hex() for v in encoded.dictionary.to_pylist()]
    return pa.array(values, pa.string()).take(encoded.indices)


def _text(value: pa.StructArray, at: pa.Array) -> pa.Array:
    text = value.field("string_value").take(at)
    if text.null_count == at.null_count:
        return text
    return pc.coalesce(text, value.field("int_value").take(at).cast(pa.string()))


def _number(value: pa.StructArray, at: pa.Array) -> pa.Array:
    number = value.field("double_value").take(at)
    if number.null_count == at.null_count:
        return number
    whole = value.field("int_value").take(at)
    return pc.coalesce(number, whole.cast(pa.float64(), safe=False))


def _member(values: pa.Array, allowed: tuple[str, ...]) -> pa.Array:
    return pc.is_in(values, value_set=pa.array(allowed, pa.string()))


def _matches(values: pa.Array, regex: str) -> pa.Array:
    return pc.match_substring_regex(values, regex)


def _checked_text(form: Form, text: pa.Array, check: Callable[[pa.Array], pa.Array]) -> pa.Array:
    encoded = text.dictionary_encode()
    few = len(encoded.dictionary) <= FEW_VALUES
    if few and _fitting(form).issuperset(encoded.dictionary.to_pylist()):
        return encoded
    good = check(encoded.dictionary)
    if few:
        _remember(form, encoded.dictionary.filter(good).to_pylist())
    if good.true_count == len(good):
        return encoded
    return pc.if_else(good, encoded.dictionary, pa.scalar(None, pa.string())).take(encoded.indices)


@cache
def _fitting(_: Form) -> set[str]:
    """Values that are known to fit a form: most are the same from group to group."""
    return set()


def _remember(form: Form, values: list[str]) -> None:
    known = _fitting(form)
    if len(known) > REMEMBERED_VALUES:
        known.clear()
    known.update(values)


def _within(number: pa.Array, low: float, high: float) -> pa.Array:
    good = pc.and_(pc.greater_equal(number, low), pc.less_equal(number, high))
    return pc.if_else(good, number, pa.scalar(None, number.type))


def _lists(value: pa.StructArray, at: pa.Array) -> pa.ListArray:
    lists = value.field("array_value").field("values").take(at)
    size = pc.list_value_length(lists)
    good = pc.and_(pc.greater(size, 0), pc.less_equal(size, LIST_ITEMS))
    return pc.if_else(good, lists, None)


def _joined(value: pa.StructArray, at: pa.Array) -> pa.StringArray:
    """Comma-joined strings; null where there is none or it is too long to be a list."""
    joined = value.field("string_value").take(at)
    size = pc.binary_length(joined)
    good = pc.and_(pc.greater(size, 0), pc.less_equal(size, JOINED_BYTES))
    return pc.if_else(good, joined, None)


def _strings(value: pa.StructArray, at: pa.Array) -> tuple[pa.ListArray, pa.Array]:
    """String lists, or comma-joined strings as lists: the lists and their flat items."""
    lists = _lists(value, at)
    items = decode_values(lists.flatten()).column("string_value")
    lists = _relist(lists, items)
    joined = _joined(value, at)
    if joined.null_count < len(joined):
        lists = pc.coalesce(lists, pc.split_pattern(joined, ","))
    return lists, pc.utf8_trim_whitespace(lists.flatten())


def _reals(value: pa.StructArray, at: pa.Array, low: float, high: float) -> pa.Array:
    lists = _lists(value, at)
    decoded = decode_values(lists.flatten())
    number = pc.coalesce(
        decoded.column("double_value"),
        decoded.column("int_value").cast(pa.float64(), safe=False),
    )
    joined = _joined(value, at)
    if joined.null_count < len(joined):
        split = pc.split_pattern(joined, ",")
        text = pc.if_else(_matches(split.flatten(), _NUMBER), split.flatten(), None)
        parsed = pc.utf8_trim_whitespace(text).cast(pa.float64())
        lists = pc.coalesce(_relist(lists, number), _relist(split, parsed))
        number = lists.flatten()
    good = pc.and_(pc.greater_equal(number, low), pc.less_equal(number, high))
    return _rebuild(lists, number.cast(pa.float32()), good)


def _relist(lists: pa.ListArray, items: pa.Array) -> pa.ListArray:
    """`items` in the shape of `lists` (whose null entries hold no items)."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), items, mask=lists.is_null())


def _rebuild(lists: pa.ListArray, items: pa.Array, good: pa.Array) -> pa.ListArray:
    """`items` in the shape of `lists`; a list with an item that is not good is null."""
    fresh = _relist(lists, items)
    bad = np.flatnonzero(~pc.fill_null(good, False).to_numpy(zero_copy_only=False))
    if not len(bad):
        return fresh
    spoilt = np.zeros(len(fresh), dtype=bool)
    spoilt[pc.list_parent_indices(fresh).to_numpy(zero_copy_only=False)[bad]] = True
    return pc.if_else(pa.array(spoilt), None, fresh)


def _word_set(value: pa.StructArray, at: pa.Array, allowed: frozenset[str]) -> pa.Array:
    lists, items = _strings(value, at)
    items = pc.fill_null(items, "unknown")
    encoded = pc.binary_join(_relist(lists, items), ",").dictionary_encode()
    sets = [
        ",".join(sorted({word if word in allowed else "unknown" for word in joined.split(",")}))
        for joined in encoded.dictionary.to_pylist()
    ]
    return pa.array(sets, pa.string()).take(encoded.indices)
