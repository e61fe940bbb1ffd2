"""Texts as numbers: hashed n-grams for classifiers, ids of the last words for suggestions."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

# 32-bit FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/
_FNV_OFFSET = np.uint32(2166136261)
_FNV_PRIME = np.uint32(16777619)

# So many that their buckets stay in the processor's cache.
_AT_ONCE = 32

_SPACE = ord(" ")
_FOLDED = np.arange(256, dtype=np.uint8)
_FOLDED[[ord(c) for c in "\t\n\v\f\r"]] = _SPACE
_FOLDED[ord("A") : ord("Z") + 1] += ord("a") - ord("A")

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_USUAL_WORD = 16


def hashed_ngrams(texts: Sequence[str], sizes: Sequence[int], buckets: int) -> NDArray[np.float32]:
    """Texts [n] to float32 [n, buckets], each row of length 1, or 0 where nothing is in it.

    ASCII letters are lower-cased, runs of white space become one space, and one space stands before
    and after the text. Each run of `sizes` bytes of its UTF-8 is counted in the bucket of its
    32-bit FNV-1a hash modulo `buckets`; the counts are divided by their Euclidean length.
    """
    counts = np.zeros((len(texts), buckets), dtype=np.float32)
    for start in range(0, len(texts), _AT_ONCE):
        _count(texts[start : start + _AT_ONCE], sizes, counts[start : start + _AT_ONCE])
    length = np.sqrt(np.einsum("ij,ij->i", counts, counts))
    counts /= np.where(length > 0, length, 1)[:, np.newaxis]
    return counts


def _count(texts: Sequence[str], sizes: Sequence[int], counts: NDArray[np.float32]) -> None:
    seen, row = _folded(texts)
    buckets = counts.shape[1]
    flat = counts.reshape(-1)
    hashes = np.full(len(seen), _FNV_OFFSET)
    for size in range(1, max(sizes) + 1):
        starts = len(seen) - size + 1
        if starts <= 0:
            break
        hashes = (hashes[:starts] ^ seen[size - 1 :]) * _FNV_PRIME
        if size in sizes:
            inside = row[:starts] == row[size - 1 :]
            places = row[:starts] * buckets + hashes % np.uint32(buckets)
            np.add.at(flat, places[inside], np.float32(1))


def _folded(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of all texts end to end, folded, and the text each belongs to."""
    encoded = [b" %b " % text.encode("utf-8", "surrogatepass") for text in texts]
    seen = _FOLDED[np.frombuffer(b"".join(encoded), dtype=np.uint8)]
    row = np.repeat(np.arange(len(texts)), [len(text) for text in encoded])
    space = seen == _SPACE
    again = np.zeros(len(seen), dtype=bool)
    again[1:] = space[1:] & space[:-1] & (row[1:] == row[:-1])
    return seen[~again], row[~again]


def last_words(texts: Sequence[str], count: int, places: Mapping[str, int]) -> NDArray[np.int32]:
    """Texts [n] to int32 [n, count]: 1 + the place of each of the last words, oldest first.

    0 stands for a word without a place, and for one before the first. A word is a run of letters,
    lower-cased, with apostrophes inside.
    """
    ids = np.zeros((len(texts), count), dtype=np.int32)
    for row, text in enumerate(texts):
        words = _tail(text, count)
        if words:
            ids[row, -len(words) :] = [places.get(word, -1) + 1 for word in words]
    return ids


def _tail(text: str, count: int) -> list[str]:
    """The last `count` words, without reading a long text whole where that can be spared."""
    end = text[-_USUAL_WORD * (count + 1) :].lower()
    words = _WORD.findall(end)
    # The first word of the end may be cut.
    if len(words) <= count and len(end) < len(text):
        words = _WORD.findall(text.lower())
    return words[-count:]
