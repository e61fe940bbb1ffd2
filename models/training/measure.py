"""How well a model does on digits it has never seen: the figures on its card."""

import numpy as np
from numpy.typing import NDArray

from models.interpreters import Interpreter
from models.registry import Model
from models.training.digits import Split, camera

MODERATE = 0.5
_SEED = 7
_REPEATS = 8


def measure(model: Model, interpreter: Interpreter, split: Split) -> dict[str, float]:
    """The accuracy figures of a card, each a share between 0 and 1.

    `clean`: right answers on the test half as scanned; `moderate_noise`: right answers on it
    through eight draws of a camera of severity 0.5; `fallback_at_threshold`: of those, the share
    whose confidence is below the card's threshold.
    """
    clean, _ = _answers(interpreter, split, 0.0)
    noisy, confidence = _answers(interpreter, split, MODERATE)
    return {
        "clean": _share(clean),
        "moderate_noise": _share(noisy),
        "fallback_at_threshold": _share(confidence < model.card.threshold),
    }


def _answers(
    interpreter: Interpreter, split: Split, severity: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(_SEED)
    images = np.tile(split.test_images, (_REPEATS, 1, 1, 1))
    labels = np.tile(split.test_labels, _REPEATS)
    seen = camera(images, rng, severity)
    answers = interpreter.run(interpreter.prepare(seen))
    return answers.predicted == labels.astype(str), answers.confidence


def _share(hits: NDArray[np.bool_]) -> float:
    return round(float(hits.mean()), 4)
