"""What stands in a metric's SQL for its sources: `{requests}`, `{phones}`, `{gaps}` and so on."""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Self

from collector.metrics.cells import PHONES, ROOT, Kept, Merged

# A gap in the sequence takes these of the next span received; it has no feature and no decision.
GAP_DIMENSIONS = frozenset(
    ("app", "environment", "release", "os", "device_model", "country", "hour", "day")
)
# What requests, their waits and departures are counted by in few rows; by the others of a source or
# a context in more.
ROLLED_DIMENSIONS = frozenset(
    ("app", "environment", "feature", "release", "os", "network", "model", "placement", "decision",
     "reason", "destination", "region", "role", "category", "purpose", "consent", "cause", "leg",
     "day")
)  # fmt: skip
_WAIT_DIMENSIONS = ROLLED_DIMENSIONS - {"placement", "reason"}
_CONTEXT_DIMENSIONS = ROLLED_DIMENSIONS | {
    "country", "device_model", "runtime", "delegate", "threshold_version",
}  # fmt: skip
# The sample of installations has these of their requests too.
_SAMPLED_DIMENSIONS = ROLLED_DIMENSIONS | {"country", "device_model"}
# What is left of requests that expired is told by these.
FOLDED_DIMENSIONS = frozenset((*ROOT, *PHONES.levels))

# What requests are counted in: rollup_….
COUNTED = ("requests", "phones", "waits", "offline", "hours", "contexts", "context_waits")
# What may be answered from sums, and what is always read one by one.
SUMMED = frozenset(
    ("requests", "contexts", "ever", "waits", "offline", "hours", "scored", "departures", "sent",
     "senders", "clocks")
)  # fmt: skip
SINGLE = frozenset(("each_departure",))
DEPARTING = frozenset(("departures", "each_departure", "sent", "senders"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """What is rolled up as of now; planning a question costs by what it reads besides."""

    requests: bool = False
    departures: bool = False
    # Nothing that expired was folded.
    unfolded: bool = False

    @classmethod
    def but(cls, found: Collection[str]) -> Self:
        """Where besides the sums there are `found`, by the names of unsealed.sql."""
        return cls(
            requests="spans" not in found,
            departures=not {"spans", "traces", "consents"} & {*found},
            unfolded="folded" not in found,
        )


NOT_SEALED = Sealed()

_REQUESTS = "(select * from requests where time >= $from and time < $to{})"
_OFFLINE = " and network = 'unavailable'"
_ONE_BY_ONE = _REQUESTS.format("")
_SINGLE = {
    "departures": "departures($from, $to, null)",
    "each_departure": "departures($from, $to, null)",
    "each": _ONE_BY_ONE,
    "requests": _ONE_BY_ONE,
    "contexts": _ONE_BY_ONE,
    "phones": _ONE_BY_ONE,
    "waits": _ONE_BY_ONE,
    "scored": _ONE_BY_ONE,
    "offline": _REQUESTS.format(_OFFLINE),
    "hours": _REQUESTS.format(_OFFLINE),
    # What left for requests; and by whom.
    "sent": "sent_for_requests($from, $to, false)",
    "senders": "sent_for_requests($from, $to, false)",
    "gaps": "gaps($from, $to)",
}
_PHONES = (
    f"(select * replace (weight() as weight) from {_REQUESTS}"
    " where installation is null or installation < drawn_before())"
)
# The same of the sample of installations.
_SAMPLED = {"phones": _PHONES.format(""), "senders": "sent_for_requests($from, $to, true)"}
# Of whole days, by sums that are named by {}.
_ROLLED = {
    "requests": "rolled_requests({requests}, $to, $first_day)",
    "phones": "rolled_phones({phones}, $to, $first_day)",
    "waits": "rolled_waits({waits}, $to, $first_day)",
    "offline": "rolled_offline({offline}, $to, $first_day)",
    "hours": "rolled_hours({hours}, $to, $first_day)",
    "contexts": "rolled_contexts({contexts}, $to, $first_day)",
    "context_waits": "rolled_contexts({context_waits}, $to, $first_day)",
    "departures": "rolled_sent({sent}, {kinds}, $to, $first_day, $by_day)",
    "sent": "rolled_sent_for_requests({sent}, {senders}, {kinds}, $to, $first_day, false)",
    "senders": "rolled_sent_for_requests({sent}, {senders}, {kinds}, $to, $first_day, true)",
}
# What there is of days that a period cuts, one by one.
_CUT = "(time < $first_day or time >= midnight($to))"
_PARTLY = {
    "requests": f"from {_REQUESTS.format(' and ' + _CUT)}",
    "contexts": f"from {_REQUESTS.format(' and ' + _CUT)}",
    "phones": f"from {_PHONES.format(' and ' + _CUT)}",
    **dict.fromkeys(
        ("waits", "context_waits"),
        f"from {_REQUESTS.format(' and wait_step is not null and ' + _CUT)}",
    ),
    "offline": f"from {_REQUESTS.format(_OFFLINE + ' and ' + _CUT)}",
    "hours": f"from {_REQUESTS.format(_OFFLINE + ' and ' + _CUT)}",
    "departures": f"from sent($from, $to, null) where {_CUT}",
    "sent": f"from sent_for_requests($from, $to, false) where {_CUT}",
    "senders": f"from sent_for_requests($from, $to, true) where {_CUT}",
}
_CLOCKS = {
    "clocks": "clocks_of('clocks', $from, $to)",
    "calls": "calls_of('clocks', 'served', $from, $to)",
}
_SEALED_CLOCKS = {
    "clocks": "clocks_of('rollup_clocks', $from, $to)",
    "calls": "calls_of('rollup_clocks', 'rollup_served', $from, $to)",
}
_MERGED = {
    "departures": "merged_departures", "each_departure": "merged_departures",
    "requests": "requests", "phones": "requests", "waits": "requests", "scored": "requests",
    "sent": "merged_sent", "senders": "merged_sent",
    "gaps": "merged_gaps",
    "offline": "(select * from requests where network = 'unavailable')",
}  # fmt: skip
_NO_GAPS = "(select *, 0 as lost, 0 as repeated from requests where false)"
_KEPT = "(select * from {} where day >= day_of($from) and day < day_of($to))"
# Requests, with what is left of those that expired.
_EVER = (
    "(select * from {requests}"
    " where day not in (select day from folded_for($k))"
    " union all by name select * from folded($first_day, $to, $k))"
)


def sources(
    named: Set[str],
    merged: Merged | None,
    kept: Kept | None,
    *,
    whole_days: bool,
    cut: bool = False,
    sealed: Sealed = NOT_SEALED,
) -> Mapping[str, str]:
    """SQL by name, of a question by the dimensions `named`, over `whole_days` where there are; of
    others it has a part where it does `cut` some.

    `merged`: without small cells, from those that are `kept` where there are. `sealed`: what sums
    that are rolled up answer, without what is fresh.
    """
    rolled = _rolled(sealed, cut=cut)
    if kept:
        found = _in_cells(kept, rolled)
    elif merged:
        found = _MERGED
    elif whole_days and named <= ROLLED_DIMENSIONS:
        found = rolled if named <= _WAIT_DIMENSIONS else rolled | {"waits": rolled["context_waits"]}
    elif whole_days:
        found = _SINGLE | _SAMPLED
        if named <= _CONTEXT_DIMENSIONS:
            found |= dict.fromkeys(("requests", "contexts"), rolled["contexts"])
            found |= {"waits": rolled["context_waits"]}
            found |= {"offline": f"(from {rolled['contexts']} where network = 'unavailable')"}
        if named <= _SAMPLED_DIMENSIONS:
            found |= {"phones": rolled["phones"]}
    else:
        found = _SINGLE
    if not merged and not named <= GAP_DIMENSIONS:
        found = found | {"gaps": _NO_GAPS}
    ever = found["requests"]
    if whole_days and named <= FOLDED_DIMENSIONS and not sealed.unfolded:
        ever = _EVER.format(requests=ever)
    return found | (_SEALED_CLOCKS if sealed.requests else _CLOCKS) | {"ever": ever}


def _rolled(sealed: Sealed, *, cut: bool) -> dict[str, str]:
    sums = sums_of(sealed)
    found = {name: source.format_map(sums) for name, source in _ROLLED.items()}
    gaps = "gaps_of('rollup_gaps', $from, $to)" if sealed.requests else _SINGLE["gaps"]
    if cut:
        found = {
            name: f"(from {source} union all by name {_PARTLY[name]})"
            for name, source in found.items()
        }
    return _SINGLE | found | {"gaps": gaps}


def sums_of(sealed: Sealed) -> dict[str, str]:
    """SQL for the tables of sums of each kind, with what is fresh unless it is `sealed`."""
    whole = dict.fromkeys(COUNTED, sealed.requests)
    whole |= dict.fromkeys(("sent", "senders", "kinds"), sealed.departures)
    return {
        name: f"['rollup_{name}']" if alone else f"['rollup_{name}', 'fresh_{name}']"
        for name, alone in whole.items()
    }


def _in_cells(kept: Kept, rolled: Mapping[str, str]) -> dict[str, str]:
    """What is rolled up, with what stands for small cells."""
    phones = _in_cell(rolled["phones"], kept)
    # By country and device model only these are told.
    kept = PHONES.kept[0] if kept in PHONES.kept else kept
    found = {name: _in_cell(source, kept) for name, source in rolled.items()}
    # What left stays, and says nothing of whose it was.
    names = [("app", "app"), ("environment", "environment")]
    names += [(f"told_{name}", name) for name in kept.told]
    shown = ", ".join(f"coalesce(c.{told}, $other) as {name}" for told, name in names)
    by_day = rolled["departures"].replace("$by_day", "true")
    departures = (
        f"(select r.* replace ({shown}, $other as consent) from {by_day} r"
        f" left join {kept.table} c on {_same('r', kept.by)} where r.received < day_of($settled))"
    )
    sums = {"gaps": _KEPT.format("told_gaps"), "scored": _KEPT.format("told_steps")}
    return found | {"phones": phones, "departures": departures} | sums


def _in_cell(source: str, kept: Kept) -> str:
    told = f" replace ({_told(kept.told)})" if kept.told else ""
    return (
        f"(select r.*{told} from {source} r join {kept.table} c on {_same('r', kept.by)}"
        " where r.received < day_of($settled))"
    )


def _told(names: Iterable[str]) -> str:
    return ", ".join(f"c.told_{name} as {name}" for name in names)


def _same(row: str, names: Iterable[str]) -> str:
    return " and ".join(f"c.{name} is not distinct from {row}.{name}" for name in (*ROOT, *names))
