"""Rolls up behind the writer what left devices, so that questions need not walk through each trace,
and what was asked of them, so that questions need not count it one by one.

What departs is told by the spans of a trace alone, and the consent it left under by the history of
its installation; the policy is applied when it is asked for. A trace is covered by the rollup until
it gets a span, which its transaction's number shows, or loses one, which whoever deletes notes; and
so is the consent of an installation until its history gets or loses an entry. Questions answer from
the rollup and, for what it does not cover, from spans and history: so they say the same whatever is
rolled up.

What stands in the rollup is summed by day: what comes to stand there is added to the sums in the
same transaction, and what goes from there subtracted, so that they always say the same.

Requests are counted by day, in sums to which each run adds what came since the one before, and from
which whoever deletes takes away what goes. Which numbers of a launch came is kept as runs without a
gap, so that a late request finds its place without the others being read. What phones that repeat
themselves do to the sureness of a rate is told from a sample of installations, which is all of them
where they are few.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.errors import Failed, Overloaded
from collector.metrics.sources import COUNTED
from collector.store.cells import DAY
from collector.store.database import Database
from collector.store.queries import query
from collector.store.schema import ROLLUP_RULES
from collector.store.transaction import Transaction
from collector.store.unsealed import (
    EVER,
    PART_CALLS,
    keep_restated,
    keep_runs,
    keep_uncounted,
    keep_unrolled,
)
from collector.store.writer import insert

# As many spans go at once, and PART_CALLS of the departures among them; where that is more than
# memory holds, half of them, and again half, down to so few.
SLICE_ROWS = 100_000
LEAST_CALLS = 5_000
# What is rolled up and gets another consent needs no spans.
PART_RESTATED = 100_000
# What is summed of what left: rollup_….
SUMMED = ("sent", "senders")
# What clocks show is copied.
CLOCKS = ("clocks", "served")
# So many installations at most are counted each apart; half of them leave where it is more.
SAMPLE = 8_192

_log = logging.getLogger("limen")


class Rollups:
    """Of `database`. To be run while nothing else deletes or copies."""

    def __init__(self, database: Database, sample: int = SAMPLE) -> None:
        self._database, self._sample = database, sample

    def due(self) -> bool:
        """Whether anything is not covered."""
        dirty = self._database.read(query("count_dirty")).column("dirty")[0].as_py()
        return dirty > 0 or self._slice(self._place())[0] is not None

    def run(self) -> bool:
        """Covers the oldest transactions that are not covered; whether more are left.

        What is too large for it is given up. Between two steps, each of which leaves all answers as
        they are, one who waits is answered. Raises Overloaded: what was covered still is.
        """
        place = self._place()
        end, more = self._slice(place)
        last = place if end is None else end
        given_up = list(self._cover(last))
        self._restate(last)
        drawn = self._thin()
        span = {"after": place, "last": last}
        with self._database.snapshot() as read:
            keep_uncounted(read, **span)
            counts = {
                table: read(query("unrolled_counts").replace("{table}", table), {})
                for table in COUNTED
            }
            counts |= {
                table: read(query("unrolled_clocks").replace("{table}", table), span)
                for table in CLOCKS
            }
        self._database.turns.give_way()
        with self._database.snapshot() as read:
            keep_runs(read, **span)
            runs = read(query("unrolled_runs"), span)
        with self._database.write() as transaction:
            for table, counted in counts.items():
                transaction.name(fresh=counted)
                transaction.run_for(table, "insert_counts")
            transaction.run("drop_served", **span)
            remove_runs(transaction, runs)
            insert(transaction, "insert_rolled_runs", runs)
            transaction.run("retry_unrolled", last=last)
            transaction.run("clear_rollup_dirty")
            for traces in given_up:
                insert(transaction, "give_up_unrolled", traces)
            transaction.run("clear_rollup_restated")
            transaction.run("clear_rollup_state")
            transaction.run("set_rollup_state", last=last, rules=ROLLUP_RULES, drawn=drawn)
        return more

    def _thin(self) -> int:
        """Halves the sample where it has grown too large; below which step it stands then."""
        (row,) = self._database.read(query("count_sampled")).to_pylist()
        drawn: int = row["drawn"]
        if row["installations"] > self._sample:
            drawn //= 2
            with self._database.write() as transaction:
                transaction.run("thin_sample", drawn=drawn)
                transaction.run("set_drawn", drawn=drawn)
        return drawn

    def _cover(self, last: int, parts: int = 1, part: int = 0) -> Iterator[pa.Table]:
        """Covers one of so many `parts` of the traces, piece by piece where it is large. The traces
        that it could not: one may be larger than memory, and must not keep others waiting."""
        asked = {"parts": parts, "part": part}
        calls: int | None = None
        found: tuple[pa.Table, pa.Table] | None = None
        try:
            with self._database.snapshot() as read:
                calls = keep_unrolled(read, EVER, last)
                if calls <= parts * PART_CALLS:
                    before = read(query("rolled_before"), asked)
                    found = before, read(query("unrolled_departures"), {**asked, **EVER})
        except (Overloaded, Failed):
            if calls is None:
                raise
            if calls <= parts * LEAST_CALLS:
                _log.warning("rollup: traces are given up, questions find what left from spans")
                yield self._database.read(query("too_large"), {**asked, "last": last})
                return
        if found is None:
            pieces = max(2, -(-calls // (parts * PART_CALLS)))
            for piece in range(pieces):
                yield from self._cover(last, pieces * parts, part + piece * parts)
            return
        self._exchange(*found)
        self._database.turns.give_way()

    def _restate(self, last: int) -> None:
        """Of installations whose history of consent is another, gives what is rolled up the consent
        it left under by now."""
        with self._database.snapshot() as read:
            changed = keep_restated(read, last)
            days = read(query("count_restated"), {}).to_pylist() if changed else []
        for part in _parts([(row["day"], row["departures"]) for row in days]):
            with self._database.snapshot() as read:
                keep_restated(read, last)
                found = read(query("restated_departures"), {"last": last, **part})
            self._exchange(found, found)
            self._database.turns.give_way()

    def _exchange(self, before: pa.Table, departures: pa.Table) -> None:
        """`departures` are rolled up in the place of those `before`."""
        if not len(before) and not len(departures):
            return
        with self._database.write() as transaction:
            if len(before):
                _take(transaction, before)
            if len(departures):
                _add(transaction, departures)

    def _place(self) -> int:
        place: int = self._database.read(query("rollup_state")).column("commit_number")[0].as_py()
        return place

    def _slice(self, place: int) -> tuple[int | None, bool]:
        """The transaction that ends what follows `place`, or a slice of it; whether more follow."""
        asked = {"rows": SLICE_ROWS, "after": place}
        (row,) = self._database.read(query("rollup_slice"), asked).to_pylist()
        return row["slice_end"], row["more"]


def remove_dirty(transaction: Transaction) -> None:
    """Once spans are deleted: of the traces noted as dirty, what was rolled up goes too."""
    [[first, last]] = transaction.ask("dirty_bounds")
    if first is None:
        return
    # As numbers: else these reads are planned as if they found little of what is stored.
    bounds = {"first": first, "last": last}
    transaction.run("keep_gone", **bounds)
    remove_gone(transaction)
    transaction.run("forget_gone", **bounds)


def remove_gone(transaction: Transaction) -> None:
    """What stands in the table `gone` is rolled up no more."""
    for table in SUMMED:
        transaction.run_for(table, "subtract_gone")
    transaction.run("remove_gone")


def remove_runs(transaction: Transaction, runs: pa.Table) -> Mapping[str, int]:
    """What is rolled up of the launches of `runs` goes; between when (ns) these made requests."""
    bounds = {
        "first": pc.min(runs.column("earliest")).as_py(),
        "last": pc.max(runs.column("latest")).as_py(),
    }
    insert(transaction, "remove_rolled_runs", runs, **bounds)
    return bounds


def _add(transaction: Transaction, departures: pa.Table) -> None:
    transaction.name(fresh=departures)
    for name in ("insert_kinds", "insert_rolled"):
        transaction.run(name)
    for table in SUMMED:
        transaction.run_for(table, "insert_sent")


def _take(transaction: Transaction, departures: pa.Table) -> None:
    """What stands in the rollup of these no longer does."""
    times = departures.column("time")
    bounds = {"first": pc.min(times).as_py(), "last": pc.max(times).as_py()}
    transaction.name(fresh=departures.select(["trace_id", "span_id"]))
    for table in SUMMED:
        transaction.run_for(table, "subtract_rolled", **bounds)
    transaction.run("remove_rolled", **bounds)


def _parts(days: Sequence[tuple[int, int]]) -> Iterator[dict[str, int]]:
    """Parts of what is to be restated, of days as they begin (ns) with so many departures: some
    days together, or some of a day."""
    since, together = 0, 0
    for number, (day, departures) in enumerate(days):
        since = since if together else day
        together += departures
        follows = days[number + 1][1] if number + 1 < len(days) else PART_RESTATED
        if together + follows > PART_RESTATED:
            parts = -(-together // PART_RESTATED)
            for part in range(parts):
                yield {"since": since, "until": day + DAY, "parts": parts, "part": part}
            together = 0
