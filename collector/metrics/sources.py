"""What stands in a metric's SQL for its sources: `{requests}`, `{phones}`, `{gaps}` and so on."""

from collections.abc import Mapping, Set

from collector.metrics.cells import PHONES, ROOT, Kept, Merged

# A gap in the sequence takes these of the next span received; it has no feature and no decision.
GAP_DIMENSIONS = frozenset(
    ("app", "environment", "release", "os", "device_model", "country", "hour", "day")
)
# What requests, their waits and departures are counted by in rollups; by any other they are counted
# singly.
ROLLED_DIMENSIONS = frozenset(
    ("app", "environment", "feature", "release", "os", "network", "model", "placement", "decision",
     "reason", "destination", "region", "role", "category", "purpose", "consent", "cause", "leg",
     "day")
)  # fmt: skip
_WAIT_DIMENSIONS = ROLLED_DIMENSIONS - {"placement", "reason"}
# What left for requests is told by these without looking at the requests.
_SENT_DIMENSIONS = frozenset((*GAP_DIMENSIONS, "feature"))
# What is left of requests that expired is told by these.
FOLDED_DIMENSIONS = frozenset((*ROOT, *PHONES.levels))

_ONE_BY_ONE = "(select * from requests where time >= $from and time < $to)"
_SINGLE = {
    "departures": "departures($from, $to, null)",
    "senders": "departures($from, $to, null)",
    "requests": _ONE_BY_ONE,
    "singly": _ONE_BY_ONE,
    "phones": _ONE_BY_ONE,
    "waits": _ONE_BY_ONE,
    "offline": f"{_ONE_BY_ONE[:-1]} and network = 'unavailable')",
    "gaps": "gaps($from, $to)",
    # With whose they are.
    "phone_gaps": "gaps($from, $to)",
}
_ROLLED = _SINGLE | {
    "departures": "sent($from, $to, null, $first_day, $by_day)",
    "requests": "rolled_requests($from, $to, $first_day)",
    "phones": "rolled_phones($from, $to, $first_day)",
    "offline": "rolled_offline($from, $to, $first_day)",
}
_ROLLED_WAITS = "rolled_waits($from, $to, $first_day)"
_MERGED = {
    "departures": "merged_departures", "senders": "merged_departures", "requests": "requests",
    "gaps": "merged_gaps", "phone_gaps": "merged_gaps", "phones": "requests", "waits": "requests",
    "singly": "requests",
    "offline": "(select * from requests where network = 'unavailable')",
}  # fmt: skip
_NO_GAPS = "(select *, 0 as lost, 0 as repeated from requests where false)"
_KEPT_GAPS = "(select * from told_gaps where day >= day_of($from) and day < day_of($to))"
# Requests, with what is left of those that expired.
_EVER = (
    "(select * from {requests}"
    " where day not in (select day from folded_days where all_gone or not {everything})"
    " union all by name select * from folded($first_day, $to, {everything}))"
)


def sources(
    named: Set[str], merged: Merged | None, kept: Kept | None, *, whole_days: bool
) -> Mapping[str, str]:
    """SQL by name, of a question by the dimensions `named`, over `whole_days` where it is.

    `merged`: without small cells, from those that are `kept` where there are.
    """
    if kept:
        found = _in_cells(kept)
    elif merged:
        found = _MERGED
    elif whole_days and named <= ROLLED_DIMENSIONS:
        waits = _ROLLED_WAITS if named <= _WAIT_DIMENSIONS else _ONE_BY_ONE
        found = _ROLLED | {"waits": waits}
    else:
        found = _SINGLE
    if not merged and not named <= GAP_DIMENSIONS:
        found = found | {"gaps": _NO_GAPS}
    ever = found["requests"]
    if whole_days and named <= FOLDED_DIMENSIONS:
        ever = _EVER.format(requests=ever, everything=not merged)
    return found | {"ever": ever, "sent": _sent(named, found, merged)}


def _sent(named: Set[str], found: Mapping[str, str], merged: Merged | None) -> str:
    """What left devices for requests, with the dimensions of these."""
    if not merged and named <= _SENT_DIMENSIONS:
        return f"(select * from {found['departures']} where leg = 'device' and from_request)"
    return (
        "(select q.*, d.bytes, d.measure from departures($from, $to + 3600000000000, null) d"
        f" join {found['singly']} q on q.trace_id = d.trace_id and q.span_id = d.request"
        " where d.leg = 'device')"
    )


def _in_cells(kept: Kept) -> dict[str, str]:
    """What is rolled up, with what stands for small cells."""
    told = ", ".join(f"c.told_{name} as {name}" for name in kept.told)
    same = " and ".join(f"c.{name} is not distinct from r.{name}" for name in (*ROOT, *kept.by))
    rolled = _ROLLED | {"waits": _ROLLED_WAITS}
    return {
        name: f"(select r.*{f' replace ({told})' if told else ''} from {source} r"
        f" join {kept.table} c on {same} where r.received < day_of($settled))"
        for name, source in rolled.items()
    } | {"gaps": _KEPT_GAPS}
