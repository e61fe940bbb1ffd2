"""Stores redacted records: one transaction for all that waited, first copy of a span wins."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.policy import release_key
from collector.decode import Indices
from collector.redact import Redacted, Tally
from collector.store.database import Database, Transaction
from collector.store.queries import query

# Spans that began longer ago than this are looked for apart, so that the many recent ones are
# looked for in a narrow range of the file.
LATE_NS = 3600 * 10**9

_KEY = ["span_id", "start_time"]
_SOURCE = ("app", "release", "environment", "installation")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The records of several requests of one signal.

    `received` (ns, int64 [requests]) is when each arrived, `body_bytes` its size as sent.
    """

    signal: str
    redacted: Redacted
    inputs: pa.Table | None
    received: Indices
    body_bytes: Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """How many records of a part are stored, and how many copies of stored ones were left out."""

    records: int
    duplicates: int


class Writer:
    """Writes parts, each call one transaction. Used from one thread."""

    def __init__(self, database: Database, policy_version: str) -> None:
        self._database = database
        self._policy_version = policy_version
        known = database.read(query("known_releases"))
        self._releases = set(known.column(0).to_pylist())

    @property
    def healthy(self) -> bool:
        """Whether the database takes writes."""
        return self._database.healthy

    def write(self, parts: Sequence[Part]) -> list[Written]:
        """Commits `parts`. Raises Overloaded when the database could not take them."""
        written = []
        fresh_releases = {r for part in parts for r in self._fresh_releases(part.redacted.rows)}
        with self._database.write() as transaction:
            for part in parts:
                if part.signal == "traces":
                    written.append(self._write_spans(transaction, part))
                else:
                    written.append(_write_inputs(transaction, part))
                insert(transaction, "insert_batches", _batches(part))
                insert(transaction, "insert_redactions", self._redactions(part))
            insert(transaction, "insert_releases", _releases(fresh_releases))
        self._releases |= fresh_releases
        return written

    def _write_spans(self, transaction: Transaction, part: Part) -> Written:
        rows = _first_copies(part.redacted.rows)
        if rows.num_rows:
            rows = _without_stored(transaction, rows, int(part.received.max()))
        rows = rows.append_column("policy_version", pa.repeat(self._policy_version, len(rows)))
        insert(transaction, "insert_spans", rows)
        accepted = part.redacted.rows.num_rows
        return Written(records=len(rows), duplicates=accepted - len(rows))

    def _fresh_releases(self, rows: pa.Table) -> set[str]:
        if "release" not in rows.column_names:
            return set()
        return set(pc.unique(rows.column("release")).to_pylist()) - self._releases - {None}

    def _redactions(self, part: Part) -> pa.Table:
        tally: Tally = Counter({k: v for k, v in part.redacted.tally.items() if v})
        fields, detectors, actions = zip(*tally, strict=True) if tally else ((), (), ())
        return pa.table(
            {
                "received_time": pa.array([int(part.received[0])] * len(tally), pa.int64()),
                "policy_version": pa.array([self._policy_version] * len(tally), pa.string()),
                "field": pa.array(fields, pa.string()),
                "detector": pa.array(detectors, pa.string()),
                "action": pa.array(actions, pa.string()),
                "occurrences": pa.array(tally.values(), pa.int64()),
            }
        )


def _write_inputs(transaction: Transaction, part: Part) -> Written:
    if part.inputs is None:
        return Written(records=0, duplicates=0)
    insert(transaction, "insert_inputs", part.inputs)
    return Written(records=len(part.inputs), duplicates=0)


def _batches(part: Part) -> pa.Table:
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
            "signal": pa.array([part.signal] * requests),
            "body_bytes": pa.array(part.body_bytes, pa.int64()),
            "records": pa.array(np.bincount(redacted.request, minlength=requests)),
            "rejected": pa.array(redacted.rejected),
        }
    )


def insert(transaction: Transaction, name: str, table: pa.Table) -> None:
    """Runs the query `name` over `table`, which it knows as `fresh`."""
    if table.num_rows:
        with transaction.tables(fresh=table):
            transaction.run(name)


def _releases(names: set[str]) -> pa.Table:
    ordered = sorted(names)
    return pa.table(
        {
            "release": pa.array(ordered, pa.string()),
            "sort_key": pa.array([release_key(name) for name in ordered], pa.string()),
        }
    )


def _numbered(rows: pa.Table) -> pa.Table:
    return rows.select(_KEY).append_column("at", pa.array(np.arange(rows.num_rows)))


def _first_copies(rows: pa.Table) -> pa.Table:
    """`rows` without the later copies of a span in it."""
    if pc.count_distinct(rows.column("span_id")).as_py() == rows.num_rows:
        return rows
    first = _numbered(rows).group_by(_KEY).aggregate([("at", "min")]).column("at_min")
    return rows.take(first.sort())


def _without_stored(transaction: Transaction, rows: pa.Table, received: int) -> pa.Table:
    """`rows` without the spans that are stored already."""
    start = rows.column("start_time")
    recent = pc.greater(start, pa.scalar(received - LATE_NS, start.type))
    stored = []
    for part in (rows.filter(recent), rows.filter(pc.invert(recent))):
        if part.num_rows:
            ends = pc.min_max(part.column("start_time"))
            with transaction.tables(fresh=part.select(_KEY)):
                stored += transaction.ask(
                    "find_duplicates", low=ends["min"].as_py(), high=ends["max"].as_py()
                )
    if not stored:
        return rows
    spans, starts = zip(*stored, strict=True)
    known = pa.table(
        {"span_id": pa.array(spans, pa.binary()), "start_time": pa.array(starts, start.type)}
    )
    fresh = _numbered(rows).join(known, _KEY, join_type="left anti").column("at")
    return rows.take(fresh.sort())
