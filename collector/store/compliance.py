"""Declared held against observed, over what is stored."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    observed,
    together,
)
from collector.compliance.unseen import unseen
from collector.contract.compliance import Check, Coverage, Judgement, Verdict
from collector.contract.declarations import Declaration, KeptDeclaration
from collector.contract.errors import BadInput, NotFound, named
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
from collector.store.unsealed import Besides, Read, end_of

# Findings live longer than what is looked at from day to day.
DEFAULT_PERIOD = "-30d"
# (ns) Of a day what is frequent was seen first and last within as much of its start and of its end.
WINDOW = DAY // 48
_ESTIMATED = ("installations", "sessions")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What is looked at; None: whichever. Times as in Query."""

    since: str | None = None
    until: str | None = None
    app: str | None = None
    environment: str | None = None
    release: str | None = None


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
        """Everything that is found in `scope`. Raises BadInput where nothing was seen of it."""
        return self.review(scope)[0]

    def review(self, scope: Scope) -> tuple[Check, list[Observed]]:
        """The same, and what left."""
        first, last, now = self._reader.period(scope.since or DEFAULT_PERIOD, scope.until)
        policy, kept = self._policy(), self._declarations.all()
        asked = {"app": scope.app, "environment": scope.environment, "release": scope.release}
        with self._database.snapshot() as read:
            end = end_of(read, last, now)
            first_day = first_whole_day(first, end)
            values = {"from": first, "to": end, "first_day": first_day} | asked
            besides = Besides(read, (first, end))
            stand_for = _sources(besides.sealed, cut=first_day > first or end % DAY != 0)
            seen = observed(_observed(besides.ask, stand_for, values))
            requests = _ask(besides.ask, "coverage", stand_for, values)
        covered = list(self._coverage(scope, requests, seen))
        if scope.release is not None and not covered:
            raise BadInput(
                "nothing of that release was seen in this period: there is nothing to pass"
            )
        files = {name: declared for name, declared in _by_app(kept, covered)}
        drafts = [
            *against_policy(seen, policy),
            *self._door(scope),
            *self._retention(policy, now),
        ]
        for app, own in files.items():
            drafts += of_files([one.declaration for one in own], app)
        for one in covered:
            drafts += _of_release(one, seen, policy, files.get(one.app, ()))
        for app, own in files.items():
            told = [one for one in seen if one.app == app]
            for report in _of_kind(own, REPORT):
                drafts += against_report(told, report, policy, app)
        found = together(drafts, self._verdicts.all(), rfc3339)
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
        return check, seen

    def record(self, scope: Scope) -> tuple[Check, list[Observed], Article30]:
        """A review, and the record of processing activities that it comes to."""
        check, seen = self.review(scope)
        first, last, _ = self._reader.period(scope.since or DEFAULT_PERIOD, scope.until)
        asked = {"app": scope.app, "environment": scope.environment, "release": scope.release}
        rows = self._rows("logged_inputs", {"from": first, "to": last} | asked)
        logged = [Logged(**row) for row in rows]
        return check, seen, article30(check, seen, logged, self._policy(), rfc3339)

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

    def _coverage(
        self, scope: Scope, requests: Sequence[dict[str, Any]], seen: Sequence[Observed]
    ) -> Iterator[Coverage]:
        complete = self._completeness(scope)
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
                    seen=Sighting(
                        transfers=row["occurrences"],
                        first=row["first_seen"],
                        last=row["last_seen"],
                    ),
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


def _observed(
    read: Read, stand_for: Mapping[str, str], values: dict[str, Any]
) -> list[dict[str, Any]]:
    """What left, one row of all that is alike.

    How much is told by sums; when, and in which traces, by a look at the days on which each was
    seen first and last: at the first and the last minutes of these, and for what is not told by
    them at all of the day.
    """
    for name in ("keep_observed", "keep_edges", "keep_looked_up"):
        _ask(read, name, stand_for, values)
    end = 0
    for window in (WINDOW, DAY):
        if days := read(query("edges_left"), {}).to_pylist():
            end = end or _newest(read, days[-1]["start"])
            within = {
                "opening": _within((d["start"], d["start"] + window) for d in days if d["opens"]),
                "closing": _within(_closing(d["start"], window, end) for d in days if d["closes"]),
            }
            _ask(read, "look_up", within, values | {"window": window})
    return _ask(read, "observed", stand_for, values)


def _newest(read: Read, start: int) -> int:
    """The end (ns) of what is rolled up of the day that began at `start`."""
    newest = read(query("newest_departure"), {"from": start, "to": start + DAY})["time"][0].as_py()
    return start + DAY if newest is None else int(newest) + 1


def _ask(
    read: Read, name: str, stand_for: Mapping[str, str], values: dict[str, Any]
) -> list[dict[str, Any]]:
    """The rows of the query called `name`, with those of `values` that it names."""
    sql = query(name)
    for what, source in stand_for.items():
        sql = sql.replace(f"{{{what}}}", source)
    named = set(re.findall(r"\$(\w+)", sql))
    rows: list[dict[str, Any]] = read(
        sql, {k: v for k, v in values.items() if k in named}
    ).to_pylist()
    return rows


def _closing(start: int, window: int, until: int) -> tuple[int, int]:
    """The last `window` of the day that began at `start`, of which there is something `until`
    then (all in ns)."""
    end = start + DAY
    return max(start, min(end, until) - window), end


def _within(times: Iterable[tuple[int, int]]) -> str:
    """SQL for the time of `d` in one of the `times` [a, b) (ns, ascending), in as few pieces as
    there are: of other times nothing is read."""
    pieces: list[tuple[int, int]] = []
    for first, last in times:
        if pieces and first <= pieces[-1][1]:
            first = pieces.pop()[0]
        pieces.append((first, last))
    return " or ".join(f"d.time >= {a} and d.time < {b}" for a, b in pieces) or "false"
