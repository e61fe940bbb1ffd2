"""The threshold recommended: how sure it is, what it keeps to, and why there is none."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from collector.contract.errors import BadInput
from replay.recommendation import Limits, certify, least_sample, one_per_installation
from replay.references import Judged, judge
from replay.sweep import sweep
from tests.scores import audited, scores_of


def test_the_audit_sample_is_thinned_so_that_every_request_had_the_same_chance() -> None:
    scores, _ = audited(np.random.default_rng(12), 40_000)
    judged = judge(scores, "audit")
    confidence = judged.confidence[one_per_installation(judged)]
    inside, _ = np.histogram(confidence, bins=10, range=(0, 1))
    everyone, _ = np.histogram(judged.confidence, bins=10, range=(0, 1))
    assert np.all(np.abs(inside - 0.1 * everyone) < 4 * np.sqrt(0.09 * everyone))


def test_fallbacks_do_not_speak_for_answers_that_were_never_audited() -> None:
    found = sweep("r", labelled(500, 0), "audit", current=None)
    assert found.recommended is None
    assert "no request that a phone answered was audited" in found.reason
    assert all(point.error_rate is None for point in found.points)


def repeating(random: np.random.Generator, installations: int, most: int) -> Judged:
    """Installations that differ in skill and in how much they send, and repeat themselves."""
    counts = random.integers(1, most + 1, installations)
    owner = np.repeat(np.arange(installations), counts)
    skill = random.normal(0, 1, installations)[owner]
    confidence = 1 / (1 + np.exp(-(1.5 + skill + random.normal(0, 0.7, len(owner)))))
    fault = np.clip(0.45 * (1 - confidence) + 0.08 * (skill < -0.8), 0, 1)
    # One draw for an installation's habit: it errs on all its alike requests or on none.
    wrong = random.random(installations)[owner] < fault
    return Judged(
        case=random.permutation(len(owner)).astype(np.uint64),
        installation=owner,
        confidence=confidence,
        wrong=wrong,
        probability=np.ones(len(owner)),
        bytes_if_accepted=None,
        bytes_if_declined=None,
        sent=None,
    )


def error_above(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The true error above each threshold, of a request of an installation."""
    population = repeating(np.random.default_rng(99), 1_500_000, 1)
    order = np.argsort(-population.confidence)
    errors = np.cumsum(population.wrong[order])
    accepted = np.searchsorted(-population.confidence[order], -thresholds, side="right")
    result: NDArray[np.float64] = errors[accepted - 1] / accepted
    return result


def test_a_recommended_threshold_breaks_the_error_bound_no_more_often_than_promised() -> None:
    random = np.random.default_rng(2026)
    limits = Limits(max_error=0.08, confidence=0.9)
    rounds = 400
    fleets = [repeating(random, 300, 30) for _ in range(rounds)]
    # At most δ, with a chance of one in a thousand for the simulation itself.
    promised = binom.ppf(0.999, rounds, 1 - limits.confidence)
    recommended, broken = recommended_and_broken(fleets, limits)
    assert broken <= promised
    assert recommended > rounds / 2
    as_if_independent = [
        replace(fleet, installation=np.arange(len(fleet.case))) for fleet in fleets
    ]
    assert recommended_and_broken(as_if_independent, limits)[1] > promised


def recommended_and_broken(fleets: Sequence[Judged], limits: Limits) -> tuple[int, int]:
    steps = [certify(fleet, limits).steps for fleet in fleets]
    lowest = np.array([found[-1].threshold for found in steps if found])
    return len(lowest), int((error_above(lowest) > limits.max_error).sum())


def test_each_installation_has_one_say_and_always_the_same() -> None:
    judged = repeating(np.random.default_rng(3), 200, 30)
    rows = one_per_installation(judged)
    assert sorted(judged.installation[rows]) == list(range(200))
    assert rows.tolist() == one_per_installation(judged).tolist()


def labelled(
    installations: int, wrong: int, *, confidence: float = 0.9, first: int = 0
) -> pa.Table:
    numbers = range(first, first + installations)
    return scores_of(
        {
            "installation": [number.to_bytes(16, "big") for number in numbers],
            "confidence": [confidence] * installations,
            "predicted": ["a"] * installations,
            "truth": ["b"] * wrong + ["a"] * (installations - wrong),
            "decision": ["fallback"] * 10 + ["accept"] * (installations - 10),
            "cloud_label": ["a"] * 10 + [None] * (installations - 10),
            "egress_bytes": [1_000] * 10 + [None] * (installations - 10),
        }
    )


def test_the_clouds_answer_alone_recommends_nothing_and_says_why() -> None:
    found = sweep("r", labelled(500, 0), "cloud", current=None)
    assert found.recommended is None
    assert "only where the phone fell back" in found.reason
    assert found.points[0].error_rate == 0.0


def test_too_few_labels_says_how_many_more_are_needed() -> None:
    assert least_sample(Limits()) == 59
    few = sweep("r", labelled(58, 0), "label", current=None)
    assert few.recommended is None
    assert "at the least 59 installations" in few.reason and "1 more are needed" in few.reason
    enough = sweep("r", labelled(59, 0), "label", current=None)
    assert enough.recommended is not None and enough.recommended.threshold == 0.9


def test_many_labels_of_one_installation_are_one_label() -> None:
    scores = labelled(500, 0).set_column(1, "installation", pa.array([b"1" * 16] * 500))
    found = sweep("r", scores, "label", current=None)
    assert found.recommended is None
    assert "there are 1:" in found.reason


def test_an_error_that_is_small_but_unproven_says_how_many_more_would_prove_it() -> None:
    found = sweep("r", labelled(100, 3), "label", current=None)
    assert found.recommended is None
    assert "3 of 100 installations" in found.reason and "more above it would" in found.reason


def test_an_error_above_the_bound_is_not_proven_by_any_number() -> None:
    found = sweep("r", labelled(100, 20), "label", current=None)
    assert found.recommended is None
    assert "no number of them would" in found.reason


def test_heavy_users_who_are_wrong_most_block_the_recommendation() -> None:
    light, heavy = 400, 2_000
    scores = scores_of(
        {
            "installation": [n.to_bytes(16, "big") for n in range(light)] + [b"h" * 16] * heavy,
            "confidence": [0.9] * (light + heavy),
            "predicted": ["a"] * (light + heavy),
            "truth": ["a"] * light + ["b"] * heavy,
        }
    )
    found = sweep("r", scores, "label", current=None)
    assert found.recommended is None
    assert "the installations that ask most are wrong most" in found.reason


CAPS = {
    "device share too low": (Limits(min_offline=1.0), "are asked for", False),
    "device share reached": (Limits(min_offline=0.4), "lowest threshold tested", True),
    "egress too high": (Limits(max_egress=100.0), "bytes per request leave the device", False),
    "egress low enough": (Limits(max_egress=900.0), "lowest threshold tested", True),
}


@pytest.mark.parametrize(("limits", "words", "recommended"), CAPS.values(), ids=CAPS)
def test_caps_are_kept_or_the_reason_names_them(
    limits: Limits, words: str, recommended: bool
) -> None:
    scores = pa.concat_tables([labelled(500, 0), labelled(500, 500, confidence=0.5, first=500)])
    found = sweep("r", scores, "label", current=None, limits=limits)
    assert (found.recommended is not None) is recommended
    assert words in found.reason


def test_an_egress_cap_cannot_be_kept_where_no_bytes_are_known() -> None:
    scores = labelled(500, 0).drop_columns("egress_bytes")
    scores = scores.append_column("egress_bytes", pa.nulls(500, pa.int64()))
    found = sweep("r", scores, "label", current=None, limits=Limits(max_egress=10.0))
    assert found.recommended is None
    assert "no request's bytes are known" in found.reason


BAD_LIMITS = {
    "an error of one": ("label", Limits(max_error=1.0), "max_error"),
    "a confidence of zero": ("label", Limits(confidence=0.0), "confidence"),
    "an error that is no number": ("label", Limits(max_error=float("nan")), "max_error"),
    "a share above one": ("label", Limits(min_offline=80.0), "min_offline"),
    "negative bytes": ("label", Limits(max_egress=-1.0), "max_egress"),
    "an unknown reference": ("oracle", Limits(), "oracle"),
}


@pytest.mark.parametrize(("reference", "limits", "named"), BAD_LIMITS.values(), ids=BAD_LIMITS)
def test_limits_outside_their_range_are_refused_by_name(
    reference: Any, limits: Limits, named: str
) -> None:
    with pytest.raises(BadInput, match=named):
        sweep("r", labelled(100, 0), reference, current=None, limits=limits)
