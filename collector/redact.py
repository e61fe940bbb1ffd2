"""What may be stored of decoded records, and the tally of what may not.

Allowlist: an attribute that neither the contract nor the policy names is not kept. A kept one must
fit its form. Identifiers of people and devices become keyed hashes. Status messages, trace state,
events and links are not kept.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import (
    ALIASES,
    ATTRIBUTES,
    SPAN_ID_BYTES,
    SPAN_NAME,
    TRACE_ID_BYTES,
    Attribute,
    Pseudonym,
)
from collector.contract.policy import Policy
from collector.decode import Decoded, Indices
from collector.detect import Detectors
from collector.persons.pseudonyms import Pseudonyms
from collector.persons.tombstones import ERASED
from collector.redaction.columns import KINDS, STATUSES, as_map, effective_time, enumeration
from collector.redaction.fields import (
    Dropped,
    count_dropped,
    dropped_attributes,
    dropped_strings,
    resource_owners,
)
from collector.redaction.forms import COLUMN_TYPES, Forms, as_text, bucketed, hashed
from collector.redaction.hosts import Hosts
from collector.redaction.ids import Ids, RecordIds
from collector.redaction.index import Index, Indexed
from collector.redaction.judged import MISFIT, Judged, Note, Noted
from collector.redaction.keys import KeyNames
from collector.redaction.screen import Screen
from collector.redaction.tally import Tally
from collector.redaction.text import FreeText
from collector.redaction.upstream import UPSTREAM_KEYS, count_upstream
from collector.redaction.watch import Watch, findings, without

_SPAN_NAME, _IDS = "span.name", "span.ids"


@dataclass(frozen=True, slots=True)
class Redacted:
    """Rows that may be stored: the only type the store writes.

    `rows` has one row per accepted record; `request` (int64 [rows]) the payload each came from;
    `rejected` (int64 [payloads]) how many of each payload can never be stored; `policy_version`
    names the policy that was applied.
    """

    rows: pa.Table = field(repr=False)
    request: Indices
    rejected: Indices
    tally: Tally
    policy_version: str

    def of(self, requests: npt.NDArray[np.bool_], tally: Tally) -> "Redacted":
        """What came from `requests` (bool [payloads]), under a tally of its own."""
        kept = requests[self.request]
        numbers = np.cumsum(requests) - 1
        return Redacted(
            rows=self.rows.filter(pa.array(kept)),
            request=numbers[self.request[kept]],
            rejected=self.rejected[requests],
            tally=tally,
            policy_version=self.policy_version,
        )


class Redactor:
    """Applies one policy. Safe to use from one thread at a time."""

    def __init__(
        self,
        policy: Policy,
        pseudonyms: Pseudonyms,
        key: bytes,
        detectors: Detectors | None = None,
    ) -> None:
        """`key` (32 bytes) hashes ids that are texts, and the values that findings count."""
        self.policy_version = policy.version
        self._ids = Ids(key)
        self._pseudonyms = pseudonyms
        self._aliases = {**ALIASES, **policy.aliases}
        named = {self._aliases.get(n, n): action for n, action in policy.attributes.items()}
        self._dropped = {name for name, action in named.items() if action == "drop"}
        self._known = [a for a in ATTRIBUTES if a.name not in self._dropped]
        known = {a.name for a in self._known}
        self._extra = {n: a for n, a in named.items() if n not in known | self._dropped}
        self._kept = known | self._extra.keys()
        # Names that are ours or the policy's, and no client's.
        self._ours = self._kept | self._dropped
        detectors = detectors or Detectors()
        hosts, screen = Hosts(policy), Screen(detectors)
        self._names = KeyNames(screen)
        self._watch = Watch(self._names, key, detectors)
        self._forms, self._texts = Forms(hosts, screen), FreeText(detectors, hosts)
        self._judged_names = Judged(
            partial(screen.judge_span_names, field=_SPAN_NAME, regex=SPAN_NAME)
        )

    def spans(self, decoded: Decoded, received: Indices) -> Redacted:
        """The spans of several payloads; `received` (ns, int64 [payloads]) when each arrived."""
        records, tally = decoded.records, Tally()
        index = self.index(decoded, "span", received)
        columns = self._columns(decoded, index, tally)
        names = self._span_names(records.field("name"), tally)
        self.account(decoded, index, self._kept, columns, tally)
        start = records.field("start_time_unix_nano").to_numpy(zero_copy_only=False)
        end = records.field("end_time_unix_nano").to_numpy(zero_copy_only=False)
        arrived = received[decoded.request]
        time, believed = effective_time(start, arrived)
        own = self.ids(records, tally)
        parent, real, texts = self._ids.column(records.field("parent_span_id"), SPAN_ID_BYTES)
        tally[_IDS, "text", "hash"] += texts
        status = records.field("status")
        columns |= {
            "key_id": index.key_ids(),
            "trace_id": own.trace,
            "span_id": own.span,
            "parent_span_id": pc.if_else(
                pc.and_(pa.array(real), pc.not_equal(parent, own.span)), parent, None
            ),
            "name": names,
            "kind": enumeration(records.field("kind"), KINDS),
            "status": enumeration(pc.fill_null(status.field("code"), 0), STATUSES),
            "time": pa.array(time),
            "time_believed": pa.array(believed),
            "start_time": pa.array(start),
            "duration": pa.array((end - start).view(np.int64), mask=end == 0),
            "received_time": pa.array(arrived),
        }
        rows, request = pa.table(columns), decoded.request
        rejected = np.bincount(request[~own.good], minlength=len(received))
        if rejected.any():
            rows, request = rows.filter(pa.array(own.good)), request[own.good]
        return Redacted(
            rows=rows,
            request=request,
            rejected=rejected,
            tally=tally,
            policy_version=self.policy_version,
        )

    def ids(self, records: pa.StructArray, tally: Tally) -> RecordIds:
        """The ids of records as they are stored, and which records have both."""
        trace, traced, texts = self._ids.column(records.field("trace_id"), TRACE_ID_BYTES)
        span, good, more = self._ids.column(records.field("span_id"), SPAN_ID_BYTES)
        tally[_IDS, "text", "hash"] += texts + more
        return RecordIds(trace, span, traced & good)

    def index(self, decoded: Decoded, place: str, received: Indices) -> Indexed:
        """Where each attribute stands in `decoded`, by the name it is kept under.

        `place` is that of the records; `received` (ns, int64 [payloads]) chooses the keys.
        """
        self._watch.begin(len(decoded.records))
        everyone, owners = np.arange(len(decoded.records)), resource_owners(decoded)
        keys = self._pseudonyms.rows(received).take(decoded.request)
        resources, resource_keys = decoded.resource_attributes, keys.take(owners)
        return Indexed(
            own=Index(place, decoded.attributes, everyone, self._aliases, keys),
            resource=Index("resource", resources, owners, self._aliases, resource_keys),
            resource_of=decoded.resource,
        )

    def attributes(
        self, index: Indexed, wanted: Sequence[Attribute], tally: Tally, *, inherit: bool
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

    def account(
        self,
        decoded: Decoded,
        index: Indexed,
        kept: Collection[str],
        columns: Mapping[str, pa.Array],
        tally: Tally,
        more: Iterable[Dropped] = (),
    ) -> None:
        """Tallies what was not `kept` of the records, and adds what is found in it.

        `more` are strings that were tallied already. `columns` say whose each record is.
        """
        sightings = tally.sightings
        known = self._ours | set(kept)
        for part in index.parts():
            self._count_unkept(part, kept, known, tally)
            sightings += self._watch.attributes(part, known | UPSTREAM_KEYS)
        for other in dropped_attributes(decoded, tally):
            whose = Index(other.place, other.attributes, other.owner, self._aliases)
            sightings += self._watch.attributes(whose, known)
        for dropped in chain(dropped_strings(decoded, tally), more):
            sightings += self._watch.strings(dropped)
        count_dropped(decoded, tally)
        tally.findings += findings(
            without(_erased(columns), sightings), columns, len(decoded.records)
        )

    def _count_unkept(
        self, part: Index, kept: Collection[str], known: Collection[str], tally: Tally
    ) -> None:
        for name, places in part.found.items():
            if name not in kept and name not in UPSTREAM_KEYS:
                field = name if name in known else "(unnamed attributes)"
                by = "policy" if name in self._dropped else "allowlist"
                tally[field, by, "drop"] += len(places)
        count_upstream(part, self._names, tally)

    def _columns(self, decoded: Decoded, index: Indexed, tally: Tally) -> dict[str, pa.Array]:
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
            columns["attributes"] = as_map(extra, len(decoded.records))
        return columns

    def _span_names(self, names: pa.Array, tally: Tally) -> pa.Array:
        column, noted = self._judged_names.of(names)
        tally[_SPAN_NAME, "form", "keep"] += len(column) - column.null_count
        for note, rows in noted.items():
            tally[_SPAN_NAME, *note] += len(rows)
            tally.sightings += self._watch.detected("span", _SPAN_NAME, note[0], rows)
        return column

    def _column(self, attribute: Attribute, index: Indexed, tally: Tally) -> pa.Array:
        name = attribute.name
        kept = ("form", "keep")
        if isinstance(attribute.form, Pseudonym):
            kept = ("identifier", "hash")

        def of(part: Index) -> pa.Array:
            at = part.at(name)
            column, noted = self._forms.fit(attribute, part.value, at, part.hasher(name))
            self._count(name, part, at, column, kept, noted, tally)
            return column

        return index.own_first(name, of, COLUMN_TYPES[type(attribute.form)])

    def _policy_column(self, name: str, index: Indexed, tally: Tally) -> pa.Array:
        action = self._extra[name]

        def of(part: Index) -> pa.Array:
            at = part.at(name)
            noted: Noted = {}
            if action == "keep":
                column, noted = self._texts.fit(name, part.value, at)
            elif action == "hash":
                column = hashed(as_text(part.value, at), part.hasher(name))
            else:
                column = bucketed(as_text(part.value, at), action)
            done = ("policy", action.partition(":")[0])
            self._count(name, part, at, column, done, noted, tally)
            return column

        return index.own_first(name, of, pa.string())

    def _count(
        self,
        name: str,
        part: Index,
        at: pa.Array,
        column: pa.Array,
        done: Note,
        noted: Noted,
        tally: Tally,
    ) -> None:
        """Tallies what became of the values of `name` at `at`: `done` to those in `column`."""
        tally[name, *done] += len(column) - column.null_count
        places = part.unfit(at, column)
        unfit = len(places)
        for note, rows in noted.items():
            if note != MISFIT:
                tally[name, *note] += len(rows)
                tally.sightings += self._watch.detected(part.place, name, note[0], part.owner[rows])
                unfit -= len(rows) if note[1] == "drop" else 0
        if unfit:
            tally[name, *MISFIT] += unfit
        if unfit == len(places):
            tally.sightings += self._watch.misfits(part, name, places)


def _erased(columns: Mapping[str, pa.Array]) -> Indices:
    """The records of installations that were erased."""
    installation = columns.get("installation")
    if installation is None:
        return np.zeros(0, dtype=np.int64)
    gone = pc.fill_null(pc.equal(installation, pa.scalar(ERASED)), False)
    found: Indices = np.flatnonzero(gone.to_numpy(zero_copy_only=False))
    return found
