"""Gathers what placement advice rests on: requests, departures, policy, sweeps."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collector.compliance.observed import UNKNOWN
from collector.contract.certificate import Certificate
from collector.contract.errors import NotFound, named
from collector.contract.placement import Advice, Facts, Quality, advise
from collector.contract.policy import Feature, Policy
from collector.contract.records import Query, ReplayRun, Sweep
from collector.metrics import parse_metric
from collector.metrics.cells import OTHER
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import Reader, rfc3339, whole_days
from collector.store.replays import Replays

# The truth first; what the cloud said of fallbacks shows nothing of device answers.
_REFERENCES = ("label", "audit")
_NEWEST_RUNS = 20

_UNNAMED = {UNKNOWN: "a model without a name", OTHER: "a model that few have"}

_TOKENS = parse_metric("placement_tokens", query("placement_tokens"))

Row = Mapping[str, Any]
Where = Mapping[str, Sequence[str]]


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
        where: Where | None = None,
        *,
        merged: bool = False,
    ) -> list[Advice]:
        """From what happened in [since, until), times as in Query; of one feature where named.

        `where` are the apps, environments and releases that count, by dimension; none where they
        sent no request. `merged`: of features whose requests are in no merged cell, over whole
        days. Raises BadInput, and NotFound for a feature that is unknown.
        """
        where = {name: tuple(found) for name, found in (where or {}).items()}
        uses, sends, tokens = self._happened(since, until, where, merged)
        policy, runs = self._policy(), self._replays.all()
        features = sorted({*policy.features, *uses})
        if feature is not None:
            if feature not in features:
                known = ", ".join(features) or "none yet"
                raise NotFound(f"there is no feature {named(feature)}; there is {known}")
            features = [feature]
        if where and not uses:
            return []
        release = _alone(where)
        return [
            advise(
                _facts(
                    name,
                    policy.features.get(name),
                    release,
                    uses.get(name, {}),
                    [row for row in sends if row["feature"] == name],
                    tokens.get(name),
                    self._quality(name, uses.get(name, {}).get("model"), runs),
                )
            )
            for name in features
        ]

    def _happened(
        self, since: str | None, until: str | None, where: Where, merged: bool
    ) -> tuple[Mapping[str, Row], Sequence[Row], Mapping[str, float]]:
        """The use of each feature, what left for answers, and the mean tokens of a call by feature:
        these are in no cells, and so there are none where it is `merged`."""
        if merged:
            first, last = whole_days(since, until, time.time_ns())
        else:
            first, last, _ = self._reader.period(since, until)
        calls = _TOKENS.statement(first, last, last, where=where)
        asked = {"since": rfc3339(first), "until": rfc3339(last), "where": where}
        use, left = self._reader.tables(
            [
                (Query(metric="feature_use", **asked), merged),
                (Query(metric="transfers", by=("feature",), **asked), merged),
            ]
        )
        uses = {row["feature"]: row for row in use.to_pylist() if row["feature"] != OTHER}
        sends = [row for row in left.to_pylist() if _for_an_answer(row)]
        counted = [] if merged else self._database.read(calls.sql, calls.values).to_pylist()
        return uses, sends, {row["feature"]: row["tokens_each"] for row in counted}

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


def _alone(where: Where) -> str | None:
    """The release that `where` leaves alone, where it has a name."""
    releases = where.get("release", ())
    return releases[0] if len(releases) == 1 and releases[0] not in _UNNAMED else None


def _for_an_answer(sent: Row) -> bool:
    """Whether it left a device to be answered, audits and undeclared flows apart."""
    wanted = sent["leg"] == "device" and sent["cause"] in ("fallback", "design")
    return wanted and sent["declared"] is not False


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
    release: str | None,
    use: Row,
    sends: Sequence[Row],
    tokens_each: float | None,
    quality: Quality | None,
) -> Facts:
    seen = {c for sent in sends for c in sent["category"].split(",")} - {UNKNOWN}
    measured = sum(sent["transfers"] - sent["unknown_bytes_transfers"] for sent in sends)
    model = use.get("model")
    judged = [] if rule is None else [rule.rule(release)] if release else rule.rules()
    declared = {c for one in judged for c in one.categories}
    return Facts(
        feature=name,
        planned=rule.rule(release).placement if rule else None,
        categories=tuple(sorted(seen | declared)),
        offline_critical=bool(rule and rule.offline_critical),
        size_budget=rule.size_budget if rule else None,
        requests=use.get("requests", 0),
        offline_requests=use.get("offline_requests", 0),
        model=None if model is None else _UNNAMED.get(model, model),
        model_size=use.get("model_size"),
        quality=quality,
        asked=use.get("cloud_answers", 0),
        bytes_each=sum(sent["bytes"] or 0 for sent in sends) / measured if measured else None,
        tokens_each=tokens_each,
    )
