"""The cloud's language models, which are called what they are: neither understands anything."""

import itertools
import random
import re
from collections import defaultdict

from sklearn.feature_extraction.text import TfidfVectorizer

from demo.cloud_models import Written

# Words, numbers and single signs.
_TOKEN = re.compile(r"\w+|[^\w\s]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_SUMMARY_SENTENCES = 2
_MADE_TOKENS = 40
_LONGEST = 8_000


def tokens(text: str) -> list[str]:
    """What is counted: words, numbers and single signs."""
    return _TOKEN.findall(text)


class ExtractiveSummary:
    """Repeats the sentences that share most words with the whole text."""

    name = "extractive-summary"
    version = "2026.11"
    card = (
        "An extractive summary: the two sentences or lines of the text whose words weigh most in "
        "it (TF-IDF), word for word. It is trained on nothing and writes nothing of its own."
    )

    def write(self, text: str) -> Written:
        """Two of its sentences, in their order."""
        sentences = [part.strip() for part in _SENTENCE_END.split(text[:_LONGEST]) if part.strip()]
        best = sorted(_most_central(sentences)[:_SUMMARY_SENTENCES])
        summary = " ".join(sentences[place] for place in best)
        return _written(text, summary)


class NgramSampler:
    """Goes on with a text by what followed each of its own tokens."""

    name = "ngram-sampler"
    version = "2026.11"
    card = (
        "A sampler of bigrams over the request's own text: each token is drawn from those that "
        "followed the last one. It is trained on nothing and knows nothing but the request."
    )

    def write(self, text: str) -> Written:
        """At most 40 tokens, the same ones for the same text."""
        said = tokens(text[:_LONGEST])
        following: dict[str, list[str]] = defaultdict(list)
        for token, follower in itertools.pairwise(said):
            following[token].append(follower)
        rng = random.Random(text)
        made = said[:1]
        while made and len(made) < _MADE_TOKENS and made[-1] in following:
            made.append(rng.choice(following[made[-1]]))
        return _written(text, " ".join(made))


def _most_central(sentences: list[str]) -> list[int]:
    """Places of the sentences, the one most like the whole first."""
    try:
        weights = TfidfVectorizer().fit_transform(sentences)
    except ValueError:
        # Nothing in the text is a word.
        return list(range(len(sentences)))
    likeness = (weights @ weights.sum(axis=0).T).A1
    return sorted(range(len(sentences)), key=lambda place: (-likeness[place], place))


def _written(text: str, made: str) -> Written:
    return Written(text=made, input_tokens=len(tokens(text)), output_tokens=len(tokens(made)))
