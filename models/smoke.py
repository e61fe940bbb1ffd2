"""One run of a model on made-up inputs: whether it works here, and gives what its card says."""

import numpy as np
from numpy.typing import NDArray

from models.card import ModelCard
from models.errors import CorruptModel
from models.inputs import TensorInput
from models.interpreters import Interpreter, open_interpreter
from models.preprocess import Raw
from models.registry import Model
from models.tflite import TFLiteInterpreter

_TEXTS = ["", "a", "Invoice no. 7 of today", "the quick brown fox jumps over"]
_NOISY = 3
# An int8 output has steps of 1/256, and rounding may add up over its classes.
_TOLERANCE = 0.05


def smoke_run(model: Model, runtime: str) -> Interpreter:
    """The interpreter that ran the model. Raises ModelError, in a sentence, where it did not."""
    interpreter = open_interpreter(model, runtime)
    prepared = interpreter.prepare(_inputs(model.card))
    if isinstance(interpreter, TFLiteInterpreter):
        complaint = _complaint(interpreter.scores(prepared), model.card)
        if complaint:
            raise CorruptModel(f"{model.reference} at {model.path} {complaint}.")
    interpreter.run(prepared)
    return interpreter


def _inputs(card: ModelCard) -> Raw:
    """Blank ones, and where they are numbers noise."""
    spec = card.input
    if not isinstance(spec, TensorInput):
        return _TEXTS
    noise = np.random.default_rng(0).random((_NOISY, *spec.shape))
    # Whole numbers of more than a byte are ids: 0 and 1 are in every vocabulary.
    values = noise * {"float32": 1, "uint8": 256, "int8": 128}.get(spec.dtype, 2)
    made_up: Raw = np.concatenate([np.zeros((1, *spec.shape)), values]).astype(spec.dtype)
    return made_up


def _complaint(scores: NDArray[np.float32], card: ModelCard) -> str | None:
    if not np.isfinite(scores).all():
        return "gives scores that are no finite numbers: export it again"
    if card.output == "logits":
        return None
    low, high = float(scores.min()), float(scores.max())
    if low < 0 or high > 1 + _TOLERANCE:
        return (
            f"gives scores from {low:.3g} to {high:.3g}, so there is no softmax at its end: state "
            'output = "logits" in its card, and it is applied here, or export the model with one'
        )
    total = scores.sum(axis=1)
    apart = float(total[np.abs(total - 1).argmax()])
    if card.output == "probabilities" and abs(apart - 1) > _TOLERANCE:
        return (
            f"gives scores that add up to {apart:.2f}, not 1: where each is a probability of its "
            'own, state output = "independent" in its card, else export the model with a softmax'
        )
    return None
