"""Trains `doc_classifier`: `python -m models.training.doc_classifier`.

A net of one hidden layer over hashed n-grams, of the size that phones ship.
"""

import random
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from models.inputs import HashedNgrams
from models.interpreters import open_interpreter
from models.preprocess import preparer
from models.training.documents import (
    KINDS,
    TRAIN_LINES,
    TRAIN_SEED,
    Document,
    make_documents,
    scan,
)
from models.training.export import convert_small, deterministic, save
from models.training.measure import measure_documents

NAME = "doc_classifier"
SIZES = (3, 4)
BUCKETS = 4096
MAX_BYTES = 4000

_DOCUMENTS = 1_000
_HIDDEN = 24
_EPOCHS = 6
_WORST_SCAN = 0.5
_BATCH = 128
_LEARNING_RATE = 0.003

_TRAINING_DATA = (
    f"{_DOCUMENTS:,} made-up field documents in English: forms of five kinds filled in by Faker "
    f"with names, addresses and numbers of nobody, made of {TRAIN_LINES} of the 12 lines each kind "
    f"has, as text recognition would read them: scans of severity 0 to {_WORST_SCAN}, a part of "
    "the lines missing and some characters misread"
)


class DocNet(tf.Module):  # type: ignore[misc]
    """Two dense layers; about 98,000 weights."""

    def __init__(self) -> None:
        super().__init__()
        draw = tf.keras.initializers.GlorotUniform
        self.hidden = tf.Variable(draw(1)((BUCKETS, _HIDDEN)))
        self.hidden_bias = tf.Variable(tf.zeros(_HIDDEN))
        self.out = tf.Variable(draw(2)((_HIDDEN, len(KINDS))))
        self.out_bias = tf.Variable(tf.zeros(len(KINDS)))

    def logits(self, x: Any) -> Any:
        return tf.nn.relu(x @ self.hidden + self.hidden_bias) @ self.out + self.out_bias

    @tf.function(input_signature=[tf.TensorSpec((None, BUCKETS), tf.float32)])  # type: ignore[untyped-decorator]
    def probabilities(self, x: Any) -> Any:
        return tf.nn.softmax(self.logits(x))


def train(documents: list[Document]) -> DocNet:
    """The net after some epochs, each over other scans of the documents."""
    net = DocNet()
    rng = random.Random(TRAIN_SEED)
    prepare = preparer(HashedNgrams(sizes=SIZES, buckets=BUCKETS))
    optimizer = tf.keras.optimizers.Adam(_LEARNING_RATE)
    kinds = np.array([KINDS.index(one.kind) for one in documents])

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=net.logits(x))
            )
        variables = net.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    for _ in range(_EPOCHS * 5):
        texts = [scan(one.text, rng, rng.uniform(0, _WORST_SCAN)) for one in documents]
        seen = prepare(texts)
        order = np.array(rng.sample(range(len(texts)), len(texts)))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            step(tf.constant(seen[rows]), tf.constant(kinds[rows]))
    return net


def main() -> None:
    deterministic(TRAIN_SEED)
    net = train(make_documents(_DOCUMENTS, TRAIN_SEED, TRAIN_LINES))
    card = {
        "name": NAME,
        "version": "1",
        "feature": "doc_classify",
        "labels": KINDS,
        "confidence_method": "max_softmax",
        "threshold": 0.70,
        "runtimes": ["litert", "tflite"],
        "training_data": _TRAINING_DATA,
        "licence": "Apache-2.0",
        "input": {"kind": "text", "max_bytes": MAX_BYTES},
        "preprocessing": {"kind": "hashed_ngrams", "sizes": SIZES, "buckets": BUCKETS},
    }
    model = save(
        card,
        convert_small(net, net.probabilities),
        lambda made: measure_documents(made, open_interpreter(made)),
    )
    sys.stdout.write(f"{model.reference}: {model.card.size} bytes, {model.card.accuracy}\n")


if __name__ == "__main__":
    main()
