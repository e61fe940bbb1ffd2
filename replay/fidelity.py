"""How far a replay on this host gives the answers that the phones gave with the same model."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Phones compute in float16 or with other kernels, which moves a softmax by some thousandths; a
# difference past 0.02 is more than arithmetic, and enough to cross a threshold.
CONFIDENCE_TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Cases that can be compared, and those among them where host and phone agree."""

    runtime: str
    delegate: str
    cases: int
    agreed: int

    @property
    def share(self) -> float:
        return self.agreed / self.cases


def agreements(cases: pa.Table, scores: pa.Table, model_digest: str) -> list[Agreement]:
    """Per runtime and delegate of the phones, over rows that lie beside each other.

    Compared are cases that the phone answered with the model of `model_digest`, with its label
    and confidence known, and that did not fail here. They agree where the label is the same and
    the confidences differ by at most CONFIDENCE_TOLERANCE.
    """
    comparable = pc.and_(
        pc.fill_null(pc.equal(cases["model_digest"], model_digest), False),
        pc.and_(
            pc.and_(pc.is_valid(cases["device_label"]), pc.is_valid(cases["device_confidence"])),
            pc.is_valid(scores["predicted"]),
        ),
    )
    apart = pc.abs(pc.subtract(cases["device_confidence"], scores["confidence"]))
    agreed = pc.and_(
        pc.equal(cases["device_label"], scores["predicted"]),
        pc.less_equal(apart, CONFIDENCE_TOLERANCE),
    )
    table = pa.table(
        {
            "runtime": pc.fill_null(cases["runtime"], "unknown"),
            "delegate": pc.fill_null(cases["delegate"], "unknown"),
            "agreed": pc.cast(pc.fill_null(agreed, False), pa.int64()),
        }
    ).filter(comparable)
    groups = table.group_by(["runtime", "delegate"]).aggregate(
        [("agreed", "count"), ("agreed", "sum")]
    )
    found = (
        Agreement(
            runtime=group["runtime"],
            delegate=group["delegate"],
            cases=group["agreed_count"],
            agreed=group["agreed_sum"],
        )
        for group in groups.to_pylist()
    )
    return merged(found)


def merged(parts: Iterable[Agreement]) -> list[Agreement]:
    """Agreements of several chunks as one per (runtime, delegate), in that order."""
    cases: Counter[tuple[str, str]] = Counter()
    agreed: Counter[tuple[str, str]] = Counter()
    for part in parts:
        cases[part.runtime, part.delegate] += part.cases
        agreed[part.runtime, part.delegate] += part.agreed
    return [
        Agreement(runtime=key[0], delegate=key[1], cases=cases[key], agreed=agreed[key])
        for key in sorted(cases)
    ]


def fidelity(parts: Iterable[Agreement]) -> float | None:
    """The share of comparable cases that agree; None where no case can be compared."""
    counts = np.array([(part.cases, part.agreed) for part in parts]).reshape(-1, 2).sum(axis=0)
    return float(counts[1] / counts[0]) if counts[0] else None
