"""The cloud's model: a support vector machine that has seen many more bad pictures."""

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from models.training.digits import camera, load_split

NAME = "digit_svc"
VERSION = "2026.11"

_COPIES = 10
_WORST_SEVERITY = 0.8


class CloudModel:
    """Trained when made, in under a second, on the training half of the digits alone."""

    def __init__(self, seed: int) -> None:
        split = load_split()
        rng = np.random.default_rng(seed)
        severities = (
            rng.uniform(0.0, _WORST_SEVERITY, len(split.train_labels)) for _ in range(_COPIES)
        )
        seen = [camera(split.train_images, rng, severity) for severity in severities]
        pictures = np.concatenate([split.train_images, *seen])
        labels = np.tile(split.train_labels, _COPIES + 1)
        self._machine = SVC(C=3.0, gamma=0.5, cache_size=500).fit(_features(pictures), labels)

    def classify(
        self, pictures: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Pictures uint8 [n, 8, 8, 1] to digits [n] and how sure of them [n], within 0 to 1.

        Sureness is the softmax of the one-against-rest decision values.
        """
        values = self._machine.decision_function(_features(pictures))
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        best = values.argmax(axis=1)
        sure = powers[np.arange(len(best)), best] / powers.sum(axis=1)
        return self._machine.classes_[best], sure


def _features(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    return pictures.reshape(len(pictures), -1) / 255.0
