"""What may be stored of decoded records, and the tally of what may not.

Allowlist: an attribute that neither the contract nor the policy names is not kept. A kept one must
fit its form. Identifiers of people and devices become keyed hashes. Status messages, trace state,
events and links are not kept.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import (
    ALIASES,
    ATTRIBUTES,
    LONG_NUMBER,
    SPAN_ID_BYTES,
    SPAN_NAME,
    TRACE_ID_BYTES,
    Attribute,
    Pseudonym,
)
from collector.contract.policy import Policy
from collector.decode import Attributes, Decoded, Indices
from collector.forms import COLUMN_TYPES, Hasher, as_text, fit, hashed, positions

# (field, detector, action) → how many values
Tally = Counter[tuple[str, str, str]]

KINDS = pa.array(["INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])
STATUSES = pa.array(["UNSET", "OK", "ERROR"])

# Device start times outside this window around the time received are not believed.
OLDEST_NS = 30 * 24 * 3600 * 10**9
NEWEST_NS = 10 * 60 * 10**9

KEPT_TEXT = 256

_BUCKETS: Mapping[str, tuple[str, str]] = {
    "bucket:ipv4/24": (r"^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$", r"\1.0/24"),
    "bucket:version/major": (r"^(\d+)(?:[.\-+].*)?$", r"\1"),
    "bucket:date/month": (r"^(\d{4}-\d{2})(?:-\d{2}.*)?$", r"\1"),
}


@dataclass(frozen=True, slots=True)
class Redacted:
    """Rows that may be stored: the only type the store writes.

    `rows` has one row per accepted record; `request` (int64 [rows]) the payload each came from;
    `rejected` (int64 [payloads]) how many of each payload can never be stored.
    """

    rows: pa.Table
    request: Indices
    rejected: Indices
    tally: Tally

    def of(self, requests: npt.NDArray[np.bool_], tally: Tally) -> "Redacted":
        """What came from `requests` (bool [payloads]), under a tally of its own."""
        kept = requests[self.request]
        numbers = np.cumsum(requests) - 1
        return Redacted(
            rows=self.rows.filter(pa.array(kept)),
            request=numbers[self.request[kept]],
            rejected=self.rejected[requests],
            tally=tally,
        )


class Redactor:
    """Applies one policy. Safe to use from one thread at a time."""

    def __init__(self, policy: Policy, hasher: Hasher) -> None:
        self._hasher = hasher
        self._aliases = {**ALIASES, **policy.aliases}
        named = {self._aliases.get(n, n): action for n, action in policy.attributes.items()}
        self._dropped = {name for name, action in named.items() if action == "drop"}
        self._known = [a for a in ATTRIBUTES if a.name not in self._dropped]
        known = {a.name for a in self._known}
        self._extra = {n: a for n, a in named.items() if n not in known | self._dropped}
        self._named = known | set(self._extra)

    def spans(self, decoded: Decoded, received: Indices) -> Redacted:
        """The spans of several payloads; `received` (ns, int64 [payloads]) when each arrived."""
        records, tally = decoded.records, Tally()
        columns = self._columns(decoded, tally)
        start = records.field("start_time_unix_nano").to_numpy(zero_copy_only=False)
        end = records.field("end_time_unix_nano").to_numpy(zero_copy_only=False)
        arrived = received[decoded.request]
        time, believed = effective_time(start, arrived)
        parent = records.field("parent_span_id")
        status = records.field("status")
        columns |= {
            "trace_id": records.field("trace_id"),
            "span_id": records.field("span_id"),
            "parent_span_id": pc.if_else(
                pc.and_(
                    real_id(parent, SPAN_ID_BYTES),
                    pc.not_equal(parent, records.field("span_id")),
                ),
                parent,
                None,
            ),
            "name": _names(records.field("name"), tally),
            "kind": _enumeration(records.field("kind"), KINDS),
            "status": _enumeration(pc.fill_null(status.field("code"), 0), STATUSES),
            "time": pa.array(time),
            "time_believed": pa.array(believed),
            "start_time": pa.array(start),
            "duration": pa.array((end - start).view(np.int64), mask=end == 0),
            "received_time": pa.array(arrived),
        }
        _count_dropped(decoded, records, tally)
        good = pc.and_(
            real_id(records.field("trace_id"), TRACE_ID_BYTES),
            real_id(records.field("span_id"), SPAN_ID_BYTES),
        )
        return _accepted(pa.table(columns), decoded.request, good, len(received), tally)

    def index(self, decoded: Decoded) -> "Indexed":
        """Where each attribute stands in `decoded`, by the name it is kept under."""
        return Indexed(
            own=_Index(decoded.attributes, self._aliases),
            resource=_Index(decoded.resource_attributes, self._aliases),
            resource_of=decoded.resource,
        )

    def attributes(
        self, index: "Indexed", wanted: tuple[Attribute, ...], tally: Tally, *, inherit: bool
    ) -> dict[str, pa.Array]:
        """The columns of `wanted`, for records that are not spans.

        With `inherit` a record that does not carry an attribute has its resource's.
        """
        source = index if inherit else replace(index, resource=None)
        return {
            a.column or a.name: pa.nulls(len(index.resource_of), COLUMN_TYPES[type(a.form)])
            if a.name in self._dropped
            else self._column(a, source, tally)
            for a in wanted
        }

    def count_unnamed(self, index: "Indexed", tally: Tally, *others: Attribute) -> None:
        """Tallies the attributes that nobody names; `others` are named for these records."""
        named = self._named | {other.name for other in others}
        for part in index.parts():
            if unnamed := sum(len(at) for name, at in part.found.items() if name not in named):
                tally["(unnamed attributes)", "allowlist", "drop"] += unnamed

    def _columns(self, decoded: Decoded, tally: Tally) -> dict[str, pa.Array]:
        index = self.index(decoded)
        present = index.names()
        columns: dict[str, pa.Array] = {}
        extra: dict[str, pa.Array] = {}
        for attribute in self._known:
            if attribute.name not in present:
                continue
            column = self._column(attribute, index, tally)
            (columns if attribute.column else extra)[attribute.column or attribute.name] = column
        for name in self._extra.keys() & present:
            extra[name] = self._policy_column(name, index, tally)
        if extra:
            columns["attributes"] = _map(extra, len(decoded.records))
        self.count_unnamed(index, tally)
        return columns

    def _column(self, attribute: Attribute, index: "Indexed", tally: Tally) -> pa.Array:
        def of(part: _Index) -> pa.Array:
            at = part.at(attribute.name)
            column = fit(attribute.form, part.value, at, self._hasher)
            if isinstance(attribute.form, Pseudonym):
                tally[attribute.name, "identifier", "hash"] += len(column) - column.null_count
            if unfit := part.unfit(at, column):
                tally[attribute.name, "form", "drop"] += unfit
            return column

        return index.own_first(attribute.name, of, COLUMN_TYPES[type(attribute.form)])

    def _policy_column(self, name: str, index: "Indexed", tally: Tally) -> pa.Array:
        action = self._extra[name]

        def of(part: _Index) -> pa.Array:
            at = part.at(name)
            text = as_text(part.value, at)
            if action == "hash":
                column = hashed(text, self._hasher)
            elif action in _BUCKETS:
                pattern, replacement = _BUCKETS[action]
                text = pc.if_else(pc.match_substring_regex(text, pattern), text, None)
                column = pc.replace_substring_regex(text, pattern, replacement)
            else:
                column = pc.utf8_slice_codeunits(text, 0, KEPT_TEXT)
                cut = pc.sum(pc.greater(pc.utf8_length(text), KEPT_TEXT)).as_py()
                tally[name, "policy", "cut"] += cut or 0
            tally[name, "policy", action.partition(":")[0]] += len(column) - column.null_count
            if unfit := part.unfit(at, column):
                tally[name, "form", "drop"] += unfit
            return column

        return index.own_first(name, of, pa.string())


class _Index:
    """Where each attribute name stands in an exploded column of attributes."""

    def __init__(self, attributes: Attributes, aliases: Mapping[str, str]) -> None:
        self.value = attributes.value
        self._row, self._rows = attributes.row, attributes.rows
        self.found: dict[str, Indices] = {}
        for key, places in _by_key(attributes.key):
            name = aliases.get(key, key)
            if name in self.found:
                places = np.sort(np.concatenate((self.found[name], places)))
            self.found[name] = places

    def at(self, name: str) -> pa.Array:
        return positions(self._row, self.found[name], self._rows)

    def unfit(self, at: pa.Array, column: pa.Array) -> int:
        """How many records carry a value at `at` that `column` does not; empty values are none."""
        if column.null_count == at.null_count:
            return 0
        lost = pc.and_(at.is_valid(), column.is_null()).to_numpy(zero_copy_only=False)
        places = at.take(pa.array(np.flatnonzero(lost)))
        blank = np.ones(len(places), dtype=bool)
        for field in self.value.type:
            child = self.value.field(field.name).take(places)
            blank &= child.is_null().to_numpy(zero_copy_only=False)
        return int(len(places) - blank.sum())


@dataclass(frozen=True, slots=True)
class Indexed:
    """The attributes of records and of their resources; `resource_of` is int64 [records]."""

    own: _Index
    resource: _Index | None
    resource_of: Indices

    def parts(self) -> tuple[_Index, ...]:
        return (self.own,) if self.resource is None else (self.own, self.resource)

    def names(self) -> set[str]:
        return {name for part in self.parts() for name in part.found}

    def own_first(
        self, name: str, column_of: Callable[[_Index], pa.Array], kind: pa.DataType
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


def effective_time(
    start: npt.NDArray[np.uint64], received: Indices
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Device start where it lies in [received − 30 days, received + 10 minutes], else received."""
    signed = np.where(start < 2**63, start, 0).astype(np.int64)
    believed = (signed >= received - OLDEST_NS) & (signed <= received + NEWEST_NS)
    return np.where(believed, signed, received), believed


def plain(column: pa.Array) -> pa.Array:
    """`column` without its dictionary, where it has one."""
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def real_id(ids: pa.BinaryArray, size: int) -> pa.Array:
    """Which ids have the right length and are not all zero."""
    return pc.and_(pc.equal(pc.binary_length(ids), size), pc.not_equal(ids, bytes(size)))


def _enumeration(codes: pa.Array, names: pa.Array) -> pa.Array:
    values = codes.to_numpy(zero_copy_only=False)
    return names.take(pa.array(np.where((values >= 0) & (values < len(names)), values, 0)))


def _names(names: pa.Array, tally: Tally) -> pa.Array:
    encoded = names.dictionary_encode()
    values = encoded.dictionary
    good = pc.and_not(
        pc.match_substring_regex(values, SPAN_NAME),
        pc.match_substring_regex(values, LONG_NUMBER),
    )
    kept = pc.if_else(good, values, None).take(encoded.indices)
    if kept.null_count:
        tally["span.name", "form", "drop"] += kept.null_count
    return kept


def _count_dropped(decoded: Decoded, records: pa.StructArray, tally: Tally) -> None:
    status = pc.fill_null(records.field("status").field("message"), "")
    dropped = {
        "span.events": len(records.field("events").flatten()),
        "span.links": len(records.field("links").flatten()),
        "span.status.message": pc.sum(pc.not_equal(status, "")).as_py() or 0,
        "span.trace_state": pc.sum(pc.not_equal(records.field("trace_state"), "")).as_py() or 0,
        "scope.attributes": decoded.scope_attributes,
    }
    tally.update({(name, "allowlist", "drop"): count for name, count in dropped.items() if count})


def _map(columns: Mapping[str, pa.Array], rows: int) -> pa.MapArray:
    """The columns as one map<string, string> per row, null where a row has none."""
    where, names, values = [], [], []
    for name, column in columns.items():
        column = plain(column)
        here = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        where.append(here)
        names.append(np.full(len(here), name, dtype=object))
        values.append(column.drop_null().cast(pa.string()))
    row = np.concatenate(where)
    order = np.argsort(row, kind="stable")
    counts = np.bincount(row, minlength=rows)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    entries = pa.array(np.concatenate(names)[order], pa.string())
    items = pa.chunked_array(values).combine_chunks().take(pa.array(order))
    whole = pa.MapArray.from_arrays(pa.array(offsets), entries, items)
    return pc.if_else(pa.array(counts > 0), whole, None)


def _accepted(
    rows: pa.Table, request: Indices, good: pa.Array, requests: int, tally: Tally
) -> Redacted:
    mask = pc.fill_null(good, False).to_numpy(zero_copy_only=False)
    rejected = np.bincount(request[~mask], minlength=requests)
    if rejected.any():
        rows, request = rows.filter(pa.array(mask)), request[mask]
    return Redacted(rows=rows, request=request, rejected=rejected, tally=tally)
