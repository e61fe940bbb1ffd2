"""How far a confidence means what it says: reliability diagram and expected calibration error."""

from collections.abc import Iterator

import numpy as np

from collector.contract.records import Calibration, CalibrationBin
from replay.references import Judged
from replay.segments import Segment

BINS = 15


def calibration(
    judged: Judged, dimension: str | None = None, value: str | None = None
) -> Calibration | None:
    """In BINS equal steps of confidence, over cases with a known answer; None where there is none.

    Each case is weighted by 1 / its probability of being known. The expected calibration error is
    the weighted mean of |accuracy − confidence| (Guo, Pleiss, Sun, Weinberger 2017,
    arXiv:1706.04599).
    """
    known = judged.of(judged.known)
    if not len(known.case):
        return None
    weight = 1 / known.probability
    place = np.clip(np.ceil(known.confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    cases = np.bincount(place, minlength=BINS)
    total = np.bincount(place, weight, BINS)
    filled = np.flatnonzero(cases)
    confidence = np.bincount(place, weight * known.confidence, BINS)[filled] / total[filled]
    accuracy = np.bincount(place, weight * ~known.wrong, BINS)[filled] / total[filled]
    return Calibration(
        dimension=dimension,
        value=value,
        cases=len(known.case),
        installations=len(np.unique(known.installation)),
        ece=float(np.average(np.abs(accuracy - confidence), weights=total[filled])),
        bins=tuple(
            CalibrationBin(
                low=int(n) / BINS,
                high=(int(n) + 1) / BINS,
                cases=int(cases[n]),
                confidence=c,
                accuracy=a,
            )
            for n, c, a in zip(filled, confidence.tolist(), accuracy.tolist(), strict=True)
        ),
    )


def calibrations(judged: Judged, segments: list[Segment]) -> Iterator[Calibration]:
    """Of all cases first, then of each segment; those without a known answer are left out."""
    if (whole := calibration(judged)) is not None:
        yield whole
    for segment in segments:
        part = calibration(judged.of(segment.rows), segment.dimension, segment.value)
        if part is not None:
            yield part
