"""Declarations against each other and against the policy, whatever was seen."""

from collections.abc import Iterator, Mapping, Sequence

from collector.compliance.observed import Draft
from collector.contract.declarations import Declaration
from collector.contract.findings import DISAGREE
from collector.contract.policy import Host, Policy, Rule
from collector.contract.policy_checks import fits
from collector.contract.vocabulary import STORES, store_types


def of_files(declarations: Sequence[Declaration], app: str) -> Iterator[Draft]:
    """What is wrong in each file itself. That a store passes over a word is certain."""
    for one in declarations:
        for problem in one.problems:
            yield Draft(
                code=problem.code,
                subject=f"{one.name}: {problem.where}",
                source=one.kind,
                rule=problem.what,
                level="warning" if problem.code == DISAGREE else "error",
                app=app,
            )


def between(
    manifests: Sequence[Declaration],
    form: Declaration | None,
    policy: Policy,
    app: str,
    release: str | None,
    features: Sequence[str],
) -> Iterator[Draft]:
    """Categories that one of them declares and another does not.

    `features` are those of the policy that the app has. Which types mean the same is a judgement,
    so each is for a person to judge. What is in memory only Apple does not count.
    """
    declared: dict[str, set[str]] = {}
    if manifests:
        declared["apple"] = {one.type for manifest in manifests for one in manifest.types}
    if form is not None:
        declared["play"] = {one.type for one in form.types if one.collected or one.shared}
    rules = {name: policy.features[name].rule(release) for name in features}
    for store, types in declared.items():
        for name, category in _leaving(rules, policy.hosts, kept_only=store == "apple"):
            meant = store_types(store, category)
            if meant and not types.intersection(meant):
                said = f"the policy lets it leave, and {' or '.join(meant)} is not declared"
                yield _draft(store, category, said, app, release, name)
    if form is None or not manifests:
        return
    lasting = {
        one.type: one.categories
        for one in form.types
        if (one.collected or one.shared) and not one.ephemeral
    }
    apple = {one.type: one.categories for manifest in manifests for one in manifest.types}
    for store, own in (("apple", lasting), ("play", apple)):
        other = {"apple": "Google Play", "play": "Apple"}[store]
        for type_, categories in own.items():
            meant = tuple(dict.fromkeys(t for c in categories for t in store_types(store, c)))
            if meant and not declared[store].intersection(meant):
                said = f"declared to {other}, and {' or '.join(meant)} is not declared here"
                yield _draft(store, type_, said, app, release, None)


def _leaving(
    rules: Mapping[str, Rule], hosts: Sequence[Host], *, kept_only: bool
) -> Iterator[tuple[str, str]]:
    """Feature and category of what the policy lets leave; `kept_only`: of what may be kept."""
    for name, rule in rules.items():
        categories = {
            category: None
            for way in rule.egress
            if not (kept_only and _forgets(way.host, way.retained, hosts))
            for category in way.categories or ()
        }
        yield from ((name, category) for category in categories)


def _forgets(host: str, retained: bool | None, hosts: Sequence[Host]) -> bool:
    fitting = [one for one in hosts if fits(one.match, host) and one.retained is not None]
    said = (
        max(fitting, key=lambda one: len(one.match.replace("*", ""))).retained if fitting else None
    )
    return (retained if retained is not None else said) is False


def _draft(
    store: str, subject: str, said: str, app: str, release: str | None, feature: str | None
) -> Draft:
    assert store in STORES
    return Draft(
        code=DISAGREE,
        subject=subject,
        source=store,
        rule=said,
        level="warning",
        app=app,
        release=release,
        feature=feature,
    )
