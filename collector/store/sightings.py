"""What left, as a check asks for it: how much is told by sums; when, and in which traces, is looked
for among departures."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from collector.compliance.observed import Observed, When, observed
from collector.store.cells import DAY
from collector.store.queries import query
from collector.store.unsealed import Read

# (ns) Of a day what is frequent was seen first and last within as much of its start and of its end;
# what is not is looked for in more.
WINDOWS = (DAY // 48, DAY // 6, DAY)


class Sightings:
    """Of the snapshot that `read` asks. In queries `stand_for` is SQL by what stands for it, and
    `values` what they name."""

    def __init__(self, read: Read, stand_for: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self._read, self._stand_for, self._values = read, stand_for, values

    def rows(self, name: str, **more: object) -> list[dict[str, Any]]:
        """The rows of the query called `name`."""
        sql = query(name)
        for what, source in self._stand_for.items():
            sql = sql.replace(f"{{{what}}}", source)
        values = {**self._values, **more}
        named = set(re.findall(r"\$(\w+)", sql))
        found = self._read(sql, {k: v for k, v in values.items() if k in named})
        rows: list[dict[str, Any]] = found.to_pylist()
        return rows

    def observed(self) -> list[Observed]:
        """What left. To be asked once."""
        self.rows("keep_observed")
        return observed(self.rows("observed"))

    def when(self, sought: Sequence[Iterable[Observed]]) -> dict[int, When]:
        """When what is `sought` together was seen, and in which traces, by its place there. To be
        asked once.

        That is looked for on the days on which sums tell that each was seen first and last: at the
        first and the last minutes of these, and for what is not told by them at more of the day.
        """
        pairs = [(place, one.number) for place, group in enumerate(sought) for one in group]
        sightings, numbers = zip(*pairs, strict=True) if pairs else ((), ())
        self.rows("keep_sought", sightings=list(sightings), numbers=list(numbers))
        for name in ("keep_edges", "keep_looked_up"):
            self.rows(name)
        end = 0
        for window in WINDOWS:
            if days := self.rows("edges_left"):
                end = end or self._newest(days[-1]["start"])
                self._look_up(days, window, end)
        return {
            row["sighting"]: When(row["first"], row["last"], tuple(row["traces"] or ()))
            for row in self.rows("sightings")
        }

    def _look_up(self, days: Sequence[Mapping[str, Any]], window: int, end: int) -> None:
        opening = _within((d["start"], d["start"] + window) for d in days if d["opens"])
        closing = _within(_closing(d["start"], window, end) for d in days if d["closes"])
        sql = query("look_up").replace("{opening}", opening).replace("{closing}", closing)
        bounds = {name: self._values[name] for name in ("first_day", "to")}
        self._read(sql, {**bounds, "window": window})

    def _newest(self, start: int) -> int:
        """The end (ns) of what is rolled up of the day that began at `start`."""
        bounds = {"from": start, "to": start + DAY}
        newest = self._read(query("newest_departure"), bounds)["time"][0].as_py()
        return start + DAY if newest is None else int(newest) + 1


def _closing(start: int, window: int, until: int) -> tuple[int, int]:
    """The last `window` of the day that began at `start`, of which there is something `until`
    then (all in ns)."""
    end = start + DAY
    return max(start, min(end, until) - window), end


def _within(times: Iterable[tuple[int, int]]) -> str:
    """SQL for the time of `d` in one of the `times` [a, b) (ns, ascending), in as few pieces as
    there are: of other times nothing is read."""
    pieces: list[tuple[int, int]] = []
    for first, last in times:
        if pieces and first <= pieces[-1][1]:
            first = pieces.pop()[0]
        pieces.append((first, last))
    return " or ".join(f"d.time >= {a} and d.time < {b}" for a, b in pieces) or "false"
