"""What really happened, counted outside the telemetry as plain integers before any span exists."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from demo.phone import Outcome
from demo.transfers import Transfer


@dataclass(kw_only=True)
class Requests:
    """Requests by what became of them."""

    requests: int = 0
    attempted: int = 0
    offline_requests: int = 0
    offline_served: int = 0
    audits: int = 0
    inputs: int = 0
    decisions: dict[str, int] = field(default_factory=dict)
    fallback_reasons: dict[str, int] = field(default_factory=dict)
    blocked_reasons: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: Outcome, *, logged: bool) -> None:
        decided = outcome.decided
        self.requests += 1
        self.attempted += outcome.feature.placement != "cloud"
        _add(self.decisions, decided.decision)
        self.audits += decided.audited
        self.inputs += logged
        if outcome.request.offline:
            self.offline_requests += 1
            self.offline_served += decided.decision == "accept"
        _add(self.fallback_reasons, decided.fallback_reason)
        _add(self.blocked_reasons, decided.blocked_reason)


@dataclass(kw_only=True)
class Sent:
    """Bodies that left; `refused` are those among them that were answered with an error."""

    transfers: int = 0
    bytes: int = 0
    refused_transfers: int = 0
    refused_bytes: int = 0

    def add(self, transfer: Transfer) -> None:
        self.transfers += 1
        self.bytes += transfer.body_bytes
        if transfer.refused:
            self.refused_transfers += 1
            self.refused_bytes += transfer.body_bytes


@dataclass(kw_only=True)
class Answered:
    """All requests of a feature, and those whose span was lost on purpose."""

    counted: Requests = field(default_factory=Requests)
    lost: Requests = field(default_factory=Requests)


@dataclass(kw_only=True)
class Release:
    """One release, by feature.

    A gap in the sequence of a launch shows an `interior` loss and cannot show an `edge` one.
    """

    features: dict[str, Answered] = field(default_factory=dict)
    interior: int = 0
    edge: int = 0


class Account:
    """What was sent, by host, feature and cause, which is the request's, as in every metric."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, str, str], Sent] = {}

    def add(self, outcome: Outcome, transfer: Transfer) -> None:
        way = transfer.destination.host, outcome.feature.name, _cause(outcome)
        self._sent.setdefault(way, Sent()).add(transfer)

    def record(self) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
        found: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
        for (host, feature, cause), sent in sorted(self._sent.items()):
            found.setdefault(host, {}).setdefault(feature, {})[cause] = asdict(sent)
        return found


def _add(counts: dict[str, int], name: str | None) -> None:
    if name is not None:
        counts[name] = counts.get(name, 0) + 1


def _cause(outcome: Outcome) -> str:
    if outcome.feature.placement == "cloud":
        return "design"
    if outcome.decided.decision != "accept":
        return "fallback"
    return "audit" if outcome.decided.audited else "design"


class Ledger:
    """The fleet's own account: `lost` and `orphaned` are the parts of `sent` whose spans, or
    whose requests' spans, never leave the phone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._installations = 0
        self._releases: dict[str, Release] = {}
        self._sent = Account()
        self._lost = Account()
        self._orphaned = Account()

    def count_installation(self) -> None:
        self._installations += 1

    def count(self, release: str, outcome: Outcome, *, logged: bool) -> None:
        """One request that is over; `logged` where its input is to be logged."""
        features = self._releases.setdefault(release, Release()).features
        account = features.setdefault(outcome.feature.name, Answered())
        account.counted.add(outcome, logged=logged)
        chances = outcome.request.chances
        if chances.lost:
            account.lost.add(outcome, logged=logged)
        for transfer in outcome.transfers:
            self._sent.add(outcome, transfer)
            if chances.lost:
                away = self._lost if chances.transfers_lost else self._orphaned
                away.add(outcome, transfer)

    def close_launch(self, release: str, outcomes: Iterable[Outcome]) -> None:
        """Tells which losses of a launch lie between spans that arrive."""
        requests = [outcome.request for outcome in outcomes]
        lost = [request.sequence for request in requests if request.chances.lost]
        kept = [request.sequence for request in requests if not request.chances.lost]
        interior = sum(kept[0] < number < kept[-1] for number in lost) if kept else 0
        account = self._releases.setdefault(release, Release())
        account.interior += interior
        account.edge += len(lost) - interior

    def record(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        return {
            "seed": self._seed,
            "installations": self._installations,
            "releases": {name: asdict(self._releases[name]) for name in sorted(self._releases)},
            "sent": self._sent.record(),
            "lost": self._lost.record(),
            "orphaned": self._orphaned.record(),
        }
