"""What a demo showed, as the collector answers it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.contract.client import LimenClient
from collector.contract.records import Query
from demo.features import FEATURES, Feature

# Limen's own telemetry leaves the device too; it is not what the app sends.
_OWN = "telemetry"
# Unknown is what names neither a request nor an installation: as on the Egress page, it counts.
_FROM_PHONES = ("device", "unknown")


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A run over the logged inputs of one feature."""

    feature: Feature
    run: str
    inputs: int


@dataclass(frozen=True, kw_only=True)
class FeatureSummary:
    """One feature. None: there was nothing to rate, or it has no model to replay.

    `reason` is why that threshold is recommended, or none.
    """

    feature: str
    requests: int
    fallbacks: int
    blocked: int
    fallback_rate: float | None
    replay_run: str | None = None
    inputs_replayed: int | None = None
    recommended_threshold: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Rates are of the last seven days, None where there was nothing to rate; sizes are the
    measured bytes that left the phones, without Limen's own telemetry.

    `ledger` is the file with the fleet's own account, None where the home was temporary.
    """

    requests: int
    fallback_rate: float | None
    offline_coverage: float | None
    egress_bytes: int
    undeclared_bytes: int
    inputs_replayed: int
    features: tuple[FeatureSummary, ...]
    seconds: float
    ledger: str | None


def summarise(
    client: LimenClient,
    replayed: Sequence[Replayed],
    sweeps: Sequence[dict[str, Any]],
    *,
    seconds: float,
    ledger: Path | None,
) -> Summary:
    """`sweeps` are the answers of `limen replay sweep` for each of `replayed`."""
    fallback, offline, egress, by_feature, reasons = client.metrics(
        [
            Query(metric="fallback_rate"),
            Query(metric="offline_coverage"),
            Query(metric="egress", where={"leg": _FROM_PHONES}),
            Query(metric="fallback_rate", by=("feature",)),
            Query(metric="fallback_reasons", by=("feature",)),
        ]
    )
    (rate,), (coverage,) = fallback.records(), offline.records()
    left = [row for row in egress.records() if row["destination"] != _OWN]
    swept = {one.feature.name: (one, sweep) for one, sweep in zip(replayed, sweeps, strict=True)}
    blocked: Counter[str] = Counter()
    for row in reasons.records():
        # Of a feature that the cloud alone answers too, which no rate of fallbacks counts.
        blocked[row["feature"]] += row["requests"] if row["decision"] == "blocked" else 0
    rates = {
        row["feature"]: row | {"blocked": blocked[row["feature"]]} for row in by_feature.records()
    }
    return Summary(
        requests=rate["requests"],
        fallback_rate=rate["fallback_rate"],
        offline_coverage=coverage["offline_coverage"],
        egress_bytes=sum(row["bytes"] or 0 for row in left),
        undeclared_bytes=sum(row["bytes"] or 0 for row in left if row["declared"] is False),
        inputs_replayed=sum(one.inputs for one in replayed),
        features=tuple(
            _of_feature(rates[name], swept.get(name)) for name in FEATURES if name in rates
        ),
        seconds=round(seconds, 1),
        ledger=str(ledger) if ledger else None,
    )


def _of_feature(
    rate: dict[str, Any], swept: tuple[Replayed, dict[str, Any]] | None
) -> FeatureSummary:
    counts = {name: rate[name] for name in ("feature", "requests", "fallbacks", "blocked")}
    if swept is None:
        return FeatureSummary(**counts, fallback_rate=rate["fallback_rate"])
    replayed, sweep = swept
    recommended = sweep["recommended"]
    return FeatureSummary(
        **counts,
        fallback_rate=rate["fallback_rate"],
        replay_run=replayed.run,
        inputs_replayed=replayed.inputs,
        recommended_threshold=recommended["threshold"] if recommended else None,
        reason=sweep["reason"],
    )
