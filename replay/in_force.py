"""The threshold in force: the one that phones with the model decided by."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, kw_only=True)
class InForce:
    """A threshold in [0, 1]; `mark` says in a word or two, `origin` in a sentence, whose it is."""

    threshold: float
    mark: str
    origin: str


def in_force(scores: pa.Table, model_digest: str, card: float | None) -> InForce | None:
    """What most cases of a run (see `LimenClient.scores`) by phones with that model file had.

    Of two as frequent the higher. Where no such case tells its threshold, the `card`'s; None where
    there is no card either.
    """
    told = scores.filter(pc.equal(scores["model_digest"], model_digest))["threshold"].drop_null()
    if len(told):
        values, counts = np.unique(told.to_numpy(), return_counts=True)
        most = int(np.flatnonzero(counts == counts.max())[-1])
        threshold = float(values[most])
        return InForce(
            threshold=threshold,
            mark="in force",
            origin=f"In force is {threshold:.6g}, by which phones with this model decided "
            f"{counts[most]:,} of {len(told):,} replayed requests.",
        )
    if card is None:
        return None
    return InForce(
        threshold=card,
        mark="model card",
        origin=f"The current threshold, {card:.6g}, is the model card's default: of no phone with "
        "this model is the one in force known.",
    )
