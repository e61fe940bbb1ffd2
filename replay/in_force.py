"""The threshold in force: the one that phones with the model decided by."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.records import ReplayRun
from collector.contract.thresholds import written
from models.errors import ModelNotFound
from models.registry import Registry


@dataclass(frozen=True, kw_only=True)
class InForce:
    """A threshold in [0, 1]; `mark` says in a word or two, `origin` in a sentence, whose it is."""

    threshold: float
    mark: str
    origin: str


def in_force_of(run: ReplayRun, scores: pa.Table, registry: Registry) -> InForce | None:
    """`in_force` of a run's model, whose card is of no help where it is not registered here."""
    try:
        card = registry.get(run.model).card.threshold
    except ModelNotFound:
        card = None
    return in_force(scores, run.model_digest, card)


def in_force(scores: pa.Table, model_digest: str, card: float | None) -> InForce | None:
    """What most cases of a run (see `LimenClient.scores`) by phones with that model file had.

    Of two as frequent the higher. Where no such case tells its threshold, what the policy says of
    their releases, else the `card`'s; None where there is no card either.
    """
    phones = scores.filter(pc.equal(scores["model_digest"], model_digest))
    if found := _most(phones["threshold"]):
        threshold, count, told = found
        return InForce(
            threshold=threshold,
            mark="in force",
            origin=f"In force is {written(threshold)}, by which phones with this model decided "
            f"{count:,} of {told:,} replayed requests.",
        )
    if found := _most(phones["policy_threshold"]):
        threshold, count, told = found
        return InForce(
            threshold=threshold,
            mark="policy",
            origin=f"The current threshold, {written(threshold)}, is the policy's for the releases "
            f"of {count:,} of {told:,} replayed requests by phones with this model: none of them "
            "tells the one in force.",
        )
    if card is None:
        return None
    return InForce(
        threshold=card,
        mark="model card",
        origin=f"The current threshold, {written(card)}, is the model card's default: of no phone "
        "with this model is the one in force known.",
    )


def _most(told: pa.ChunkedArray) -> tuple[float, int, int] | None:
    """The most frequent of the thresholds that are known, how many have it, and of how many."""
    told = told.drop_null()
    if not len(told):
        return None
    values, counts = np.unique(told.to_numpy(), return_counts=True)
    most = int(np.flatnonzero(counts == counts.max())[-1])
    return float(values[most]), int(counts[most]), len(told)
