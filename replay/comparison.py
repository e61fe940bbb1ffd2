"""Two runs over the same inputs: which answers change, in which segment, for better or worse."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from collector.contract.errors import BadInput
from collector.contract.records import (
    ChangedAnswer,
    ComparedSegment,
    Comparison,
    ReplayRun,
)

SEGMENTS = ("os", "device_model", "release", "runtime", "delegate", "decision")


def check(first: ReplayRun, second: ReplayRun) -> None:
    """Raises BadInput for two runs that say nothing of each other."""
    if first.run == second.run:
        raise BadInput(f"{first.run} is compared with itself: name another run")
    if first.feature != second.feature:
        raise BadInput(
            f"{first.run} is a run of {first.feature} and {second.run} of {second.feature}: "
            "two runs over the inputs of one feature can be compared"
        )
    for run in (first, second):
        if run.source == "spans":
            raise BadInput(
                f"run {run.run} holds the scores that phones sent, and no input went through a "
                "model: compare two runs over logged inputs"
            )
        if not run.done:
            raise BadInput(f"run {run.run} has no saved scores: finish it with `limen replay run`")


def compare(
    first: ReplayRun,
    second: ReplayRun,
    saved: tuple[pa.Table, pa.Table],
    *,
    threshold: float | None,
    examples: int = 20,
) -> Comparison:
    """What the second run answers otherwise than the first, over the cases that both scored.

    `saved` are their scores (see `LimenClient.scores`), by whose facts cases are segmented. An
    answer is accepted where its confidence is at least `threshold`; None: not asked. Shown are the
    `examples` of which both were surest. Raises BadInput as `check` does.
    """
    check(first, second)
    before, after = _beside(*saved)
    labels = [_texts(table, "predicted") for table in (before, after)]
    confidence = [table["confidence"].to_numpy() for table in (before, after)]
    changed = labels[0] != labels[1]
    known = pc.is_valid(before["truth"]).to_numpy(zero_copy_only=False)
    right = [(of == _texts(before, "truth")) & known for of in labels]
    accepted = [
        np.zeros(len(changed), bool) if threshold is None else of >= threshold for of in confidence
    ]
    return Comparison(
        first=first.run,
        second=second.run,
        cases=len(changed),
        only_first=_scored(saved[0]) - len(changed),
        only_second=_scored(saved[1]) - len(changed),
        changed=int(changed.sum()),
        labelled=int(known.sum()),
        corrected=int((right[1] & ~right[0]).sum()),
        broken=int((right[0] & ~right[1]).sum()),
        threshold=threshold,
        newly_accepted=_count(threshold, accepted[1] & ~accepted[0]),
        newly_declined=_count(threshold, accepted[0] & ~accepted[1]),
        apart=_apart(*confidence),
        segments=tuple(_segments(before, changed)),
        examples=tuple(_examples(before, after, changed, confidence, examples)),
    )


def _beside(first: pa.Table, second: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The cases that neither failed at, in order, row by row beside each other."""
    tables = [table.filter(pc.is_valid(table["predicted"])) for table in (first, second)]
    numbers = [table["case"].to_numpy() for table in tables]
    _, *at = np.intersect1d(numbers[0], numbers[1], assume_unique=True, return_indices=True)
    before, after = (t.take(pa.array(rows)) for t, rows in zip(tables, at, strict=True))
    return before, after


def _scored(table: pa.Table) -> int:
    return len(table) - int(table["predicted"].null_count)


def _texts(table: pa.Table, name: str) -> NDArray[np.object_]:
    texts: NDArray[np.object_] = table[name].to_numpy()
    return texts


def _count(threshold: float | None, flags: NDArray[np.bool_]) -> int | None:
    return None if threshold is None else int(flags.sum())


def _apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    return float(np.quantile(np.abs(second - first), 0.95)) if len(first) else None


def _segments(cases: pa.Table, changed: NDArray[np.bool_]) -> Sequence[ComparedSegment]:
    """Every value of every dimension, those with the largest share of changes first."""
    flags = pa.array(changed.astype(np.int64))
    found = []
    for name in SEGMENTS:
        values = pc.fill_null(cases[name], "unknown")
        groups = pa.table({"value": values, "changed": flags}).group_by("value")
        for row in groups.aggregate([("changed", "count"), ("changed", "sum")]).to_pylist():
            found.append(
                ComparedSegment(
                    dimension=name,
                    value=row["value"],
                    cases=row["changed_count"],
                    changed=row["changed_sum"],
                )
            )
    return sorted(found, key=lambda one: (-one.share, -one.cases, one.dimension, one.value))


def _examples(
    before: pa.Table,
    after: pa.Table,
    changed: NDArray[np.bool_],
    confidence: Sequence[NDArray[np.float64]],
    count: int,
) -> Sequence[ChangedAnswer]:
    rows = np.flatnonzero(changed)
    surest = np.argsort(-np.minimum(*confidence)[rows], kind="stable")[:count]
    chosen = pa.array(rows[surest])
    facts = before.take(chosen).to_pylist()
    return [
        ChangedAnswer(
            case=fact["case"],
            first=fact["predicted"],
            first_confidence=fact["confidence"],
            second=other["predicted"],
            second_confidence=other["confidence"],
            truth=fact["truth"],
            release=fact["release"],
            os=fact["os"],
            device_model=fact["device_model"],
        )
        for fact, other in zip(facts, after.take(chosen).to_pylist(), strict=True)
    ]
