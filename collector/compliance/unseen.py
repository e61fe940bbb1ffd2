"""What is declared and was not seen. Absence in a sample is no proof: each says how large it is."""

from collections.abc import Iterator, Sequence

from collector.compliance.against_stores import APPLE, PLAY, of_store
from collector.compliance.observed import UNKNOWN, Draft, Observed
from collector.contract.compliance import Coverage
from collector.contract.declarations import Declaration
from collector.contract.policy import Policy
from collector.contract.policy_checks import fits

CODE = "DECLARED_NOT_OBSERVED"


def unseen(
    seen: Sequence[Observed],
    covered: Coverage,
    policy: Policy,
    manifests: Sequence[Declaration],
    form: Declaration | None,
) -> Iterator[Draft]:
    """Of one release of an app, whose departures `seen` are."""
    release = None if covered.release == UNKNOWN else covered.release
    for name, requests in covered.features.items():
        if name not in policy.features:
            continue
        own = [one for one in seen if one.feature == name]
        for way in policy.features[name].rule(release).egress:
            if any(fits(way.host, o.destination) and o.purpose == way.purpose for o in own):
                continue
            said = f"this way out was not taken in {requests:,} requests; {_sample(covered)}"
            yield _draft(covered, f"{way.purpose}: {way.host}", "policy", said, name)
    for store, files in ((APPLE, manifests), (PLAY, [form] if form else [])):
        left = {c for one in seen if of_store(one, store) for c in one.categories}
        for type_, categories in {t.type: t.categories for f in files for t in f.types}.items():
            if not left.intersection(categories):
                said = f"no such data was seen to leave with these features; {_sample(covered)}"
                yield _draft(covered, type_, store, said, None)


def _sample(covered: Coverage) -> str:
    share = covered.completeness
    arrived = "an unknown share" if share is None else f"{share:.0%}"
    return (
        f"{covered.requests:,} requests of {covered.installations_in_words} installations arrived, "
        f"{arrived} of those that were made: absence in a sample is no proof"
    )


def _draft(covered: Coverage, subject: str, source: str, said: str, feature: str | None) -> Draft:
    return Draft(
        code=CODE,
        subject=subject,
        source=source,
        rule=said,
        level="note",
        app=covered.app,
        release=covered.release,
        feature=feature,
    )
