"""What there is besides sums, found before a question so that it reads no more than that."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import pyarrow as pa

from collector.metrics.sources import Sealed
from collector.store.cells import DAY
from collector.store.queries import query

Read = Callable[[str, Mapping[str, Any]], pa.Table]

# How far (ns) a device's clock may run ahead and still be believed.
AHEAD = 600 * 10**9

_DEPARTURES = re.compile(r"\b(sent|sent_for_requests|departures)\(")
_GAPS = re.compile(r"\bgaps\(")
# What left in so many spans is found at once: that much is less than memory, and each part costs a
# look around their times.
PART_SPANS = 50_000


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
    """What there is besides sums in the snapshot that `read` asks, found once for all questions.

    Some of it is kept where it is asked for until the snapshot ends: each question would else look
    for it again, some more than once, and with more memory than there is.
    """

    def __init__(
        self,
        read: Read,
        departures: tuple[int, int] | None = None,
        part_spans: int = PART_SPANS,
    ) -> None:
        """`departures`: the period [since, until) (ns) of all that is asked of what left."""
        self._read, self._departures, self._part_spans = read, departures, part_spans
        self._kept: set[str] = set()

    @cached_property
    def sealed(self) -> Sealed:
        """What sums alone answer."""
        return Sealed.but(self._read(query("unsealed"), {})["what"].to_pylist())

    def keep(self, sql: str) -> None:
        """Finds what `sql` asks of what is not rolled up."""
        if _DEPARTURES.search(sql):
            self.keep_departures()
        if not self.sealed.requests and _GAPS.search(sql) and self._first("runs"):
            self._read(query("keep_runs"), {})
            self._read(query("ask_runs"), {})

    def keep_departures(self) -> None:
        """Finds what left and is not rolled up, and whose history of consent changed."""
        if self._departures and not self.sealed.departures and self._first("departures"):
            self._read(query("keep_traced"), {})
            spans: int = self._read(query("count_unsealed"), {})["spans"][0].as_py()
            parts = 1 + spans // self._part_spans
            asked = dict(zip(("from", "to"), self._departures, strict=True)) | {"parts": parts}
            for part in range(parts):
                self._read(query("insert_traced"), {**asked, "part": part})
            self._read(query("ask_traced"), {})
            keep_restated(self._read)

    def _first(self, what: str) -> bool:
        first = what not in self._kept
        self._kept.add(what)
        return first


def keep_restated(read: Read, last: int | None = None) -> None:
    """Finds whose history of consent changed, up to the transaction `last`: that they are few is
    then known when what left of them is looked for."""
    read(query("keep_restated"), {"last": last})
    read(query("ask_restated"), {})
