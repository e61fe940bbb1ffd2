"""How far a replay on this host gives the answers that the phones gave with the same model."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import betaincinv

from collector.contract.thresholds import written

# Phones compute in float16 or with other kernels, which moves a softmax by some thousandths; a
# difference past 0.02 is more than arithmetic, and enough to cross a threshold.
CONFIDENCE_TOLERANCE = 0.02
# How sure it must be that host and phones differ before nothing is said of them.
SURE = 0.95

_SEGMENT = ("runtime", "delegate", "os")


@dataclass(frozen=True, kw_only=True, order=True)
class Segment:
    """Phones that compute alike, as far as their spans tell."""

    runtime: str
    delegate: str
    os: str

    def __str__(self) -> str:
        return f"{self.runtime} {self.delegate}, {self.os}"


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Cases that can be compared, and those among them where host and phone agree."""

    segment: Segment
    cases: int
    agreed: int

    @property
    def share(self) -> float:
        return self.agreed / self.cases


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What host and phone make of a threshold, over cases that can be compared.

    Of those that the phone or the host would answer, `answered`, in the `differing` ones the other
    would not, or answers otherwise.
    """

    segment: Segment
    answered: int
    differing: int

    @property
    def surely(self) -> float:
        """The least share that differs, with confidence SURE (Clopper and Pearson 1934)."""
        if not self.differing:
            return 0.0
        return float(betaincinv(self.differing, self.answered - self.differing + 1, 1 - SURE))


@dataclass(frozen=True, kw_only=True)
class Unlike:
    """`rows` (bool [n]) of the segments whose phones the host cannot speak for, and a sentence that
    says so; empty where there is none."""

    rows: NDArray[np.bool_] = field(repr=False)
    reason: str


def agreements(cases: pa.Table, scores: pa.Table, model_digest: str) -> list[Agreement]:
    """Per segment, over rows that lie beside each other.

    Compared are cases that the phone answered with the model of `model_digest`, with its label
    and confidence known, and that did not fail here. They agree where the label is the same and
    the confidences differ by at most CONFIDENCE_TOLERANCE.
    """
    apart = pc.abs(pc.subtract(cases["device_confidence"], scores["confidence"]))
    agreed = pc.and_(_same_label(cases, scores), pc.less_equal(apart, CONFIDENCE_TOLERANCE))
    compared = _comparable(cases, scores, model_digest)
    found = _sums(cases, compared, {"agreed": agreed})
    return [
        Agreement(segment=segment, cases=rows, agreed=sums["agreed"])
        for segment, rows, sums in found
    ]


def merged(parts: Iterable[Agreement]) -> list[Agreement]:
    """Agreements of several chunks as one per segment, in order."""
    cases: Counter[Segment] = Counter()
    agreed: Counter[Segment] = Counter()
    for part in parts:
        cases[part.segment] += part.cases
        agreed[part.segment] += part.agreed
    return [Agreement(segment=one, cases=cases[one], agreed=agreed[one]) for one in sorted(cases)]


def fidelity(parts: Iterable[Agreement]) -> float | None:
    """The share of comparable cases that agree; None where no case can be compared."""
    counts = np.array([(part.cases, part.agreed) for part in parts]).reshape(-1, 2).sum(axis=0)
    return float(counts[1] / counts[0]) if counts[0] else None


def likeness(scores: pa.Table, model_digest: str, threshold: float) -> list[Likeness]:
    """Per segment of a run's saved scores (see `LimenClient.scores`), in order."""
    phone = pc.greater_equal(scores["device_confidence"], threshold)
    host = pc.greater_equal(scores["confidence"], threshold)
    other = pc.or_(pc.xor(phone, host), pc.invert(_same_label(scores, scores)))
    compared = pc.and_(
        _comparable(scores, scores, model_digest), pc.fill_null(pc.or_(phone, host), False)
    )
    return [
        Likeness(segment=segment, answered=rows, differing=sums["other"])
        for segment, rows, sums in _sums(scores, compared, {"other": other})
    ]


def unlike(scores: pa.Table, model_digest: str, threshold: float, margin: float) -> Unlike:
    """Whose phones surely differ from the host, at `threshold`, in more than a share of `margin`.

    All cases of such a segment are meant, also those of phones with another model. No reference is
    looked at.
    """
    apart = [one for one in likeness(scores, model_digest, threshold) if one.surely > margin]
    names = pa.array([str(one.segment) for one in apart], pa.string())
    rows = pc.is_in(_names(scores), value_set=names).to_numpy(zero_copy_only=False)
    return Unlike(rows=rows, reason=_unlike(apart, threshold, margin) if apart else "")


def objection(scores: pa.Table, model_digest: str, threshold: float, margin: float) -> str | None:
    """Why host and phones together do not bear out advice that leaves `margin`; None: they do.

    An answer that differs may be wrong on the phone and right here, so the error on phones is at
    most the one found here and the share that differs.
    """
    found = likeness(scores, model_digest, threshold)
    answered, differing = (sum(getattr(one, n) for one in found) for n in ("answered", "differing"))
    if not answered or differing / answered <= margin:
        return None
    return (
        f"at {written(threshold)} host and phones differ in {differing / answered:.1%} of "
        f"{answered:,} answers by this model, more than the {margin:.1%} that the limit leaves"
    )


def _unlike(apart: list[Likeness], threshold: float, margin: float) -> str:
    told = "; ".join(
        f"{one.segment} (at {written(threshold)} {one.differing / one.answered:.1%} of "
        f"{one.answered:,} answers differ)"
        for one in apart
    )
    return (
        f"It says nothing of phones on {told}: there this host does not give the phones' own "
        f"answers, by more than the {margin:.1%} that decide."
    )


def _comparable(cases: pa.Table, scores: pa.Table, model_digest: str) -> pa.ChunkedArray:
    told = pc.and_(pc.is_valid(cases["device_label"]), pc.is_valid(cases["device_confidence"]))
    same = pc.fill_null(pc.equal(cases["model_digest"], model_digest), False)
    return pc.and_(same, pc.and_(told, pc.is_valid(scores["predicted"])))


def _same_label(cases: pa.Table, scores: pa.Table) -> pa.ChunkedArray:
    return pc.equal(cases["device_label"], scores["predicted"])


def _sums(
    cases: pa.Table, chosen: pa.ChunkedArray, flags: dict[str, pa.ChunkedArray]
) -> list[tuple[Segment, int, dict[str, int]]]:
    """Of each segment among the `chosen` rows, in order: how many rows, and how many have each of
    the flags."""
    columns = {name: pc.fill_null(cases[name], "unknown") for name in _SEGMENT}
    counted = {name: pc.cast(pc.fill_null(f, False), pa.int64()) for name, f in flags.items()}
    groups = (
        pa.table(columns | counted)
        .filter(chosen)
        .group_by(list(_SEGMENT))
        .aggregate([([], "count_all"), *((name, "sum") for name in flags)])
    )
    found = [
        (
            Segment(**{name: row[name] for name in _SEGMENT}),
            row["count_all"],
            {name: row[f"{name}_sum"] for name in flags},
        )
        for row in groups.to_pylist()
    ]
    return sorted(found, key=lambda one: one[0])


def _names(cases: pa.Table) -> pa.ChunkedArray:
    """Each row's segment, as `str` of it says."""
    runtime, delegate, os = (pc.fill_null(cases[name], "unknown") for name in _SEGMENT)
    machine = pc.binary_join_element_wise(runtime, delegate, " ")
    return pc.binary_join_element_wise(machine, os, ", ")
