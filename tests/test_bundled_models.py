"""The bundled models beside the digit reader: what their cards say holds, on every runtime."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from models.answers import Answers
from models.interpreters import Interpreter, available_runtimes, open_interpreter
from models.registry import Model, Registry
from models.tflite import TFLiteInterpreter
from models.training.documents import KINDS, TEST_SEED, TRAIN_SEED, make_documents
from models.training.english import load_english, places, words
from models.training.measure import measure_barcodes, measure_documents, measure_words
from tests.test_interpreters import needs_tflite

Measure = Callable[[Model, Interpreter], dict[str, float]]

MEASURES: dict[str, Measure] = {
    "barcode_reader@1": measure_barcodes,
    "doc_classifier@1": measure_documents,
    "word_suggester@1": measure_words,
}
TEXTS = ("doc_classifier@1", "word_suggester@1")
EVERYWHERE = [
    (reference, runtime)
    for reference in MEASURES
    for runtime in Registry.bundled().get(reference).card.runtimes
    if runtime in available_runtimes()
]
# Names, addresses and the documentation of another Python differ from those measured.
TOLERANCE = 0.02


@cache
def opened(reference: str, runtime: str) -> tuple[Model, Interpreter]:
    model = Registry.bundled().get(reference)
    return model, open_interpreter(model, runtime)


@pytest.mark.parametrize(("reference", "runtime"), EVERYWHERE)
def test_the_figures_on_the_card_are_measured_again(reference: str, runtime: str) -> None:
    model, interpreter = opened(reference, runtime)
    found = MEASURES[reference](model, interpreter)
    assert found == pytest.approx(model.card.accuracy, abs=TOLERANCE)


@pytest.mark.parametrize(("reference", "runtime"), [one for one in EVERYWHERE if one[0] in TEXTS])
def test_a_text_is_answered_alike_alone_and_among_others(reference: str, runtime: str) -> None:
    _, interpreter = opened(reference, runtime)
    texts = [one.text for one in make_documents(20, TEST_SEED)]

    def answers(some: list[str]) -> Answers:
        return interpreter.run(interpreter.prepare(some))

    together = answers(texts)
    for row, text in enumerate(texts):
        alone = answers([text])
        assert alone.predicted[0] == together.predicted[row]
        np.testing.assert_allclose(alone.confidence, together.confidence[row], atol=1e-6)


@needs_tflite
@pytest.mark.parametrize("reference", TEXTS)
def test_litert_and_tflite_agree(reference: str) -> None:
    texts = [one.text for one in make_documents(300, TEST_SEED)]
    scores = []
    for runtime in ("litert", "tflite"):
        _, interpreter = opened(reference, runtime)
        assert isinstance(interpreter, TFLiteInterpreter)
        scores.append(interpreter.scores(interpreter.prepare(texts)))
    # Weights of int8 meet inputs that each runtime rounds in its own way.
    np.testing.assert_allclose(scores[0], scores[1], atol=0.02)
    best = [found.argmax(axis=1) for found in scores]
    assert (best[0] == best[1]).mean() > 0.99


def test_every_bundled_model_is_far_below_its_budget() -> None:
    for reference in Registry.bundled().references():
        card = Registry.bundled().get(reference).card
        assert card.size < 0.05 * card.size_budget


def test_documents_to_test_with_are_others_than_those_learnt_from() -> None:
    learnt, tested = (make_documents(100, seed) for seed in (TRAIN_SEED, TEST_SEED))
    assert not {one.text for one in learnt} & {one.text for one in tested}
    assert {one.kind for one in tested} == set(KINDS)
    assert [one.text for one in make_documents(100, TEST_SEED)] == [one.text for one in tested]


def test_no_sentence_is_both_learnt_and_tested() -> None:
    english = load_english()
    assert len(english.train) > 3 * len(english.test) > 0
    assert not set(english.train) & set(english.test)


def test_a_place_is_what_stands_before_a_word() -> None:
    (first, second) = places(["Don't name a thing's Word"])[0:2]
    assert (first.before, first.word) == ("Don't ", "name")
    assert (second.before, second.word) == ("Don't name ", "a")
    assert [one.word for one in places(["Don't name a thing's Word"])] == ["name", "a", "word"]
    assert words("Don't name a thing's Word") == ["don't", "name", "a", "thing's", "word"]
