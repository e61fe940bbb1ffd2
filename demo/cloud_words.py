"""The cloud's keyboard: an n-gram model over longer contexts and every word there is."""

from collections import Counter, defaultdict

from demo.bodies import read_text
from demo.cloud_models import Answer
from models.training.english import load_english, words

_LONGEST_CONTEXT = 4
_FREQUENT = 200
_LONGEST = 4_000

Context = tuple[str, ...]


class CloudWords:
    """Witten and Bell's interpolation (1991) of what followed one to four words, and of how
    frequent each word is; counted when made, in under a second."""

    name = "word_ngrams"
    version = "2026.11"
    card = (
        "An interpolated 5-gram model of words, counted over four fifths of Python's "
        "documentation: the sentences that the phone's model has learnt from, with all their words."
    )

    def __init__(self) -> None:
        self._following: dict[Context, Counter[str]] = defaultdict(Counter)
        for sentence in load_english().train:
            said = words(sentence)
            for at, word in enumerate(said):
                for length in range(min(at, _LONGEST_CONTEXT) + 1):
                    self._following[tuple(said[at - length : at])][word] += 1
        every = self._following[()]
        self._frequent = {
            word: count / every.total() for word, count in every.most_common(_FREQUENT)
        }

    def answer(self, body: bytes) -> Answer:
        """The word that follows a text. Raises BadBody."""
        before = words(read_text(body)[-_LONGEST:])
        shares = dict(self._frequent)
        for length in range(1, min(len(before), _LONGEST_CONTEXT) + 1):
            followed = self._following.get(tuple(before[-length:]))
            if followed:
                shares = _interpolated(followed, shares)
        best = max(shares, key=lambda word: (shares[word], word))
        return Answer(label=best, confidence=shares[best])


def _interpolated(followed: Counter[str], shorter: dict[str, float]) -> dict[str, float]:
    kinds, total = len(followed), followed.total()
    return {
        word: (followed[word] + kinds * shorter.get(word, 0.0)) / (total + kinds)
        for word in followed | shorter
    }
