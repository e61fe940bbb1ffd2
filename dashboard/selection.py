"""What the reader selected: a period and the values of some dimensions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from collector.contract.records import Query

PERIODS: Mapping[str, str] = {
    "24 hours": "-24h",
    "7 days": "-7d",
    "14 days": "-14d",
    "30 days": "-30d",
    "90 days": "-90d",
}
DEFAULT_PERIOD = "7 days"

_UNITS = {"h": "hours", "d": "days"}


def question(
    metric: str,
    period: str,
    by: tuple[str, ...],
    where: Mapping[str, tuple[str, ...]],
    selected: Mapping[str, tuple[str, ...]] | None = None,
) -> Query:
    """`metric` of the last `period`, until now."""
    asked = {"metric": metric, "from": PERIODS[period], "by": by, "where": dict(where)}
    return Query.model_validate({**asked, "selected": dict(selected or {})})


@dataclass(frozen=True, kw_only=True)
class Selection:
    """`period` is a key of PERIODS; `values` maps a dimension to what it may be, never empty."""

    period: str = DEFAULT_PERIOD
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    catalogue: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def since(self) -> str:
        """Its start, relative to now, as the API takes it."""
        return PERIODS[self.period]

    def one(self, name: str) -> str | None:
        """What the dimension must be where it is narrowed to one value, else None."""
        values = self.values.get(name, ())
        return values[0] if len(values) == 1 else None

    @property
    def length(self) -> timedelta:
        """How long the period is."""
        text = PERIODS[self.period]
        return timedelta(**{_UNITS[text[-1]]: int(text[1:-1])})

    def query(
        self,
        metric: str,
        *by: str,
        where: Mapping[str, tuple[str, ...]] | None = None,
        selected: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Query:
        """`metric` of the selection; a dimension that the metric lacks does not narrow it."""
        has = self.catalogue[metric]["dimensions"]
        values = {**self.values, **(where or {})}
        where = {name: found for name, found in values.items() if name in has}
        return question(metric, self.period, by, where, selected)

    def ignored_by(self, metric: str) -> tuple[str, ...]:
        """The selected dimensions that do not narrow `metric`."""
        return tuple(n for n in self.values if n not in self.catalogue[metric]["dimensions"])
