"""What a demo showed, as the collector answers it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.contract.client import LimenClient
from collector.contract.records import Query

# Limen's own telemetry leaves the device too; it is not what the app sends.
_OWN = "telemetry"
# Unknown is what names neither a request nor an installation: as on the Egress page, it counts.
_FROM_PHONES = ("device", "unknown")


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
    replay_run: str
    inputs_replayed: int
    recommended_threshold: float | None
    seconds: float
    ledger: str | None


def summarise(
    client: LimenClient,
    replay: dict[str, Any],
    sweep: dict[str, Any],
    *,
    seconds: float,
    ledger: Path | None,
) -> Summary:
    """`replay` and `sweep` are the answers of `limen replay run` and `limen replay sweep`."""
    fallback, offline, egress = client.metrics(
        [
            Query(metric="fallback_rate"),
            Query(metric="offline_coverage"),
            Query(metric="egress", where={"leg": _FROM_PHONES}),
        ]
    )
    (rate,), (coverage,) = fallback.records(), offline.records()
    left = [row for row in egress.records() if row["destination"] != _OWN]
    recommended = sweep["recommended"]
    return Summary(
        requests=rate["requests"],
        fallback_rate=rate["fallback_rate"],
        offline_coverage=coverage["offline_coverage"],
        egress_bytes=sum(row["bytes"] or 0 for row in left),
        undeclared_bytes=sum(row["bytes"] or 0 for row in left if row["declared"] is False),
        replay_run=replay["run"],
        inputs_replayed=replay["inputs"],
        recommended_threshold=recommended["threshold"] if recommended else None,
        seconds=round(seconds, 1),
        ledger=str(ledger) if ledger else None,
    )
