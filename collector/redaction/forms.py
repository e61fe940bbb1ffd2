"""Fits whole columns of OTLP values to the forms of the contract: what does not fit is null.

Every function looks at each distinct value once. None of them puts a value into an error.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import (
    TEMPLATE,
    Attribute,
    Flag,
    Form,
    Host,
    Labels,
    Loose,
    Pattern,
    Pseudonym,
    Real,
    Reals,
    Route,
    Whole,
    Words,
    WordSet,
)
from collector.decode import Indices, decode_values
from collector.redaction.hosts import Hosts
from collector.redaction.judged import MISFIT, Judge, Judged, Noted, Verdict
from collector.redaction.screen import Screen

# A column of identifiers → a column of their pseudonyms.
Hasher = Callable[[pa.StringArray], pa.BinaryArray]

# Longer lists are none that an app means: scores are those of the best few labels.
LIST_ITEMS = 1_000
JOINED_BYTES = 64 * LIST_ITEMS

# Below it every whole number is a double.
_EXACT = 2.0**53

_NUMBER = r"^\s*[+\-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\-]?\d+)?\s*$"

COLUMN_TYPES: Mapping[type, pa.DataType] = {
    Words: pa.string(),
    Pattern: pa.string(),
    Loose: pa.string(),
    Host: pa.string(),
    Route: pa.string(),
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


class Forms:
    """Fits values to the forms of attributes, under one policy. Used from one thread."""

    def __init__(self, hosts: Hosts, screen: Screen) -> None:
        self._hosts, self._screen = hosts, screen
        self._judged: dict[Attribute, Judged] = {}

    def fit(
        self, attribute: Attribute, value: pa.StructArray, at: pa.Array, hasher: Hasher
    ) -> tuple[pa.Array, Noted]:
        """The values at positions `at`, as a column of `COLUMN_TYPES[type(form)]` or its
        dictionary; and what was done to which rows."""
        match attribute.form:
            case Words() | Pattern() | Loose() | Host() | Route():
                return self._of(attribute).of(_text(value, at))
            case Labels():
                return self._labels(attribute, value, at)
            case Real(low=low, high=high):
                column = _within(_number(value, at), low, high)
            case Whole(low=low, high=high):
                column = _within(value.field("int_value").take(at), low, high)
            case Flag():
                column = value.field("bool_value").take(at)
            case Reals(low=low, high=high):
                column = _reals(value, at, low, high)
            case WordSet(values=allowed):
                column = _word_set(value, at, frozenset(allowed))
            case Pseudonym():
                column = hasher(_text(value, at))
        return column, {}

    def _of(self, attribute: Attribute) -> Judged:
        if attribute not in self._judged:
            self._judged[attribute] = Judged(self._judge(attribute.name, attribute.form))
        return self._judged[attribute]

    def _judge(self, name: str, form: Form) -> Judge:
        match form:
            case Words(values=allowed):
                return lambda values: [_kept(v, v in allowed) for v in values]
            case Pattern():
                return partial(_judge_pattern, form)
            case Host():
                return partial(self._judge_hosts, name)
            case Route():
                return partial(self._screen.judge_paths, field=name, regex=TEMPLATE)
            case Loose(regex=regex) | Labels(regex=regex):
                return partial(self._screen.judge, field=name, regex=regex)
        raise TypeError(type(form))

    def _judge_hosts(self, name: str, values: Sequence[str]) -> list[Verdict]:
        kept = [self._hosts.kept(value) for value in values]
        judged = self._screen.verdicts(kept, name)
        # To the detectors a network is an address.
        return [
            (host, ()) if host is not None and self._hosts.vouches(host) else verdict
            for host, verdict in zip(kept, judged, strict=True)
        ]

    def _labels(
        self, attribute: Attribute, value: pa.StructArray, at: pa.Array
    ) -> tuple[pa.Array, Noted]:
        lists, strings = _strings(value, at)
        labels, noted = self._of(attribute).of(strings)
        labels = labels.dictionary_decode()
        column = _rebuild(lists, labels, labels.is_valid())
        parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        # A label that does not fit costs the list.
        return column, {note: np.unique(parents[items]) for note, items in noted.items()}


def as_text(value: pa.StructArray, at: pa.Array) -> pa.Array:
    """Any scalar value as a string; lists, maps and bytes are null.

    A double that is a whole number is written as one: no detector reads an exponent.
    """
    real = value.field("double_value").take(at)
    whole = pc.and_(pc.less(pc.abs(real), _EXACT), pc.equal(real, pc.trunc(real)))
    return pc.coalesce(
        value.field("string_value").take(at),
        value.field("int_value").take(at).cast(pa.string()),
        pc.if_else(whole, real, None).cast(pa.int64()).cast(pa.string()),
        real.cast(pa.string()),
        value.field("bool_value").take(at).cast(pa.string()),
    )


def hashed(text: pa.Array, hasher: Hasher) -> pa.Array:
    """The keyed hash of each value as hexadecimal text."""
    encoded = hasher(text).dictionary_encode()
    values = [v.hex() for v in encoded.dictionary.to_pylist()]
    return pa.array(values, pa.string()).take(encoded.indices)


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_BUCKETS: Mapping[str, tuple[str, str]] = {
    "bucket:ipv4/24": (rf"^({_OCTET}\.{_OCTET}\.{_OCTET})\.{_OCTET}$", r"\1.0/24"),
    "bucket:version/major": (r"^(\d{1,4})(?:[.\-+].*)?$", r"\1"),
    "bucket:date/month": (r"^((?:19|20)\d{2}-(?:0[1-9]|1[0-2]))(?:-\d{2}.*)?$", r"\1"),
}


def bucketed(text: pa.Array, action: str) -> pa.Array:
    """The bucket of each value, null where it has none."""
    pattern, replacement = _BUCKETS[action]
    text = pc.if_else(pc.match_substring_regex(text, pattern), text, None)
    return pc.replace_substring_regex(text, pattern, replacement)


def scalar_lists(value: pa.StructArray, at: pa.Array) -> pa.ListArray:
    """The lists among the values, of at most LIST_ITEMS encoded items each; others are null."""
    if value.field("array_value").null_count == len(value):
        return pa.nulls(len(at), pa.list_(pa.binary()))
    return _lists(value, at)


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


def _kept(value: str, fits: bool) -> Verdict:
    return (value, ()) if fits else (None, (MISFIT,))


def _judge_pattern(form: Pattern, values: Sequence[str]) -> list[Verdict]:
    texts = pa.array(values, pa.string())
    fits = _matches(texts, form.regex)
    if form.without is not None:
        fits = pc.and_not(fits, _matches(texts, form.without))
    return [_kept(value, fit) for value, fit in zip(values, fits.to_pylist(), strict=True)]


def _matches(values: pa.Array, regex: str) -> pa.Array:
    return pc.match_substring_regex(values, regex)


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
