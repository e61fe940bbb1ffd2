"""What people bring to the app: inputs that no model has learnt from, as each phone sees them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from demo.features import (
    BARCODE_SCAN,
    DOC_CLASSIFY,
    GENERATE,
    IMAGE_CLASSIFY,
    NEXT_WORD,
    SUMMARIZE,
)
from models.barcode import label
from models.training.barcodes import draw, make_codes, photograph
from models.training.digits import camera, load_split
from models.training.documents import TEST_SEED, make_documents, scan
from models.training.english import load_english, places

_DOCUMENTS = 500
_CODES = 240
_SENTENCES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One raw input, as the model takes it, and what it shows; None where nothing is right."""

    content: bytes
    truth: str | None


class Samples(Protocol):
    """The inputs of one feature."""

    def take(self, roll: int, numbers: Sequence[int], severities: Sequence[float]) -> list[Sample]:
        """Inputs by number, of which there are as many as one likes, through cameras of
        `severities` (0 to 1); the same ones for the same roll."""


class Digits:
    """Handwritten digits: 8×8 pixels, a byte each."""

    def __init__(self, seed: int) -> None:
        split = load_split()
        self._seed = seed
        self._images = split.test_images
        self._truths = [str(digit) for digit in split.test_labels.tolist()]

    def take(self, roll: int, numbers: Sequence[int], severities: Sequence[float]) -> list[Sample]:
        rng = np.random.default_rng([self._seed, roll])
        images = [number % len(self._images) for number in numbers]
        seen = camera(self._images[images], rng, np.array(severities, dtype=np.float64))
        return [
            Sample(content=picture.tobytes(), truth=self._truths[image])
            for picture, image in zip(seen, images, strict=True)
        ]


class Barcodes:
    """Photographs of printed barcodes, a byte a pixel."""

    def __init__(self, seed: int) -> None:
        codes = make_codes(_CODES, seed)
        self._seed = seed
        self._prints = [draw(code) for code in codes]
        self._truths = [label(code.format, code.text) for code in codes]

    def take(self, roll: int, numbers: Sequence[int], severities: Sequence[float]) -> list[Sample]:
        rng = random.Random(f"{self._seed}/barcodes/{roll}")
        return [
            Sample(
                content=photograph(self._prints[number % _CODES], rng, severity).tobytes(),
                truth=self._truths[number % _CODES],
            )
            for number, severity in zip(numbers, severities, strict=True)
        ]


class Documents:
    """Field documents as text recognition reads them, in UTF-8."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._documents = make_documents(_DOCUMENTS, TEST_SEED)

    def take(self, roll: int, numbers: Sequence[int], severities: Sequence[float]) -> list[Sample]:
        rng = random.Random(f"{self._seed}/documents/{roll}")
        found = (self._documents[number % _DOCUMENTS] for number in numbers)
        return [
            Sample(content=scan(one.text, rng, severity).encode(), truth=one.kind)
            for one, severity in zip(found, severities, strict=True)
        ]


class Typing:
    """Sentences up to the word that comes next."""

    def __init__(self) -> None:
        self._places = places(load_english().test)

    def take(self, roll: int, numbers: Sequence[int], severities: Sequence[float]) -> list[Sample]:
        found = (self._places[number % len(self._places)] for number in numbers)
        return [Sample(content=one.before.encode(), truth=one.word) for one in found]


class Notes:
    """Some sentences that a person wrote, in a row."""

    def __init__(self) -> None:
        self._sentences = load_english().test

    def take(self, roll: int, numbers: Sequence[int], severities: Sequence[float]) -> list[Sample]:
        starts = (number % (len(self._sentences) - _SENTENCES) for number in numbers)
        texts = (" ".join(self._sentences[start : start + _SENTENCES]) for start in starts)
        return [Sample(content=text.encode(), truth=None) for text in texts]


class Untold:
    """The inputs of another feature, where nobody knows what is right."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def take(self, roll: int, numbers: Sequence[int], severities: Sequence[float]) -> list[Sample]:
        found = self._samples.take(roll, numbers, severities)
        return [Sample(content=one.content, truth=None) for one in found]


def all_samples(seed: int) -> Mapping[str, Samples]:
    """The inputs of every feature."""
    documents = Documents(seed)
    return {
        IMAGE_CLASSIFY.name: Digits(seed),
        DOC_CLASSIFY.name: documents,
        BARCODE_SCAN.name: Barcodes(seed),
        NEXT_WORD.name: Typing(),
        SUMMARIZE.name: Untold(documents),
        GENERATE.name: Notes(),
    }
