"""What Limen says of itself, of what is stored: what the door looked at, what is kept how long."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from collector.contract.attributes import CONSENT_EVENT, INPUT_EVENT
from collector.contract.policy import Policy
from collector.contract.records import Query
from collector.contract.self_audit import Part, Promise, SelfAudit, WayOut
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import Reader, rfc3339
from collector.store.retention import limits

DEFAULT_PERIOD = "-30d"
ATTRIBUTES = "attributes"
# Where OTLP holds text beside attributes, and the records that are stored or refused as a whole: by
# these names the tally counts them.
PARTS = (
    "span.name", "span.ids", "span.status.message", "span.trace_state", "span.events", "event.name",
    "event.attributes", "span.links", "link.trace_state", "link.attributes", "scope.name",
    "scope.version", "scope.schema_url", "scope.attributes", "resource.schema_url",
    "resource.entity_refs", "log.body", "log.severity_text", "log.event_name", INPUT_EVENT,
    CONSENT_EVENT,
)  # fmt: skip

_DAY_NS = 24 * 3600 * 10**9


class SelfAudits:
    """Of `database`, under the policy in force, which `policy` gives; `ways_out` are told along."""

    def __init__(
        self,
        database: Database,
        reader: Reader,
        policy: Callable[[], Policy],
        ways_out: Iterable[WayOut],
    ) -> None:
        self._database, self._reader = database, reader
        self._policy, self._ways_out = policy, tuple(ways_out)

    def make(self, since: str | None, until: str | None) -> SelfAudit:
        """Of the last 30 days unless said; times as in Query."""
        first, last, now = self._reader.period(since or DEFAULT_PERIOD, until)
        (upkeep,) = self._database.read(query("self_upkeep")).to_pylist()
        return SelfAudit(
            since=rfc3339(first),
            until=rfc3339(min(last, now)),
            ways_out=(*self._ways_out, _extensions(upkeep["installs_extensions"])),
            parts=tuple(self._parts(since, until)),
            promises=tuple(self._promises(now)),
            deleted=_time(upkeep["deleted"]),
            compacted=_time(upkeep["compacted"]),
            unfinished_erasures=upkeep["unfinished_erasures"],
        )

    def _parts(self, since: str | None, until: str | None) -> Iterator[Part]:
        done: defaultdict[str, dict[str, int]] = defaultdict(dict)
        asked = Query(metric="redaction", since=since or DEFAULT_PERIOD, until=until)
        for row in self._reader.table(asked).to_pylist():
            own = done[row["field"] if row["field"] in PARTS else ATTRIBUTES]
            own[row["action"]] = own.get(row["action"], 0) + row["values"]
        for part in (ATTRIBUTES, *PARTS):
            yield Part(part=part, actions=done.get(part, {}))

    def _promises(self, now: int) -> Iterator[Promise]:
        """Each limit of the policy, beside the oldest that it is about."""
        policy = self._policy()
        bounds = list(limits(policy, now))
        named = [limit.feature for limit in bounds if limit.feature is not None]
        found = self._database.read(query("oldest_kept"), {"features": named}).to_pylist()
        oldest = {(row["what"], row["feature"]): row["oldest"] for row in found}
        today = now - now % _DAY_NS

        def promise(what: str, feature: str | None, before: int) -> Promise:
            received: int | None = oldest.get((what, feature))
            return Promise(
                what=what,
                feature=feature,
                days=(today - before) // _DAY_NS,
                oldest=_time(received),
                kept=received is None or received >= before - _DAY_NS,
            )

        for limit in bounds:
            yield promise("telemetry", limit.feature, limit.telemetry)
            yield promise("inputs", limit.feature, limit.inputs)


def _extensions(installs: bool) -> WayOut:
    """What the open database says of itself."""
    return WayOut(
        setting="none: it is always off",
        what="requests of the database for extensions",
        to="whoever DuckDB asks" if installs else None,
    )


def _time(ns: Any) -> str | None:
    return None if ns is None else rfc3339(ns)
