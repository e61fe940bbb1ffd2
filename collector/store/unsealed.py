"""What there is besides what is rolled up. It is summed as that is, once for all questions of one
request: these read the sums of both."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa

from collector.metrics.sources import COUNTED, Sealed
from collector.store.cells import DAY
from collector.store.database import Database
from collector.store.queries import query

Read = Callable[[str, Mapping[str, Any]], pa.Table]

# How far (ns) a device's clock may run ahead and still be believed.
AHEAD = 600 * 10**9

_COUNTS = re.compile(rf"\bfresh_({'|'.join(COUNTED)})\b")
_DEPARTURES = re.compile(
    r"\bfresh_(sent|senders|departures|kinds)\b|\boutdated\b|\b(sent|sent_for_requests|departures)\("
)
_GAPS = re.compile(r"\bgaps\(")
# So many departures are found at once: that is less than memory.
PART_CALLS = 20_000
# Of all times, as far as the database can tell.
EVER = {"from": -(2**63) + 1, "to": 2**63 - 1}


def end_of(read: Read, until: int, now: int) -> int:
    """The end of the day (ns) that `until` cuts, where nothing is stored of after it by `now`; else
    `until`: so a period that ends there is of whole days, which sums answer."""
    end = until + -until % DAY
    # Nothing is stored of later than what is believed.
    cut = end > until and until < now + AHEAD
    if cut and len(read(query("beyond"), {"from": until, "to": end})):
        return until
    return end


class Besides:
    """What there is besides what is rolled up in the snapshot that `read` asks.

    Where it is asked for it is kept until the snapshot ends: each question would else look for it
    again, some more than once, and with more memory than there is.
    """

    def __init__(
        self,
        read: Read,
        departures: tuple[int, int] | None = None,
        *,
        traces: Sequence[bytes] | None = None,
        part_calls: int = PART_CALLS,
    ) -> None:
        """`departures`: the period [since, until) (ns) of all that is asked of what left; of some
        `traces` only, where it is of those."""
        self._read, self._departures, self._part_calls = read, departures, part_calls
        self._traces = traces
        self._kept: set[str] = set()

    @cached_property
    def sealed(self) -> Sealed:
        """What is rolled up."""
        return Sealed.but(self._what)

    def ask(self, sql: str, values: Mapping[str, Any]) -> pa.Table:
        """The answer to a question of both."""
        self.keep(sql)
        return self._read(sql, values)

    def keep(self, sql: str) -> None:
        """Finds what `sql` asks of what is not rolled up."""
        self._keep_counts([table for table in set(_COUNTS.findall(sql)) if self._first(table)])
        if _DEPARTURES.search(sql):
            self.keep_departures()
        if "fresh_senders" in sql and self._first("senders"):
            self._read(query("keep_senders"), {})
        if _GAPS.search(sql) and self._first("runs"):
            keep_runs(self._read, self._after)
            self._read(query("keep_gaps"), {"after": self._after})
            self._read(query("keep_outdated_gaps"), {})

    def _keep_counts(self, tables: Sequence[str]) -> None:
        if tables and self._first("counts") and len(tables) == 1:
            # So few columns are not worth keeping the requests for.
            self._read(query("keep_count").replace("{table}", tables[0]), {"after": self._after})
            return
        for table in tables:
            if self._first("uncounted"):
                keep_uncounted(self._read, self._after)
            self._read(query("keep_counts").replace("{table}", table), {})

    def keep_departures(self) -> None:
        """Finds what left and is not rolled up, and whose history of consent changed."""
        if not self._departures or not self._first("departures"):
            return
        if self.sealed.departures:
            self._read(query("keep_none"), {})
            return
        asked = dict(zip(("from", "to"), self._departures, strict=True))
        calls = keep_unrolled(self._read, asked, traces=self._traces)
        parts = 1 + calls // self._part_calls
        for part in range(parts):
            found = query("insert_left" if part else "keep_anew")
            self._read(found, {**asked, "parts": parts, "part": part})
        if "consents" in self._what and keep_restated(self._read):
            self._read(query("insert_restated"), asked)
            self._read(query("insert_outdated"), {})
        self._read(query("keep_departures"), {})

    @cached_property
    def _what(self) -> Sequence[str]:
        what: Sequence[str] = self._read(query("unsealed"), {})["what"].to_pylist()
        return what

    @cached_property
    def _after(self) -> int:
        place: int = self._read(query("rollup_state"), {}).column("commit_number")[0].as_py()
        return place

    def _first(self, what: str) -> bool:
        first = what not in self._kept
        self._kept.add(what)
        return first


def keep_unrolled(
    read: Read,
    period: Mapping[str, int],
    last: int | None = None,
    traces: Sequence[bytes] | None = None,
) -> int:
    """Finds what belongs to what left in a `period` and is not rolled up, up to the transaction
    `last`, of some `traces`, and what is rolled up in its place; how much left at most.

    Step by step: that little is found is then known in the next.
    """
    read(query("keep_unrolled"), {"last": last, "traces": traces})
    read(query("ask_unrolled"), {})
    read(query("keep_near"), {})
    for near in read(query("near_times"), period).to_pylist():
        read(query("insert_near"), near)
        read(query("insert_rolled_near"), near)
    read(query("keep_places"), period)
    read(query("keep_outdated"), {})
    calls: int = read(query("count_calls"), {}).column("calls")[0].as_py()
    return calls


def keep_uncounted(read: Read, after: int, last: int = 2**63 - 1) -> None:
    """Finds the requests that came after the transaction `after`, up to `last`."""
    read(query("keep_uncounted"), {"after": after, "last": last})


def keep_runs(read: Read, after: int, last: int = 2**63 - 1) -> None:
    """Finds what is rolled up of launches that got a request since the transaction `after`, up to
    `last`."""
    read(query("keep_launches"), {"after": after, "last": last})
    read(query("keep_runs"), {})
    for times in read(query("touched_times"), {}).to_pylist():
        read(query("insert_runs_near"), times)
    read(query("keep_outdated_runs"), {})


def keep_restated(read: Read, last: int | None = None) -> bool:
    """Finds whose history of consent changed, up to the transaction `last`; whether anybody's did.
    That they are few is then known when what left of them is looked for."""
    read(query("keep_restated"), {"last": last})
    read(query("ask_restated"), {})
    return len(read(query("any_changed"), {})) > 0


def left(
    database: Database,
    name: str,
    bounds: Mapping[str, int],
    traces: Sequence[bytes] | None = None,
) -> list[dict[str, Any]]:
    """The rows of the query called `name` about what left between `bounds` (`from` and `to`, ns);
    of some `traces` only, where it asks for these."""
    asked = {**bounds} if traces is None else {**bounds, "traces": traces}
    with database.snapshot() as read:
        besides = Besides(read, (bounds["from"], bounds["to"]), traces=traces)
        rows: list[dict[str, Any]] = besides.ask(query(name), asked).to_pylist()
    return rows
