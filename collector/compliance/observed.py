"""What was seen to leave, counted by everything that a comparison asks for; and what it finds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, get_args

from collector.contract.compliance import CODES, Finding, Level, Verdict

UNKNOWN = "unknown"
# Limen's own, as the ledger calls it.
TELEMETRY = "telemetry"
_LEVELS = get_args(Level)
_CODES = list(CODES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Departures that are alike, which have a `number` in a check. None, and `unknown`, where
    nobody says.

    `system` is the operating system, `asked` whether the request went to the cloud by decision or
    audit, `in_clear` whether it went to the port of plain HTTP, `differs` whether another size
    arrived than left.
    """

    app: str
    release: str
    feature: str
    system: str
    leg: str
    destination: str
    region: str
    role: str
    categories: tuple[str, ...]
    purpose: str
    consent: str
    consent_version: str | None
    granted_later: bool
    granted_otherwise: bool
    declared: bool | None
    retained: bool | None
    trained_on: bool | None
    asked: bool
    in_clear: bool
    differs: bool
    number: int
    transfers: int
    bytes: int | None

    @property
    def kept(self) -> bool | None:
        """Whether the other side keeps it longer than the request needs; training keeps it."""
        return True if self.trained_on else self.retained


def observed(rows: Iterable[Mapping[str, Any]]) -> list[Observed]:
    """From rows as the query `observed` gives them."""
    return [
        Observed(
            **{k: v for k, v in row.items() if k != "category"},
            categories=tuple(row["category"].split(",")),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class When:
    """When something was seen `first` and `last` (ns), and the first traces that show it."""

    first: int
    last: int
    traces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen, that is no departure."""

    transfers: int
    when: When
    bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """One finding of what was seen, before those of the same are put together."""

    code: str
    subject: str
    source: str
    rule: str
    level: Level = "error"
    app: str | None = None
    release: str | None = None
    feature: str | None = None
    seen: Observed | Sighting | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the same finding, whenever it is made."""
        of = (self.code, self.source, self.app, self.release, self.feature, self.subject)
        return tuple(part or "" for part in of)

    @property
    def id(self) -> str:
        return sha256("\x1f".join(self.key).encode()).hexdigest()[:16]


def of(seen: Observed, code: str, subject: str, source: str, rule: str, **more: Any) -> Draft:
    """A draft about the departures `seen`."""
    more.setdefault("feature", None if seen.feature == UNKNOWN else seen.feature)
    return Draft(
        code=code,
        subject=subject,
        source=source,
        rule=rule,
        app=seen.app,
        release=seen.release,
        seen=seen,
        **more,
    )


def alike(drafts: Iterable[Draft]) -> list[list[Draft]]:
    """Those of each key, which are one finding."""
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(draft.key, []).append(draft)
    return list(groups.values())


def finding(
    group: Sequence[Draft],
    when: When | None,
    verdicts: Mapping[str, Verdict],
    said: Callable[[int], str],
) -> Finding:
    """What a `group` of the same key says, the departures of which were seen `when`. `said` makes
    RFC 3339 of ns."""
    # The gravest level is said, with its rule.
    first = min(group, key=lambda draft: _LEVELS.index(draft.level))
    seen = [draft.seen for draft in group if draft.seen is not None]
    sizes = [one.bytes for one in seen if one.bytes is not None]
    times = [one.when for one in seen if isinstance(one, Sighting)] + ([when] if when else [])
    return Finding(
        id=first.id,
        code=first.code,
        level=first.level,
        app=first.app,
        release=first.release,
        feature=first.feature,
        subject=first.subject,
        source=first.source,
        rule=first.rule,
        count=sum(one.transfers for one in seen),
        bytes=sum(sizes) if sizes else None,
        first_seen=said(min(one.first for one in times)) if times else None,
        last_seen=said(max(one.last for one in times)) if times else None,
        traces=tuple(trace for one in times for trace in one.traces),
        verdict=verdicts.get(first.id),
    )


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then as CODES, then what was seen most."""
    return sorted(
        findings,
        key=lambda f: (
            _LEVELS.index(f.level), _CODES.index(f.code), -f.count, f.subject, f.release or "", f.id
        ),
    )  # fmt: skip
