"""The cheap half of a replay: every threshold from the saved scores, in one pass."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.contract.errors import BadInput
from collector.contract.records import Sweep, SweepPoint
from replay.in_force import InForce
from replay.recommendation import Limits, certify
from replay.references import REFERENCES, Judged, Reference, judge

MAX_POINTS = 1_000

_NO_ANSWERS = {
    "label": "no case carries a label (limen.label on the logged input)",
    "audit": (
        "no request that a phone answered was audited with its probability "
        "(limen.audit.sampled, limen.audit.probability) and the cloud's answer stored"
    ),
    "cloud": "no case fell back with the cloud's answer stored",
}
_CLOUD_ONLY_WHERE_DECLINED = (
    "the cloud's answers exist only where the phone fell back, so they do not tell how often the "
    "phone is wrong where it is sure; use --reference label or audit"
)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What each of t distinct confidences would do as the threshold, from the highest down.

    All columns have length t + 1: entry k holds what k accepted confidences make, so that entry 0
    accepts nothing. `error_rate` is NaN where no accepted case has a known reference; the bytes
    per request are None where none are known.
    """

    threshold: NDArray[np.float64]
    accepted: NDArray[np.int64]
    device_share: NDArray[np.float64]
    error_rate: NDArray[np.float64]
    egress_change: NDArray[np.float64] | None
    sent: float | None

    def __len__(self) -> int:
        """The number of distinct confidences."""
        return len(self.threshold) - 1

    def at(self, threshold: float) -> SweepPoint:
        """The point of any threshold, also of one that is no case's confidence."""
        below = int(np.searchsorted(self.threshold[::-1], threshold))
        entry = len(self) - below
        error = float(self.error_rate[entry])
        share = float(self.device_share[entry])
        change = None if self.egress_change is None else float(self.egress_change[entry])
        return SweepPoint(
            threshold=threshold,
            accepted=int(self.accepted[entry]),
            device_share=share,
            fallback_rate=1 - share,
            error_rate=None if np.isnan(error) else error,
            egress_change=change,
            egress=None if change is None or self.sent is None else self.sent + change,
        )

    def points(self, always: tuple[float, ...]) -> tuple[SweepPoint, ...]:
        """At most MAX_POINTS points from the lowest threshold up, evenly by rank.

        The first, the last and those of `always` are among them.
        """
        room = MAX_POINTS - len(always)
        entries = np.unique(np.linspace(1, len(self), min(room, len(self))).astype(np.int64))
        thresholds = set(self.threshold[entries].tolist()) | set(always)
        return tuple(self.at(threshold) for threshold in sorted(thresholds))

    def table(self) -> pa.Table:
        """Every distinct confidence as a row with the columns of SweepPoint, lowest first."""
        change = self.egress_change
        egress = None if change is None or self.sent is None else change + self.sent
        columns = {
            "threshold": self.threshold,
            "accepted": self.accepted,
            "device_share": self.device_share,
            "fallback_rate": 1 - self.device_share,
            "error_rate": self.error_rate,
            "egress_change": np.full(len(self) + 1, np.nan) if change is None else change,
            "egress": np.full(len(self) + 1, np.nan) if egress is None else egress,
        }
        return pa.table(
            {name: pa.array(column[:0:-1], from_pandas=True) for name, column in columns.items()}
        )


def curve(judged: Judged) -> Curve:
    """One point per distinct confidence: one sort, then running sums.

    A case is accepted where confidence ≥ threshold. Shares are over all cases. The error rate is
    over accepted cases with a known reference, each weighted by 1 / probability (Horvitz and
    Thompson 1952, normalised by the sum of weights).
    """
    cases = len(judged.confidence)
    order = np.argsort(-judged.confidence, kind="stable")
    ranked = judged.confidence[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[:cases])
    known = judged.known
    weight = np.zeros(cases)
    weight[known] = 1 / judged.probability[known]

    def running(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.append(0.0, np.cumsum(values[order])[last])

    weights = running(weight)
    errors = running(weight * judged.wrong)
    accepted = np.append(0, last + 1)
    change = None
    if judged.bytes_if_accepted is not None and judged.bytes_if_declined is not None:
        gained = running(judged.bytes_if_accepted - judged.bytes_if_declined)
        change = (judged.bytes_if_declined.sum() + gained) / cases
    return Curve(
        threshold=np.append(np.inf, ranked[last]),
        accepted=accepted,
        device_share=accepted / max(cases, 1),
        error_rate=np.divide(errors, weights, out=np.full(len(errors), np.nan), where=weights > 0),
        egress_change=change,
        sent=judged.sent,
    )


def all_points(scores: pa.Table, reference: Reference) -> pa.Table:
    """Every threshold of saved scores, not thinned: see `Curve.table`."""
    return curve(judge(scores, reference)).table()


def sweep(
    run: str,
    scores: pa.Table,
    reference: Reference,
    *,
    current: InForce | None,
    limits: Limits | None = None,
) -> Sweep:
    """Every threshold of `scores` (see `LimenClient.scores`), and the recommended one or why none.

    `current` is None where no threshold is known; the reason ends with its origin. Raises BadInput
    for an unknown reference or limits outside their range.
    """
    limits = limits or Limits()
    _check(reference, limits)
    judged = judge(scores, reference)
    found = curve(judged)
    recommended, reason = _recommend(judged, found, reference, limits)
    always: tuple[float, ...] = () if current is None else (current.threshold,)
    if recommended is not None:
        always += (recommended.threshold,)
    return Sweep(
        run=run,
        reference=reference,
        cases=len(judged.confidence),
        current=None if current is None else current.threshold,
        points=found.points(always) if len(found) else (),
        recommended=recommended,
        reason=reason if current is None else f"{reason} {current.origin}",
    )


def _recommend(
    judged: Judged, found: Curve, reference: Reference, limits: Limits
) -> tuple[SweepPoint | None, str]:
    if reference == "cloud":
        return None, f"Nothing is recommended: {_CLOUD_ONLY_WHERE_DECLINED}."
    if not judged.known.any():
        return None, f"Nothing is recommended: {_NO_ANSWERS[reference]}."
    certified = certify(judged, limits)
    if not certified.steps:
        return None, f"Nothing is recommended: {certified.reason}."
    points = [found.at(step.threshold) for step in certified.steps]
    kept = [
        (step, point)
        for step, point in zip(certified.steps, points, strict=True)
        if point.error_rate is not None and point.error_rate <= limits.max_error
    ]
    if not kept:
        return None, (
            f"Nothing is recommended: one request an installation shows an error of at most "
            f"{limits.max_error:.3g} down to {points[-1].threshold:.4g}, but over all their "
            "requests it is above: the installations that ask most are wrong most."
        )
    step, lowest = kept[-1]
    if (missed := _missed_cap(lowest, limits)) is not None:
        return None, f"Nothing is recommended: {missed}."
    return lowest, (
        f"{lowest.threshold:.6g} is the lowest threshold tested that keeps the error among device "
        f"answers at most {limits.max_error:.3g} with confidence {limits.confidence:.3g}: of "
        f"{step.accepted} installations sampled at or above it, {step.errors} got a wrong answer."
    )


def _missed_cap(lowest: SweepPoint, limits: Limits) -> str | None:
    """Why the lowest certified threshold does not do; a higher one sends more and answers less."""
    at = f"the lowest threshold that keeps the error within {limits.max_error:.3g}"
    at = f"{at} is {lowest.threshold:.6g}"
    if limits.min_offline is not None and lowest.device_share < limits.min_offline:
        return (
            f"{at}, where the device answers {lowest.device_share:.1%} of requests and "
            f"{limits.min_offline:.1%} are asked for"
        )
    if limits.max_egress is None:
        return None
    if lowest.egress is None:
        return f"no request's bytes are known, so {limits.max_egress:.6g} bytes cannot be checked"
    if lowest.egress > limits.max_egress:
        return (
            f"{at}, where {lowest.egress:.6g} bytes per request leave the device and at most "
            f"{limits.max_egress:.6g} are asked for"
        )
    return None


def _check(reference: str, limits: Limits) -> None:
    if reference not in REFERENCES:
        raise BadInput(f"reference: {reference!r} is none of {', '.join(REFERENCES)}")
    for name in ("max_error", "confidence"):
        value = getattr(limits, name)
        if not 0 < value < 1:
            raise BadInput(f"{name}: {value:g} is not between 0 and 1; write for example 0.05")
    if limits.min_offline is not None and not 0 <= limits.min_offline <= 1:
        raise BadInput(f"min_offline: {limits.min_offline:g} is no share; write for example 0.8")
    if limits.max_egress is not None and not limits.max_egress >= 0:
        raise BadInput(f"max_egress: {limits.max_egress:g} is no number of bytes; write 0 or more")
