"""models/text.py, against the same told in plain Python."""

import functools
import math
import re

import numpy as np
import pytest

from models.errors import WrongInput
from models.inputs import HashedNgrams, LastWords, TextInput
from models.preprocess import decode, prepared_form, preparer
from models.text import hashed_ngrams, last_words

TEXTS = [
    "Invoice no. 12\n\n  Total due: 31.40",
    "",
    " ",
    "a",
    "\t\r\v\f",
    "Straße, œuvre, 請求書",
    "lone \ud800 surrogate",
    "x" * 500,
]


def fnv_1a(run: bytes) -> int:
    return functools.reduce(lambda h, byte: (h ^ byte) * 16777619 % 2**32, run, 2166136261)


def plain(text: str, sizes: list[int], buckets: int) -> list[float]:
    folded = re.sub(r"[ \t\n\v\f\r]+", " ", f" {text} ").encode("utf-8", "surrogatepass").lower()
    counts = [0] * buckets
    for size in sizes:
        for start in range(len(folded) - size + 1):
            counts[fnv_1a(folded[start : start + size]) % buckets] += 1
    length = math.sqrt(sum(count * count for count in counts)) or 1
    return [count / length for count in counts]


@pytest.mark.parametrize("sizes", [[1], [3, 4, 5], [8], [2, 5]])
@pytest.mark.parametrize("buckets", [7, 1024])
def test_ngrams_are_counted_as_in_plain_python(sizes: list[int], buckets: int) -> None:
    found = hashed_ngrams(TEXTS * 9, sizes, buckets)
    assert found.dtype == np.float32
    expected = [plain(text, sizes, buckets) for text in TEXTS] * 9
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_published_hashes_of_fnv_1a_are_met() -> None:
    # http://www.isthe.com/chongo/src/fnv/test_fnv.c
    (row,) = hashed_ngrams(["foobar"], [6], 2**16)
    assert row[0xBF9CF968 % 2**16] > 0
    assert hashed_ngrams(["b"], [1], 2**16)[0, 0xE70C2DE5 % 2**16] > 0


def test_a_text_counts_the_same_whichever_texts_stand_beside_it() -> None:
    together = hashed_ngrams(TEXTS, [3, 4], 512)
    alone = np.concatenate([hashed_ngrams([text], [3, 4], 512) for text in TEXTS])
    np.testing.assert_array_equal(together, alone)
    assert hashed_ngrams([], [3], 16).shape == (0, 16)


PLACES = {"the": 0, "quick": 1, "fox": 2, "don't": 3}

WORDS = {
    "the last ones, oldest first": ("fox the quick", [3, 1, 2]),
    "more than are asked for": ("the the the quick the fox ", [2, 1, 3]),
    "fewer": ("Quick", [0, 0, 2]),
    "none": ("", [0, 0, 0]),
    "no words": ("12 … !", [0, 0, 0]),
    "unknown": ("the brown fox", [1, 0, 3]),
    "an apostrophe, and none": ("Don't 'the' fox'", [4, 1, 3]),
    "digits and signs part words": ("the2quick_fox", [1, 2, 3]),
    "after a long text": ("quick " + "-" * 5_000 + " the", [0, 2, 1]),
    "a word longer than any": ("fox " + "z" * 5_000 + " the", [3, 0, 1]),
}


@pytest.mark.parametrize(("text", "expected"), WORDS.values(), ids=WORDS)
def test_words_become_their_places_from_one_on(text: str, expected: list[int]) -> None:
    assert last_words([text], 3, PLACES).tolist() == [expected]


def test_texts_are_prepared_as_their_form_says() -> None:
    spec = TextInput(max_bytes=100)
    for way in (HashedNgrams(sizes=(3,), buckets=32), LastWords(count=2)):
        shape, dtype = prepared_form(spec, way)
        found = preparer(way, ["the", "fox"])(["the fox", ""])
        assert (found.shape, found.dtype) == ((2, *shape), dtype)


def test_a_text_that_cannot_be_used_is_refused_without_its_content() -> None:
    spec = TextInput(max_bytes=12)
    assert decode("größe".encode(), spec) == "größe"
    with pytest.raises(WrongInput, match="13 bytes where the model takes texts of at most 12"):
        decode(b"secret secret", spec)
    with pytest.raises(WrongInput, match="not text in UTF-8 from byte 6 on") as caught:
        decode(b"secret\xff", spec)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
