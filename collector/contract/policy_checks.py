"""What in a policy contradicts itself, although each line for itself is right."""

import re
from collections.abc import Iterator
from typing import Any

from collector.contract.attributes import ALIASES
from collector.contract.nearest import nearest
from collector.contract.policy import KNOWN, Feature, Flow, Host, Policy, Rule, release_key
from collector.contract.toml_lines import Key

# The place, and what is wrong there and how to mend it.
Contradiction = tuple[Key, str]


def contradictions(policy: Policy) -> Iterator[Contradiction]:
    """Every one there is."""
    yield from _aliases(policy)
    yield from _attributes(policy)
    seen: set[str] = set()
    for number, host in enumerate(policy.hosts):
        if host.match in seen:
            yield ("hosts", number, "match"), f"{host.match} has a table already: leave one"
        seen.add(host.match)
    for name, feature in policy.features.items():
        at = ("features", name)
        if feature.retention_days is not None and feature.retention_days > policy.retention_days:
            yield (
                (*at, "retention_days"),
                f"{feature.retention_days} is longer than retention_days = "
                f"{policy.retention_days}, which holds for everything: write a shorter one, or "
                "raise that",
            )
        if feature.offline_target is not None and not feature.offline_critical:
            yield (
                (*at, "offline_target"),
                "it holds for what must work without a network: say offline_critical = true too, "
                "or leave it out",
            )
        yield from _releases(at, feature)
        for rule in feature.rules():
            yield from _rule(at, feature, rule, policy.hosts)


def _aliases(policy: Policy) -> Iterator[Contradiction]:
    others = {**ALIASES, **policy.aliases}
    for alias, name in policy.aliases.items():
        if name in others:
            meant = others[name] if others[name] in KNOWN else "one that Limen knows"
            yield ("aliases", alias), f"{name} is itself another name: write {meant}"
        elif name not in KNOWN:
            yield ("aliases", alias), _unknown(name)


def _unknown(name: str) -> str:
    return f"Limen has no attribute {name}: {nearest(name, KNOWN, 'see docs/conventions.md')}"


def _attributes(policy: Policy) -> Iterator[Contradiction]:
    meant: dict[str, str] = {}
    for name, action in policy.attributes.items():
        known = {**ALIASES, **policy.aliases}.get(name, name)
        if action == "drop" and name.startswith("limen.") and name not in KNOWN:
            # The one that was meant would be kept.
            yield ("attributes", name), _unknown(name)
        if known in KNOWN and action not in ("keep", "drop"):
            said = f"Limen has a form of its own for it: write keep or drop, not {action}"
            yield ("attributes", name), said
        if (before := meant.setdefault(known, name)) != name:
            said = f"it and {before} are two names of {known}: leave one of the two lines"
            yield ("attributes", name), said


def _releases(at: Key, feature: Feature) -> Iterator[Contradiction]:
    seen: dict[str, str] = {}
    for release in feature.from_:
        if (before := seen.setdefault(release_key(release), release)) != release:
            said = f"it is the same release as {before}: leave one of the two"
            yield (*at, "from", release), said


def _rule(
    at: Key, feature: Feature, rule: Rule, hosts: tuple[Host, ...]
) -> Iterator[Contradiction]:
    if rule.since is not None:
        at = (*at, "from", rule.since)
    if feature.offline_critical and rule.placement == "cloud":
        yield (
            (*at, "placement"),
            "cloud needs a network, and offline_critical = true says that it must work without: "
            "change one of the two",
        )
    own = rule.since is None or feature.from_[rule.since].egress is not None
    for number, flow in enumerate(rule.egress):
        # A way out that an older release had already stands there.
        place: Key = (*at, "egress", number) if own else at
        for category in flow.categories or ():
            if category not in rule.categories:
                yield (
                    (*place, "categories"),
                    f"{category} may leave to {flow.host}, but is not among the feature's "
                    "categories: add it there, or take it out of the way out",
                )
        if own:
            yield from _of_host(place, flow, hosts)


def _of_host(place: Key, flow: Flow, hosts: tuple[Host, ...]) -> Iterator[Contradiction]:
    """What the flow says of its host, against what `hosts` do."""
    said = known_of(hosts, flow.host)
    role, kept = said.role, said.retained
    if flow.role and not role:
        yield (
            (*place, "role"),
            f"no app tells its host's role, so nothing would ever fit: say role = "
            f'"{flow.role}" of {flow.host} under [[hosts]]',
        )
    elif flow.role and flow.role != role:
        yield (
            (*place, "role"),
            f"{flow.role} here, {role} under [[hosts]]: write the same, or leave it out here",
        )
    if flow.retained is False and kept:
        yield (*place, "retained"), "false here, true under [[hosts]]: one of the two is wrong"


def known_of(hosts: tuple[Host, ...], host: str) -> Host:
    """All that `hosts` say of `host`: each thing by the one that fits best and says it."""
    fitting = [one for one in hosts if fits(one.match, host)]
    known: dict[str, Any] = {}
    for one in sorted(fitting[::-1], key=lambda one: len(one.match.replace("*", ""))):
        known |= one.model_dump(exclude_none=True)
    return Host.model_construct(None, **known | {"match": host})


def fits(match: str, host: str) -> bool:
    """Whether `match`, in which * stands for any characters, is `host`."""
    return bool(re.fullmatch(".*".join(map(re.escape, match.split("*"))), host))
