"""What left phones, against what was declared to the stores, and what iOS itself saw.

Apple's `collected` is what is kept longer than the request needs; Google's is all that leaves, and
what is kept in memory only is still answered (`ephemeral`). A transfer to a processor is not
`shared`.
"""

from collections.abc import Iterable, Iterator, Sequence

from collector.compliance.observed import TELEMETRY, UNKNOWN, Draft, Observed, of
from collector.contract.compliance import Level
from collector.contract.declarations import Declaration, DeclaredType
from collector.contract.policy import Policy
from collector.contract.vocabulary import store_purposes, store_types
from collector.redaction.hosts import Hosts

APPLE, PLAY, REPORT = "apple", "play", "report"
_SYSTEMS = {"android": PLAY, "ios": APPLE, "ipados": APPLE}
_REFUSED = ("denied", "withdrawn")


def of_store(one: Observed, store: str) -> bool:
    """Whether it left a phone that has its apps from `store`; from which is not always known."""
    return one.leg == "device" and _SYSTEMS.get(one.system.lower(), store) == store


def against_apple(seen: Iterable[Observed], manifests: Sequence[Declaration]) -> Iterator[Draft]:
    """Against the union of an app's manifests."""
    types: dict[str, list[DeclaredType]] = {}
    for manifest in manifests:
        for one in manifest.types:
            types.setdefault(one.type, []).append(one)
    domains = {domain for manifest in manifests for domain in manifest.tracking_domains}
    for row in seen:
        if not of_store(row, APPLE):
            continue
        yield from _tracking(row, domains)
        if row.kept is False:
            continue
        # Nobody says that it is kept: it may be that Apple does not count it.
        level: Level = "error" if row.kept else "warning"
        sure = "" if row.kept else ", and nobody says that it is not kept"
        for category, declared in _by_category(row, APPLE, types):
            if not declared:
                yield _undeclared(row, category, APPLE, types, sure, level)
                continue
            allowed = {purpose for one in declared for purpose in one.purposes}
            yield from _purpose(row, category, APPLE, allowed, sure, level)


def against_play(seen: Iterable[Observed], form: Declaration) -> Iterator[Draft]:
    """Against an app's Data safety form."""
    types = {one.type: [one] for one in form.types}
    for row in seen:
        if not of_store(row, PLAY):
            continue
        if row.in_clear and form.encrypted:
            said = "the form says that data is encrypted in transit, and it went to port 80"
            yield of(row, "ENCRYPTION_CLAIM_CONTRADICTED", row.destination, PLAY, said)
        for category, declared in _by_category(row, PLAY, types):
            if not declared:
                yield _undeclared(row, category, PLAY, types, "", "error")
                continue
            yield from _use(row, category, declared)


def against_report(
    seen: Sequence[Observed], report: Declaration, policy: Policy, app: str
) -> Iterator[Draft]:
    """Hosts that iOS saw the app contact, and neither the policy names nor telemetry tells."""
    hosts = Hosts(policy)
    told = {one.destination for one in seen}
    for host in report.hosts:
        kept = hosts.kept(host.host)
        if kept is None or kept in told or hosts.vouches(kept):
            continue
        times = "once" if host.hits == 1 else f"{host.hits:,} times"
        said = (
            f"iOS saw the app contact {host.host} {times}, last on {host.last_seen[:10]}; "
            "no telemetry tells of it, and the policy does not name it"
        )
        yield Draft(
            code="UNDECLARED_HOST",
            subject=kept,
            source=REPORT,
            rule=said,
            level="warning",
            app=app,
        )


def _by_category(
    row: Observed, store: str, types: dict[str, list[DeclaredType]]
) -> Iterator[tuple[str, list[DeclaredType]]]:
    """Each known category of `row`, and what is declared of it."""
    for category in row.categories:
        if category != UNKNOWN:
            names = store_types(store, category)
            yield category, [one for name in names for one in types.get(name, ())]


def _undeclared(
    row: Observed,
    category: str,
    store: str,
    types: dict[str, list[DeclaredType]],
    sure: str,
    level: Level,
) -> Draft:
    meant = store_types(store, category)
    if category == "location_precise" and any(
        name in types for name in store_types(store, "location_coarse")
    ):
        said = f"a coarse location is declared, and not {meant[0]}{sure}"
        return _about(row, "PRECISION_EXCEEDS_DECLARED", category, store, said, level)
    said = f"{' or '.join(meant)} is not declared{sure}"
    return _about(row, "UNDECLARED_CATEGORY", category, store, said, level)


def _use(row: Observed, category: str, declared: list[DeclaredType]) -> Iterator[Draft]:
    """How the form says that a category is used."""
    names = ", ".join(one.type for one in declared)
    if row.role == "third_party":
        shared = [one for one in declared if one.shared]
        if not shared:
            said = f"{names} is not declared as shared, and a third party gets it"
            yield _about(row, "UNDECLARED_SHARING", category, PLAY, said)
        else:
            allowed = {purpose for one in shared for purpose in one.sharing_purposes}
            yield from _purpose(row, category, PLAY, allowed, " for sharing", "error")
    else:
        if not any(one.collected for one in declared):
            said = f"{names} is not declared as collected"
            yield _about(row, "UNDECLARED_CATEGORY", category, PLAY, said)
        else:
            allowed = {purpose for one in declared for purpose in one.purposes}
            yield from _purpose(row, category, PLAY, allowed, "", "error")
    if row.kept and all(one.ephemeral for one in declared):
        said = f"{names} is declared as kept in memory only"
        yield _about(row, "EPHEMERAL_CLAIM_CONTRADICTED", category, PLAY, said)
    if row.consent in _REFUSED and all(one.optional for one in declared):
        said = f"{names} is declared as optional, and consent was {row.consent}"
        yield _about(row, "OPTIONAL_CLAIM_CONTRADICTED", category, PLAY, said)


def _purpose(
    row: Observed, category: str, store: str, allowed: set[str], sure: str, level: Level
) -> Iterator[Draft]:
    meant = store_purposes(store, row.purpose)
    if meant and not allowed.intersection(meant):
        said = f"{' or '.join(meant)} is not among the purposes declared{sure}"
        subject = f"{row.purpose} of {category}"
        yield _about(row, "UNDECLARED_PURPOSE", subject, store, said, level)


def _tracking(row: Observed, domains: set[str]) -> Iterator[Draft]:
    """A host of which only the domain is stored may be one that tracks below it."""
    to = row.destination.removeprefix("*.")
    below = [d for d in domains if to == d or to.endswith(f".{d}")]
    above = [d for d in domains if d.endswith(f".{to}")]
    if not (below or above) or row.consent in ("granted", "not_required"):
        return
    sure = bool(below) and row.consent != UNKNOWN
    said = f"{(below or above)[0]} is declared as a tracking domain, and consent is {row.consent}"
    if not below:
        said += "; only the domain above it is stored"
    level: Level = "error" if sure else "warning"
    yield of(row, "TRACKING_DOMAIN_WITHOUT_CONSENT", row.destination, APPLE, said, level=level)


def _about(
    row: Observed, code: str, subject: str, store: str, said: str, level: Level = "error"
) -> Draft:
    """Stores know apps, not features; Limen's own telemetry is data that leaves like any other."""
    to = "Limen's own telemetry" if row.destination == TELEMETRY else row.destination
    return of(row, code, f"{subject}: {to}", store, said, level=level)
