"""English that every Python ships: the topics of its documentation, as sentences of words.

https://docs.python.org/3/ (Python Software Foundation License), as `pydoc_data.topics` holds them.
"""

import functools
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pydoc_data import topics

_HELD_OUT = 5
_SHORTEST = 4
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")
_SENTENCE_END = re.compile(r"(?<=[.:;?!])\s+")
# Code, grammar, tables and headings are no sentences.
_NO_PROSE = re.compile(r">>>|::=|\*\*\*|===|---|^\s*(?:def|class|import|from) ", re.MULTILINE)
_NO_LETTER = re.compile(r"[^A-Za-z\s]")
_MOST_OTHER = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place in a sentence being typed: what stands before it, and the word that follows."""

    before: str
    word: str


@dataclass(frozen=True, kw_only=True)
class English:
    """Sentences as they are written; no sentence is in both halves."""

    train: tuple[str, ...]
    test: tuple[str, ...]


@functools.cache
def load_english() -> English:
    """Four fifths to learn from and one to be tested on, parted by the hash of each paragraph."""
    train: dict[str, None] = {}
    test: dict[str, None] = {}
    for paragraph in _paragraphs():
        digest = hashlib.blake2b(paragraph.encode(), digest_size=4).digest()
        half = train if int.from_bytes(digest, "big") % _HELD_OUT else test
        half |= dict.fromkeys(_sentences(paragraph))
    return English(train=tuple(train), test=tuple(one for one in test if one not in train))


def words(text: str) -> list[str]:
    """The words of a text, lower-cased."""
    return [word.lower() for word in _WORD.findall(text)]


def places(sentences: Iterable[str]) -> list[Place]:
    """Every place of the sentences where a word follows another; no word has an apostrophe."""
    return [
        Place(before=sentence[: match.start()], word=match[0].lower())
        for sentence in sentences
        for match in list(_WORD.finditer(sentence))[1:]
        if "'" not in match[0]
    ]


def _paragraphs() -> list[str]:
    found: dict[str, None] = {}
    for name in sorted(topics.topics):
        for block in re.split(r"\n\s*\n", topics.topics[name]):
            text = " ".join(block.split())
            other = len(_NO_LETTER.findall(text))
            if not _NO_PROSE.search(block) and other <= _MOST_OTHER * len(text):
                found[text] = None
    return list(found)


def _sentences(paragraph: str) -> list[str]:
    parts = _SENTENCE_END.split(paragraph)
    return [part for part in parts if len(words(part)) >= _SHORTEST]
