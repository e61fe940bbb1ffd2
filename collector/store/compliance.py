"""Declared held against observed, over what is stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from collector.compliance.against_policy import against_policy
from collector.compliance.against_stores import (
    APPLE,
    PLAY,
    REPORT,
    against_apple,
    against_play,
    against_report,
)
from collector.compliance.against_systems import FIDES, against_systems
from collector.compliance.article30 import Logged, article30
from collector.compliance.between import between, of_files
from collector.compliance.observed import (
    TELEMETRY,
    UNKNOWN,
    Draft,
    Observed,
    Sighting,
    When,
    alike,
    finding,
    ranked,
)
from collector.compliance.unseen import unseen
from collector.contract.compliance import Check, Coverage, Judgement, Verdict
from collector.contract.declarations import Declaration, KeptDeclaration
from collector.contract.errors import NotFound, named
from collector.contract.findings import CODES
from collector.contract.findings import UNKNOWN as UNKNOWN_ATTRIBUTE
from collector.contract.policy import Policy, release_key
from collector.contract.processing import Article30
from collector.contract.records import Query
from collector.metrics import first_whole_day
from collector.metrics.sources import Sealed, sources, sums_of
from collector.store.cells import DAY
from collector.store.database import Database
from collector.store.declarations import Declarations, Verdicts
from collector.store.queries import query
from collector.store.reader import Reader, rfc3339
from collector.store.retention import limits
from collector.store.sightings import Sightings
from collector.store.unsealed import Besides, end_of

# Findings live longer than what is looked at from day to day.
DEFAULT_PERIOD = "-30d"
_ESTIMATED = ("installations", "sessions")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What is looked at; None: whichever. Times as in Query."""

    since: str | None = None
    until: str | None = None
    app: str | None = None
    environment: str | None = None
    release: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A check, and what was `seen` to leave; by its number `when`, where that was asked for."""

    check: Check
    seen: Sequence[Observed]
    when: Mapping[int, When]


class Compliance:
    """Checks of `database` against the policy in force, which `policy` gives, and declarations."""

    def __init__(
        self,
        database: Database,
        reader: Reader,
        declarations: Declarations,
        verdicts: Verdicts,
        policy: Callable[[], Policy],
    ) -> None:
        self._database, self._reader, self._policy = database, reader, policy
        self._declarations, self._verdicts = declarations, verdicts

    def check(self, scope: Scope) -> Check:
        """Everything that is found in `scope`. Raises BadInput, and NotFound where nothing was seen
        of its release."""
        return self.review(scope).check

    def review(self, scope: Scope, *, dated: bool = False) -> Review:
        """The same, and what left; `dated`: and when."""
        first, last, now = self._reader.period(scope.since or DEFAULT_PERIOD, scope.until)
        policy, kept = self._policy(), self._declarations.all()
        asked = {"app": scope.app, "environment": scope.environment, "release": scope.release}
        complete = self._completeness(scope)
        drafts = [*self._door(scope), *self._retention(policy, now)]
        with self._database.snapshot() as read:
            end = end_of(read, last, now)
            first_day = first_whole_day(first, end)
            values = {"from": first, "to": end, "first_day": first_day} | asked
            besides = Besides(read, (first, end))
            stand_for = _sources(besides.sealed, cut=first_day > first or end % DAY != 0)
            sightings = Sightings(besides.ask, stand_for, values)
            seen = sightings.observed()
            covered = list(_coverage(sightings.rows("coverage"), seen, complete))
            if scope.release is not None and not covered:
                raise NotFound("nothing of that release was seen in this period")
            files = dict(_by_app(kept, covered))
            drafts += _drafts(seen, covered, policy, files)
            groups = alike(drafts)
            sought = [[d.seen for d in group if isinstance(d.seen, Observed)] for group in groups]
            when = sightings.when([*sought, *([one] for one in seen if dated)])
        said = self._verdicts.all()
        found = ranked(
            finding(group, when.get(place), said, rfc3339) for place, group in enumerate(groups)
        )
        check = Check(
            policy=policy.version,
            since=rfc3339(first),
            until=rfc3339(min(last, now)),
            passed=not any(one.level == "error" and one.stands for one in found),
            declarations=tuple(one.declaration.name for own in files.values() for one in own),
            releases_known=len(self._releases(policy)),
            coverage=covered,
            findings=found,
        )
        dates = {one.number: when[len(groups) + at] for at, one in enumerate(seen) if dated}
        return Review(check, seen, dates)

    def record(self, scope: Scope) -> tuple[Review, Article30]:
        """A dated review, and the record of processing activities that it comes to."""
        review = self.review(scope, dated=True)
        first, last, _ = self._reader.period(scope.since or DEFAULT_PERIOD, scope.until)
        asked = {"app": scope.app, "environment": scope.environment, "release": scope.release}
        rows = self._rows("logged_inputs", {"from": first, "to": last} | asked)
        logged = [Logged(**row) for row in rows]
        of = (review.check, review.seen, review.when)
        return review, article30(*of, logged, self._policy(), rfc3339)

    def judge(self, finding: str, said: Judgement, scope: Scope, token: str | None) -> Verdict:
        """Keeps what was `said` of a finding that a check of `scope` shows. Raises NotFound."""
        for one in self.check(scope).findings:
            if one.id == finding:
                self._verdicts.say(finding, one.code, said, token)
                return self._verdicts.all()[finding]
        raise NotFound(
            f"there is no finding {named(finding)} in this period; see "
            "limen compliance check (GET /api/findings)"
        )

    def _completeness(self, scope: Scope) -> dict[tuple[str, str], float | None]:
        asked = Query(
            metric="completeness",
            since=scope.since or DEFAULT_PERIOD,
            until=scope.until,
            by=("app", "release"),
            where={"environment": (scope.environment,)} if scope.environment else {},
        )
        table = self._reader.table(asked).to_pylist()
        return {(row["app"], row["release"]): row["completeness"] for row in table}

    def _door(self, scope: Scope) -> Iterator[Draft]:
        """What telemetry held that it should not."""
        where = {"app": scope.app, "release": scope.release}
        asked = Query(
            metric="findings",
            since=scope.since or DEFAULT_PERIOD,
            until=scope.until,
            by=("app", "release"),
            where={name: (value,) for name, value in where.items() if value is not None},
        )
        table = self._reader.table(asked)
        for name in ("first_seen", "last_seen"):
            at = table.schema.get_field_index(name)
            table = table.set_column(at, name, table.column(name).cast(pa.int64()))
        for row in table.to_pylist():
            if row["code"] != UNKNOWN_ATTRIBUTE:
                yield Draft(
                    code=row["code"],
                    subject=f"{row['field']} of a {row['place']}",
                    source="door",
                    rule=f"{CODES[row['code']]}, found by {row['detector']}: dropped at the door",
                    app=row["app"],
                    release=row["release"],
                    seen=Sighting(row["occurrences"], When(row["first_seen"], row["last_seen"])),
                )

    def _retention(self, policy: Policy, now: int) -> Iterator[Draft]:
        """Whether our own store keeps its promise; the run of a day may be under way."""
        before = {"before": next(iter(limits(policy, now))).telemetry - DAY}
        oldest = self._database.read(query("oldest_received"), before)["received_time"][0].as_py()
        if oldest is not None:
            yield Draft(
                code="RETENTION_EXCEEDED",
                subject="telemetry",
                source="policy",
                rule=f"retention_days = {policy.retention_days}, and the oldest row was received "
                f"at {rfc3339(oldest)}",
            )

    def _releases(self, policy: Policy) -> set[str]:
        """By what sorts them: 2.5 is 2.5.0."""
        seen = self._database.read(query("known_releases")).column(0).to_pylist()
        said = [release for feature in policy.features.values() for release in feature.from_]
        return {release_key(release) for release in (*seen, *said)}

    def _rows(self, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._database.read(query(name), values).to_pylist()
        return rows


def _coverage(
    requests: Sequence[dict[str, Any]],
    seen: Sequence[Observed],
    complete: Mapping[tuple[str, str], float | None],
) -> Iterator[Coverage]:
    """How much was seen of each app and release."""
    for row in requests:
        features = {one["feature"]: one["requests"] for one in row.pop("features")}
        of = (row["app"], row["release"])
        left = [o for o in seen if (o.app, o.release) == of and o.destination != TELEMETRY]
        yield Coverage(
            **row,
            features=features,
            estimated=any(row[f"{n}_low"] < row[f"{n}_high"] for n in _ESTIMATED),
            completeness=complete.get(of),
            departures=_count(left),
            declared=_count(o for o in left if o.declared),
            undeclared=_count(o for o in left if o.declared is False),
            undecided=_count(o for o in left if o.declared is None),
            unknown_consent=_count(o for o in left if o.consent == UNKNOWN),
            unknown_category=_count(o for o in left if UNKNOWN in o.categories),
        )


def _drafts(
    seen: Sequence[Observed],
    covered: Sequence[Coverage],
    policy: Policy,
    files: Mapping[str, Sequence[KeptDeclaration]],
) -> Iterator[Draft]:
    """What was `seen` against the policy and what was declared, and that against itself."""
    yield from against_policy(seen, policy)
    for app, own in files.items():
        yield from of_files([one.declaration for one in own], app)
    for one in covered:
        yield from _of_release(one, seen, policy, files.get(one.app, ()))
    for app, own in files.items():
        told = [one for one in seen if one.app == app]
        for report in _of_kind(own, REPORT):
            yield from against_report(told, report, policy, app)


def _of_release(
    covered: Coverage, seen: Sequence[Observed], policy: Policy, kept: Sequence[KeptDeclaration]
) -> Iterator[Draft]:
    """One release of an app, against what was declared of it."""
    own = [one for one in seen if (one.app, one.release) == (covered.app, covered.release)]
    mine = [one for one in kept if one.release in (None, covered.release)]
    manifests, form = _of_kind(mine, APPLE), _form(mine)
    if manifests:
        yield from against_apple(own, manifests)
    if form:
        yield from against_play(own, form)
    if systems := _of_kind(mine, FIDES):
        yield from against_systems(own, systems)
    yield from unseen(own, covered, policy, manifests, form)
    features = [name for name in covered.features if name in policy.features]
    release = None if covered.release == UNKNOWN else covered.release
    yield from between(manifests, form, policy, covered.app, release, features)


def _of_kind(kept: Sequence[KeptDeclaration], kind: str) -> list[Declaration]:
    return [one.declaration for one in kept if one.declaration.kind == kind]


def _form(kept: Sequence[KeptDeclaration]) -> Declaration | None:
    """An app has one form: the newest of its release, else the newest of every release."""
    forms = [one for one in kept if one.declaration.kind == PLAY]
    forms.sort(key=lambda one: one.release is None)
    return forms[0].declaration if forms else None


def _by_app(
    kept: Sequence[KeptDeclaration], covered: Sequence[Coverage]
) -> Iterator[tuple[str, list[KeptDeclaration]]]:
    """Each app that was seen, with the declarations that speak of what was seen of it."""
    for app in sorted({one.app for one in covered}):
        releases = {one.release for one in covered if one.app == app}
        own = [one for one in kept if one.app == app and one.release in (None, *releases)]
        if own:
            yield app, own


def _count(seen: Iterator[Observed] | Sequence[Observed]) -> int:
    return sum(one.transfers for one in seen)


def _sources(sealed: Sealed, *, cut: bool) -> dict[str, str]:
    """SQL by what stands for it; departures as a whole, and by day without what a policy says."""
    found = sources(frozenset(), None, None, whole_days=True, cut=cut, sealed=sealed)
    by_day = f"sent_days({sums_of(sealed)['sent']}, $to, $first_day)"
    return {**found, "departures": found["departures"].replace("$by_day", "false"), "days": by_day}
