"""Trains `word_suggester`: `python -m models.training.word_suggester`.

A feed-forward language model over the last three words (Bengio, Ducharme, Vincent and Jauvin 2003).
"""

import sys
from collections import Counter
from typing import Any

import numpy as np
import tensorflow as tf

from models.inputs import LastWords
from models.interpreters import open_interpreter
from models.preprocess import preparer
from models.training.english import load_english, places, words
from models.training.export import convert_small, deterministic, save
from models.training.measure import measure_words

NAME = "word_suggester"
SEED = 2026
COUNT = 3
VOCABULARY = 1_200
MAX_BYTES = 1_000

_WIDTH = 32
_HIDDEN = 96
_EPOCHS = 24
_BATCH = 256
_DROPPED = 0.3
_LEARNING_RATE = 0.002
_DECAY = 0.01

_TRAINING_DATA = (
    "English sentences of Python's own documentation, as pydoc_data.topics of Python "
    f"{sys.version_info.major}.{sys.version_info.minor} holds them: four fifths of its paragraphs; "
    f"the vocabulary is their {VOCABULARY:,} most frequent words"
)


class WordNet(tf.Module):  # type: ignore[misc]
    """An embedding and two dense layers; about 164,000 weights."""

    def __init__(self) -> None:
        super().__init__()
        draw = tf.keras.initializers.GlorotUniform
        spread = tf.keras.initializers.RandomUniform(seed=1)
        self.words = tf.Variable(spread((VOCABULARY + 1, _WIDTH)))
        self.hidden = tf.Variable(draw(2)((COUNT * _WIDTH, _HIDDEN)))
        self.hidden_bias = tf.Variable(tf.zeros(_HIDDEN))
        self.out = tf.Variable(draw(3)((_HIDDEN, VOCABULARY)))
        self.out_bias = tf.Variable(tf.zeros(VOCABULARY))

    def logits(self, ids: Any, dropped: float = 0.0) -> Any:
        x = tf.reshape(tf.gather(self.words, ids), (-1, COUNT * _WIDTH))
        if dropped:
            x = tf.nn.dropout(x, dropped, seed=4)
        x = tf.nn.relu(x @ self.hidden + self.hidden_bias)
        if dropped:
            x = tf.nn.dropout(x, dropped, seed=5)
        return x @ self.out + self.out_bias

    @tf.function(input_signature=[tf.TensorSpec((None, COUNT), tf.int32)])  # type: ignore[untyped-decorator]
    def probabilities(self, ids: Any) -> Any:
        return tf.nn.softmax(self.logits(ids))


def vocabulary(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """The most frequent words without an apostrophe; of equals the first in the alphabet."""
    counts = Counter(word for one in sentences for word in words(one) if "'" not in word)
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:VOCABULARY])


def train(sentences: tuple[str, ...], known: tuple[str, ...]) -> WordNet:
    """The net after some epochs over every place where a known word follows."""
    net = WordNet()
    rank = {word: place for place, word in enumerate(known)}
    found = [one for one in places(sentences) if one.word in rank]
    ids = preparer(LastWords(count=COUNT), known)([one.before for one in found])
    following = np.array([rank[one.word] for one in found])
    rng = np.random.default_rng(SEED)
    optimizer = tf.keras.optimizers.AdamW(_LEARNING_RATE, weight_decay=_DECAY)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels=y, logits=net.logits(x, _DROPPED)
                )
            )
        variables = net.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    for _ in range(_EPOCHS):
        order = rng.permutation(len(ids))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            step(tf.constant(ids[rows]), tf.constant(following[rows]))
    return net


def main() -> None:
    deterministic(SEED)
    sentences = load_english().train
    known = vocabulary(sentences)
    net = train(sentences, known)
    card = {
        "name": NAME,
        "version": "1",
        "feature": "next_word",
        "confidence_method": "max_softmax",
        "threshold": 0.12,
        "runtimes": ["litert", "tflite"],
        "training_data": _TRAINING_DATA,
        "licence": "Apache-2.0",
        "input": {"kind": "text", "max_bytes": MAX_BYTES},
        "preprocessing": {"kind": "last_words", "count": COUNT},
    }
    model = save(
        card,
        convert_small(net, net.probabilities),
        lambda made: measure_words(made, open_interpreter(made)),
        labels=known,
    )
    sys.stdout.write(f"{model.reference}: {model.card.size} bytes, {model.card.accuracy}\n")


if __name__ == "__main__":
    main()
