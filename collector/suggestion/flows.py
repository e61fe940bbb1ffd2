"""Which ways out a policy could declare, from the departures that were seen."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from collector.contract.policy import Feature, Flow, Policy, release_key
from collector.contract.suggestion import SuggestedFeature, SuggestedFlow, SuggestedHost
from collector.redaction.hosts import Hosts

UNKNOWN = "unknown"
GRANTED, NOT_REQUIRED = "granted", "not_required"
_REFUSED = ("denied", "withdrawn")

_Row = Mapping[str, Any]


def suggested_features(
    features: Sequence[_Row], departures: Sequence[_Row], policy: Policy
) -> list[SuggestedFeature]:
    """Features that `policy` does not name, or from which data leaves as it does not declare.

    A row of `features` has feature, requests, installations, placements (as a set); one of
    `departures` feature, destination, region, category, purpose, consent, leg, declared (None:
    unknown), release ("unknown" where nobody tells it), transfers.
    """
    seen = {row["feature"]: row for row in features}
    order = sorted(departures, key=lambda row: row["feature"])
    ways = {name: list(rows) for name, rows in groupby(order, lambda row: row["feature"])}
    found = []
    for name in sorted(seen.keys() | ways.keys()):
        flows = tuple(_flows(name, ways.get(name, ()), policy))
        ruled = policy.features.get(name)
        if ruled is not None and not flows:
            continue
        said = {c for flow in flows if not flow.problem for c in flow.categories}
        new = said - set(ruled.categories if ruled else ())
        row = seen.get(name, {})
        found.append(
            SuggestedFeature(
                name=name,
                named=ruled is not None,
                requests=row.get("requests", 0),
                installations=row.get("installations", 0),
                placements=tuple(filter(None, row.get("placements", "").split(","))),
                categories=tuple(sorted(new)),
                releases=_releases(ruled) if ruled else (),
                flows=flows,
            )
        )
    return found


def _releases(feature: Feature) -> tuple[str, ...]:
    """Those from which on what is added to the feature itself does not hold."""
    changes = feature.from_.items()
    return tuple(
        since
        for since, change in changes
        if change.egress is not None or change.categories is not None
    )


def suggested_hosts(features: Iterable[SuggestedFeature], policy: Policy) -> list[SuggestedHost]:
    """The hosts that the ways out of `features` would name, each once."""
    listed = {host.match for host in policy.hosts}
    regions: dict[str, set[str]] = {}
    for flow in (flow for feature in features for flow in feature.flows if not flow.problem):
        for host in {hosts[-1] for hosts in (flow.hosts, *flow.later.values()) if hosts} - listed:
            regions.setdefault(host, set()).update(flow.regions)
    return [
        SuggestedHost(match=host, region=said.pop() if len(said) == 1 else None)
        for host, said in sorted(regions.items())
    ]


def _flows(feature: str, rows: Iterable[_Row], policy: Policy) -> Iterable[SuggestedFlow]:
    """By destination and purpose, those of which not every send is declared."""
    ways = _Ways(policy.features.get(feature, Feature()))
    order = sorted(rows, key=lambda row: (row["destination"], row["purpose"]))
    for (destination, purpose), some in groupby(
        order, lambda row: (row["destination"], row["purpose"])
    ):
        sends = list(some)
        if all(row["declared"] for row in sends):
            continue
        good = [row for row in sends if row["consent"] not in _REFUSED]
        count = sum(row["transfers"] for row in sends)
        asked = any(row["consent"] != NOT_REQUIRED for row in sends)
        consent = GRANTED if asked else NOT_REQUIRED
        hosts = _hosts(destination, policy)
        lists = ways.judging(row["release"] for row in sends if not row["declared"])
        missing = {
            since: tuple(h for h in hosts if not ways.names(since, h, purpose, consent))
            for since in lists
        }
        yield SuggestedFlow(
            destination=destination,
            hosts=missing.pop(None, ()),
            later={since: hosts for since, hosts in missing.items() if hosts},
            purpose=purpose,
            consent=consent,
            categories=_said(c for row in good for c in row["category"].split(",")),
            regions=_said(row["region"] for row in sends),
            legs=_said(row["leg"] for row in sends),
            transfers=count,
            refused=count - sum(row["transfers"] for row in good),
            unsaid=tuple(
                what
                for what in ("category", "consent", "region")
                if any(UNKNOWN in row[what].split(",") for row in good)
            ),
            problem=_problem(feature, destination, purpose, good),
        )


class _Ways:
    """The ways out that a feature declares: its own, and those of the releases that replace them.

    Each list goes by the release since which it holds, its own by None.
    """

    def __init__(self, feature: Feature) -> None:
        self._lists: dict[str | None, set[tuple[str, str, str]]] = {None: _keys(feature.egress)}
        for since in sorted(feature.from_, key=release_key):
            if (replaced := feature.from_[since].egress) is not None:
                self._lists[since] = _keys(replaced)

    def judging(self, releases: Iterable[str]) -> list[str | None]:
        """The lists that judge sends of `releases`: all of them where one is unknown."""
        told = set(releases)
        if UNKNOWN in told:
            return list(self._lists)
        keys = [(since, release_key(since) if since else "") for since in self._lists]
        said = map(release_key, told)
        found = {[since for since, key in keys if key <= release][-1] for release in said}
        return [since for since in self._lists if since in found]

    def names(self, since: str | None, host: str, purpose: str, consent: str) -> bool:
        return (host, purpose, consent) in self._lists[since]


def _keys(flows: Iterable[Flow]) -> set[tuple[str, str, str]]:
    return {(flow.host, flow.purpose, flow.consent) for flow in flows}


def _problem(feature: str, destination: str, purpose: str, good: Sequence[_Row]) -> str | None:
    """Why nobody could declare it."""
    if not good:
        return "every send left although consent was refused"
    for what, said in (("feature", feature), ("host", destination), ("purpose", purpose)):
        if said == UNKNOWN:
            return f"the app does not say the {what}"
    return None


def _hosts(destination: str, policy: Policy) -> tuple[str, ...]:
    """What declares it: of an unlisted host only the domain is kept, which it may stand below."""
    below = f"x.{destination}"
    listed = Hosts(policy).kept(below) == f"*.{destination}"
    domain = "." in destination and Hosts(Policy()).kept(below) == destination and not listed
    return (destination, f"*.{destination}") if domain else (destination,)


def _said(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words) - {UNKNOWN}))
