"""What a model answers: the best of its scores, and how sure it is by the method of its card."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.card import ConfidenceMethod, ModelCard

# As many as phones send: a next-word model has thousands of classes.
KEPT = 3


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers to n inputs, the best k of each, highest first.

    `vocabulary` holds labels; `best` int32 [n, k] their places in it, -1 where there are fewer
    than k; `scores` float32 [n, k] what they scored; `confidence` float64 [n], between 0 and 1, NaN
    where a score is not finite.
    """

    vocabulary: Sequence[str]
    best: NDArray[np.int32]
    scores: NDArray[np.float32]
    confidence: NDArray[np.float64]

    @property
    def predicted(self) -> NDArray[np.object_]:
        """The best label of each input, object [n]."""
        found: NDArray[np.object_] = np.array(self.vocabulary, dtype=object)[self.best[:, 0]]
        return found


def scores_of(card: ModelCard) -> int:
    """How many scores a model gives."""
    return 1 if card.output == "binary" else len(card.labels)


def ranked(scores: NDArray[np.float32], card: ModelCard) -> Answers:
    """The answers that scores [n, classes] of a model mean; of equal ones the first is best."""
    if card.output == "logits":
        scores = softmax(scores)
    elif card.output == "binary":
        scores = np.concatenate([1 - scores, scores], axis=1)
    best = _best(scores, min(KEPT, scores.shape[1]))
    top = np.take_along_axis(scores, best, axis=1)
    confidence = _confidence(scores, top.astype(np.float64), card.confidence_method)
    confidence[~np.isfinite(scores).all(axis=1)] = np.nan
    return Answers(
        vocabulary=card.labels,
        best=best.astype(np.int32),
        scores=top,
        confidence=np.clip(confidence, 0.0, 1.0, out=confidence),
    )


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """exp(x) / sum(exp(x)) of each row [n, classes]."""
    with np.errstate(invalid="ignore"):
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _best(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    rest = scores.copy()
    best = np.empty((len(scores), count), dtype=np.int64)
    rows = np.arange(len(scores))
    for place in range(count):
        best[:, place] = rest.argmax(axis=1)
        rest[rows, best[:, place]] = -np.inf
    return best


def _confidence(
    scores: NDArray[np.float32], top: NDArray[np.float64], method: ConfidenceMethod
) -> NDArray[np.float64]:
    first: NDArray[np.float64] = top[:, 0].copy()
    if method == "margin" and top.shape[1] > 1:
        first -= top[:, 1]
    if method == "entropy" and scores.shape[1] > 1:
        # 0 log 0 is 0.
        shares = np.maximum(scores.astype(np.float64), np.finfo(np.float64).tiny)
        first = 1 + (shares * np.log(shares)).sum(axis=1) / np.log(scores.shape[1])
    return first
