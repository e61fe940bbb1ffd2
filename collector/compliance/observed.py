"""What was seen to leave, counted by everything that a comparison asks for; and what it finds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, get_args

from collector.contract.compliance import CODES, Finding, Level, Verdict

UNKNOWN = "unknown"
# Limen's own, as the ledger calls it.
TELEMETRY = "telemetry"
_TRACES = 3
_LEVELS = get_args(Level)
_CODES = list(CODES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Departures that are alike. None, and `unknown`, where nobody says. Times are ns.

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
    transfers: int
    bytes: int | None
    first: int
    last: int
    traces: tuple[str, ...]

    @property
    def kept(self) -> bool | None:
        """Whether the other side keeps it longer than the request needs; training keeps it."""
        return True if self.trained_on else self.retained


def observed(rows: Iterable[Mapping[str, Any]]) -> list[Observed]:
    """From rows as the query `observed` gives them."""
    return [
        Observed(
            **{k: v for k, v in row.items() if k not in ("category", "traces")},
            categories=tuple(row["category"].split(",")),
            traces=tuple(row["traces"] or ()),
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What was seen, that is no departure. Times are ns."""

    transfers: int
    first: int
    last: int
    bytes: int | None = None
    traces: tuple[str, ...] = ()


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


def together(
    drafts: Iterable[Draft], verdicts: Mapping[str, Verdict], said: Callable[[int], str]
) -> list[Finding]:
    """One finding of each key: errors first, then as CODES, then what was seen most. `said` makes
    RFC 3339 of ns."""
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(draft.key, []).append(draft)
    found = [_together(group, verdicts, said) for group in groups.values()]
    return sorted(
        found,
        key=lambda f: (
            _LEVELS.index(f.level), _CODES.index(f.code), -f.count, f.subject, f.release or "", f.id
        ),
    )  # fmt: skip


def _together(
    group: list[Draft], verdicts: Mapping[str, Verdict], said: Callable[[int], str]
) -> Finding:
    # The gravest level is said, with its rule.
    first = min(group, key=lambda draft: _LEVELS.index(draft.level))
    seen = [draft.seen for draft in group if draft.seen is not None]
    sizes = [one.bytes for one in seen if one.bytes is not None]
    traces = dict.fromkeys(trace for one in seen for trace in one.traces)
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
        first_seen=said(min(one.first for one in seen)) if seen else None,
        last_seen=said(max(one.last for one in seen)) if seen else None,
        traces=tuple(traces)[:_TRACES],
        verdict=verdicts.get(first.id),
    )
