"""Fleets whose installations differ and repeat themselves, judged; and the true error of them."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from replay.references import Judged

AUDITED = 0.2
IN_FORCE = 0.7
_POPULATION = 600_000


def installation_numbers(count: int) -> NDArray[np.uint64]:
    """Numbers as far apart as pseudonyms are."""
    return np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def fleet(
    random: np.random.Generator, installations: int, most: int, *, overconfident: float = 0.0
) -> Judged:
    """Installations that differ in skill and in how much they send, and repeat themselves; every
    answer is known.

    The share `overconfident` of them (a bad lens, say) is sure of itself and half wrong, and the
    others err far less than their confidence says.
    """
    counts = random.integers(1, most + 1, installations)
    owner = np.repeat(np.arange(installations), counts)
    skill = random.normal(0, 1, installations)[owner]
    confidence = 1 / (1 + np.exp(-(1.5 + skill + random.normal(0, 0.7, len(owner)))))
    fault = np.clip(0.45 * (1 - confidence) + 0.08 * (skill < -0.8), 0, 1)
    if overconfident:
        bad = (random.random(installations) < overconfident)[owner]
        confidence = np.where(bad, 0.9 + 0.1 * confidence, confidence)
        fault = np.where(bad, 0.5, fault / 5)
    # One draw for an installation's habit: it errs on all its alike requests or on none.
    wrong = random.random(installations)[owner] < fault
    unknown = np.full(len(owner), np.nan)
    return Judged(
        case=random.permutation(len(owner)).astype(np.uint64),
        installation=installation_numbers(installations)[owner],
        confidence=confidence,
        wrong=wrong,
        probability=np.ones(len(owner)),
        offline=random.random(len(owner)) < 0.3,
        least_chance=1.0,
        bytes_sent=unknown,
        bytes_if_accepted=unknown,
        bytes_if_declined=unknown,
    )


def censored(random: np.random.Generator, whole: Judged) -> Judged:
    """What a cloud's log tells of it: its answer below IN_FORCE, and of every fifth above."""
    probability = np.where(whole.confidence < IN_FORCE, 1.0, AUDITED)
    known = random.random(len(probability)) < probability
    values = vars(whole) | {
        "probability": np.where(known, probability, 0.0),
        "wrong": whole.wrong & known,
        "least_chance": AUDITED / 2,
    }
    return Judged(**values)


def error_above(
    thresholds: NDArray[np.float64], most: int, chance: float, overconfident: float = 0.0
) -> NDArray[np.float64]:
    """The true error above each threshold: of one request of an installation that sends up to
    `most`, of which it is heard with `chance` each."""
    confidence, errors, weights = _population(most, chance, overconfident)
    place = np.searchsorted(-confidence, -thresholds, side="right") - 1
    result: NDArray[np.float64] = errors[place] / weights[place]
    return result


@cache
def _population(most: int, chance: float, overconfident: float) -> tuple[NDArray[np.float64], ...]:
    """Confidences from the highest down, and the sums of weights of the wrong and of all."""
    random = np.random.default_rng(99)
    whole = fleet(random, _POPULATION, 1, overconfident=overconfident)
    sends = random.integers(1, most + 1, _POPULATION)
    weight = 1 - (1 - chance) ** sends
    order = np.argsort(-whole.confidence)
    wrong = np.cumsum(weight[order] * whole.wrong[order])
    return whole.confidence[order], wrong, np.cumsum(weight[order])
