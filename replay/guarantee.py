"""What can be promised of a threshold: tested on one request an installation, checked on all."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from collector.contract.certificate import Guarantee, Limits, Tested
from collector.contract.records import SweepPoint
from collector.contract.thresholds import written
from replay import learn_then_test as ltt
from replay.curve import Curve, curve
from replay.evaluation import Evaluation
from replay.references import Judged
from replay.sampling import HELD_OUT, held_out, one_per_installation, thinned


def guarantees(
    found: Evaluation, limits: Limits, seed: int
) -> tuple[Guarantee, tuple[Guarantee, ...]]:
    """Of everybody and of each segment, each for itself with the confidence asked for.

    All are tested on the grid of everybody, so that a threshold of one is one of the others.
    """
    samples = _samples(found.judged, limits, seed)
    thresholds = _grid(samples[0], found.curve)
    whole = _guarantee(found.judged, samples, thresholds, limits, found.withheld, found.curve)
    if whole.threshold is not None:
        error = found.curve.at(whole.threshold).error_rate or 0.0
        if (reason := found.objection(whole.threshold, limits.max_error - error)) is not None:
            whole = whole.model_copy(update={"threshold": None, "reason": reason})
    parts = []
    for one in found.segments:
        judged = found.judged.of(one.rows)
        samples = _samples(judged, limits, seed)
        part = _guarantee(judged, samples, thresholds, limits, found.withheld)
        named: dict[str, Any] = {"dimension": one.dimension, "value": one.value}
        if whole.threshold is not None:
            named["holds"] = _holds(part, whole)
        parts.append(part.model_copy(update=named))
    return whole, tuple(parts)


def _holds(part: Guarantee, whole: Guarantee) -> bool:
    shown = part.tests[part.start : part.start + part.passed]
    return any(test.threshold == whole.threshold for test in shown)


def _grid(learned: ltt.Sample, found: Curve) -> NDArray[np.float64]:
    lowest = found.evidence_from
    return np.empty(0) if lowest is None else ltt.grid(learned, lowest)


def _samples(judged: Judged, limits: Limits, seed: int) -> tuple[ltt.Sample, ltt.Sample]:
    """Those held out, and those to test on."""

    def drawn(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        chosen = one_per_installation(judged.case, judged.installation, rows, seed)
        out = held_out(judged.installation[chosen], seed)
        return chosen[out], chosen[~out]

    none = np.empty(0, np.int64)
    known = np.flatnonzero(judged.known)
    if len(known):
        known = known[thinned(judged.case[known], judged.probability[known], seed)]
    requests = np.arange(len(judged.case)) if limits.max_cloud is not None else none
    offline = np.flatnonzero(judged.offline) if limits.min_offline is not None else none
    parts = zip(drawn(known), drawn(requests), drawn(offline), strict=True)
    learned, tested = (
        ltt.Sample.of(
            judged.confidence[answers],
            judged.wrong[answers],
            judged.confidence[asked],
            judged.confidence[unreached],
        )
        for answers, asked, unreached in parts
    )
    return learned, tested


def _guarantee(
    judged: Judged,
    samples: tuple[ltt.Sample, ltt.Sample],
    thresholds: NDArray[np.float64],
    limits: Limits,
    withheld: str | None,
    whole: Curve | None = None,
) -> Guarantee:
    """`whole` is the curve of `judged`, where there is one already."""
    learned, tested = samples
    found = Guarantee(
        dimension=None,
        value=None,
        installations=len(np.unique(judged.installation)),
        sampled=int(tested.answered.sum()),
        tests=(),
        start=0,
        passed=0,
        threshold=None,
        reason="",
    )
    if limits.min_offline is not None and not judged.offline.any():
        outcome = {"reason": "no request was made without a network to show offline coverage by"}
    elif found.sampled < ltt.least_sample(limits) or not len(thresholds):
        outcome = _too_few(found.sampled, limits)
    else:
        found = found.model_copy(update=_tests(learned, tested, thresholds, limits))
        if not found.passed:
            outcome = _not_shown(found, tested, limits)
        else:
            outcome = _lowest(found, curve(judged) if whole is None else whole, limits)
    return found.model_copy(update=outcome if withheld is None else {"reason": withheld})


def _tests(
    learned: ltt.Sample, tested: ltt.Sample, thresholds: NDArray[np.float64], limits: Limits
) -> dict[str, Any]:
    p_values = ltt.p_values(tested, thresholds, limits)
    start = ltt.start(learned, tested, thresholds, limits)
    columns = (thresholds, *tested.counts(thresholds), p_values)
    return {
        "tests": tuple(
            Tested(threshold=threshold, accepted=accepted, wrong=wrong, p_value=p_value)
            for threshold, accepted, wrong, p_value in zip(
                *(column.tolist() for column in columns), strict=True
            )
        ),
        "start": start,
        "passed": ltt.passed(p_values[start:], limits),
    }


def _lowest(found: Guarantee, whole: Curve, limits: Limits) -> dict[str, Any]:
    """The fields that say which of the thresholds shown qualifies, or why none does."""
    shown = found.tests[found.start : found.start + found.passed]
    points = [whole.at(test.threshold) for test in shown]
    kept = [
        (test, point)
        for test, point in zip(shown, points, strict=True)
        if point.error_rate is not None and point.error_rate <= limits.max_error
    ]
    if not kept:
        reason = (
            "one request an installation shows an error of at most "
            f"{_percent(limits.max_error)} down to {written(shown[-1].threshold)}, but over all "
            "their requests it is above: the installations that ask most are wrong most"
        )
        return {"reason": reason}
    test, point = kept[-1]
    if (missed := _missed(point, limits)) is not None:
        return {"reason": missed}
    reason = (
        f"{written(test.threshold)} is the lowest threshold tested that keeps {_promise(limits)}: "
        f"of {test.accepted} installations sampled at or above it, {test.wrong} got a wrong answer"
    )
    return {"threshold": test.threshold, "reason": reason}


def _missed(point: SweepPoint, limits: Limits) -> str | None:
    """The plain cap that is not kept there; a higher threshold sends more."""
    for cap, sent, per in (
        (limits.max_egress, point.egress, "request"),
        (limits.max_egress_per_user, point.egress_per_user, "installation"),
    ):
        if cap is None:
            continue
        if sent is None:
            return f"no request's bytes are known, so {cap:.6g} bytes cannot be checked"
        if sent > cap:
            return (
                f"the lowest threshold that keeps the error within {_percent(limits.max_error)} is "
                f"{written(point.threshold)}, where {sent:.6g} bytes per {per} leave the device "
                f"and at most {cap:.6g} are asked for"
            )
    return None


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def _promise(limits: Limits) -> str:
    kept = [f"the error among device answers at most {_percent(limits.max_error)}"]
    if limits.max_cloud is not None:
        kept.append(f"the cloud's share at most {_percent(limits.max_cloud)}")
    if limits.min_offline is not None:
        kept.append(f"offline coverage at least {_percent(limits.min_offline)}")
    return f"{' and '.join(kept)} with confidence {_percent(limits.confidence)}"


def _too_few(sampled: int, limits: Limits) -> dict[str, Any]:
    """`sampled` are those that are not held out."""
    needed = math.ceil(ltt.least_sample(limits) / (1 - HELD_OUT))
    there = math.floor(sampled / (1 - HELD_OUT))
    more = max(needed - there, 1)
    reason = (
        f"to show an error of at most {_percent(limits.max_error)} with confidence "
        f"{_percent(limits.confidence)} takes at the least about {needed} installations with a "
        "request whose right answer is known, of which every fifth says where to test; there are "
        f"about {there}: {more} more are needed"
    )
    return {"reason": reason, "more_installations": more}


def _not_shown(found: Guarantee, tested: ltt.Sample, limits: Limits) -> dict[str, Any]:
    """Why nothing was shown at the first threshold tested, and how many more would show it."""
    first = found.tests[found.start]
    at = f"at the highest threshold tested, {written(first.threshold)}"
    surely = f"with confidence {_percent(limits.confidence)}"
    for words, declined, count, cap in tested.shares(first.threshold, limits):
        if binom.cdf(declined, count, cap) > 1 - limits.confidence:
            return {
                "reason": f"{at}, {declined} of {count} {words}, which does not show a share of at "
                f"most {_percent(cap)} {surely}"
            }
    reason = (
        f"{at}, {first.wrong} of {first.accepted} installations sampled got a wrong answer, which "
        f"does not show an error of at most {_percent(limits.max_error)} {surely}"
    )
    if found.start:
        above = found.tests[found.start - 1].threshold
        for words, declined, count, cap in tested.shares(above, limits):
            if declined > cap * count:
                reason = f"above it more than {_percent(cap)} of {words}, and {reason}"
    enough = _enough(first.wrong / max(first.accepted, 1), limits)
    if enough is None:
        return {"reason": f"{reason}, and at that rate no number of them would"}
    needed = max(enough - first.accepted, 1)
    more = math.ceil(needed * found.sampled / max(first.accepted, 1) / (1 - HELD_OUT))
    return {
        "reason": f"{reason}; at that rate about {needed} more above it would, of {more} more "
        "installations",
        "more_installations": more,
    }


def _enough(rate: float, limits: Limits) -> int | None:
    """How many installations show it at this rate of error; None where a million do not."""
    counts = np.unique(np.geomspace(1, 1_000_000, 2_000).astype(np.int64))
    shown = binom.cdf(np.ceil(rate * counts), counts, limits.max_error) <= 1 - limits.confidence
    return int(counts[np.argmax(shown)]) if shown.any() else None
