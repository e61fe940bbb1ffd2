"""Learn Then Test: which thresholds are shown to keep every limit at once.

Angelopoulos, Bates, Candès, Jordan, Lei 2021, arXiv:2110.01052, as MAPIE has it.
"""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from mapie.risk_control import BinaryClassificationController, BinaryRisk, control_fwer
from numpy.typing import NDArray
from scipy.stats import binom

from collector.contract.certificate import Limits

GRID_THRESHOLDS = 100
# With three times the least number, a device that errs a quarter as often as allowed passes the
# first test nine times in ten; with the least number alone, a single wrong answer ends the search.
FIRST_TEST = 3

# What a row of a sample says, as MAPIE's y: a sum of these.
_WRONG, _ANSWERED, _REQUEST, _OFFLINE = 1, 2, 4, 8


_ERROR = BinaryRisk(
    risk_occurrence=lambda says, accepted: (says & _WRONG > 0) & (accepted == 1),
    risk_condition=lambda says, accepted: (says & _ANSWERED > 0) & (accepted == 1),
    higher_is_better=False,
)


def _declined(kind: int) -> BinaryRisk:
    """The share of rows of a kind that the device does not answer."""
    return BinaryRisk(
        risk_occurrence=lambda says, accepted: accepted == 0,
        risk_condition=lambda says, accepted: says & kind > 0,
        higher_is_better=False,
    )


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One request an installation, of n in all; three samples end to end.

    `confidence` float64 [n]; `says` int64 [n] what the row is there for.
    """

    confidence: NDArray[np.float64]
    says: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        answered: NDArray[np.float64],
        wrong: NDArray[np.bool_],
        requests: NDArray[np.float64],
        offline: NDArray[np.float64],
    ) -> "Sample":
        """Confidences of requests with a known answer, of all, and of those without a network."""
        return cls(
            confidence=np.concatenate([answered, requests, offline]),
            says=np.concatenate(
                [
                    _ANSWERED + _WRONG * wrong.astype(np.int64),
                    np.full(len(requests), _REQUEST),
                    np.full(len(offline), _OFFLINE),
                ]
            ),
        )

    @property
    def answered(self) -> NDArray[np.bool_]:
        known: NDArray[np.bool_] = self.says & _ANSWERED > 0
        return known

    def counts(self, thresholds: NDArray[np.float64]) -> tuple[NDArray[np.int64], ...]:
        """Per threshold, how many with a known answer are accepted, and how many of them wrong."""
        order = np.argsort(-self.confidence[self.answered], kind="stable")
        confidence = self.confidence[self.answered][order]
        wrong = np.append(0, np.cumsum(self.says[self.answered][order] & _WRONG))
        accepted = np.searchsorted(-confidence, -thresholds, side="right")
        return accepted, wrong[accepted]

    def shares(self, threshold: float, limits: Limits) -> Iterator[tuple[str, int, int, float]]:
        """Of each limit on what the device does not answer: in words, how many rows are below the
        threshold, of how many, and the share that may be."""
        for words, kind, cap in _capped(limits):
            rows = self.confidence[self.says == kind]
            yield words, int((rows < threshold).sum()), len(rows), cap


def _capped(limits: Limits) -> Iterator[tuple[str, int, float]]:
    if limits.max_cloud is not None:
        yield "requests would go to the cloud", _REQUEST, limits.max_cloud
    if limits.min_offline is not None:
        yield "requests without a network would have no answer", _OFFLINE, 1 - limits.min_offline


def least_sample(limits: Limits) -> int:
    """The least n with (1 − max_error)^n ≤ 1 − confidence: all right, and still enough."""
    return math.ceil(math.log(1 - limits.confidence) / math.log(1 - limits.max_error))


def grid(learned: Sample, at_least: float) -> NDArray[np.float64]:
    """At most GRID_THRESHOLDS of the held-out confidences, evenly by rank, from the highest down;
    none below `at_least`."""
    values = np.unique(learned.confidence[learned.answered])
    values = values[values >= at_least][::-1]
    places = np.linspace(0, len(values) - 1, min(GRID_THRESHOLDS, len(values))).astype(np.int64)
    chosen: NDArray[np.float64] = values[np.unique(places)]
    return chosen


def p_values(
    sample: Sample, thresholds: NDArray[np.float64], limits: Limits
) -> NDArray[np.float64]:
    """Per threshold that of "some limit is broken there": the largest over the limits.

    Each is exactly binomial: P(Bin(n, limit) ≤ k). It is 1 where nothing is accepted.
    """
    capped = [(kind, cap) for _, kind, cap in _capped(limits)]
    risks = [_ERROR, *(_declined(kind) for kind, _ in capped)]
    levels = [limits.max_error, *(cap for _, cap in capped)]
    controller = BinaryClassificationController(
        predict_function=lambda confidence: np.column_stack([1 - confidence, confidence]),
        risk=risks,
        target_level=levels,
        confidence_level=limits.confidence,
        best_predict_param_choice=_declined(_ANSWERED),
        list_predict_params=thresholds,
    )
    with warnings.catch_warnings():
        # It says of its own correction, which is not used, that nothing qualifies; and where
        # nothing is accepted the binomial has no value.
        warnings.simplefilter("ignore")
        controller.calibrate(sample.confidence, sample.says)
    found: NDArray[np.float64] = np.nan_to_num(np.ravel(controller.p_values), nan=1.0)
    return found


def start(learned: Sample, tested: Sample, thresholds: NDArray[np.float64], limits: Limits) -> int:
    """The place in the grid where testing begins, by what the held-out installations show.

    The first where about FIRST_TEST times the least number are expected to be accepted (half of
    them all, if that is less), and where the shares seen keep the other limits.
    """
    expected = int(tested.answered.sum())
    needed = least_sample(limits)
    first = max(needed, min(FIRST_TEST * needed, expected // 2))
    share = learned.counts(thresholds)[0] / max(int(learned.answered.sum()), 1)
    ready = share * expected >= first
    for _, kind, cap in _capped(limits):
        seen = np.sort(learned.confidence[learned.says == kind])
        below = np.searchsorted(seen, thresholds) / max(len(seen), 1)
        count = int((tested.says == kind).sum())
        ready &= binom.cdf(np.round(below * count), count, cap) <= 1 - limits.confidence
    return int(np.argmax(ready)) if ready.any() else len(thresholds) - 1


def passed(p_values: NDArray[np.float64], limits: Limits) -> int:
    """How many of the first are shown, by fixed-sequence testing: it ends at the first that is not.

    The chance that any of them breaks a limit is at most 1 − confidence.
    """
    return len(control_fwer(p_values, 1 - limits.confidence, fwer_method="fixed_sequence"))
