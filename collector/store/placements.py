"""Gathers what placement advice rests on: requests, departures, policy, sweeps."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collector.contract.certificate import Certificate
from collector.contract.errors import NotFound, named
from collector.contract.placement import Advice, Facts, Quality, advise
from collector.contract.policy import Feature, Policy
from collector.contract.records import ReplayRun, Sweep
from collector.metrics.cells import OTHER
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import Reader, whole_days
from collector.store.replays import Replays
from collector.store.unsealed import left

# The truth first; what the cloud said of fallbacks shows nothing of device answers.
_REFERENCES = ("label", "audit")
_NEWEST_RUNS = 20

Rows = Mapping[str, Mapping[str, Any]]


class Placements:
    """Advice on every feature that the policy names or that sent requests."""

    def __init__(
        self, database: Database, reader: Reader, replays: Replays, policy: Callable[[], Policy]
    ) -> None:
        self._database, self._reader, self._replays = database, reader, replays
        self._policy = policy

    def advise(
        self,
        feature: str | None,
        since: str | None,
        until: str | None,
        *,
        merged: bool = False,
    ) -> list[Advice]:
        """From what happened in [since, until), times as in Query; of one feature where named.

        `merged`: of features whose requests are in no merged cell, over whole days. Raises
        BadInput, and NotFound for a feature that is unknown.
        """
        now = time.time_ns()
        asked = query("placement_requests")
        if merged:
            first, last = whole_days(since, until, now)
            made = self._reader.cells.kept(self._database.read, now, first, last)
            cells = self._reader.cells.merged("fallback_rate", ("feature",), now, kept=made)
            requests = self._read(cells.over(asked), {"from": first, "to": last, **cells.values})
            requests = {name: row for name, row in requests.items() if name != OTHER}
        else:
            first, last, _ = self._reader.period(since, until)
            requests = self._read(asked, {"from": first, "to": last})
        bounds = {"from": first, "to": last}
        models, tokens = (
            self._read(query(name), bounds) for name in ("placement_models", "placement_tokens")
        )
        sends = _by_feature(left(self._database, "placement_sends", bounds))
        policy, runs = self._policy(), self._replays.all()
        features = sorted({*policy.features, *requests})
        if feature is not None:
            if feature not in features:
                known = ", ".join(features) or "none yet"
                raise NotFound(f"there is no feature {named(feature)}; there is {known}")
            features = [feature]
        return [
            advise(
                _facts(
                    name,
                    policy.features.get(name),
                    requests.get(name, {}),
                    models.get(name, {}),
                    sends.get(name, {}),
                    tokens.get(name, {}),
                    self._quality(name, models.get(name, {}).get("model"), runs),
                )
            )
            for name in features
        ]

    def _read(self, sql: str, values: Mapping[str, object]) -> Rows:
        """The first row of each feature."""
        used = {name: value for name, value in values.items() if f"${name}" in sql}
        return _by_feature(self._database.read(sql, used).to_pylist())

    def _quality(
        self, feature: str, model: str | None, runs: Sequence[ReplayRun]
    ) -> Quality | None:
        """By the newest sweep against the best reference; the model in use goes before others."""
        mine = [run for run in runs if run.feature == feature][:_NEWEST_RUNS]
        for run in sorted(mine, key=lambda run: run.model != model):
            by_reference = {sweep.reference: sweep for sweep in self._replays.sweeps(run.run)}
            for reference in _REFERENCES:
                sweep = by_reference.get(reference)
                # Sweeps of older releases have no certificate.
                if sweep is not None and sweep.points and sweep.certificate is not None:
                    return _measured(run, sweep, sweep.certificate)
        return None


def _by_feature(rows: list[dict[str, Any]]) -> Rows:
    return {row["feature"]: row for row in reversed(rows)}


def _measured(run: ReplayRun, sweep: Sweep, certificate: Certificate) -> Quality:
    limits, overall, found = certificate.limits, certificate.overall, sweep.recommended
    lowest = sweep.points[0]
    # What was shown and still is not recommended is withheld for another reason than its error.
    missing = overall.more_installations is not None or overall.passed > 0 or not overall.tests
    return Quality(
        run=run.run,
        model=run.model,
        reference=sweep.reference,
        cases=sweep.cases,
        max_error=limits.max_error,
        confidence=limits.confidence,
        threshold=None if found is None else found.threshold,
        device_share=None if found is None else found.device_share,
        error_alone=lowest.error_rate if lowest.evidence else None,
        reason=overall.reason,
        missing=found is None and missing,
        more_installations=overall.more_installations,
        scores_only=run.source == "spans",
    )


def _facts(
    name: str,
    rule: Feature | None,
    requests: Mapping[str, Any],
    model: Mapping[str, Any],
    sends: Mapping[str, Any],
    tokens: Mapping[str, Any],
    quality: Quality | None,
) -> Facts:
    seen = set((sends.get("categories") or "").split(",")) - {"", "unknown"}
    declared = {c for one in rule.rules() for c in one.categories} if rule else set()
    return Facts(
        feature=name,
        planned=rule.rule(None).placement if rule else None,
        categories=tuple(sorted(seen | declared)),
        offline_critical=bool(rule and rule.offline_critical),
        size_budget=rule.size_budget if rule else None,
        requests=requests.get("requests", 0),
        offline_requests=requests.get("offline_requests", 0),
        model=model.get("model"),
        model_size=model.get("size"),
        quality=quality,
        asked=requests.get("asked", 0),
        bytes_each=sends.get("bytes_each"),
        tokens_each=tokens.get("tokens_each"),
    )
