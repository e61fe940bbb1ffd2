"""What redaction did to a group of requests, and what it found there: no value of any client."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from collector.decode import Indices


@dataclass(frozen=True, slots=True)
class Sighting:
    """A finding whose records (int64) are not yet told apart by app and release."""

    code: str
    place: str
    field: str
    detector: str
    records: Indices
    value_type: str | None = None
    sketch: int = 0


class Finding(NamedTuple):
    """Something that telemetry should not hold, or an attribute that nobody names.

    `field` is a name of ours or a cleaned key. `sketch` has a bit set per distinct value by its
    keyed hash, so that the sketches of many groups merge into one.
    """

    code: str
    place: str
    field: str
    detector: str
    app: str | None
    release: str | None
    value_type: str | None
    occurrences: int
    sketch: int


class Tally(Counter[tuple[str, str, str]]):
    """(field, detector, action) → how many values; and the findings among them, first as they are
    seen."""

    def __init__(self, counts: Iterable[tuple[str, str, str]] = ()) -> None:
        super().__init__(counts)
        self.sightings: list[Sighting] = []
        self.findings: list[Finding] = []
