"""The record of processing activities (GDPR, Article 30), of what was seen and what the policy says
of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.compliance.against_policy import EEA
from collector.compliance.observed import TELEMETRY, UNKNOWN, Observed, When
from collector.contract.compliance import Check
from collector.contract.policy import Host, Policy
from collector.contract.policy_checks import known_of
from collector.contract.processing import ARTICLES, LOGGED_INPUTS, Activity, Article30, Basis

_OF_CONTROLLER = ("name", "contact", "dpo", "data_subjects", "security")
_OF_LEAVING = (
    "purpose", "recipient", "owner", "role", "country", "region", "basis", "mechanism", "article",
    "safeguards", "kept_days", "declared", "first_seen", "last_seen",
)  # fmt: skip
_OF_HOST = ("owner", "role", "country", "kept_days")


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged:
    """Inputs of a feature that apps logged and that are kept: how many. Times received are ns."""

    app: str
    feature: str
    inputs: int
    first: int
    last: int


def article30(
    check: Check,
    seen: Sequence[Observed],
    when: Mapping[int, When],
    logged: Sequence[Logged],
    policy: Policy,
    said: Callable[[int], str],
) -> Article30:
    """Of what was `seen` to leave and, by its number, `when`; of the inputs that were `logged`, and
    of the features of `check` of which nothing left.

    `said` makes RFC 3339 of ns.
    """
    controller = policy.controller
    activities = [
        *_leaving(seen, when, policy, said),
        *_logged(logged, policy, said),
        *_staying(check, seen, policy),
    ]
    return Article30(
        since=check.since,
        until=check.until,
        policy=policy.version,
        policy_digest=policy.digest,
        **controller.model_dump(exclude={"data_subjects"}),
        missing=tuple(
            f"controller.{name}" for name in _OF_CONTROLLER if not getattr(controller, name)
        ),
        activities=sorted(
            activities,
            key=lambda one: (one.app, one.feature or "", one.recipient or "", one.purpose or ""),
        ),
    )


def _leaving(
    seen: Sequence[Observed],
    when: Mapping[int, When],
    policy: Policy,
    said: Callable[[int], str],
) -> Iterator[Activity]:
    groups: dict[tuple[str, ...], list[Observed]] = {}
    for one in seen:
        key = (one.app, one.feature, one.purpose, one.destination)
        groups.setdefault(key, []).append(one)
    for (app, feature, purpose, destination), group in groups.items():
        host = known_of(policy.hosts, destination)
        own = destination == TELEMETRY
        kept = policy.retention_days if own else _kept_days(group, host)
        regions = sorted({one.region for one in group} - {UNKNOWN})
        role = next((one.role for one in group if one.role != UNKNOWN), host.role)
        basis = None if own else _basis(host)
        about = {"owner": host.owner, "role": role, "country": host.country, "kept_days": kept}
        gaps = [] if own else [name for name in _OF_HOST if about[name] is None]
        if basis == "not_named":
            gaps.append("mechanism")
        # Of these alone the record has to show the documents.
        if host.mechanism == "derogation_compelling_li" and not host.safeguards:
            gaps.append("safeguards")
        yield _activity(
            policy,
            app,
            _known(feature),
            gaps=[f"hosts.{destination}.{name}" for name in gaps],
            purpose=_known(purpose),
            categories=_categories(group),
            recipient=destination,
            **about | ({"owner": "Limen"} if own else {}),
            region=", ".join(regions) or host.region,
            basis=basis,
            mechanism=host.mechanism if basis == "named" else None,
            article=ARTICLES[host.mechanism] if basis == "named" and host.mechanism else None,
            safeguards=host.safeguards,
            declared=_declared(group),
            count=sum(one.transfers for one in group),
            first_seen=said(min(when[one.number].first for one in group)),
            last_seen=said(max(when[one.number].last for one in group)),
        )


def _logged(
    logged: Sequence[Logged], policy: Policy, said: Callable[[int], str]
) -> Iterator[Activity]:
    """What is kept in the vault: processing of its own, for another purpose than the request."""
    for one in logged:
        rule = policy.features.get(one.feature)
        yield _activity(
            policy,
            one.app,
            one.feature,
            gaps=[] if rule and rule.categories else [f"features.{one.feature}.categories"],
            **dict.fromkeys(_OF_LEAVING)
            | {
                "purpose": "analytics",
                "categories": rule.categories if rule and rule.categories else (UNKNOWN,),
                "recipient": LOGGED_INPUTS,
                "owner": "Limen",
                "role": "first_party",
                "kept_days": policy.input_days,
                "declared": bool(rule and any(of.log_inputs for of in rule.rules())),
                "count": one.inputs,
                "first_seen": said(one.first),
                "last_seen": said(one.last),
            },
        )


def _staying(check: Check, seen: Sequence[Observed], policy: Policy) -> Iterator[Activity]:
    """Features of which nothing left."""
    left = {(one.app, one.feature) for one in seen}
    requests: dict[tuple[str, str], int] = {}
    for covered in check.coverage:
        for name, count in covered.features.items():
            if (covered.app, name) not in left:
                key = (covered.app, name)
                requests[key] = requests.get(key, 0) + count
    for (app, feature), count in requests.items():
        rule = policy.features.get(feature)
        yield _activity(
            policy,
            app,
            feature,
            gaps=[],
            categories=rule.categories if rule else (),
            **dict.fromkeys(_OF_LEAVING),
            count=count,
        )


def _activity(
    policy: Policy, app: str, feature: str | None, *, gaps: list[str], **said: Any
) -> Activity:
    rule = policy.features.get(feature) if feature else None
    if feature and not (rule and rule.description):
        gaps = [f"features.{feature}.description", *gaps]
    return Activity(
        app=app,
        feature=feature,
        description=rule.description if rule else None,
        data_subjects=policy.controller.data_subjects,
        missing=tuple(gaps),
        **said,
    )


def _kept_days(group: Iterable[Observed], host: Host) -> int | None:
    """0: no longer than the request needs. What is kept although nobody should is not that."""
    kept = {one.kept for one in group}
    return 0 if kept == {False} else host.kept_days


def _basis(host: Host) -> Basis:
    if host.country is None:
        return "unknown"
    if host.country in EEA:
        return "in_eea"
    return "named" if host.mechanism else "not_named"


def _categories(group: Iterable[Observed]) -> tuple[str, ...]:
    return tuple(sorted({category for one in group for category in one.categories}))


def _declared(group: Iterable[Observed]) -> bool | None:
    """Not where some of it is not; unknown where that cannot be told of some."""
    said = {one.declared for one in group}
    return False if False in said else None if None in said else True


def _known(text: str) -> str | None:
    return None if text == UNKNOWN else text
