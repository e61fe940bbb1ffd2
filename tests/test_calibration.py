"""Reliability diagrams and the expected calibration error."""

import numpy as np
import pytest
from mapie.metrics.calibration import expected_calibration_error

from replay.calibration import BINS, calibration
from replay.references import judge
from replay.sweep import sweep
from tests.scores import RUN, audited, only, scores_of


def sure_by(shift: float, rows: int = 30_000) -> dict[str, object]:
    """A model right as often as its confidence less `shift`; every third answer is known."""
    random = np.random.default_rng(1)
    confidence = 0.4 + 0.6 * random.random(rows)
    right = random.random(rows) < confidence - shift
    return {
        "confidence": confidence,
        "predicted": ["a"] * rows,
        "truth": only(np.arange(rows) % 3 == 0, np.where(right, "a", "b")),
    }


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.4])
def test_the_error_is_how_far_confidence_and_accuracy_lie_apart(shift: float) -> None:
    found = calibration(judge(scores_of(sure_by(shift)), "label"))
    assert found is not None and found.cases == found.installations == 10_000
    assert found.ece == pytest.approx(shift, abs=0.02)
    assert sum(one.cases for one in found.bins) == found.cases
    for one in found.bins:
        assert one.low < one.confidence <= one.high
        assert one.accuracy == pytest.approx(one.confidence - shift, abs=0.06)


def test_it_equals_another_implementation() -> None:
    judged = judge(scores_of(sure_by(0.1)), "label")
    known = judged.of(judged.known)
    # Its edges are `num_bins` points from 0 to 1, of which the first bin is empty.
    other = expected_calibration_error(
        (~known.wrong).astype(int), known.confidence, num_bins=BINS + 1, split_strategy="uniform"
    )
    found = calibration(judged)
    assert found is not None and found.ece == pytest.approx(other, rel=1e-9)


def test_rare_audits_weigh_as_much_as_those_they_stand_for() -> None:
    """Right as often as 0.5 + 0.5 × confidence: the distance is known."""
    scores, _ = audited(np.random.default_rng(2), 60_000)
    found = calibration(judge(scores, "audit"))
    assert found is not None
    assert found.ece == pytest.approx(0.25, abs=0.02)


def test_a_sweep_has_it_of_everybody_and_of_each_segment() -> None:
    columns = sure_by(0.1, rows=3_000)
    columns["release"] = ["1.0", "2.0"] * 1_500
    found = sweep(RUN, scores_of(columns), "label", current=None).calibration
    assert [(one.dimension, one.value) for one in found] == [
        (None, None),
        ("release", "1.0"),
        ("release", "2.0"),
    ]
    assert sum(one.cases for one in found[1:]) == found[0].cases == 1_000


def test_where_no_answer_is_known_nothing_is_said() -> None:
    scores = scores_of({"confidence": [0.5], "predicted": ["a"]})
    assert calibration(judge(scores, "label")) is None
