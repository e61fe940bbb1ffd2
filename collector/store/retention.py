"""Lets go of what was received longer ago than the policy keeps it, whole days (UTC) at a time.

A day's data goes in slices of an hour received, each a transaction of its own, so that writes come
in between. What a feature keeps shorter goes by its own limit: the spans that carry it, its inputs
and the replays of them.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from collector.contract.config import MIN_CELL
from collector.contract.policy import Policy
from collector.metrics.sources import COUNTED
from collector.self_telemetry.health import Health
from collector.store.backlog import Backlog
from collector.store.database import Database
from collector.store.folding import Folding
from collector.store.queries import query
from collector.store.reader import rfc3339
from collector.store.rollups import CLOCKS, remove_dirty, remove_runs
from collector.store.settling import unsettle
from collector.store.writer import insert

TELEMETRY = ("span_facts", "batches", "consents")
# Last comes what the others are found by.
INPUTS = (
    "input_pieces", "inputs", "input_cuts", "replay_scores", "replay_chunks", "sweeps", "replays",
)  # fmt: skip

_HOUR_NS = 3600 * 10**9
_DAY_NS = 24 * _HOUR_NS

_log = logging.getLogger("limen")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """Before when (ns) telemetry and inputs expire; of one feature, or None for everything."""

    feature: str | None
    telemetry: int
    inputs: int


def limits(policy: Policy, now: int) -> Iterator[Limit]:
    """What `policy` lets go of at `now` (ns): today and the days it names before it are kept."""
    today = now - now % _DAY_NS

    def limit(feature: str | None, days: int) -> Limit:
        input_days = min(days, policy.input_days) if feature else policy.input_days
        return Limit(
            feature=feature, telemetry=today - days * _DAY_NS, inputs=today - input_days * _DAY_NS
        )

    yield limit(None, policy.retention_days)
    for name, feature in policy.features.items():
        if feature.retention_days is not None:
            yield limit(name, feature.retention_days)


class Retention:
    """Applies `policy`. `between` is called between slices; where it says True, the rest waits, as
    where another policy was set meanwhile.

    What of `backlog` goes unsent is counted and said. Sums of requests stay, of cells of `min_cell`
    installations or more.
    """

    def __init__(
        self,
        database: Database,
        policy: Policy,
        health: Health,
        between: Callable[[], bool],
        backlog: Backlog | None = None,
        *,
        min_cell: int = MIN_CELL,
    ) -> None:
        self.policy = policy
        self._database, self._health = database, health
        self._folding = Folding(database, min_cell)
        self._between, self._backlog = between, backlog

    def run(self, now: int) -> Counter[str]:
        """Deletes what expired at `now` (ns) and makes its space reusable. The rows, by table.

        Raises Overloaded where the database could not take it; what was deleted stays deleted.
        """
        began, before = time.perf_counter(), self._database.space()
        gone: Counter[str] = Counter()
        policy = self.policy
        expiring = list(limits(policy, now))
        try:
            some = max(limit.telemetry for limit in expiring)
            self._folding.run(some, expiring[0].telemetry, now)
            for limit in expiring:
                if not self._expire(policy, limit, gone):
                    break
        finally:
            if gone.total():
                self._note(policy, now, gone, before.used, began)
        return gone

    def _expire(self, policy: Policy, limit: Limit, gone: Counter[str]) -> bool:
        """Whether all of it could be done."""
        received = {"before": limit.telemetry, "feature": limit.feature}
        hours = self._database.read(query("received_hours"), received).column("hour").to_pylist()
        for hour in hours:
            self._delete(TELEMETRY, min((hour + 1) * _HOUR_NS, limit.telemetry), limit, gone)
            if self._between() or self.policy != policy:
                return False
        self._delete(INPUTS, limit.inputs, limit, gone)
        self._delete(("tombstones",), limit.telemetry, limit, gone)
        return True

    def _delete(
        self, tables: tuple[str, ...], before: int, limit: Limit, gone: Counter[str]
    ) -> None:
        unsent = 0
        asked = {"before": before, "feature": limit.feature}
        if tables is TELEMETRY:
            runs = self._database.read(query("expiring_runs"), asked)
        with self._database.write() as transaction:
            if self._backlog is not None and tables is TELEMETRY:
                unsent = self._backlog.expiring(transaction, before, limit.feature)
            if tables is TELEMETRY:
                # While what expires is still there: the rollups lose it too.
                unsettle(transaction, "unsettle_expiring", **asked)
                transaction.run("dirty_expiring", **asked)
                for counted in COUNTED:
                    transaction.run_for(counted, "subtract_expiring", **asked)
                for copied in CLOCKS:
                    transaction.run_for(copied, "expire_clocks", **asked)
                transaction.run("restate_expiring", **asked)
            deleted = {table: transaction.ask(f"expire_{table}", **asked) for table in tables}
            if tables is TELEMETRY:
                remove_dirty(transaction)
                bounds = remove_runs(transaction, runs)
                insert(transaction, "insert_runs_left", runs, **bounds)
        for table, [[rows]] in deleted.items():
            gone[table] += rows
            self._health.expired(table, rows)
        if unsent:
            self._health.forwarded(expired=unsent)
            _log.warning("retention: %s spans deleted that were not passed on", f"{unsent:,}")

    def _note(self, policy: Policy, now: int, gone: Counter[str], used: int, began: float) -> None:
        self._database.checkpoint()
        space = self._database.space()
        # What arrived in the meantime takes some of it again.
        freed = max(0, used - space.used)
        self._health.freed("retention", freed)
        rows = {table: count for table, count in gone.items() if count}
        with self._database.write() as transaction:
            transaction.note(
                "retention",
                time=now,
                count=gone.total(),
                rows=rows,
                freed_bytes=freed,
                reusable_bytes=space.reusable,
                retention_days=policy.retention_days,
                until=rfc3339(now),
            )
        _log.info(
            "retention: %s rows deleted, %.1f MiB freed, %.1f MiB of the file reusable, %.1f s",
            f"{gone.total():,}",
            freed / 2**20,
            space.reusable / 2**20,
            time.perf_counter() - began,
        )
