"""models/answers.py: the best of the scores, and how sure a model is."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from models.answers import KEPT, ranked
from models.card import ConfidenceMethod, ModelCard, Output
from models.registry import Registry

SCORES = np.array([[0.1, 0.6, 0.05, 0.25], [0.25, 0.25, 0.25, 0.25], [0, 0, 1, 0]], np.float32)


def card(
    method: ConfidenceMethod = "max_softmax", output: Output = "probabilities", labels: str = "abcd"
) -> ModelCard:
    digits = Registry.bundled().get("digit_reader@1").card
    return dataclasses.replace(
        digits, confidence_method=method, output=output, labels=tuple(labels)
    )


def test_the_best_few_are_kept_highest_first_and_the_first_of_equals_wins() -> None:
    found = ranked(SCORES, card())
    assert found.best.tolist() == [[1, 3, 0], [0, 1, 2], [2, 0, 1]]
    np.testing.assert_array_equal(found.scores, np.take_along_axis(SCORES, found.best, 1))
    assert found.predicted.tolist() == ["b", "a", "c"]
    assert found.best.shape[1] == KEPT


CONFIDENCES: dict[ConfidenceMethod, list[float]] = {
    "max_softmax": [0.6, 0.25, 1],
    "margin": [0.35, 0, 1],
    "entropy": [0.2548, 0, 1],
}


@pytest.mark.parametrize(("method", "expected"), CONFIDENCES.items(), ids=CONFIDENCES)
def test_confidence_is_by_the_method_of_the_card(
    method: ConfidenceMethod, expected: list[float]
) -> None:
    np.testing.assert_allclose(ranked(SCORES, card(method)).confidence, expected, atol=1e-4)


def test_fewer_labels_than_are_kept_are_all_kept() -> None:
    found = ranked(np.array([[0.2, 0.8]], np.float32), card(labels="ab"))
    assert found.best.tolist() == [[1, 0]]
    assert ranked(np.array([[0.7]], np.float32), card("margin", labels="a")).confidence[0] > 0.69


def test_logits_become_probabilities_however_large() -> None:
    logits = np.log(SCORES + np.float32(1e-9)) + np.float32(300)
    found, plain = ranked(logits, card(output="logits")), ranked(SCORES, card())
    np.testing.assert_array_equal(found.best[:, 0], plain.best[:, 0])
    np.testing.assert_allclose(found.confidence, plain.confidence, atol=1e-4)


BAD_ROWS: dict[str, NDArray[np.float32]] = {
    "nan": np.array([[np.nan, 0, 0, 0]], np.float32),
    "infinite": np.array([[0, np.inf, 0, 0]], np.float32),
}


@pytest.mark.parametrize("bad", BAD_ROWS.values(), ids=BAD_ROWS)
@pytest.mark.parametrize("output", ["probabilities", "logits"])
def test_a_score_that_is_not_finite_leaves_no_confidence(
    bad: NDArray[np.float32], output: Output
) -> None:
    found = ranked(np.concatenate([SCORES, bad]), card(output=output))
    assert np.isnan(found.confidence).tolist() == [False, False, False, True]


def test_no_input_gives_no_answer() -> None:
    found = ranked(np.empty((0, 4), np.float32), card())
    assert len(found.predicted) == len(found.confidence) == 0
