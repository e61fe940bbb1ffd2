"""Apple's App Privacy Report: what iOS itself saw apps do in seven days, a JSON object a line.

https://developer.apple.com/documentation/network/privacy-management/inspecting-app-activity-data
A report is one person's. Of it only the hosts are taken that one app contacted, how often and
between when.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from collector.contract.declarations import Declaration, Problem, Rows, SeenHost
from collector.contract.errors import BadInput
from collector.contract.findings import UNKNOWN_VALUE
from collector.declarations.words import refuse_many, shown

_NETWORK, _ACCESS = "networkActivity", "access"
# A phone's in seven days, with room to add them up.
_MOST_HITS = 2**32


def read_report(name: str, content: bytes, bundle: str | None) -> Declaration:
    """The hosts that the app `bundle` contacted; None: the only one there is.

    Raises BadInput with the line that is wrong, and where several apps are in it.
    """
    hosts: dict[str, SeenHost] = {}
    strange: dict[str, Problem] = {}
    others = unknown = answered = 0
    lines = list(_lines(name, content))
    bundle = bundle or _only_bundle(name, [row for _, row in lines])
    for number, row in lines:
        kind = row.get("type")
        if kind not in (_NETWORK, _ACCESS):
            unknown += 1
            if (word := shown(str(kind))) not in strange:
                said = f"{word} is no known type"
                strange[word] = Problem(code=UNKNOWN_VALUE, where=f"line {number}", what=said)
                refuse_many(name, list(strange.values()))
        elif kind == _ACCESS or row.get("bundleID") != bundle:
            others += 1
        else:
            answered += 1
            seen = _host(name, number, row)
            before = hosts.get(seen.host)
            hosts[seen.host] = seen if before is None else _both(before, seen)
    return Declaration(
        kind="report",
        name=name,
        rows=Rows(answered=answered, unanswered=others, unknown=unknown),
        hosts=tuple(sorted(hosts.values(), key=lambda host: host.host)),
        problems=tuple(strange.values()),
    )


def _lines(name: str, content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            raise BadInput(f"{name}: line {number} is not JSON: export the report again") from None
        if not isinstance(found, dict):
            raise BadInput(f"{name}: line {number} is not an object")
        yield number, found


def _only_bundle(name: str, rows: list[dict[str, Any]]) -> str:
    bundles = {str(row.get("bundleID")) for row in rows if row.get("type") == _NETWORK}
    if len(bundles) != 1:
        raise BadInput(
            f"{name}: {len(bundles)} apps used the network in this report: name yours by its "
            "bundle identifier (bundle); nothing of the others is kept"
        )
    return bundles.pop()


def _host(name: str, number: int, row: dict[str, Any]) -> SeenHost:
    domain, hits = row.get("domain"), row.get("hits", 1)
    if not isinstance(domain, str) or not domain or not domain.isprintable():
        raise BadInput(f"{name}: line {number} names no domain")
    if not isinstance(hits, int) or not 0 <= hits < _MOST_HITS:
        raise BadInput(f"{name}: line {number}: hits is not a count")
    last = _time(name, number, row, "timeStamp")
    first = _time(name, number, row, "firstTimeStamp") if "firstTimeStamp" in row else last
    return SeenHost(host=domain.lower(), hits=hits, first_seen=first, last_seen=last)


def _time(name: str, number: int, row: dict[str, Any], key: str) -> str:
    try:
        moment = datetime.fromisoformat(str(row.get(key)))
        if moment.tzinfo is None:
            raise ValueError
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"{name}: line {number}: {key} is not a time with a zone") from None
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _both(one: SeenHost, other: SeenHost) -> SeenHost:
    return SeenHost(
        host=one.host,
        hits=one.hits + other.hits,
        first_seen=min(one.first_seen, other.first_seen),
        last_seen=max(one.last_seen, other.last_seen),
    )
