"""How well a model does on inputs it has never seen: the figures on its card, shares of 0 to 1."""

import random
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.answers import Answers
from models.barcode import label
from models.interpreters import Interpreter
from models.registry import Model
from models.training.barcodes import draw, make_codes, photograph
from models.training.digits import Split, camera
from models.training.documents import TEST_SEED, make_documents, scan
from models.training.english import load_english, places

MODERATE = 0.5
_SEED = 7
_REPEATS = 8
_DOCUMENTS = 1_000
_CODES = 300


def measure(model: Model, interpreter: Interpreter, split: Split) -> dict[str, float]:
    """Of a model that reads digits.

    `clean`: right answers on the test half as scanned; `moderate_noise`: right answers on it
    through eight draws of a camera of severity 0.5; `fallback_at_threshold`: of those, the share
    whose confidence is below the card's threshold.
    """
    clean, _ = _answers(interpreter, split, 0.0)
    noisy, confidence = _answers(interpreter, split, MODERATE)
    return {
        "clean": _share(clean),
        "moderate_noise": _share(noisy),
        "fallback_at_threshold": _share(confidence < model.card.threshold),
    }


def measure_documents(model: Model, interpreter: Interpreter) -> dict[str, float]:
    """Of a model that tells kinds of documents, on 1,000 that it has not seen.

    `clean`: right answers on whole ones; `moderate_scan`: on scans of severity 0.5;
    `fallback_at_threshold`: of those, the share whose confidence is below the card's threshold.
    """
    documents = make_documents(_DOCUMENTS, TEST_SEED)
    kinds = np.array([one.kind for one in documents])
    rng = random.Random(_SEED)
    clean = _run(interpreter, (one.text for one in documents))
    scanned = _run(interpreter, (scan(one.text, rng, MODERATE) for one in documents))
    return {
        "clean": _share(clean.predicted == kinds),
        "moderate_scan": _share(scanned.predicted == kinds),
        "fallback_at_threshold": _share(scanned.confidence < model.card.threshold),
    }


def measure_words(model: Model, interpreter: Interpreter) -> dict[str, float]:
    """Of a model that suggests the next word, at every place of the sentences held out.

    `top_1` and `top_3`: the word that follows is the first, or one of the first three;
    `right_at_threshold`: it is the first where the confidence is at least the card's threshold;
    `fallback_at_threshold`: the share of places below it.
    """
    found = places(load_english().test)
    answers = _run(interpreter, (one.before for one in found))
    listed = np.array([*answers.vocabulary, ""], dtype=object)[answers.best]
    hits = listed == np.array([one.word for one in found], dtype=object)[:, np.newaxis]
    sure = answers.confidence >= model.card.threshold
    return {
        "top_1": _share(hits[:, 0]),
        "top_3": _share(hits.any(axis=1)),
        "right_at_threshold": _share(hits[sure, 0]),
        "fallback_at_threshold": _share(~sure),
    }


def measure_barcodes(model: Model, interpreter: Interpreter) -> dict[str, float]:
    """Of a decoder, on 300 codes that are printed for it.

    `clean`: codes read rightly, upright and sharp; `moderate_camera`: through a camera of severity
    0.5; `right_at_threshold`: of those the share read rightly among them whose confidence is at
    least the card's threshold; `fallback_at_threshold`: the share below it.
    """
    codes = make_codes(_CODES, _SEED)
    prints = [draw(code) for code in codes]
    truths = np.array([label(code.format, code.text) for code in codes], dtype=object)
    rng = random.Random(_SEED)
    clean, seen = (
        interpreter.run(np.stack([photograph(one, rng, severity) for one in prints]))
        for severity in (0.0, MODERATE)
    )
    sure = seen.confidence >= model.card.threshold
    return {
        "clean": _share(clean.predicted == truths),
        "moderate_camera": _share(seen.predicted == truths),
        "right_at_threshold": _share((seen.predicted == truths)[sure]),
        "fallback_at_threshold": _share(~sure),
    }


def _run(interpreter: Interpreter, texts: Iterable[str]) -> Answers:
    return interpreter.run(interpreter.prepare(list(texts)))


def _answers(
    interpreter: Interpreter, split: Split, severity: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(_SEED)
    images = np.tile(split.test_images, (_REPEATS, 1, 1, 1))
    labels = np.tile(split.test_labels, _REPEATS)
    seen = camera(images, rng, severity)
    answers = interpreter.run(interpreter.prepare(seen))
    return answers.predicted == labels.astype(str), answers.confidence


def _share(hits: NDArray[np.bool_]) -> float:
    return round(float(hits.mean()), 4)
