"""The cheap half of a replay: every threshold from the saved scores, in one pass."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.contract.certificate import Certificate, Limits
from collector.contract.errors import BadInput
from collector.contract.records import ReplayRun, Sweep, SweepPoint
from replay.calibration import calibrations
from replay.certificate import certify
from replay.evidence import evident
from replay.in_force import InForce
from replay.ordering import descending
from replay.references import REFERENCES, Judged, Reference, judge, scored_cases
from replay.segments import Segment, segments

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
    "phone is wrong where it is sure: neither a lower nor a higher threshold can be advised; use "
    "--reference label or audit"
)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What each of t distinct confidences would do as the threshold, from the highest down.

    All columns have length t + 1: entry k holds what k accepted confidences make, so that entry 0
    accepts nothing. `error_rate` is NaN where no accepted case has a known reference; `evidence`
    says that it speaks for all accepted ones (see `replay.evidence`). The bytes per request are
    None where none are known; `requests_per_user` are scored cases per installation.
    """

    threshold: NDArray[np.float64]
    accepted: NDArray[np.int64]
    device_share: NDArray[np.float64]
    error_rate: NDArray[np.float64]
    evidence: NDArray[np.bool_]
    egress_change: NDArray[np.float64] | None
    sent: float | None
    requests_per_user: float

    def __len__(self) -> int:
        """The number of distinct confidences."""
        return len(self.threshold) - 1

    @property
    def evidence_from(self) -> float | None:
        """The lowest threshold whose error rests on evidence; None where none does."""
        entries = int(self.evidence[1:].sum())
        return float(self.threshold[entries]) if entries else None

    def at(self, threshold: float) -> SweepPoint:
        """The point of any threshold, also of one that is no case's confidence."""
        below = int(np.searchsorted(self.threshold[::-1], threshold))
        entry = len(self) - below
        error = float(self.error_rate[entry])
        share = float(self.device_share[entry])
        change = None if self.egress_change is None else float(self.egress_change[entry])
        egress = None if change is None or self.sent is None else self.sent + change
        return SweepPoint(
            threshold=threshold,
            accepted=int(self.accepted[entry]),
            device_share=share,
            fallback_rate=1 - share,
            error_rate=None if np.isnan(error) else error,
            evidence=bool(self.evidence[entry]),
            egress_change=change,
            egress=egress,
            egress_per_user=None if egress is None else egress * self.requests_per_user,
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
        unknown = np.full(len(self) + 1, np.nan)
        change = unknown if self.egress_change is None else self.egress_change
        egress = unknown if self.sent is None else change + self.sent
        columns = {
            "threshold": self.threshold,
            "accepted": self.accepted,
            "device_share": self.device_share,
            "fallback_rate": 1 - self.device_share,
            "error_rate": self.error_rate,
            "egress_change": change,
            "egress": egress,
            "egress_per_user": egress * self.requests_per_user,
            "evidence": self.evidence,
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
    order = descending(judged.confidence)
    ranked = judged.confidence[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[:cases])
    known = judged.known
    weight = np.divide(1.0, judged.probability, out=np.zeros(cases), where=known)

    def running(values: NDArray[Any]) -> NDArray[np.float64]:
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
        evidence=accepted <= evident(known[order], judged.least_chance),
        egress_change=change,
        sent=judged.sent,
        requests_per_user=cases / max(len(np.unique(judged.installation)), 1),
    )


def all_points(scores: pa.Table, reference: Reference) -> pa.Table:
    """Every threshold of saved scores, not thinned: see `Curve.table`."""
    return curve(judge(scores, reference)).table()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What saved scores say against a reference: all that a sweep and a certificate rest on."""

    judged: Judged
    curve: Curve
    segments: list[Segment]

    @classmethod
    def of(cls, scores: pa.Table, reference: Reference) -> "Found":
        judged = judge(scores, reference)
        return cls(
            judged=judged,
            curve=curve(judged),
            segments=list(segments(scored_cases(scores), judged)),
        )


def sweep(
    run: ReplayRun,
    scores: pa.Table,
    reference: Reference,
    *,
    current: InForce | None,
    limits: Limits | None = None,
    withheld: str | None = None,
) -> Sweep:
    """Every threshold of `scores` (see `LimenClient.scores`), and the recommended one or why none.

    `current` is None where no threshold is known; the reason ends with its origin. `withheld`
    completes "Nothing is recommended: " where the scores are not to be trusted. Raises BadInput
    for an unknown reference or limits outside their range.
    """
    limits = limits or Limits()
    _check(reference, limits)
    found = Found.of(scores, reference)
    certificate = certify(
        run,
        reference,
        scores,
        found.judged,
        found.segments,
        limits,
        evidence_from=found.curve.evidence_from,
        withheld=_unknown(found.judged, reference) or withheld,
    )
    overall = certificate.overall
    recommended = None if overall.threshold is None else found.curve.at(overall.threshold)
    always = [] if current is None else [current.threshold]
    if recommended is not None:
        always.append(recommended.threshold)
    return Sweep(
        run=run.run,
        reference=reference,
        cases=len(found.judged.case),
        current=None if current is None else current.threshold,
        points=found.curve.points(tuple(always)) if len(found.curve) else (),
        recommended=recommended,
        reason=_reason(found.curve, certificate, current),
        source=run.source,
        evidence_from=found.curve.evidence_from,
        calibration=tuple(calibrations(found.judged, found.segments)),
        certificate=certificate,
    )


def _unknown(judged: Judged, reference: Reference) -> str | None:
    """Why nothing is known of the error among device answers, so that no threshold is advised."""
    if reference == "cloud":
        return _CLOUD_ONLY_WHERE_DECLINED
    return None if judged.known.any() else _NO_ANSWERS[reference]


def _reason(found: Curve, certificate: Certificate, current: InForce | None) -> str:
    overall = certificate.overall
    said = [f"{overall.reason}."]
    if overall.threshold is None:
        said = [f"Nothing is recommended: {overall.reason}."]
    lowest = certificate.evidence_from
    if lowest is not None and lowest > found.threshold[-1]:
        said.append(f"Below {lowest:.6g} no answer is known, so nothing lower was tested.")
    if certificate.source == "spans":
        said.append("From the scores on spans alone: no input was stored or replayed.")
    if current is not None:
        said.append(current.origin)
    return " ".join(said)


def _check(reference: str, limits: Limits) -> None:
    if reference not in REFERENCES:
        raise BadInput(f"reference: {reference!r} is none of {', '.join(REFERENCES)}")
    for name in ("max_error", "confidence"):
        value = getattr(limits, name)
        if not 0 < value < 1:
            raise BadInput(f"{name}: {value:g} is not between 0 and 1; write for example 0.05")
    for name in ("max_cloud", "min_offline"):
        value = getattr(limits, name)
        if value is not None and not 0 < value < 1:
            raise BadInput(
                f"{name}: {value:g} is no share that can be shown, between 0 and 1; write for "
                "example 0.8"
            )
    for name in ("max_egress", "max_egress_per_user"):
        value = getattr(limits, name)
        if value is not None and not value >= 0:
            raise BadInput(f"{name}: {value:g} is no number of bytes; write 0 or more")
