"""A copy of the whole database in a fresh file beside it, made while data keeps arriving.

The copy holds the rows that there are and nothing else: no deleted bytes, no source or context that
no span names. Rows are copied in slices of whole transactions, by the number each carries, until
little is left; that rest is copied while writes wait. Nothing may be deleted meanwhile.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

from collector.contract.errors import Overloaded
from collector.metrics.sources import COUNTED
from collector.store.beside import Beside
from collector.store.database import Database
from collector.store.rollups import SUMMED
from collector.store.schema import TABLES

# A little below two of DuckDB's row groups: more takes memory to sort, and what is left over of a
# group would be written twice.
SLICE_ROWS = 238_000
# So few rows are copied in a fraction of a second.
REST_ROWS = 20_000
ROUNDS = 8
# Of what is copied by time: whole row groups. What came late lies in the first of a slice, and
# whoever looks for a time passes over most.
TIMED_ROWS = 8 * 122_880
# What a copy may take beyond what it copies: its log, and slices being sorted.
SPARE_BYTES = 256 * 2**20

# Every row carries the number of the transaction that wrote it.
_COMMITTED = ("batches", "inputs", "input_pieces", "consents")
# Copied with what names them, or which they name.
_BOUND = (
    "span_facts", "span_sources", "span_contexts", "releases", "replay_scores", "replay_chunks",
    "rollup_kinds", *(f"rollup_{table}" for table in (*COUNTED, *SUMMED)),
)  # fmt: skip
# Nobody writes these while a copy is made, and they may be large; those with a time by time.
_TIMED = ("rollup_departures", "rollup_runs", "rollup_clocks", "rollup_served", "rollup_gaps")
_SETTLED = (*_TIMED, "rollup_dirty", "rollup_state", "rollup_restated")
_WHOLE = tuple(name for name in TABLES if name not in _COMMITTED + _BOUND + _SETTLED)
# A copy has as many rows of these as there are.
_COUNTED = ("span_facts", "replay_scores", "replay_chunks", *_COMMITTED, *_SETTLED, *_WHOLE)

_NONE, _ALL = -1, 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """What a copy came to: its spans, its seconds, and for how many of them writes waited."""

    spans: int
    seconds: float
    paused_seconds: float


class Copying:
    """Makes copies of `database`, where `min_free_bytes` are left.

    `between` is called between slices; where it says True, the copy is given up.
    """

    def __init__(
        self, database: Database, between: Callable[[], bool], min_free_bytes: int
    ) -> None:
        self._database, self._between = database, between
        self._min_free_bytes = min_free_bytes
        self._spans = 0

    @property
    def spans(self) -> int:
        """How many spans of the copy at hand are copied."""
        return self._spans

    def run(self, then: Callable[[], None]) -> Copied:
        """Makes a whole copy in `database.copy_path` and calls `then` while nobody reads or writes.

        The copy is removed after that where it was not moved. Raises Overloaded where there is no
        room for it, or it could not be made.
        """
        self._check_room()
        began = time.perf_counter()
        self._spans = 0
        try:
            with self._database.beside() as beside:
                after = self._most(beside)
                self._database.checkpoint()
                with self._database.alone():
                    paused = time.perf_counter()
                    self._rest(beside, after)
                    beside.close()
                    then()
        finally:
            self._database.remove_copy()
        now = time.perf_counter()
        return Copied(spans=self._spans, seconds=now - began, paused_seconds=now - paused)

    def _check_room(self) -> None:
        held = self._database.space().used + self._database.log_bytes()
        needed = held + SPARE_BYTES + self._min_free_bytes
        free = shutil.disk_usage(self._database.path.parent).free
        if free < needed:
            raise Overloaded(
                f"{needed / 2**20:,.0f} MiB are needed to copy the database beside it, and "
                f"{free / 2**20:,.0f} MiB are free: make room"
            )

    def _most(self, beside: Beside) -> int:
        """Copies until little is left; the number up to which all is copied."""
        for table in _SETTLED:
            if table in _TIMED:
                self._timed(beside, table)
            else:
                beside.run("copy_whole", table)
        for table in (*COUNTED, *SUMMED):
            beside.run("copy_counts", table)
        beside.run("copy_rollup_kinds")
        after = _NONE
        for _ in range(ROUNDS):
            last: int = beside.ask("last_commit")[0][0]
            slices = beside.ask("copy_slices", rows=SLICE_ROWS, after=after, last=last)
            before = self._spans
            for end in [*(end for (end,) in slices[:-1]), last]:
                self._committed(beside, after, end)
                after = end
                if self._between():
                    raise Overloaded("the copy was given up: the collector stops")
            with beside.snapshot():
                self._bound(beside, _NONE)
            beside.run("checkpoint_copy")
            if self._spans - before < REST_ROWS:
                break
        return after

    def _timed(self, beside: Beside, table: str) -> None:
        """Copies a table in slices, each in the order of time."""
        end: int = beside.ask("end_of_rows", table)[0][0]
        for first in range(0, end, TIMED_ROWS):
            beside.run("copy_timed", table, first=first, end=first + TIMED_ROWS)

    def _rest(self, beside: Beside, after: int) -> None:
        with beside.snapshot():
            self._committed(beside, after, _ALL)
            self._bound(beside, after)
            beside.run("copy_releases")
            for table in _WHOLE:
                beside.run("copy_whole", table)
            for table in _COUNTED:
                here, copied = beside.ask("count_copied", table)[0]
                if here != copied:
                    raise Overloaded(f"of {here} rows of {table} {copied} were copied: not used")
        beside.run("checkpoint_copy")

    def _committed(self, beside: Beside, after: int, last: int) -> None:
        self._spans += beside.ask("copy_span_facts", after=after, last=last)[0][0]
        for table in _COMMITTED:
            beside.run("copy_committed", table, after=after, last=last)

    def _bound(self, beside: Beside, after: int) -> None:
        beside.run("copy_span_sources", after=after)
        beside.run("copy_span_contexts", after=after)
        beside.run("copy_replay_scores")
        beside.run("copy_replay_chunks")
