"""Field documents that nobody wrote: forms filled in by Faker, as text recognition reads them."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from faker import Faker

from models.training.document_forms import FORMS, SHARED

KINDS = tuple(sorted(FORMS))
TRAIN_SEED = 2026
TEST_SEED = 2027
# Of the twelve lines that each kind of form has; documents in the field have all of them.
TRAIN_LINES = 8

_LOCALE = "en_GB"
_ITEMS = (
    "hinge", "bracket", "valve", "gasket", "cable", "filter", "pump", "sensor", "ladder", "hose",
    "switch", "bearing", "solvent", "primer", "sealant", "extinguisher", "harness", "battery",
    "conduit", "fuse", "thermostat", "compressor", "anchor bolt", "fan belt",
)  # fmt: skip
_UNTITLED = 0.6  # of all documents
_SHARED_LINES = (4, 8)
_OWN_LINES = (1, 4)

# At severity 1.
_CROPPED = 0.85  # share of the lines out of the picture, at most
_MISREAD = 0.22  # share of the characters, at most
_LOOKALIKES = {
    "0": "O", "O": "0", "1": "l", "l": "1", "i": "l", "I": "l", "e": "c", "c": "e", "a": "o",
    "o": "a", "n": "u", "u": "n", "m": "rn", "w": "vv", "h": "b", "b": "h", "t": "f", "f": "t",
    "s": "5", "S": "5", "5": "S", "B": "8", "8": "B", "g": "q", "r": "i", "d": "cl", ".": ",",
    ",": ".", ":": ";", "/": "1", "E": "F", "D": "O", "T": "I", "v": "y", "y": "v",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """The text of one document, lines ended by a newline, and what kind of document it is."""

    text: str
    kind: str


def make_documents(count: int, seed: int, own_lines: int | None = None) -> list[Document]:
    """`count` documents, the same ones for the same seed and version of Faker.

    `own_lines` is how many of the lines of each kind of form they are made of, all by default.
    """
    fake = Faker(_LOCALE)
    fake.seed_instance(seed)
    rng = random.Random(seed)
    kinds = (KINDS[number % len(KINDS)] for number in range(count))
    return [_document(fake, rng, kind, own_lines) for kind in kinds]


def scan(text: str, rng: random.Random, severity: float) -> str:
    """A document as text recognition reads a picture of it: a part of the lines, some misread.

    `severity` is between 0 (unchanged) and 1. The same state of `rng` gives the same result.
    """
    lines = text.split("\n")
    kept = max(2, round(len(lines) * (1 - severity * _CROPPED * rng.random())))
    first = rng.randint(0, max(0, len(lines) - kept))
    seen = "\n".join(lines[first : first + kept])
    misread = severity * _MISREAD * rng.random()
    places = rng.sample(range(len(seen)), round(misread * len(seen)))
    characters = list(seen)
    for place in places:
        characters[place] = _misread(characters[place], rng)
    return "".join(characters)


def _document(fake: Faker, rng: random.Random, kind: str, own_lines: int | None) -> Document:
    titles, patterns = FORMS[kind]
    fields = _Fields(fake, rng)
    head = [] if rng.random() < _UNTITLED else [rng.choice(titles)]
    body = rng.sample(patterns[:own_lines], rng.randint(*_OWN_LINES))
    body += rng.sample(SHARED, rng.randint(*_SHARED_LINES))
    rng.shuffle(body)
    lines = [fields["company"], fields["address"], *head, *(one.format_map(fields) for one in body)]
    return Document(text="\n".join(lines), kind=kind)


class _Fields(dict[str, str]):
    """What a form is filled in with, drawn where it is first asked for."""

    def __init__(self, fake: Faker, rng: random.Random) -> None:
        super().__init__()
        self._draw: dict[str, Callable[[], str]] = {
            "company": fake.company,
            "person": fake.name,
            "address": lambda: fake.address().replace("\n", ", "),
            "town": fake.city,
            "phone": fake.phone_number,
            "date": lambda: fake.date(pattern="%d %B %Y"),
            "item": lambda: rng.choice(_ITEMS),
            "items": lambda: rng.choice(_ITEMS) + "s",
            "count": lambda: str(rng.randint(2, 480)),
            "amount": lambda: f"{rng.uniform(8, 9_000):,.2f}",
            "number": lambda: f"{rng.choice('ABFKLRW')}-{rng.randint(1000, 99_999)}",
            "days": lambda: str(rng.choice((7, 14, 21, 30, 60, 90))),
            "percent": lambda: str(rng.choice((2, 3, 5, 10, 19, 20))),
        }

    def __missing__(self, name: str) -> str:
        self[name] = self._draw[name]()
        return self[name]


def _misread(character: str, rng: random.Random) -> str:
    fate = rng.random()
    if fate < 0.15:
        return ""
    if fate < 0.25:
        return f"{character} "
    return _LOOKALIKES.get(character, character)
