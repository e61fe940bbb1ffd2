"""The lowest threshold that keeps the error among device answers bounded, with a confidence."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from replay.references import Judged

GRID_THRESHOLDS = 100
# With three times the least number, a device that errs a quarter as often as allowed passes the
# first test nine times in ten; with the least number alone, a single wrong answer ends the search.
FIRST_TEST = 3
SAMPLE_SEED = 1
THINNING_SEED = 2


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a threshold must keep to.

    `max_error`: error among device answers; `confidence`: how sure that must be; both in (0, 1).
    `max_egress`: bytes per request that may leave; `min_offline`: the least share of requests
    that the device must answer itself.
    """

    max_error: float = 0.05
    confidence: float = 0.95
    max_egress: float | None = None
    min_offline: float | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One threshold and, of the installations sampled at or above it, how many were wrong."""

    threshold: float
    accepted: int
    errors: int


@dataclass(frozen=True, kw_only=True)
class Certified:
    """The steps that show the limit kept, from the highest threshold down; if none, why."""

    steps: tuple[Step, ...]
    reason: str


def least_sample(limits: Limits) -> int:
    """The least n with (1 − max_error)^n ≤ 1 − confidence: all right, and still enough."""
    return math.ceil(math.log(1 - limits.confidence) / math.log(1 - limits.max_error))


def certify(judged: Judged, limits: Limits) -> Certified:
    """Fixed-sequence testing from the highest threshold down, on one request an installation.

    Learn then Test (Angelopoulos, Bates, Candès, Jordan, Lei 2021, arXiv:2110.01052): each
    threshold t has the null hypothesis "the error among requests with confidence ≥ t is above
    max_error" and the exact binomial p-value P(Bin(n_t, max_error) ≤ errors_t). The thresholds
    stand at fixed ranks of confidence, so that no outcome has a say in which are tested; testing
    ends at the first that is not rejected. Installations are taken to be independent.
    """
    rows = one_per_installation(judged)
    order = rows[np.argsort(-judged.confidence[rows], kind="stable")]
    if len(order) < least_sample(limits):
        return Certified(steps=(), reason=_too_few(len(order), limits))
    confidence = judged.confidence[order]
    thresholds = confidence[_ranks(len(order), least_sample(limits)) - 1]
    thresholds = thresholds[np.append(True, thresholds[1:] != thresholds[:-1])]
    accepted = np.searchsorted(-confidence, -thresholds, side="right")
    errors = np.cumsum(judged.wrong[order])[accepted - 1]
    shown = binom.cdf(errors, accepted, limits.max_error) <= 1 - limits.confidence
    steps = [
        Step(threshold=threshold, accepted=count, errors=wrong)
        for threshold, count, wrong in zip(
            thresholds.tolist(), accepted.tolist(), errors.tolist(), strict=True
        )
    ]
    passed = int(np.argmin(np.append(shown, False)))
    return Certified(
        steps=tuple(steps[:passed]), reason="" if passed else _not_shown(steps[0], limits)
    )


def one_per_installation(judged: Judged) -> NDArray[np.int64]:
    """Row numbers of one request with a known reference per installation, drawn by seeded hash.

    References known with unequal chances are first thinned to the lowest, so that every request
    of an installation had the same one.
    """
    rows = np.flatnonzero(judged.known)
    if len(rows) == 0:
        return rows
    chance = judged.probability[rows]
    kept = _uniform(judged.case[rows], THINNING_SEED) * chance < chance.min()
    rows = rows[kept]
    draw = _uniform(judged.case[rows], SAMPLE_SEED)
    order = np.lexsort((draw, judged.installation[rows]))
    owner = judged.installation[rows][order]
    first = np.append(True, owner[1:] != owner[:-1])[: len(owner)]
    chosen: NDArray[np.int64] = rows[order[first]]
    return chosen


def _uniform(case: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """A number in [0, 1) per case, the same each time: SplitMix64 (Steele, Lea, Flood 2014)."""
    start = np.uint64(seed * 0xD1342543DE82EF95 % 2**64)
    mixed = case * np.uint64(0x9E3779B97F4A7C15) + start
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    share: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return share


def _ranks(sampled: int, needed: int) -> NDArray[np.int64]:
    """At most GRID_THRESHOLDS ranks, evenly apart, of which the last is everything."""
    first = max(needed, min(FIRST_TEST * needed, sampled // 2))
    return np.unique(np.linspace(first, sampled, GRID_THRESHOLDS).astype(np.int64))


def _too_few(sampled: int, limits: Limits) -> str:
    needed = least_sample(limits)
    return (
        f"to show an error of at most {limits.max_error:.3g} with confidence "
        f"{limits.confidence:.3g} takes at the least {needed} installations with a request whose "
        f"right answer is known, and there are {sampled}: {needed - sampled} more are needed"
    )


def _not_shown(first: Step, limits: Limits) -> str:
    found = (
        f"at the highest threshold tested, {first.threshold:.4g}, {first.errors} of "
        f"{first.accepted} installations sampled got a wrong answer, which does not show an error "
        f"of at most {limits.max_error:.3g} with confidence {limits.confidence:.3g}"
    )
    enough = _enough(first.errors / first.accepted, limits)
    if enough is None:
        return f"{found}, and at that rate no number of them would"
    return f"{found}; at that rate about {enough - first.accepted} more above it would"


def _enough(rate: float, limits: Limits) -> int | None:
    """How many installations show it at this rate of error; None where a million do not."""
    counts = np.unique(np.geomspace(1, 1_000_000, 2_000).astype(np.int64))
    shown = binom.cdf(np.ceil(rate * counts), counts, limits.max_error) <= 1 - limits.confidence
    return int(counts[np.argmax(shown)]) if shown.any() else None
