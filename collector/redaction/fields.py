"""What a record says besides its attributes: counted where it is dropped, looked at by `Watch`."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import CONSENT_EVENT, INPUT_EVENT
from collector.decode import Attributes, Decoded, Indices, explode
from collector.redaction.tally import Tally


@dataclass(frozen=True, slots=True)
class Dropped:
    """Strings of one part of the records; `owner` (int64) is the record of each."""

    place: str
    field: str
    strings: pa.StringArray = dataclasses.field(repr=False)
    owner: Indices


@dataclass(frozen=True, slots=True)
class Others:
    """Attributes that are never kept, of one place."""

    place: str
    field: str
    attributes: Attributes
    owner: Indices


def written(strings: pa.StringArray) -> int:
    """How many of `strings` (none of them null) are not empty. Costs nothing where all are."""
    if not len(strings):
        return 0
    offsets = np.frombuffer(strings.buffers()[1], np.int32)
    offsets = offsets[strings.offset : strings.offset + len(strings) + 1]
    if offsets[0] == offsets[-1]:
        return 0
    return int(np.count_nonzero(np.diff(offsets)))


def dropped_strings(decoded: Decoded, tally: Tally) -> Iterator[Dropped]:
    """The strings of records that are never kept, each kind tallied."""
    for one in _strings(decoded):
        if count := written(one.strings):
            tally[one.field, "allowlist", "drop"] += count
            yield one


def dropped_attributes(decoded: Decoded, tally: Tally) -> Iterator[Others]:
    """The attributes of scopes, events and links, each kind tallied."""
    for place, field, lists, owner in _attribute_lists(decoded):
        if count := len(lists.flatten()):
            tally[field, "allowlist", "drop"] += count
            yield Others(place, field, explode(lists), owner)


def count_dropped(decoded: Decoded, tally: Tally) -> None:
    """Tallies the events, links, entities and bodies of records, of which nothing is kept."""
    records = decoded.records
    counts = {"resource.entity_refs": len(_resources(decoded).field("entity_refs").flatten())}
    if _is_span(records):
        counts["span.events"] = len(records.field("events").flatten())
        counts["span.links"] = len(records.field("links").flatten())
    for field, count in counts.items():
        if count:
            tally[field, "allowlist", "drop"] += count


def _is_span(records: pa.StructArray) -> bool:
    return bool(records.type.get_field_index("body") < 0)


def _resources(decoded: Decoded) -> pa.StructArray:
    return decoded.resources.field("resource")


def _strings(decoded: Decoded) -> Iterator[Dropped]:
    records, scope = decoded.records, decoded.scopes.field("scope")
    of_scope, of_resource = owners(decoded.scope, len(scope)), resource_owners(decoded)
    everyone = np.arange(len(records))
    yield Dropped("resource", "resource.schema_url", _url(decoded.resources), of_resource)
    yield Dropped("scope", "scope.schema_url", _url(decoded.scopes), of_scope)
    yield Dropped("scope", "scope.name", _text(scope.field("name")), of_scope)
    yield Dropped("scope", "scope.version", _text(scope.field("version")), of_scope)
    if not _is_span(records):
        yield Dropped("log", "log.severity_text", records.field("severity_text"), everyone)
        return
    status = records.field("status").field("message")
    yield Dropped("span", "span.status.message", _text(status), everyone)
    yield Dropped("span", "span.trace_state", records.field("trace_state"), everyone)
    for place, field, name in (
        ("event", "events", "name"),
        ("link", "links", "trace_state"),
    ):
        lists = records.field(field)
        if len(lists.flatten()):
            yield Dropped(place, f"{place}.{name}", lists.flatten().field(name), _parents(lists))


def _attribute_lists(decoded: Decoded) -> Iterator[tuple[str, str, pa.ListArray, Indices]]:
    records, scope = decoded.records, decoded.scopes.field("scope")
    lists = scope.field("attributes")
    yield "scope", "scope.attributes", lists, owners(decoded.scope, len(scope))
    if _is_span(records):
        for place, field in (("event", "events"), ("link", "links")):
            outer = records.field(field)
            if len(outer.flatten()):
                inner = outer.flatten().field("attributes")
                yield place, f"{place}.attributes", inner, _parents(outer)


def log_strings(decoded: Decoded, sealed: Indices, tally: Tally) -> Iterator[Dropped]:
    """Bodies and event names of log records but of those at `sealed`, which are inputs."""
    records = decoded.records
    left = np.ones(len(records), dtype=bool)
    left[sealed] = False
    owner = np.flatnonzero(left)
    at = pa.array(owner)
    body = records.field("body").take(at)
    there = np.zeros(len(owner), dtype=bool)
    for kind in body.type:
        there |= body.field(kind.name).is_valid().to_numpy(zero_copy_only=False)
    if count := int(there.sum()):
        tally["log.body", "allowlist", "drop"] += count
        yield Dropped("log", "log.body", pc.fill_null(body.field("string_value"), ""), owner)
    names = records.field("event_name").take(at)
    ours = pc.is_in(names, value_set=pa.array([INPUT_EVENT, CONSENT_EVENT]))
    names = pc.if_else(ours, "", names)
    if count := written(names):
        tally["log.event_name", "allowlist", "drop"] += count
        yield Dropped("log", "log.event_name", names, owner)


def owners(of: Indices, count: int) -> Indices:
    """For each of `count` things one of the records that are `of` it; -1 where none is."""
    found = np.full(count, -1, dtype=np.int64)
    found[of] = np.arange(len(of))
    return found


def resource_owners(decoded: Decoded) -> Indices:
    """For each resource one of its records; -1 where it has none."""
    return owners(decoded.resource, len(decoded.resources))


def _url(things: pa.StructArray) -> pa.StringArray:
    return things.field("schema_url")


def _text(strings: pa.StringArray) -> pa.StringArray:
    """`strings` of a message that may be missing, then empty."""
    return strings.fill_null("") if strings.null_count else strings


def _parents(lists: pa.ListArray) -> Indices:
    return pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
