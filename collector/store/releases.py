"""Gathers what a comparison of two releases rests on."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from collector.comparison.sequence import Sums, change
from collector.comparison.split import MIX, Cell, split
from collector.comparison.words import clauses
from collector.contract.errors import BadInput, NotFound, named
from collector.contract.policy import release_key
from collector.contract.records import Query
from collector.contract.releases import Comparison, ModelChange, RateName
from collector.metrics import Metric, get_metric, parse_metric
from collector.metrics.cells import OTHER, PHONES, Merged
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import Reader, whole_days
from collector.store.unsealed import Besides, end_of

_RATES: tuple[RateName, ...] = ("fallback_rate", "offline_coverage", "error_rate")
_SUMS, _CELLS = (parse_metric(name, query(name)) for name in ("release_sums", "release_cells"))
_INSTALLATIONS = ("m_a", "m_b", "both", "some", "others")
_UNKNOWN = "unknown"
# Its cells are those of this metric; those of the split are parted by all of MIX that is merged.
_CELLS_OF, _PARTED = "fallback_rate", "device_model"

Where = Mapping[str, Sequence[str]]


class Releases:
    """Comparisons of two releases of one app."""

    def __init__(self, database: Database, reader: Reader) -> None:
        self._database, self._reader = database, reader

    def compare(
        self,
        release: str | None,
        against: str | None,
        since: str | None,
        until: str | None,
        where: Where,
        *,
        merged: bool = False,
    ) -> Comparison:
        """`release` held against another, in [since, until), times as in Query.

        By default the newest that sent requests, against the one before it. `merged`: without
        small cells, over whole days. Raises BadInput, and NotFound where there are no two.
        """
        if "release" in where:
            raise BadInput("where: the releases are named by release and against")
        release, against = self._named(release, against, since, until, where, merged)
        if merged:
            now = time.time_ns()
            first, last = whole_days(since, until, now)
        else:
            first, last, now = self._reader.period(since, until)

        def rows(metric: Metric, parted: str) -> list[dict[str, Any]]:
            with self._database.snapshot() as read:
                cells = self._cells(parted, (first, last), now, read) if merged else None
                besides, end = Besides(read, (first, last)), end_of(read, last, now)
                statement = metric.statement(
                    first, end, now, where=where, merged=cells, sealed=besides.sealed
                )
                values = {**statement.values, "release": release, "against": against}
                found: list[dict[str, Any]] = besides.ask(statement.sql, values).to_pylist()
            return found

        deepest = max(("release", *where), key=_depth)
        sums = {row.pop("name"): row for row in rows(_SUMS, deepest)}
        names = [field.name for field in fields(Sums)]
        step = self._reader.cells.k if merged else 1
        rates = tuple(
            change(name, _in_steps({key: sums[name][key] or 0.0 for key in names}, step))
            for name in _RATES
        )
        parts = split(
            [
                Cell(kind=tuple(row.pop(name) for name in MIX), **row)
                for row in rows(_CELLS, _PARTED)
            ]
        )
        models = _models(self._ran(release, against, since, until, where, merged), release)
        return Comparison(
            release=release,
            against=against,
            clauses=clauses(rates, parts, models),
            rates=rates,
            split=parts,
            models=models,
            weight=max(row["weight"] for row in sums.values()),
        )

    def _cells(
        self, parted: str, period: tuple[int, int], now: int, read: Callable[..., pa.Table]
    ) -> Merged:
        """Small cells merged down to the level `parted`; those that are kept where they are."""
        kept = self._reader.cells.kept(read, now, *period)
        return self._reader.cells.merged(_CELLS_OF, (parted,), now, kept=kept)

    def _ran(
        self,
        release: str,
        against: str,
        since: str | None,
        until: str | None,
        where: Where,
        merged: bool,
    ) -> list[dict[str, Any]]:
        """The models of both, narrowed as far as their metric can be."""
        has = get_metric("release_models").dimensions
        narrowed = {name: tuple(found) for name, found in where.items() if name in has}
        narrowed["release"] = (release, against)
        ran = Query(metric="release_models", since=since, until=until, where=narrowed)
        found: list[dict[str, Any]] = self._reader.table(ran, merged=merged).to_pylist()
        return found

    def _named(
        self,
        release: str | None,
        against: str | None,
        since: str | None,
        until: str | None,
        where: Where,
        merged: bool,
    ) -> tuple[str, str]:
        def seen(dimension: str) -> set[str]:
            asked = Query(
                metric="volume",
                since=since,
                until=until,
                by=(dimension,),
                where={name: tuple(found) for name, found in where.items()},
            )
            return {row[dimension] for row in self._reader.table(asked, merged=merged).to_pylist()}

        if len(apps := seen("app")) > 1:
            raise BadInput(
                f"releases are those of one app, and there are {', '.join(sorted(apps))}: "
                "name one (where app=…)"
            )
        found = sorted(seen("release"), key=release_key)
        known = ", ".join(found) or "none"
        for name in (release, against):
            if name is not None and name not in found:
                raise NotFound(
                    f"no request came from a release {named(name)} then; there is {known}"
                )
        told = [name for name in found if name not in (_UNKNOWN, OTHER)]
        release = release or next((n for n in reversed(told) if n != against), None)
        before = [n for n in told if release and release_key(n) < release_key(release)]
        against = against or (before[-1] if before else None)
        if release is None or against is None:
            raise NotFound(f"there are no two releases to compare then; there is {known}")
        if release == against:
            raise BadInput("release and against are the same")
        return release, against


def _depth(dimension: str) -> int:
    """Which level of cells it is, from the one that is merged first; -1: none."""
    return PHONES.levels.index(dimension) if dimension in PHONES.levels else -1


def _in_steps(sums: Mapping[str, float], step: int) -> Sums:
    """`sums`, with what counts installations down to a multiple of `step`: all that is said of how
    many there are, and of how sure the change is, follows from these."""
    return Sums(**{k: v // step * step if k in _INSTALLATIONS else v for k, v in sums.items()})


def _models(rows: Sequence[Mapping[str, Any]], release: str) -> tuple[ModelChange, ...]:
    """Of each feature the model that most requests ran, by release."""
    found: dict[str, dict[bool, str]] = {}
    for row in rows:
        found.setdefault(row["feature"], {}).setdefault(row["release"] == release, row["model"])
    return tuple(
        ModelChange(feature=feature, before=by.get(False), after=by.get(True))
        for feature, by in sorted(found.items())
    )
