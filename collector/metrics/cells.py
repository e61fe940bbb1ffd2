"""What a question with merged cells may be asked by, metric by metric.

A cell is what the dimensions of a question tell apart. All questions about the same rows are
answered from the same blocks, each of at least k installations: a block lies within one root and,
level by level, within one value or several merged ones. Every cell is a union of blocks, and so is
what two answers differ by.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_COMMENTS = re.compile(r"\A(\s|--.*\n)*")

ROOT = ("day", "app", "environment")
MOST_LEVELS = 3
OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Cells that are made once a day is over: a `table` by ROOT and `by`, with what stands for each
    of `told` as told_….
    """

    table: str
    by: tuple[str, ...]
    told: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Cells:
    """Blocks of `source`: never merged across ROOT and `apart`, merged within each of `levels`.

    `facts` are dimensions of a system, which tell nothing of who is in a cell.
    """

    source: Literal["requests", "departures"] = "requests"
    apart: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def dimensions(self) -> frozenset[str]:
        """All that may be asked by."""
        return frozenset((*ROOT, *self.apart, *self.levels, *self.facts))


# From the one that matters most: merging in one level never takes a name from those before it.
_LEVELS = ("release", "feature", "os", "model", "country", "device_model")
PHONES = Cells(
    levels=_LEVELS,
    kept=(
        Kept(table="told_cells", by=_LEVELS[:4], told=_LEVELS[:4]),
        Kept(table="told_devices", by=_LEVELS, told=_LEVELS),
    ),
)

# What left is summed by these.
SENT_LEVELS = ("release", "feature", "os")
_LEAVING = Cells(
    source="departures",
    levels=(*SENT_LEVELS, "country", "device_model"),
    kept=(Kept(table="told_sent", by=SENT_LEVELS, told=SENT_LEVELS),),
    facts=("destination", "region", "role", "category", "purpose", "consent", "cause", "leg"),
)

_STEPS = (Kept(table="told_steps", by=("confidence_step", "feature"), told=("feature",)),)

# None: counts no phones. A metric that is not here is asked without merging, or not at all.
CELLS: Mapping[str, Cells | None] = {
    "volume": PHONES,
    "fallback_rate": PHONES,
    "offline_coverage": PHONES,
    "offline_targets": PHONES,
    "offline_by_threshold": Cells(apart=("confidence_step",), levels=("feature",), kept=_STEPS),
    "feature_use": PHONES,
    "release_health": PHONES,
    "release_intervals": PHONES,
    "release_models": PHONES,
    "completeness": PHONES,
    "lost_requests": PHONES,
    "arrival": PHONES,
    "unknown_values": PHONES,
    "thresholds_in_use": Cells(
        apart=("threshold",),
        levels=("feature",),
        kept=(Kept(table="told_thresholds", by=("threshold", "feature"), told=("feature",)),),
    ),
    "fallback_reasons": Cells(
        apart=("decision",),
        levels=("reason",),
        kept=(Kept(table="told_reasons", by=("decision", "reason"), told=("reason",)),),
    ),
    "latency": Cells(
        apart=("answered_by", "timed"), kept=(Kept(table="told_waits", by=("answered_by",)),)
    ),
    "confidence": Cells(apart=("confidence_step",), kept=_STEPS),
    "egress": _LEAVING,
    "flows": _LEAVING,
    "transfers": _LEAVING,
    "unknown_departures": _LEAVING,
    "door": None,
    "redaction": None,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The tables, as SQL, that stand in for those a question reads, with their values.

    `tables` is empty where the question counts no phones. Installations are told in steps of `k`.
    `kept`: where the same is found without them.
    """

    tables: str
    values: Mapping[str, object] = field(repr=False)
    kept: Kept | None

    def over(self, sql: str) -> str:
        """`sql` with these tables before it."""
        if not self.tables:
            return sql
        body = _COMMENTS.sub("", sql)
        own = body.removeprefix("with ")
        return f"with {self.tables}" + (f",\n{own}" if own != body else f"\n{body}")


def mergeable(metric: str, dimensions: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a metric's `dimensions` that it may be asked by with merged cells."""
    cells = CELLS[metric]
    allowed = frozenset(("day",)) if cells is None else cells.dimensions
    return tuple(name for name in dimensions if name in allowed)
