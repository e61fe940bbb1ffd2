"""Answers questions from the store: metrics, one trace, how much there is."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector.asker import asker
from collector.contract.attributes import ATTRIBUTES
from collector.contract.errors import BadInput, HungUp, NotFound
from collector.contract.records import Answer, Column, Query
from collector.metrics import get_metric
from collector.metrics.cells import mergeable
from collector.metrics.sources import GAP_DIMENSIONS
from collector.redaction.ids import Ids
from collector.self_telemetry.health import Health
from collector.store.cells import DAY, SmallCells, merged_cells, settled
from collector.store.database import Database
from collector.store.queries import query
from collector.store.sitting import Asked, Sitting
from collector.store.unsealed import AHEAD, Besides, left

DEFAULT_PERIOD = "-7d"

# Rows in the order of time are found at an end of a period, in parts of it.
_FIRST_WINDOW = DAY
# About as many rows of a file are asked for at once, of no less than an hour.
_WINDOW_ROWS = 100_000
_HOUR = 3600 * 10**9

_UNITS_NS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 24 * 3600 * 10**9}
_RELATIVE = re.compile(r"-(\d{1,6})([smhd])")

_STRUCTURE = (
    "trace_id", "span_id", "parent_span_id", "name", "kind", "status", "time", "time_believed",
    "start_time", "duration", "received_time", "policy_version", "key_id", "late", "attributes",
)  # fmt: skip


def parse_time(text: str, now: int) -> int:
    """ns since 1970 of an RFC 3339 time, `now`, or one relative to it. Raises BadInput.

    `-24h` is as long ago; `-7d` is when the day (UTC) began that was as long ago, so that days are
    whole.
    """
    if text == "now":
        return now
    if relative := _RELATIVE.fullmatch(text):
        ago = max(0, now - int(relative[1]) * _UNITS_NS[relative[2]])
        return ago - ago % DAY if relative[2] == "d" else ago
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput("a time is RFC 3339 with a zone (2026-11-01T00:00:00Z) or relative (-7d)")
    seconds = moment.replace(microsecond=0).timestamp()
    ns = int(seconds) * 10**9 + moment.microsecond * 1000
    if not 0 <= ns < 2**62:
        raise BadInput("a time lies between 1970 and 2116")
    return ns


def rfc3339(ns: int) -> str:
    """`ns` since 1970 as RFC 3339 in UTC with nanoseconds."""
    seconds, rest = divmod(ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def whole_days(since: str | None, until: str | None, now: int) -> tuple[int, int]:
    """[from, to) in ns, of days (UTC) that are over; relative times count from the end of the last.

    Raises BadInput for other bounds.
    """
    end = settled(now)
    first, last = (parse_time(text, end) for text in (since or DEFAULT_PERIOD, until or "now"))
    for name, moment in (("from", first), ("to", last)):
        if moment % DAY:
            raise BadInput(
                f"{name}: this role asks for whole days (UTC), for example -7d or {rfc3339(end)}"
            )
    if last > end:
        raise BadInput(f"to: this role sees days that are over; the last ended at {rfc3339(end)}")
    if first >= last:
        raise BadInput("from must be before to; this role sees days that are over")
    return first, last


class Reader:
    """Read-only questions to the store; `cells` are merged for whoever may not see small ones."""

    def __init__(self, database: Database, health: Health, ids: Ids, cells: SmallCells) -> None:
        self._database, self._health, self._ids = database, health, ids
        self.cells = cells

    def period(self, since: str | None, until: str | None) -> tuple[int, int, int]:
        """(from, to, now) in ns; by default the last 7 days up to now."""
        now = time.time_ns()
        first = parse_time(since or DEFAULT_PERIOD, now)
        # A device's clock may run ahead by what is still believed: now takes that in.
        last = now + AHEAD if until in (None, "now") else parse_time(until, now)
        if first >= last:
            raise BadInput("from must be before to")
        return first, last, now

    def table(self, asked: Query, *, merged: bool = False) -> pa.Table:
        """A metric's answer as an Arrow table; `merged`: without small cells, over whole days.

        Raises BadInput.
        """
        (table,) = self.tables([(asked, merged)])
        return table

    def tables(self, asked: Iterable[tuple[Query, bool]]) -> list[pa.Table]:
        """The same of several, each with whether it is merged, as of one moment."""
        whole = [self._asked(query, merged) for query, merged in asked]
        with self._database.snapshot() as read:
            sitting = Sitting(read, self.cells, self._health, whole)
            return [sitting.table(one) for one in whole]

    def _asked(self, asked: Query, merged: bool) -> Asked:
        metric = get_metric(asked.metric)
        if merged:
            now = time.time_ns()
            since, until = whole_days(asked.since, asked.until, now)
            metric = replace(metric, dimensions=mergeable(metric.name, metric.dimensions))
        else:
            since, until, now = self.period(asked.since, asked.until)
        return Asked(query=asked, metric=metric, merged=merged, since=since, until=until, now=now)

    def rows(self, asked: Query, *, merged: bool = False) -> Iterator[pa.RecordBatch]:
        """Every row of a metric's answer, of one with pages too, piece by piece; as `table`.

        The first piece may have none. Sorted by time, each part of the period is asked for by
        itself, as it is by then, and others are answered in between. Raises BadInput.
        """
        metric = get_metric(asked.metric)
        if not metric.paged:
            table = self.table(asked, merged=merged)
            yield pa.RecordBatch.from_pylist([], schema=table.schema)
            yield from table.to_batches()
            return
        if asked.offset:
            raise BadInput("offset is for pages; a file has every row")
        since, until, now = self.period(asked.since, asked.until)
        width, found = _FIRST_WINDOW, 0
        while since < until:
            if asked.order in (None, "-time"):
                first, last = max(since, until - width), until
                until = first
            else:
                first, last = since, min(until, since + width) if asked.order == "time" else until
                since = last
            statement = metric.statement(
                first, last, now, asked.by, asked.where, page=(asked.order, 0), rows=None
            )
            with self._health.query(metric.name), self._database.snapshot() as read:
                Besides(read, (first, last)).keep(statement.sql)
                for batch in read.batches(statement.sql, statement.values):
                    found += batch.num_rows
                    yield batch
            width, found = (width * 2 if found < _WINDOW_ROWS else max(width // 2, _HOUR)), 0

    def answer(self, asked: Query, *, merged: bool = False) -> Answer:
        """A metric's answer with its columns described and how complete its period is."""
        (answer,) = self.answers([(asked, merged)])
        return answer

    def answers(self, asked: Iterable[tuple[Query, bool]]) -> Iterator[Answer]:
        """The same of several, each with whether it is merged, as of one moment and with the limits
        of one question for all together. Nobody else is answered until the last was taken."""
        whole = [self._asked(query, merged) for query, merged in asked]
        with self._database.snapshot() as read:
            sitting = Sitting(read, self.cells, self._health, whole)
            for one in whole:
                if asker().gone:
                    # What was found for another of them asks the database nothing.
                    raise HungUp
                yield _answer(one, sitting.table(one), sitting.table(self._complete(one)))

    def _complete(self, asked: Asked) -> Asked:
        """How complete the period of another question is."""
        where = {k: v for k, v in asked.query.where.items() if k in GAP_DIMENSIONS}
        of_period = {
            "metric": "completeness", "by": (), "where": where, "selected": {},
            "order": None, "offset": 0,
        }  # fmt: skip
        return self._asked(asked.query.model_copy(update=of_period), asked.merged)

    def trace(self, trace_id: str) -> dict[str, Any]:
        """One trace: its spans, requests and departures, the skews that its calls show, and its
        installation's other requests within a day. Raises BadInput and NotFound."""
        key = self.trace_key(trace_id)
        with self._database.snapshot() as read:
            read(query("keep_trace"), {"trace": key})
            spans, requests, skews = (
                read(query(name), {}).to_pylist()
                for name in ("trace_spans", "trace_requests", "trace_skews")
            )
        if not spans:
            raise NotFound("there is no such trace here; it may be erased, expired or not yet sent")
        start, last = min(s["time"] for s in spans), max(s["time"] for s in spans)
        day = {"from": start - _UNITS_NS["d"], "to": last + _UNITS_NS["d"], "trace": key}
        neighbours = _told(self._database.read(query("trace_neighbours"), day)).to_pylist()
        hours = {"from": start - _UNITS_NS["h"], "to": last + _UNITS_NS["h"]}
        departures = left(self._database, "trace_departures", hours, traces=[key])
        return {
            "trace_id": trace_id.lower(),
            "spans": [shown_span(span, start) for span in spans],
            "requests": requests,
            "departures": [{k: v for k, v in d.items() if k != "trace_id"} for d in departures],
            "skews": skews,
            "neighbours": [{k: _plain(v) for k, v in row.items()} for row in neighbours],
        }

    def trace_key(self, trace_id: str) -> bytes:
        """A trace's id as it is stored. Raises BadInput."""
        if not re.fullmatch(r"[0-9a-fA-F]{32}", trace_id):
            raise BadInput("a trace id is 32 hexadecimal digits")
        return self._ids.stored(bytes.fromhex(trace_id))

    def status(self, *, merged: bool = False) -> dict[str, Any]:
        """How much is stored and from when; `merged`: from which whole day, and of what cells."""
        row: dict[str, Any] = self._database.read(query("status")).to_pylist()[0]
        first, last = row["first_data"], row["last_data"]
        if merged and first is not None:
            end = settled(time.time_ns())
            first, last = first - first % DAY, min(last - last % DAY + DAY, end)
        times = {"first_data": first, "last_data": last}
        told = {name: None if ns is None else rfc3339(ns) for name, ns in times.items()}
        if merged:
            return told | {"min_cell": self.cells.k}
        return row | told | {"database_bytes": self._database.file_bytes()}


def _answer(asked: Asked, table: pa.Table, completeness: pa.Table) -> Answer:
    name, unit = asked.query.metric, asked.metric.unit
    rows = [list(row.values()) for row in _told(table).to_pylist()]
    return Answer(
        metric=name,
        columns=tuple(
            Column(name=f.name, type=str(f.type), unit=unit(f.name)) for f in table.schema
        ),
        rows=[[_plain(value) for value in row] for row in rows],
        suppressed_rows=merged_cells(name, table) if asked.merged else 0,
        completeness=completeness["completeness"][0].as_py(),
    )


def shown_span(row: dict[str, Any], start: int) -> dict[str, Any]:
    """A row of `spans` as it is told; `start` (ns) is where its offset is counted from."""
    attributes = dict(row["attributes"] or [])
    for attribute in ATTRIBUTES:
        value = row.get(attribute.column) if attribute.column else None
        if value is not None and attribute.column not in _STRUCTURE:
            attributes[attribute.name] = value
    parent, duration = row["parent_span_id"], row["duration"]
    return {
        "span_id": row["span_id"].hex(),
        "parent_span_id": parent.hex() if parent else None,
        "name": row["name"],
        "kind": row["kind"],
        "status": row["status"],
        "start": rfc3339(row["time"]),
        "time_believed": row["time_believed"],
        "offset_ms": (row["time"] - start) / 1e6,
        "duration_ms": None if duration is None else duration / 1e6,
        "received": rfc3339(row["received_time"]),
        "late": row["late"],
        "app": row["app"],
        "release": row["release"],
        "policy_version": row["policy_version"],
        "key_id": row["key_id"],
        "attributes": attributes,
    }


def _told(table: pa.Table) -> pa.Table:
    """`table` with its moments in RFC 3339: Python's own times end at microseconds."""
    for at, column in enumerate(table.schema):
        if column.type == pa.timestamp("ns"):
            told = pc.strftime(table.column(at), "%Y-%m-%dT%H:%M:%SZ")
            table = table.set_column(at, column.name, told)
    return table


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of an answer as JSON can hold them."""
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "isoformat"):
        return f"{value.isoformat()}Z" if hasattr(value, "hour") else value.isoformat()
    return value
