"""Stores redacted groups: one transaction each, first copy of a span wins."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.policy import release_key
from collector.redact import Redacted, Tally
from collector.store.database import Database, Transaction
from collector.store.queries import query

# Spans that began longer ago than this are looked for apart, so that the many recent ones are
# looked for in a narrow range of the file.
LATE_NS = 3600 * 10**9

_KEY = ["span_id", "start_time"]
_SOURCE = ("app", "release", "environment", "installation")


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """What one transaction stores: the records of several requests.

    `received` is when the first arrived (ns); `body_bytes` has the size of each request as sent.
    """

    signal: str
    redacted: Redacted
    inputs: pa.Table | None
    received: int
    body_bytes: Sequence[int]


class Writer:
    """Writes groups. Used from one thread."""

    def __init__(self, database: Database, policy_version: str) -> None:
        self._database = database
        self._policy_version = policy_version
        known = database.read(query("known_releases"))
        self._releases = set(known.column(0).to_pylist())

    def write(self, group: Group) -> None:
        """Commits `group`. Raises Overloaded when the database could not take it."""
        rows = group.redacted.rows
        batches = self._batches(group)
        if group.signal == "traces":
            rows = _first_copies(rows)
        fresh_releases = self._fresh_releases(rows)
        with self._database.write() as transaction:
            if group.signal == "traces":
                rows = _without_stored(transaction, rows, group.received)
                version = pa.array([self._policy_version] * len(rows), pa.string())
                rows = rows.append_column("policy_version", version)
                _insert(transaction, "insert_spans", rows)
            if group.inputs is not None:
                _insert(transaction, "insert_inputs", group.inputs)
            _insert(transaction, "insert_batches", batches)
            _insert(transaction, "insert_redactions", self._redactions(group))
            _insert(transaction, "insert_releases", _releases(fresh_releases))
        self._releases |= fresh_releases

    def _fresh_releases(self, rows: pa.Table) -> set[str]:
        if "release" not in rows.column_names:
            return set()
        return set(pc.unique(rows.column("release")).to_pylist()) - self._releases - {None}

    def _batches(self, group: Group) -> pa.Table:
        """One row per request, described by the resource of its first record."""
        redacted, requests = group.redacted, len(group.body_bytes)
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
                "received_time": pa.array([group.received] * requests, pa.int64()),
                "signal": pa.array([group.signal] * requests),
                "body_bytes": pa.array(group.body_bytes, pa.int64()),
                "records": pa.array(np.bincount(redacted.request, minlength=requests)),
                "rejected": pa.array(redacted.rejected),
            }
        )

    def _redactions(self, group: Group) -> pa.Table:
        tally: Tally = Counter({k: v for k, v in group.redacted.tally.items() if v})
        fields, detectors, actions = zip(*tally, strict=True) if tally else ((), (), ())
        return pa.table(
            {
                "received_time": pa.array([group.received] * len(tally), pa.int64()),
                "policy_version": pa.array([self._policy_version] * len(tally), pa.string()),
                "field": pa.array(fields, pa.string()),
                "detector": pa.array(detectors, pa.string()),
                "action": pa.array(actions, pa.string()),
                "occurrences": pa.array(tally.values(), pa.int64()),
            }
        )


def _insert(transaction: Transaction, name: str, table: pa.Table) -> None:
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
