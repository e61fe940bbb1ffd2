"""Every threshold of what was judged, in one pass."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from collector.contract.records import SweepPoint
from replay.evidence import evident
from replay.ordering import descending
from replay.references import Judged

MAX_POINTS = 1_000


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What each of t distinct confidences would do as the threshold, from the highest down.

    All columns have length t + 1: entry k holds what k accepted confidences make, so that entry 0
    accepts nothing. `error_rate` is NaN where no accepted case has a known reference; `evidence`
    says that it speaks for all accepted ones (see `replay.evidence`). `egress` is bytes per request
    that would leave and `sent` those that did, NaN where none are known; `installation` are those
    of the cases.
    """

    threshold: NDArray[np.float64]
    accepted: NDArray[np.int64]
    device_share: NDArray[np.float64]
    error_rate: NDArray[np.float64]
    evidence: NDArray[np.bool_]
    egress: NDArray[np.float64]
    sent: float
    installation: NDArray[np.uint64]

    @cached_property
    def requests_per_user(self) -> float:
        """Scored cases per installation."""
        users: int = pc.count_distinct(pa.array(self.installation)).as_py()
        return len(self.installation) / max(users, 1)

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
        share = float(self.device_share[entry])
        egress = _known(self.egress[entry])
        return SweepPoint(
            threshold=threshold,
            accepted=int(self.accepted[entry]),
            device_share=share,
            fallback_rate=1 - share,
            error_rate=_known(self.error_rate[entry]),
            evidence=bool(self.evidence[entry]),
            egress_change=None if egress is None else egress - self.sent,
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
        columns = {
            "threshold": self.threshold,
            "accepted": self.accepted,
            "device_share": self.device_share,
            "fallback_rate": 1 - self.device_share,
            "error_rate": self.error_rate,
            "egress_change": self.egress - self.sent,
            "egress": self.egress,
            "egress_per_user": self.egress * self.requests_per_user,
            "evidence": self.evidence,
        }
        return pa.table(
            {name: pa.array(column[:0:-1], from_pandas=True) for name, column in columns.items()}
        )


def _known(number: np.float64) -> float | None:
    return None if np.isnan(number) else float(number)


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
    weight = np.divide(1.0, judged.probability, out=np.zeros(cases), where=judged.known)[order]

    def running(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.zeros(len(last) + 1)
        if len(last) == cases:
            np.cumsum(ordered, out=sums[1:])
        else:
            sums[1:] = np.cumsum(ordered)[last]
        return sums

    weights = running(weight)
    errors = running(weight * judged.wrong[order])
    gained = running((judged.bytes_if_accepted - judged.bytes_if_declined)[order])
    with np.errstate(invalid="ignore"):
        error_rate = errors / weights
        egress = (judged.bytes_if_declined.sum() + gained) / cases
        sent = float(judged.bytes_sent.sum() / cases)
    accepted = np.append(0, last + 1)
    return Curve(
        threshold=np.append(np.inf, ranked[last]),
        accepted=accepted,
        device_share=accepted / max(cases, 1),
        error_rate=error_rate,
        evidence=accepted <= evident(weight > 0, judged.least_chance),
        egress=egress,
        sent=sent,
        installation=judged.installation,
    )
