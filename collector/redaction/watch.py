"""Findings: what telemetry should not hold, and the attributes that nobody names.

All of it is dropped anyway. Of each group a bounded sample of the dropped values is looked at; of a
value its type is noted, and one bit of a sketch by its keyed hash.
"""

import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from collector.contract.findings import (
    CONTENT,
    DETECTED,
    HARDWARE_ID,
    HARDWARE_KEY,
    SECRET,
    SECRET_KEY,
    SIGNATURE,
    SIGNATURE_IN_URL,
    UNKNOWN,
    content_key,
)
from collector.decode import Indices
from collector.detect import Detectors
from collector.redaction.fields import Dropped
from collector.redaction.index import Index
from collector.redaction.keys import UNCLEAN, KeyNames
from collector.redaction.tally import Finding, Sighting

# How many keys of a group are told apart, and how many of their values are looked at, how far.
KEYS_PER_GROUP = 500
VALUES_PER_GROUP = 512
VALUES_PER_KEY = 32
VALUE_CHARACTERS = 512
# How much that was not seen before the detectors are shown of a group: of each record so much, and
# at least so much.
CHARACTERS_PER_RECORD = 1
CHARACTERS_PER_GROUP = 2048

URL_SIGNATURE = "url_signature"
OTHER_KEYS = "(other keys)"

# A bit is set per distinct value, by linear counting (Whang, Vander-Zanden, Taylor 1990).
SKETCH_BITS = 60

_REMEMBERED = 20_000

_SCALARS = {
    "string_value": "string", "int_value": "int", "double_value": "double", "bool_value": "bool",
}  # fmt: skip
_NESTED = {"array_value": "list", "kvlist_value": "map"}

# The code of a finding, the field it is shown under, and what found it.
_Note = tuple[str, str, str]
# Code, place, field, detector, app, release, type.
_Key = tuple[str, str, str, str, str | None, str | None, str | None]


class Watch:
    """Looks at what is dropped. Used from one thread."""

    def __init__(self, names: KeyNames, key: bytes, detectors: Detectors) -> None:
        self._names, self._key, self._detectors = names, key, detectors
        # By Python's own hash of the text, which differs from start to start: no text is held.
        self._seen: dict[int, tuple[str, ...]] = {}
        self._notes: dict[str, _Note] = {}
        self._bits: dict[tuple[str, str], int] = {}
        self._turn = 0
        self._left = CHARACTERS_PER_GROUP

    def begin(self, records: int) -> None:
        """A group of `records` follows."""
        self._left = max(CHARACTERS_PER_GROUP, CHARACTERS_PER_RECORD * records)

    def attributes(self, index: Index, named: Collection[str]) -> Iterator[Sighting]:
        """What is found among the attributes of `index` that are not `named`."""
        loose = [name for name in index.found if name not in named]
        if not loose:
            return
        told, rest = loose[:KEYS_PER_GROUP], loose[KEYS_PER_GROUP:]
        notes = self._noted(told)
        places = [self._few(index.found[name], len(told)) for name in told]
        at = np.concatenate(places)
        types, texts = _sampled(index.value, at)
        ends = np.cumsum([0, *map(len, places)]).tolist()
        for name, note, (begin, end) in zip(told, notes, pairwise(ends), strict=True):
            kinds = set(types[begin:end]) - {None}
            yield Sighting(
                note[0],
                index.place,
                note[1],
                note[2],
                index.records(index.found[name]),
                value_type=kinds.pop() if len(kinds) == 1 else "mixed" if kinds else None,
                sketch=self._sketch(name, texts[begin:end]),
            )
        if rest:
            others = index.records(np.concatenate([index.found[name] for name in rest]))
            yield Sighting(UNKNOWN, index.place, OTHER_KEYS, "allowlist", others)
        fields = [note[1] for note, own in zip(notes, places, strict=True) for _ in own]
        yield from self._in_texts(index.place, fields, texts, index.records(at))

    def misfits(self, index: Index, name: str, places: Indices) -> Iterator[Sighting]:
        """What is found among values of the attribute `name` that are not kept."""
        if not len(places):
            return
        at = self._few(places, 1)
        texts = _sampled(index.value, at)[1]
        yield from self._in_texts(index.place, [name] * len(at), texts, index.records(at))

    def strings(self, dropped: Dropped) -> Iterator[Sighting]:
        """What is found among strings of records that are not attributes."""
        at = self._few(np.arange(len(dropped.strings)), 1)
        texts = [text[:VALUE_CHARACTERS] for text in dropped.strings.take(pa.array(at)).to_pylist()]
        owner = dropped.owner[at]
        if dropped.field in ("event.name", "log.event_name"):
            for number, text in enumerate(texts):
                if field := content_key(text):
                    yield Sighting(CONTENT, dropped.place, field, "key", owner[[number]])
        yield from self._in_texts(dropped.place, [dropped.field] * len(texts), texts, owner)

    def _few(self, places: Indices, parts: int) -> Indices:
        """A share of `places` that moves from group to group."""
        most = max(1, min(VALUES_PER_KEY, VALUES_PER_GROUP // parts))
        if len(places) <= most:
            return places
        self._turn += 1
        step = len(places) // most
        return places[self._turn % step :: step][:most]

    def _noted(self, keys: Sequence[str]) -> list[_Note]:
        fresh = [key for key in keys if key not in self._notes]
        if fresh:
            if len(self._notes) > _REMEMBERED:
                self._notes.clear()
                fresh = list(keys)
            self._look(fresh)
            for key, shown in zip(fresh, self._names.clean(fresh), strict=True):
                found = [by for by in self._seen.get(hash(key), ()) if by in DETECTED]
                self._notes[key] = (
                    (DETECTED[found[0]], UNCLEAN, found[0]) if found else _note(key, shown)
                )
        return [self._notes[key] for key in keys]

    def _sketch(self, name: str, texts: Iterable[str | None]) -> int:
        sketch = 0
        for text in set(texts):
            if text is not None:
                if (bit := self._bits.get((name, text))) is None:
                    if len(self._bits) > _REMEMBERED:
                        self._bits.clear()
                    digest = hmac.digest(self._key, f"{name}={text}".encode(), "sha256")
                    bit = self._bits[name, text] = 1 << int.from_bytes(digest[:8]) % SKETCH_BITS
                sketch |= bit
        return sketch

    def detected(
        self, place: str, field: str, detector: str, records: Indices
    ) -> Iterator[Sighting]:
        """What a detector's finding in the values of these records is, if it is one."""
        if code := DETECTED.get(detector):
            yield Sighting(code, place, field, detector, records)

    def _in_texts(
        self, place: str, fields: Sequence[str], texts: Sequence[str | None], owner: Indices
    ) -> Iterator[Sighting]:
        self._look([text for text in texts if text])
        for number, (field, text) in enumerate(zip(fields, texts, strict=True)):
            for detector in self._seen.get(hash(text), ()) if text else ():
                code = DETECTED.get(detector, SIGNATURE)
                yield Sighting(code, place, field, detector, owner[[number]])

    def _look(self, texts: Sequence[str]) -> None:
        """Remembers what is found in each of `texts`; whoever drops them need not know more."""
        fresh = []
        for text in dict.fromkeys(texts):
            if hash(text) not in self._seen and len(text) <= self._left:
                fresh.append(text)
                self._left -= len(text)
        if not fresh:
            return
        if len(self._seen) > _REMEMBERED:
            self._seen.clear()
        found: dict[str, tuple[str, ...]] = {
            text: (URL_SIGNATURE,) if SIGNATURE_IN_URL.search(text) else () for text in fresh
        }
        try:
            scan = self._detectors.scan(pa.array(fresh, pa.string()), "")
        except Exception:
            # They are dropped whatever is found.
            return
        for detector, hits in scan.found.items():
            if detector in DETECTED:
                for at in np.flatnonzero(hits).tolist():
                    found[fresh[at]] += (detector,)
        self._seen |= {hash(text): by for text, by in found.items()}


def _note(key: str, shown: str) -> _Note:
    if content := content_key(key):
        return CONTENT, content, "key"
    if HARDWARE_KEY.search(key):
        return HARDWARE_ID, shown, "key"
    if SECRET_KEY.search(key):
        return SECRET, shown, "key"
    return UNKNOWN, shown, "allowlist"


def _sampled(value: pa.StructArray, places: Indices) -> tuple[list[str | None], list[str | None]]:
    """The type and the text of each value at `places`; of lists and maps their encoded items."""
    types: list[str | None] = [None] * len(places)
    texts: list[str | None] = [None] * len(places)
    at = pa.array(places)
    for child, kind in (_SCALARS | _NESTED | {"bytes_value": "bytes"}).items():
        column = value.field(child)
        if column.null_count == len(column):
            continue
        column = column.take(at)
        if column.null_count == len(column):
            continue
        items = column.field("values").to_pylist() if child in _NESTED else column.to_pylist()
        there = column.is_valid().to_numpy(zero_copy_only=False)
        for number in np.flatnonzero(there).tolist():
            types[number], texts[number] = kind, _as_text(items[number])
    return types, texts


def _as_text(value: object) -> str:
    if isinstance(value, list):
        # Strings stand in encoded values as they are.
        value = b" ".join(value)
    if isinstance(value, bytes):
        return value[:VALUE_CHARACTERS].decode("latin-1")
    return str(value)[:VALUE_CHARACTERS]


def without(records: Indices, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
    """`sightings` but for those in these `records`."""
    if not len(records):
        return sightings
    kept = [replace(s, records=s.records[~np.isin(s.records, records)]) for s in sightings]
    return [sighting for sighting in kept if len(sighting.records)]


def findings(
    sightings: Sequence[Sighting], columns: Mapping[str, pa.Array], rows: int
) -> list[Finding]:
    """The sightings of a group by app and release, which `columns` say of its `rows` records."""
    if not sightings:
        return []
    app, apps = _coded(columns.get("app"), rows)
    release, releases = _coded(columns.get("release"), rows)
    # A resource without records, -1, is nobody's.
    source = np.append(app * len(releases) + release, len(apps) * len(releases) - 1)
    lengths = [len(sighting.records) for sighting in sightings]
    number = np.repeat(np.arange(len(sightings)), lengths)
    number *= len(apps) * len(releases)
    number += source[np.concatenate([sighting.records for sighting in sightings])]
    merged: dict[_Key, tuple[int, int]] = {}
    for pair, count in zip(*np.unique(number, return_counts=True), strict=True):
        which, of = divmod(int(pair), len(apps) * len(releases))
        one = sightings[which]
        app_name, release_name = apps[of // len(releases)], releases[of % len(releases)]
        key = one.code, one.place, one.field, one.detector, app_name, release_name, one.value_type
        occurrences, sketch = merged.get(key, (0, 0))
        merged[key] = occurrences + int(count), sketch | one.sketch
    return [Finding(*key, *sums) for key, sums in merged.items()]


def _coded(column: pa.Array | None, rows: int) -> tuple[Indices, list[str | None]]:
    """The words of a column and the number of each row's; the last is none."""
    if column is None:
        return np.zeros(rows, dtype=np.int64), [None]
    encoded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    words = [*encoded.dictionary.to_pylist(), None]
    codes = encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), words
