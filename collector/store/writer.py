"""Stores redacted records: one transaction for all that waited, first copy of a span wins."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import compress

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.policy import release_key
from collector.decode import Indices
from collector.persons.tombstones import Tombstones
from collector.redact import Redacted
from collector.redaction.tally import Tally
from collector.store.database import Database
from collector.store.queries import query
from collector.store.repeated import Queries, Repeated
from collector.store.transaction import Transaction

# Spans that began longer ago than this are looked for apart, so that the many recent ones are
# looked for in a narrow range of the file.
LATE_NS = 3600 * 10**9

# Below what DuckDB keeps apart from the rows of a block.
PIECE_BYTES = 4_000

_KEY = ["span_id", "start_time"]
_LATEST = 2**63 - 1
_REDACTIONS = pa.list_(
    pa.struct(
        {
            "field": pa.string(),
            "detector": pa.string(),
            "action": pa.string(),
            "occurrences": pa.int64(),
        }
    )
)
_FINDINGS = pa.list_(
    pa.struct(
        {
            "code": pa.string(),
            "place": pa.string(),
            "field": pa.string(),
            "detector": pa.string(),
            "app": pa.string(),
            "release": pa.string(),
            "value_type": pa.string(),
            "occurrences": pa.int64(),
            "sketch": pa.int64(),
        }
    )
)
_SOURCE = ("app", "release", "environment", "installation", "key_id")

_SOURCES = Queries(
    columns="source_columns", last="last_source", find="find_sources", insert="insert_sources"
)
_CONTEXTS = Queries(
    columns="context_columns", last="last_context", find="find_contexts", insert="insert_contexts"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The records of several requests of one signal.

    `received` (ns, int64 [requests]) is when each arrived, `body_bytes` its size as sent.
    """

    signal: str
    redacted: Redacted
    inputs: pa.Table | None = field(repr=False)
    consents: pa.Table | None = field(repr=False)
    received: Indices
    body_bytes: Sequence[int]

    def late(self) -> npt.NDArray[np.bool_]:
        """Which requests hold a span that began long before it came (bool [requests])."""
        found = np.zeros(len(self.received), dtype=np.bool_)
        if self.signal == "traces":
            late = _late(self.redacted.rows, int(self.received.max()))
            found[self.redacted.request[late.to_numpy(zero_copy_only=False)]] = True
        return found

    def of(self, requests: npt.NDArray[np.bool_], tally: Tally) -> "Part":
        """The part of `requests` (bool [requests]); one of log records stays whole."""
        return Part(
            signal=self.signal,
            redacted=self.redacted.of(requests, tally),
            inputs=self.inputs,
            consents=self.consents,
            received=self.received[requests],
            body_bytes=list(compress(self.body_bytes, requests)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """How many records of a part are stored, and how many copies of stored ones were left out.

    `erased` (int64 [requests]) counts those of each request that were refused, because what they
    belong to was erased; None: none.
    """

    records: int
    duplicates: int
    erased: Indices | None = None


class Writer:
    """Writes parts, each call one transaction. Used from one thread.

    `key` (32 bytes) hashes what repeats from span to span. What `tombstones` know is refused.
    """

    def __init__(self, database: Database, key: bytes, tombstones: Tombstones) -> None:
        self._database, self._tombstones = database, tombstones
        known = database.read(query("known_releases"))
        self._releases = set(known.column(0).to_pylist())
        self._facts = database.read(query("fact_columns")).column(0).to_pylist()
        self._sources = Repeated(database, _SOURCES, key)
        self._contexts = Repeated(database, _CONTEXTS, key)
        self._opened = database.opened
        self._commit: int = database.read(query("last_commit")).column(0)[0].as_py()

    @property
    def healthy(self) -> bool:
        """Whether the database takes writes."""
        return self._database.healthy

    def write(self, parts: Sequence[Part]) -> list[Written]:
        """Commits `parts`. Raises Overloaded when the database could not take them."""
        try:
            return self._write(parts)
        except BaseException:
            self.forget()
            raise

    def forget(self) -> None:
        """Looks up again what is stored: after rows were undone, or deleted by others."""
        self._sources.forget()
        self._contexts.forget()

    def _write(self, parts: Sequence[Part]) -> list[Written]:
        written = []
        # It grows with every transaction, whatever was deleted and however often we start.
        self._commit = max(self._commit + 1, time.time_ns())
        with self._database.write() as transaction:
            if self._opened != self._database.opened:
                # A compacted file has left behind what no span names.
                self.forget()
                self._releases = {name for (name,) in transaction.ask("known_releases")}
                self._opened = self._database.opened
            # Within the transaction: what was prepared before an erasure is not stored after it.
            parts, refused = zip(*(self._standing(part) for part in parts), strict=True)
            fresh_releases = {r for part in parts for r in self._fresh_releases(part.redacted.rows)}
            spans = iter(first_copies(transaction, [p for p in parts if p.signal == "traces"]))
            for part, erased in zip(parts, refused, strict=True):
                if part.signal == "traces":
                    done = self._write_spans(transaction, part, next(spans))
                else:
                    done = self._write_logged(transaction, part)
                written.append(done if erased is None else replace(done, erased=erased))
                self._insert(transaction, "insert_batches", self._batches(part))
            insert(transaction, "insert_releases", _releases(fresh_releases))
        self._releases |= fresh_releases
        return written

    def _standing(self, part: Part) -> tuple[Part, Indices | None]:
        """`part` without what is of erased installations, and how much of each request that was."""
        rows, request = part.redacted.rows, part.redacted.request
        refused = self._refused(rows)
        inputs = self._without_refused(part.inputs)
        consents = self._without_refused(part.consents)
        if refused is None and inputs is part.inputs and consents is part.consents:
            return part, None
        if refused is None:
            refused = np.zeros(len(rows), dtype=np.bool_)
        erased = np.bincount(request[refused], minlength=len(part.received))
        if part.signal == "logs":
            # Here the rows are all records, refused ones too.
            every = np.bincount(request, minlength=len(part.received))
            erased = np.minimum(erased, every - part.redacted.rejected)
        redacted = replace(
            part.redacted,
            rows=rows.filter(pa.array(~refused)),
            request=request[~refused],
            rejected=part.redacted.rejected + erased,
        )
        return replace(part, redacted=redacted, inputs=inputs, consents=consents), erased

    def _without_refused(self, rows: pa.Table | None) -> pa.Table | None:
        if rows is None or (refused := self._refused(rows)) is None:
            return rows
        return rows.filter(pa.array(~refused))

    def _refused(self, rows: pa.Table) -> npt.NDArray[np.bool_] | None:
        present = rows.column_names
        return self._tombstones.refused(
            rows.column("installation") if "installation" in present else None,
            rows.column("trace_id") if "trace_id" in present else None,
        )

    def _insert(
        self, transaction: Transaction, name: str, rows: pa.Table, **values: object
    ) -> None:
        number = pa.repeat(self._commit, len(rows))
        insert(transaction, name, rows.append_column("commit_number", number), **values)

    def _write_spans(self, transaction: Transaction, part: Part, rows: pa.Table) -> Written:
        """Stores `rows`, those of `part` that are first copies."""
        if rows.num_rows:
            rows = _under(part.redacted.policy_version, rows)
            present = set(rows.column_names)
            facts = rows.select([name for name in self._facts if name in present])
            facts = _set(facts, "start_time", _unbelieved(rows))
            facts = _set(facts, "source", self._sources.place(transaction, rows))
            facts = _set(facts, "context", self._contexts.place(transaction, rows))
            self._insert(transaction, "insert_span_facts", facts)
            transaction.spans += len(facts)
        accepted = part.redacted.rows.num_rows
        return Written(records=len(rows), duplicates=accepted - len(rows))

    def _write_logged(self, transaction: Transaction, part: Part) -> Written:
        records = 0
        if part.inputs is not None and len(part.inputs):
            inputs = _under(part.redacted.policy_version, part.inputs)
            self._insert(transaction, "insert_inputs", inputs.drop_columns("sealed"))
            first = pc.min(inputs.column("number")).as_py()
            self._insert(transaction, "insert_input_pieces", _pieces(inputs), first=first)
            records += len(inputs)
        if part.consents is not None:
            consents = _under(part.redacted.policy_version, part.consents)
            self._insert(transaction, "insert_consents", consents)
            records += len(consents)
        return Written(records=records, duplicates=0)

    def _fresh_releases(self, rows: pa.Table) -> set[str]:
        if "release" not in rows.column_names:
            return set()
        return set(pc.unique(rows.column("release")).to_pylist()) - self._releases - {None}

    def _batches(self, part: Part) -> pa.Table:
        """One row per request, described by the resource of its first record."""
        redacted, requests = part.redacted, len(part.body_bytes)
        asked, first = np.unique(redacted.request, return_index=True)
        at = np.full(requests, -1, dtype=np.int64)
        at[asked] = first
        places = pa.array(at, mask=at < 0)
        columns = {
            name: redacted.rows.column(name).take(places)
            for name in _SOURCE
            if name in redacted.rows.column_names
        }
        return pa.table(
            columns
            | {
                "received_time": pa.array(part.received),
                "policy_version": pa.repeat(redacted.policy_version, requests),
                "signal": pa.repeat(part.signal, requests),
                "body_bytes": pa.array(part.body_bytes, pa.int64()),
                "records": pa.array(np.bincount(redacted.request, minlength=requests)),
                "rejected": pa.array(redacted.rejected),
                "redactions": _redactions(redacted.tally, requests),
            }
            | _findings(redacted.tally, requests)
        )


def _redactions(tally: Tally, requests: int) -> pa.Array:
    """The tally of a group, at the first of its requests."""
    done = [
        {"field": field, "detector": detector, "action": action, "occurrences": count}
        for (field, detector, action), count in tally.items()
        if count
    ]
    return pa.array([done or None, *[None] * (requests - 1)], _REDACTIONS)


def _findings(tally: Tally, requests: int) -> dict[str, pa.Array]:
    """What was found in a group, at the first of its requests; no column where that is nothing."""
    if not tally.findings:
        return {}
    found = [finding._asdict() for finding in tally.findings]
    return {"findings": pa.array([found, *[None] * (requests - 1)], _FINDINGS)}


def _under(policy_version: str, rows: pa.Table) -> pa.Table:
    """`rows` that say which policy let them in."""
    return rows.append_column("policy_version", pa.repeat(policy_version, len(rows)))


def _unbelieved(rows: pa.Table) -> pa.Array:
    """The device's own start where it was not believed; elsewhere it is the span's time."""
    return pc.if_else(rows.column("time_believed"), None, rows.column("start_time"))


def _set(rows: pa.Table, name: str, column: pa.Array) -> pa.Table:
    at = rows.schema.get_field_index(name)
    return rows.append_column(name, column) if at < 0 else rows.set_column(at, name, column)


def insert(transaction: Transaction, name: str, table: pa.Table, **values: object) -> None:
    """Runs the query `name` over `table`, which it knows as `fresh`."""
    if table.num_rows:
        transaction.name(fresh=table)
        transaction.run(name, **values)


def _pieces(inputs: pa.Table) -> pa.Table:
    """What is sealed of `inputs`, cut into pieces of at most PIECE_BYTES."""
    columns = (inputs.column(name).to_pylist() for name in ("number", "sealed"))
    rows = [
        (number, piece, sealed[at : at + PIECE_BYTES])
        for number, sealed in zip(*columns, strict=True)
        for piece, at in enumerate(range(0, len(sealed), PIECE_BYTES))
    ]
    numbers, pieces, parts = zip(*rows, strict=True)
    return pa.table(
        {
            "number": pa.array(numbers, pa.int64()),
            "piece": pa.array(pieces, pa.int32()),
            "sealed": pa.array(parts, pa.binary()),
        }
    )


def _releases(names: set[str]) -> pa.Table:
    ordered = sorted(names)
    return pa.table(
        {
            "release": pa.array(ordered, pa.string()),
            "sort_key": pa.array([release_key(name) for name in ordered], pa.string()),
        }
    )


def _late(rows: pa.Table, received: int) -> pa.ChunkedArray:
    """Which of `rows` began longer before `received` (ns) than most spans do."""
    start = rows.column("start_time")
    return pc.less_equal(start, pa.scalar(max(0, received - LATE_NS), start.type))


def first_copies(transaction: Transaction, parts: Sequence[Part]) -> list[pa.Table]:
    """The rows of each of `parts` that neither stand before in them nor are stored already."""
    if not parts:
        return []
    tables = [part.redacted.rows for part in parts]
    keys = pa.concat_tables([table.select(_KEY) for table in tables])
    keys = keys.append_column("at", pa.array(np.arange(len(keys))))
    if len(keys) and pc.count_distinct(keys.column("span_id")).as_py() < len(keys):
        first = keys.group_by(_KEY).aggregate([("at", "min")]).column("at_min")
        keys = keys.take(first.sort())
    if len(keys):
        keys = _without_stored(transaction, keys, max(int(p.received.max()) for p in parts))
    at = keys.column("at").to_numpy()
    ends = np.cumsum([len(table) for table in tables])
    found = []
    for table, end in zip(tables, ends.tolist(), strict=True):
        own = at[(at >= end - len(table)) & (at < end)] - (end - len(table))
        found.append(table if len(own) == len(table) else table.take(pa.array(own)))
    return found


def _without_stored(transaction: Transaction, keys: pa.Table, received: int) -> pa.Table:
    """`keys` without the spans that are stored already, in order."""
    late = _late(keys, received)
    stored = []
    for part in (keys.filter(pc.invert(late)), keys.filter(late)):
        if part.num_rows:
            start = part.column("start_time")
            low, high = pc.min_max(start).as_py().values()
            signed = pc.if_else(
                pc.less_equal(start, pa.scalar(_LATEST, start.type)), start, None
            ).cast(pa.int64())
            transaction.name(fresh=part.select(_KEY).append_column("time", signed))
            stored += transaction.ask(
                "find_duplicates",
                low=low,
                high=high,
                time_low=min(low, _LATEST),
                time_high=min(high, _LATEST),
            )
    if not stored:
        return keys
    spans, starts = zip(*stored, strict=True)
    known = pa.table(
        {
            "span_id": pa.array(spans, pa.binary()),
            "start_time": pa.array(starts, keys.column("start_time").type),
        }
    )
    return keys.join(known, _KEY, join_type="left anti").sort_by("at")
