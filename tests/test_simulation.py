"""The promise, over hundreds of fleets whose installations differ and repeat themselves."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from collector.contract.certificate import Guarantee, Limits
from replay.curve import curve
from replay.evaluation import Evaluation
from replay.guarantee import guarantees
from replay.references import Judged
from tests.judged import AUDITED, IN_FORCE, censored, error_above, fleet

FLEETS = 500
INSTALLATIONS, MOST = 300, 30
JOINTLY = 120
OVERCONFIDENT = 0.13
LIMITS = Limits(max_error=0.08, confidence=0.9)
# At most δ, with a chance of one in a thousand for the simulation itself.
PROMISED = binom.ppf(0.999, FLEETS, 1 - LIMITS.confidence)


def fleets(seed: int, most: int = MOST) -> list[Judged]:
    random = np.random.default_rng(seed)
    return [fleet(random, INSTALLATIONS, most) for _ in range(FLEETS)]


def certified(judged: Judged, limits: Limits = LIMITS) -> Guarantee:
    """Judged as it is, with no phone to compare with and no segment."""
    found = Evaluation(
        judged=judged,
        curve=curve(judged),
        segments=[],
        left_out="",
        withheld=None,
        objection=lambda threshold, margin: None,
    )
    return guarantees(found, limits, 0)[0]


def found_and_broken(
    thresholds: Sequence[float | None], chance: float, *, overconfident: float = 0.0
) -> tuple[int, int]:
    """How many found a threshold, and of how many of these the true error is above the bound."""
    found = np.array([threshold for threshold in thresholds if threshold is not None])
    return len(found), int(
        (error_above(found, MOST, chance, overconfident) > LIMITS.max_error).sum()
    )


def test_where_every_answer_is_known_the_bound_is_broken_no_more_often_than_promised() -> None:
    whole = fleets(2026)
    found, broken = found_and_broken([certified(one).threshold for one in whole], 1.0)
    assert found > FLEETS / 2 and broken <= PROMISED
    # It fails where each request counts as a witness, in an eighth of the fleets already.
    several = [replace(one, installation=one.case) for one in whole[: FLEETS // 8]]
    broken = found_and_broken([certified(one).threshold for one in several], 1.0)[1]
    assert broken > binom.ppf(0.999, len(several), 1 - LIMITS.confidence)


def test_where_the_clouds_answers_are_censored_the_bound_is_broken_no_more_often_either() -> None:
    random = np.random.default_rng(7)
    logged = [censored(random, one) for one in fleets(2027)]
    found, broken = found_and_broken([certified(one).threshold for one in logged], AUDITED)
    assert found > FLEETS / 3 and broken <= PROMISED


def test_a_threshold_chosen_on_the_clouds_logged_answers_fails_where_a_certified_one_does_not() -> (
    None
):
    """Of some phones the model is sure and wrong, and what is sure is seldom sent to the cloud."""
    random = np.random.default_rng(2028)
    logged = [
        censored(random, fleet(random, INSTALLATIONS, MOST, overconfident=OVERCONFIDENT))
        for _ in range(FLEETS)
    ]
    naive = [naive_threshold(one) for one in logged]
    broken = found_and_broken(naive, AUDITED, overconfident=OVERCONFIDENT)[1]
    assert broken > 3 * PROMISED
    sure = [certified(one).threshold for one in logged[: FLEETS // 4]]
    broken = found_and_broken(sure, AUDITED, overconfident=OVERCONFIDENT)[1]
    assert broken <= binom.ppf(0.999, len(sure), 1 - LIMITS.confidence)


def naive_threshold(judged: Judged) -> float | None:
    """The lowest threshold whose error among all answers that the cloud's log holds is within the
    bound."""
    known = judged.of(judged.known)
    order = np.argsort(-known.confidence)
    error: NDArray[np.float64] = np.cumsum(known.wrong[order]) / np.arange(1, len(order) + 1)
    kept = np.flatnonzero(error <= LIMITS.max_error)
    return float(known.confidence[order][kept[-1]]) if len(kept) else None


def test_nothing_is_certified_below_what_anybody_looked_at() -> None:
    """The cloud's answers of fallbacks alone, taken as they come."""
    random = np.random.default_rng(8)
    for whole in fleets(2028)[:20]:
        logged = censored(random, whole)
        below = logged.confidence < IN_FORCE
        alone = replace(
            logged, probability=np.where(below, 1.0, 0.0), least_chance=float(below.mean()) / 2
        )
        assert curve(alone).evidence_from is None
        assert certified(alone).threshold is None


def test_two_limits_are_kept_jointly() -> None:
    limits = LIMITS.model_copy(update={"max_cloud": 0.55, "min_offline": 0.35})
    whole = fleets(2029, most=1)
    found = [certified(one, limits).threshold for one in whole[:JOINTLY]]
    thresholds = np.array([one for one in found if one is not None])
    many = fleet(np.random.default_rng(5), 400_000, 1)
    below = np.searchsorted(np.sort(many.confidence), thresholds) / len(many.case)
    broken = (below > 0.55) | (error_above(thresholds, 1, 1.0) > LIMITS.max_error)
    assert len(thresholds) > JOINTLY / 6
    assert broken.sum() <= binom.ppf(0.999, JOINTLY, 1 - LIMITS.confidence)
