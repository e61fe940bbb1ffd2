"""The questions Limen answers: one `.sql` file each, read once, with its documentation in its head.

The head of a file says what the metric is, which dimensions it can be asked by and what each
column means. Dimension names are the only text put into a query; values are always bound.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from collector.contract.dimensions import DIMENSIONS
from collector.contract.errors import BadInput, NotFound, named
from collector.contract.records import PAGE_ROWS
from collector.metrics.cells import Merged
from collector.metrics.sources import (
    DEPARTING,
    GAP_DIMENSIONS,
    NOT_SEALED,
    ROLLED_DIMENSIONS,
    SINGLE,
    SUMMED,
    Sealed,
    sources,
)

UNITS = ("count", "ratio", "bytes", "ms", "time", "text", "flag")

_TIMES = ("hour", "day")
_DAY = 24 * 3600 * 10**9
NEVER = 2**63 - 1

# How a list ends that says the newest of a period only.
_NEWEST = re.compile(r"order by \w+\.time desc,.*\nlimit (\d+)\s*\Z")

_TRACE = re.compile(r"[0-9a-f]{32}")
_PSEUDONYM = re.compile(r"([0-9a-f]{2})+")

_SOURCE = re.compile(r"\{(\w+)\}")

_COLUMN = re.compile(rf"(\w+) ({'|'.join(UNITS)}): (.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricColumn:
    """One column of a metric's answer."""

    name: str
    unit: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """SQL with named parameters, and the values of those it names."""

    sql: str
    values: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One question: what it means, what it can be asked by, what it answers, and its SQL."""

    name: str
    title: str
    description: str
    dimensions: tuple[str, ...]
    columns: tuple[MetricColumn, ...]
    sql: str

    @property
    def single_rows(self) -> bool:
        """Whether it lists rows, rather than counting them by dimensions."""
        return "{by" not in self.sql

    @property
    def newest(self) -> int | None:
        """How many rows a list of the newest has at most; None where it is none."""
        if self.paged:
            return PAGE_ROWS
        ends = _NEWEST.search(self.sql)
        return int(ends[1]) if ends else None

    @property
    def paged(self) -> bool:
        """Whether it gives its rows a page at a time, in the order that is asked for."""
        return "{order}" in self.sql

    @property
    def sums(self) -> bool:
        """Whether it reads what may be rolled up."""
        return bool(SUMMED & set(_SOURCE.findall(self.sql)))

    @property
    def departs(self) -> bool:
        """Whether it reads what left devices."""
        return bool(DEPARTING & set(_SOURCE.findall(self.sql))) or "from departures(" in self.sql

    @property
    def rolls(self) -> bool:
        """Whether all that it reads of requests may be rolled up."""
        return self.sums and not SINGLE & set(_SOURCE.findall(self.sql))

    @property
    def compares(self) -> bool:
        """Whether it holds a selected part against the rest."""
        return "{selected}" in self.sql

    def statement(
        self,
        since: int,
        until: int,
        now: int,
        by: Sequence[str] = (),
        where: Mapping[str, Sequence[str]] | None = None,
        selected: Mapping[str, Sequence[str]] | None = None,
        merged: Merged | None = None,
        page: tuple[str | None, int] = (None, 0),
        rows: int | None = PAGE_ROWS,
        sealed: Sealed = NOT_SEALED,
    ) -> Statement:
        """The query for [since, until), times in ns; over `merged` tables where there are any.

        `page`: the column to sort by, `-` before it for the largest first, and the rows to pass
        over; `rows` of it, None: all there are. `sealed`: what sums alone answer, as far as whole
        days are asked for. Raises BadInput for another dimension.
        """
        where, selected = where or {}, selected or {}
        self._check(by, where, selected, page)
        values: dict[str, object] = {"from": since, "to": until, "now": now, "k": 1}
        values |= {"page": rows, "offset": page[1]}
        values["gaps"] = GAP_DIMENSIONS.issuperset((*by, *where))
        values["whole"] = not by
        values["traces"] = _bytes(_TRACE, where["trace"]) if "trace" in where else None
        values["by_day"] = "day" in (*by, *where, *selected)
        values["first_day"] = first_day = first_whole_day(since, until)
        fixed = {column.name for column in self.columns}
        added = [name for name in by if name not in fixed]
        sql = self.sql.replace("{where}", _conditions(where, values))
        sql = sql.replace("{selected}", _conditions(selected, values))
        sql = sql.replace("{order}", self._order(page[0]))
        sql = sql.replace("{by}", "".join(f", {name}" for name in added))
        sql = re.sub(r"\{by:(\w+)\}", lambda m: "".join(f", {m[1]}.{n}" for n in added), sql)
        sql = re.sub(
            r"\{same:(\w+):(\w+)\}",
            lambda m: "".join(f" and {m[1]}.{n} is not distinct from {m[2]}.{n}" for n in added),
            sql,
        )
        sql = re.sub(
            r"\{within:(\w+):(\w+)\}",
            lambda m: "".join(f" and {m[1]}.{n} = {m[2]}.{n}" for n in added if n in _TIMES),
            sql,
        )
        named = frozenset((*by, *where, *selected))
        whole_days = first_day < until
        kept = (
            merged.kept if merged and self.rolls and ROLLED_DIMENSIONS.issuperset(named) else None
        )
        cut = first_day > since or until % _DAY != 0
        stand_for = sources(named, merged, kept, whole_days=whole_days, cut=cut, sealed=sealed)
        for name, source in stand_for.items():
            sql = sql.replace(f"{{{name}}}", source)
        if merged:
            sql = sql if kept else merged.over(sql)
            values |= merged.values
        used = set(re.findall(r"\$(\w+)", sql))
        return Statement(sql=sql, values={k: v for k, v in values.items() if k in used})

    def _check(
        self,
        by: Sequence[str],
        where: Mapping[str, Sequence[str]],
        selected: Mapping[str, Sequence[str]],
        page: tuple[str | None, int],
    ) -> None:
        """Raises BadInput for what it cannot be asked."""
        if selected and not self.compares:
            raise BadInput(f"metric {self.name} compares nothing: it has no selected part")
        if page != (None, 0) and not self.paged:
            raise BadInput(f"metric {self.name} has one page, in an order of its own")
        if by and self.single_rows:
            raise BadInput(
                f"metric {self.name} lists single rows, or rows of its own: "
                "it cannot be asked by dimensions"
            )
        for name in (*by, *where, *selected):
            if name not in self.dimensions:
                allowed = ", ".join(self.dimensions)
                raise BadInput(
                    f"metric {self.name} has no dimension {named(name)}; it has {allowed}"
                )

    def _order(self, asked: str | None) -> str:
        """What rows are sorted by before all else, as SQL."""
        if asked is None:
            return ""
        name = asked.removeprefix("-")
        known = [column.name for column in self.columns]
        if name not in known:
            raise BadInput(
                f"order: metric {self.name} has no column {named(name)}; it has {', '.join(known)}"
            )
        return f"{name}{' desc' if asked.startswith('-') else ''} nulls last,"

    def unit(self, column: str) -> str:
        """The unit of an answer's column; dimensions are text, hours and days times."""
        units = {c.name: c.unit for c in self.columns}
        return units.get(column, "time" if column in _TIMES else "text")


def first_whole_day(since: int, until: int) -> int:
    """When (ns) the first day begins of which [since, until) has all, else NEVER."""
    first = -(-since // _DAY) * _DAY
    return first if first < until - until % _DAY else NEVER


def _conditions(asked: Mapping[str, Sequence[str]], values: dict[str, object]) -> str:
    """What a row must meet, as SQL; the values it names are added to `values`."""
    conditions = []
    for name, allowed in asked.items():
        column = f"cast({name} as varchar)"
        told: Sequence[str | bytes] = allowed
        if name == "pseudonym":
            # As it is stored, which is found in a fifth of the time that its digits are.
            column, told = "installation", _bytes(_PSEUDONYM, allowed)
        names = []
        for value in told:
            key = f"where_{len(values)}"
            names.append(f"${key}")
            values[key] = value
        conditions.append(f" and {column} in ({', '.join(names)})" if names else " and false")
    return "".join(conditions)


def _bytes(form: re.Pattern[str], told: Sequence[str]) -> list[bytes]:
    """Those of `told` that have this form, in hexadecimal digits."""
    return [bytes.fromhex(one) for one in told if form.fullmatch(one)]


def parse_column(where: str, line: str) -> MetricColumn:
    """A column from its line, NAME UNIT: WHAT. Raises BadInput that says `where`."""
    if not (match := _COLUMN.fullmatch(line)):
        raise BadInput(f"{where}: cannot read the head line {line!r}")
    return MetricColumn(name=match[1], unit=match[2], description=match[3])


def parse_metric(name: str, text: str) -> Metric:
    """A metric from its file. Raises BadInput when the head is not complete."""
    lines = text.splitlines()
    head = [line[3:] for line in lines if line.startswith("-- ")]
    title, colon, description = head[0].partition(": ")
    if not colon:
        raise BadInput(f"{name}.sql: the first line is not '-- Title: description'")
    dimensions: tuple[str, ...] = ()
    columns = []
    for line in head[1:]:
        if line.startswith("dimensions:"):
            dimensions = tuple(line.removeprefix("dimensions:").split())
        else:
            columns.append(parse_column(f"{name}.sql", line))
    if unknown := set(dimensions) - DIMENSIONS.keys():
        raise BadInput(f"{name}.sql: unknown dimensions {sorted(unknown)}")
    body = "\n".join(line for line in lines if not line.startswith("-- "))
    return Metric(
        name=name,
        title=title,
        description=description,
        dimensions=dimensions,
        columns=tuple(columns),
        sql=body,
    )


@cache
def metrics() -> Mapping[str, Metric]:
    """Every metric by name."""
    found = sorted(files(__name__).iterdir(), key=lambda f: f.name)
    return {
        f.name[:-4]: parse_metric(f.name[:-4], f.read_text("utf-8"))
        for f in found
        if f.name.endswith(".sql")
    }


def get_metric(name: str) -> Metric:
    """The metric called `name`. Raises NotFound naming those there are."""
    if name not in metrics():
        raise NotFound(f"there is no metric {named(name)}; there are {', '.join(metrics())}")
    return metrics()[name]
