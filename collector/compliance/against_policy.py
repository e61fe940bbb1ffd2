"""What left, against the policy of the release it left with."""

from collections.abc import Iterable, Iterator
from functools import cache, partial

from collector.compliance.observed import TELEMETRY, UNKNOWN, Draft, Observed, of
from collector.contract.policy import Flow, Host, Policy, Rule, release_key
from collector.contract.policy_checks import fits, known_of

POLICY = "policy"
# Members of the European Union, and Iceland, Liechtenstein and Norway.
EEA = frozenset(
    (
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    )
)  # fmt: skip


def against_policy(seen: Iterable[Observed], policy: Policy) -> Iterator[Draft]:
    """What goes against `policy`. What cannot be told is none."""
    # Both cost by the rule and by the host; departures have few of them.
    known = cache(partial(known_of, policy.hosts))
    rule_of = cache(partial(_rule, policy))
    for one in seen:
        if one.destination == TELEMETRY:
            continue
        rule = rule_of(one.feature, one.release)
        ways = rule.egress if rule else ()
        if one.declared is False:
            yield from _undeclared(one, ways)
        yield from _consent(one, ways)
        yield from _host(one, known(one.destination))
        if rule and rule.placement == "device" and one.asked:
            said = "the policy says that it runs on the device alone"
            yield of(one, "ON_DEVICE_CLAIM_CONTRADICTED", one.destination, POLICY, said)
        if one.differs:
            said = "the body that the other side saw has another size; a proxy may have changed it"
            yield of(one, "BYTES_DISAGREE", one.destination, POLICY, said, level="warning")


def _rule(policy: Policy, feature: str, release: str) -> Rule | None:
    """What judges a feature in a release."""
    found = policy.features.get(feature)
    return found.rule(None if release == UNKNOWN else release) if found else None


def _undeclared(one: Observed, ways: tuple[Flow, ...]) -> Iterator[Draft]:
    """Which conditions it misses, of the way out to its host that it misses fewest of."""
    there = [way for way in ways if fits(way.host, one.destination)]
    if not there:
        said = "the policy names no such destination for the feature in this release"
        yield of(one, "UNDECLARED_HOST", one.destination, POLICY, said)
        return
    yield from min((list(_missed(one, way)) for way in there), key=len)


def _missed(one: Observed, way: Flow) -> Iterator[Draft]:
    to = one.destination
    if one.purpose not in (way.purpose, UNKNOWN):
        said = f"the way out to {way.host} is for {way.purpose}"
        yield of(one, "UNDECLARED_PURPOSE", f"{one.purpose}: {to}", POLICY, said)
    declared = way.categories or ()
    for category in one.categories:
        if category in (*declared, UNKNOWN):
            continue
        said = f"the way out to {way.host} is for {', '.join(declared) or 'no category'}"
        coarse = category == "location_precise" and "location_coarse" in declared
        code = "PRECISION_EXCEEDS_DECLARED" if coarse else "UNDECLARED_CATEGORY"
        yield of(one, code, f"{category}: {to}", POLICY, said)
    if way.region and one.region != UNKNOWN and one.region.lower() != way.region.lower():
        said = f"the way out to {way.host} leads to {way.region}"
        yield of(one, "UNDECLARED_REGION", f"{one.region}: {to}", POLICY, said)
    if way.role and one.role not in (way.role, UNKNOWN):
        said = f"the way out to {way.host} leads to a {way.role}"
        yield of(one, "UNDECLARED_SHARING", f"{one.role}: {to}", POLICY, said)
    if way.retained is False and one.retained:
        said = f"the way out to {way.host} is for a recipient that keeps nothing"
        yield of(one, "EPHEMERAL_CLAIM_CONTRADICTED", to, POLICY, said)


def _consent(one: Observed, ways: tuple[Flow, ...]) -> Iterator[Draft]:
    """Where the policy asks for consent; where it says nothing, only what users refused."""
    meant = [w for w in ways if fits(w.host, one.destination) and w.purpose == one.purpose]
    if any(way.consent == "not_required" for way in meant):
        return
    subject = f"{one.purpose}: {one.destination}"
    if one.consent == "withdrawn":
        said = "consent was withdrawn before it left"
        yield of(one, "CONSENT_WITHDRAWN", subject, POLICY, said)
    elif missing := _missing(one, asked=bool(meant)):
        yield of(one, "CONSENT_MISSING", subject, POLICY, missing)
    elif one.consent == "granted" and one.consent_version:
        named = [release_key(way.notice) for way in meant if way.notice]
        if named and release_key(one.consent_version) < min(named):
            said = f"consent was given under notice {one.consent_version}"
            yield of(one, "CONSENT_STALE_NOTICE", subject, POLICY, said)


def _missing(one: Observed, *, asked: bool) -> str | None:
    if one.consent == "denied":
        return "consent was denied"
    if one.granted_later:
        return "it left before consent was granted"
    if asked and one.consent == "not_required":
        return "the app takes consent for not required, and the policy asks for it"
    if asked and one.consent == UNKNOWN and one.granted_otherwise:
        return "consent was granted for another purpose only"
    return None


def _host(one: Observed, host: Host) -> Iterator[Draft]:
    if host.country and host.country not in EEA and not host.mechanism:
        said = f"{host.country} is outside the EEA, and [[hosts]] names no mechanism"
        yield of(one, "TRANSFER_WITHOUT_MECHANISM", one.destination, POLICY, said, feature=None)
