"""Puts together the rows that a question with merged cells is answered from."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from collector.contract.errors import BadInput
from collector.metrics.cells import (
    CELLS,
    MOST_LEVELS,
    OTHER,
    ROOT,
    Cells,
    Kept,
    Merged,
)
from collector.store.queries import query

DAY = 24 * 3600 * 10**9
# The rows of a source as they are, and as they are told.
_SOURCES = {
    "requests": ("cells_requests", "cells_merged_requests"),
    "departures": ("cells_departures", "cells_merged_departures"),
}

# Levels of which `requests` says apart whether they are unknown.
_UNSAID = ("device_model", "country")


class SmallCells:
    """Of fewer than `k` installations, merged for whoever may not see them."""

    def __init__(self, k: int) -> None:
        self.k = k

    def kept(
        self,
        read: Callable[[str, Mapping[str, Any]], pa.Table],
        now: int,
        since: int = 0,
        until: int | None = None,
    ) -> bool:
        """Whether cells are made of every day in [since, until) that is over at `now` (ns), as
        `read` finds it; None: of all."""
        asked = {"settled": settled(now), "least": self.k, "from": since, "to": until or now}
        return not read(query("count_unsettled"), asked).column("days")[0].as_py()

    def merged(self, metric: str, named: Iterable[str], now: int, *, kept: bool = False) -> Merged:
        """What stands in for the rows of a metric for the dimensions `named`; `kept`: cells
        that are made may be used.

        Raises BadInput where too many are named.
        """
        cells = CELLS[metric]
        values = {"k": self.k, "other": OTHER, "settled": settled(now)}
        if cells is None:
            return Merged(tables="", values=values, kept=None)
        chosen = [level for level in cells.levels if level in set(named)]
        if len(chosen) > MOST_LEVELS:
            raise BadInput(
                f"this role asks by at most {MOST_LEVELS} of {', '.join(cells.levels)} at once, "
                f"filters and the columns of {metric} counted; leave some out"
            )
        deepest = cells.levels.index(chosen[-1]) + 1 if chosen else 0
        enough = (one for one in cells.kept if kept and set(chosen).issubset(one.told))
        found = next(enough, None)
        return Merged(
            tables=_tables(cells, cells.levels[:deepest], found), values=values, kept=found
        )


def settled(now: int) -> int:
    """When the last whole day (UTC) ended, in ns: what is merged stands as it was then."""
    return now - now % DAY


def merged_cells(metric: str, table: pa.Table) -> int:
    """How many rows of an answer stand for cells that were merged."""
    cells = CELLS[metric]
    names = () if cells is None else (*ROOT, *cells.levels)
    found = [table[name].to_pylist() for name in names if name in table.column_names]
    return sum(OTHER in row for row in zip(*found, strict=True))


def _tables(cells: Cells, levels: Sequence[str], kept: Kept | None) -> str:
    root = (*ROOT, *cells.apart)
    columns = {"root": root, "raw": (*root, *levels)}
    seen, told = _SOURCES[cells.source]
    parts = [query(seen)]
    if kept and {*cells.apart, *levels}.issubset(kept.by):
        parts.append(_fill("cells_kept", columns, table=kept.table))
        placed = "kept_cells"
    else:
        parts.append(_fill("cells_roots", columns))
        before = "root"
        for level in levels:
            parts.append(_fill("cells_level", columns, level=level, before=before))
            before = level
        placed = f"{before}_placed"
    if cells.source == "departures":
        replaced = "".join(f", coalesce(told_{level}, $other) as {level}" for level in levels)
    else:
        names = ", ".join(map(_told, levels))
        replaced = names and f"replace ({names})"
        sent = ", ".join(f"told_{level} as {level}" for level in levels)
        sent = sent and f"replace ({sent})"
    known = "".join(f", told_{level}" for level in levels)
    parts.append(_fill("cells_told", columns, placed=placed, told=known))
    parts.append(_fill(told, columns, replaced=replaced))
    if cells.source == "requests":
        parts.append(query("cells_gaps"))
        if not cells.apart:
            parts.append(_fill("cells_sent", columns, replaced=sent))
    return ",\n".join(parts)


def _told(level: str) -> str:
    """A level as it is told, and whether it is unknown only where that is no merged cell."""
    told = f"told_{level} as {level}"
    if level in _UNSAID:
        told += f", case when told_{level} = $other then 0 else no_{level} end as no_{level}"
    return told


def _fill(name: str, columns: Mapping[str, Sequence[str]], **names: str) -> str:
    """A part of the SQL, with the names of columns and tables put in."""
    sql = query(name)
    for key, value in {**{k: ", ".join(v) for k, v in columns.items()}, **names}.items():
        sql = sql.replace(f"{{{key}}}", value)
    return re.sub(
        r"\{same:(\w+):(\w+):(\w+)\}",
        lambda m: " and ".join(
            f"{m[2]}.{n} is not distinct from {m[3]}.{n}" for n in columns[m[1]]
        ),
        sql,
    )
