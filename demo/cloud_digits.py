"""The cloud's reader of digits: a support vector machine that has seen many more bad pictures."""

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from demo.bodies import read_picture
from demo.cloud_models import Answer
from models.training.digits import camera, load_split

_SIDE = 8
_COPIES = 10
_WORST_SEVERITY = 0.8


class CloudDigits:
    """Trained when made, in under a second, on the training half of the digits alone."""

    name = "digit_svc"
    version = "2026.11"
    card = (
        "A support vector machine over 8×8 pixels, trained on one half of the UCI handwritten "
        "digits, each through ten simulated cameras."
    )

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

    def answer(self, body: bytes) -> Answer:
        """The digit of a picture. Raises BadBody."""
        pixels = np.frombuffer(read_picture(body, _SIDE, _SIDE), np.uint8)
        digits, sure = self.classify(pixels.reshape(1, _SIDE, _SIDE, 1))
        return Answer(label=str(digits[0]), confidence=float(sure[0]))

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
