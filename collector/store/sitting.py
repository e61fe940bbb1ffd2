"""Answers the questions of one request as of one moment."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from collector.contract.records import Query
from collector.metrics import Metric
from collector.metrics.sources import NOT_SEALED
from collector.self_telemetry.health import Health
from collector.store.cells import DAY, SmallCells, settled
from collector.store.queries import query
from collector.store.unsealed import Besides, Read, end_of

# The newest rows are looked for in the last day of a period, or so much of it as has so many spans
# for each of them; further back until there are enough.
_FIRST_WINDOW = DAY
_FIRST_SPANS = 20
_NEXT_WINDOW = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question over [since, until) as of `now` (ns); `merged`: without small cells."""

    query: Query
    metric: Metric
    merged: bool
    since: int
    until: int
    now: int

    @property
    def key(self) -> tuple[str, bool]:
        """The same where the same is asked."""
        return self.query.model_dump_json(), self.merged


class Sitting:
    """Asks the snapshot that `read` asks; what its questions have in common is found once."""

    def __init__(
        self, read: Read, cells: SmallCells, health: Health, asked: Sequence[Asked]
    ) -> None:
        """`asked` are all of them, but for others over their periods."""
        self._read, self._cells, self._health = read, cells, health
        periods = [(one.since, one.until) for one in asked if one.metric.departs]
        departures = (min(p[0] for p in periods), max(p[1] for p in periods)) if periods else None
        self._besides = Besides(read, departures)
        self._found: dict[tuple[str, bool], pa.Table] = {}
        self._ends: dict[int, int] = {}
        self._kept: dict[tuple[int, int, int], bool] = {}

    def table(self, asked: Asked) -> pa.Table:
        """The answer to one of them. Raises BadInput."""
        if asked.key not in self._found:
            with self._health.query(asked.metric.name):
                self._found[asked.key] = self._answer(asked)
        return self._found[asked.key]

    def _answer(self, asked: Asked) -> pa.Table:
        metric = asked.metric
        if metric.newest is None or asked.query.order is not None or "trace" in asked.query.where:
            # A trace is found in a long period as in a short one.
            return self._within(asked, asked.since)
        end = min(asked.until, asked.now)
        last_day = {"from": end - _FIRST_WINDOW, "to": end}
        spans = self._read(query("count_within"), last_day)["spans"][0].as_py()
        enough = _FIRST_SPANS * metric.newest
        window = asked.until - end + _FIRST_WINDOW * enough // max(spans, enough)
        while True:
            first = max(asked.since, asked.until - window)
            table = self._within(asked, first)
            if first == asked.since or table.num_rows == metric.newest:
                return table
            window *= _NEXT_WINDOW

    def _within(self, asked: Asked, first: int) -> pa.Table:
        metric, told, now = asked.metric, asked.query, asked.now
        rows = None
        if asked.merged:
            named = (*told.by, *told.where, *(column.name for column in metric.columns))
            kept = self._settled(now, first, asked.until)
            rows = self._cells.merged(metric.name, named, now, kept=kept)
        sealed = self._besides.sealed if metric.sums or metric.departs else NOT_SEALED
        until = self._end(asked) if metric.sums else asked.until
        statement = metric.statement(
            first, until, now, told.by, told.where, told.selected, rows,
            (told.order, told.offset), sealed=sealed,
        )  # fmt: skip
        return self._besides.ask(statement.sql, statement.values)

    def _settled(self, now: int, since: int, until: int) -> bool:
        of = (settled(now), since, until)
        if of not in self._kept:
            self._kept[of] = self._cells.kept(self._read, now, since, until)
        return self._kept[of]

    def _end(self, asked: Asked) -> int:
        if asked.until not in self._ends:
            self._ends[asked.until] = end_of(self._read, asked.until, asked.now)
        return self._ends[asked.until]
