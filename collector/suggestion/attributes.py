"""What could be done with an attribute that nobody names, by its key and what its values are like.

No value is known here: a key, types, and about how many different values there were.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.contract.attributes import ALIASES, BY_NAME
from collector.contract.findings import CODES, UNKNOWN
from collector.contract.policy import Policy
from collector.contract.suggestion import SuggestedAttribute
from collector.redaction.keys import UNCLEAN
from collector.redaction.watch import OTHER_KEYS

# Text with more different values is rather somebody's or something's own.
FEW_VALUES = 20
# So often each value must have been seen on average, before there is nothing more to come.
SEEN_PER_VALUE = 5

_KEEPABLE = {"span", "resource"}
_UNKEEPABLE_TYPES = {"map", "bytes"}
_OWN_PREFIX = "limen."

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_POSITION = {"lat", "latitude", "lon", "lng", "longitude", "position", "coordinates", "gps"}
_PERSON = {
    "account", "address", "birth", "birthday", "child", "contact", "customer", "dob", "email",
    "employee", "guid", "id", "identifier", "login", "mail", "member", "mobile", "nickname",
    "patient", "person", "phone", "street", "student", "tel", "user", "username", "uuid",
}  # fmt: skip
_IPV4 = re.compile(
    r"(?:^|[._\-/:])(?:ip|ip_?addr(?:ess)?|(?:client|peer|source|remote)[._]addr(?:ess)?)$",
    re.IGNORECASE,
)
_BUCKETS: Mapping[str, set[str]] = {
    "bucket:version/major": {"version", "ver"},
    "bucket:date/month": {"date", "day"},
}

# An action, or None where the attribute should not be kept; and why.
_Advice = tuple[str | None, str]


def suggested_attributes(
    rows: Sequence[Mapping[str, Any]], policy: Policy
) -> tuple[list[SuggestedAttribute], int]:
    """Each key that `policy` does not name, and how many values have keys that cannot be shown.

    A row has key, codes, places, types (of values), occurrences, distinct_values.
    """
    named = BY_NAME.keys() | ALIASES.keys() | policy.aliases.keys() | policy.attributes.keys()
    hidden = [row for row in rows if row["key"] in (UNCLEAN, OTHER_KEYS)]
    found = [_suggested(row) for row in rows if row["key"] not in (UNCLEAN, OTHER_KEYS, *named)]
    return found, sum(row["occurrences"] or 0 for row in hidden)


def _suggested(row: Mapping[str, Any]) -> SuggestedAttribute:
    action, reason = _advice(row)
    return SuggestedAttribute(
        key=row["key"],
        action=action,
        reason=reason,
        places=tuple(row["places"]),
        types=tuple(row["types"] or ()),
        occurrences=row["occurrences"] or 0,
        distinct_values=row["distinct_values"],
    )


def _advice(row: Mapping[str, Any]) -> _Advice:
    return next(_refusals(row), None) or _action(row)


def _refusals(row: Mapping[str, Any]) -> Iterator[_Advice]:
    """Why it should not be kept, or cannot be."""
    words, types = _words(row["key"]), set(row["types"] or ())
    for code in row["codes"]:
        if code != UNKNOWN:
            yield None, f"holds {CODES[code]}"
    if row["key"].startswith(_OWN_PREFIX):
        yield None, "is no attribute of Limen: perhaps a misspelling in the app"
    if words & _POSITION:
        yield None, "reads like where somebody is"
    if not _KEEPABLE.intersection(row["places"]):
        yield None, "does not stand on spans or resources, and nothing else is kept"
    if types and types <= _UNKEEPABLE_TYPES:
        yield None, "is no single value: maps and bytes are not kept"


def _action(row: Mapping[str, Any]) -> _Advice:
    key, types, words = row["key"], set(row["types"] or ()), _words(row["key"])
    if "string" in types:
        if _IPV4.search(key):
            return "bucket:ipv4/24", "kept as its network"
        if not words & _PERSON:
            for action, last in _BUCKETS.items():
                if words & last:
                    return action, "kept as coarse as that"
    if types <= {"bool", "double"}:
        return "keep", "holds no text"
    if words & _PERSON:
        return "hash", "caution: reads like a person's, whom a hash still tells apart"
    few, seen = row["distinct_values"], row["occurrences"] or 0
    if few > FEW_VALUES:
        return "hash", "caution: so many that each may be a person's"
    if seen < SEEN_PER_VALUE * few:
        return "hash", "caution: seen too seldom to know if there are more"
    return "keep", "few different ones"


def _words(key: str) -> set[str]:
    """The words of a key: `app.userId` is about a user and an id."""
    return {word.lower() for word in _WORD.findall(key)}
