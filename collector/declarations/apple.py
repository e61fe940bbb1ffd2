"""Apple's privacy manifest, `PrivacyInfo.xcprivacy`: a property list, XML or binary.

https://developer.apple.com/documentation/bundleresources/privacy-manifest-files
"""

import plistlib
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from collector.contract.declarations import Declaration, DeclaredType, Problem, Rows
from collector.contract.errors import BadInput
from collector.contract.findings import DISAGREE, UNKNOWN_VALUE
from collector.contract.nearest import nearest
from collector.contract.processing import Proposal
from collector.contract.vocabulary import APPLE_PURPOSE, APPLE_TYPE, categories_of, vocabulary
from collector.declarations.words import refuse_many, shown

_TRACKING, _DOMAINS = "NSPrivacyTracking", "NSPrivacyTrackingDomains"
_TYPES, _APIS = "NSPrivacyCollectedDataTypes", "NSPrivacyAccessedAPITypes"
_KEYS = (_TRACKING, _DOMAINS, _TYPES, _APIS)
_LINKED, _TRACKED, _PURPOSES = (
    f"{APPLE_TYPE}Linked",
    f"{APPLE_TYPE}Tracking",
    f"{APPLE_TYPE}Purposes",
)
_AT_LINE = re.compile(r" at line (\d+)$")
_ENTRY_KEYS = (APPLE_TYPE, _LINKED, _TRACKED, _PURPOSES)


def read_manifest(name: str, content: bytes) -> Declaration:
    """One manifest. Raises BadInput with what is wrong and where.

    A row is an entry of one of its lists, or a key beside them.
    """
    found = _parsed(name, content)
    problems = list(_twice(name, content))
    others = [key for key in found if key not in _KEYS]
    problems += [_unknown(key, key, _KEYS) for key in others]
    entries = _list(name, found, _TYPES, dict)
    types, wrong = _types(name, entries, problems)
    domains = tuple(str(domain).lower() for domain in _list(name, found, _DOMAINS, str))
    tracking = _flag(name, found, _TRACKING, _TRACKING)
    problems += _contradictions(tracking, domains, types)
    rows = len(entries) - wrong + len(domains) + len(_list(name, found, _APIS, dict))
    return Declaration(
        kind="apple",
        name=name,
        rows=Rows(answered=rows + (_TRACKING in found), unanswered=0, unknown=wrong + len(others)),
        types=types,
        tracking=tracking,
        tracking_domains=domains,
        problems=tuple(problems),
    )


def _parsed(name: str, content: bytes) -> dict[str, Any]:
    try:
        found = plistlib.loads(content)
    except ExpatError as exc:
        raise BadInput(f"{name}: line {exc.lineno} is not XML: {exc}") from None
    except (
        plistlib.InvalidFileException, ValueError, LookupError, TypeError, AttributeError,
        OverflowError, RecursionError,
    ) as exc:  # fmt: skip
        if line := _AT_LINE.search(str(exc)):
            said = "up to it a key lacks its value, or a value stands where none belongs"
            raise BadInput(f"{name}: line {line[1]}: {said}") from None
        raise BadInput(f"{name}: this is no property list, or it is damaged") from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise BadInput(f"{name}: the property list is not a dictionary")
    return found


def _types(
    name: str, entries: list[dict[str, Any]], problems: list[Problem]
) -> tuple[tuple[DeclaredType, ...], int]:
    """The types of `entries`, and how many entries declare none."""
    types: dict[str, DeclaredType] = {}
    wrong = 0
    for number, entry in enumerate(entries):
        at = f"{_TYPES}[{number}]"
        own = [_unknown(f"{at}.{key}", key, _ENTRY_KEYS) for key in entry if key not in _ENTRY_KEYS]
        type_ = entry.get(APPLE_TYPE)
        known = _word(type_, APPLE_TYPE, "apple_types")
        purposes = []
        for one in _list(name, entry, _PURPOSES, str, at):
            if word := _word(one, APPLE_PURPOSE, "apple_purposes"):
                purposes.append(word)
            else:
                own.append(_unknown(f"{at}.{_PURPOSES}", one, _all(APPLE_PURPOSE)))
                refuse_many(name, own)
        linked = _flag(name, entry, _LINKED, f"{at}.{_LINKED}")
        tracking = _flag(name, entry, _TRACKED, f"{at}.{_TRACKED}")
        if known is None:
            own.append(_unknown(f"{at}.{APPLE_TYPE}", type_, _all(APPLE_TYPE)))
            wrong += 1
        elif known in types:
            said = f"{type_} stands here a second time: leave one entry"
            own.append(Problem(code=DISAGREE, where=at, what=said))
        else:
            types[known] = DeclaredType(
                type=known,
                categories=categories_of("apple", known),
                collected=True,
                linked=linked,
                tracking=tracking,
                purposes=tuple(purposes),
            )
        problems += own
        refuse_many(name, problems)
    return tuple(types.values()), wrong


def _contradictions(
    tracking: bool | None, domains: tuple[str, ...], types: tuple[DeclaredType, ...]
) -> Iterator[Problem]:
    if tracking and not domains:
        said = f"it is true, and {_DOMAINS} names none: Apple asks for at least one"
        yield Problem(code=DISAGREE, where=_TRACKING, what=said)
    if domains and not tracking:
        said = f"it names domains, and {_TRACKING} is not true"
        yield Problem(code=DISAGREE, where=_DOMAINS, what=said)
    for one in types:
        if one.tracking and not tracking:
            said = f"{one.type} is used for tracking, and {_TRACKING} is not true"
            yield Problem(code=DISAGREE, where=_TRACKING, what=said)


def _list(name: str, of: dict[str, Any], key: str, kind: type, at: str = "") -> list[Any]:
    found = of.get(key, [])
    where = f"{at}.{key}" if at else key
    if not isinstance(found, list):
        raise BadInput(f"{name}: {where} is not an array")
    for number, item in enumerate(found):
        if not isinstance(item, kind) or (isinstance(item, str) and not item.isprintable()):
            what = "a string on one line" if kind is str else "a dictionary"
            raise BadInput(f"{name}: {where}[{number}] is not {what}")
    return found


def _flag(name: str, of: dict[str, Any], key: str, where: str) -> bool | None:
    found = of.get(key)
    if found is not None and not isinstance(found, bool):
        raise BadInput(f"{name}: {where} is neither true nor false")
    return found


def _word(text: object, prefix: str, among: str) -> str | None:
    """`text` without its prefix, where it is one of the vocabulary's."""
    if not isinstance(text, str) or not text.startswith(prefix):
        return None
    word = text.removeprefix(prefix)
    return word if word in vocabulary()[among] else None


def _all(prefix: str) -> list[str]:
    words = vocabulary()["apple_types" if prefix == APPLE_TYPE else "apple_purposes"]
    return [prefix + word for word in words]


def _unknown(where: str, said: object, known: tuple[str, ...] | list[str]) -> Problem:
    meant = nearest(str(said), known, "it declares nothing")
    what = "nothing is named" if said is None else f"Apple has no {shown(str(said))}: {meant}"
    return Problem(code=UNKNOWN_VALUE, where=shown(where), what=what)


def _twice(name: str, content: bytes) -> Iterator[Problem]:
    """Keys that stand twice in an XML list and say different things: readers believe the last."""
    if content.startswith(b"bplist"):
        return
    # plistlib has read it: it holds no entities.
    root = ElementTree.fromstring(content)
    # Nothing is read that stands deeper.
    for level in (*root.iterfind("dict"), *root.iterfind("dict/array/dict")):
        said: dict[str, ElementTree.Element] = {}
        for key, value in zip(level[::2], level[1::2], strict=False):
            before = said.setdefault(key.text or "", value)
            try:
                same = before is value or _written(before) == _written(value)
            except RecursionError:
                raise BadInput(f"{name}: {shown(key.text or '')} is nested too deeply") from None
            if not same:
                what = "it stands here twice and says different things: leave one"
                yield Problem(code=DISAGREE, where=shown(key.text or ""), what=what)


def _written(value: ElementTree.Element) -> str:
    """An element without its spaces."""
    return "".join(ElementTree.tostring(value, encoding="unicode").split())


def write_manifest(proposal: Proposal) -> bytes:
    """A manifest, XML, of what a proposal has: linked to the user and not tracking, which a person
    has to confirm."""
    entries = [
        {
            APPLE_TYPE: APPLE_TYPE + one.type,
            _LINKED: True,
            _TRACKED: False,
            _PURPOSES: [APPLE_PURPOSE + purpose for purpose in one.purposes],
        }
        for one in proposal.types
    ]
    return plistlib.dumps({_TRACKING: False, _DOMAINS: [], _TYPES: entries}, sort_keys=False)
