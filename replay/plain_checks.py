"""What holds of all cases at a few thresholds, and the caps that are kept plainly, untested."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.contract.certificate import Limits
from replay.references import Judged


@dataclass(frozen=True, kw_only=True)
class Plain:
    """At each of t thresholds: the error over all known accepted cases, NaN where there is none,
    and the bytes per request and per installation that would leave, None where none are known."""

    error: NDArray[np.float64]
    egress: NDArray[np.float64] | None
    egress_per_user: NDArray[np.float64] | None

    def missed(self, place: int, threshold: float, limits: Limits) -> str | None:
        """The cap that is not kept at `threshold`, the `place`-th; a higher one sends more."""
        for cap, sent, per in (
            (limits.max_egress, self.egress, "request"),
            (limits.max_egress_per_user, self.egress_per_user, "installation"),
        ):
            if cap is None:
                continue
            if sent is None:
                return f"no request's bytes are known, so {cap:.6g} bytes cannot be checked"
            if sent[place] > cap:
                return (
                    f"the lowest threshold that keeps the error within {limits.max_error:.3g} is "
                    f"{threshold:.6g}, where {sent[place]:.6g} bytes per {per} leave the device "
                    f"and at most {cap:.6g} are asked for"
                )
        return None


def plain(judged: Judged, thresholds: NDArray[np.float64]) -> Plain:
    """At `thresholds`, from the highest down; the error as in `replay.sweep.curve`."""
    count = len(thresholds)
    # Of each case the place of the highest threshold that it reaches.
    place = count - np.searchsorted(thresholds[::-1], judged.confidence, side="right")

    def running(values: NDArray[Any]) -> NDArray[np.float64]:
        sums = np.bincount(place, values.astype(np.float64), count + 1)
        total: NDArray[np.float64] = np.cumsum(sums, dtype=np.float64)[:count]
        return total

    known = judged.known
    weight = np.divide(1.0, judged.probability, out=np.zeros(len(known)), where=known)
    weights, errors = running(weight), running(weight * judged.wrong)
    error = np.divide(errors, weights, out=np.full(count, np.nan), where=weights > 0)
    if judged.bytes_if_accepted is None or judged.bytes_if_declined is None or judged.sent is None:
        return Plain(error=error, egress=None, egress_per_user=None)
    gained = running(judged.bytes_if_accepted - judged.bytes_if_declined)
    total = judged.sent * len(place) + judged.bytes_if_declined.sum() + gained
    users = len(np.unique(judged.installation))
    return Plain(
        error=error, egress=total / max(len(place), 1), egress_per_user=total / max(users, 1)
    )
