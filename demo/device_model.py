"""The model on the phone: the real one in the real interpreter, or as a GPU would compute it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.interpreters import Interpreter, open_interpreter
from models.preprocess import decode
from models.registry import Model, Registry

_TINY = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the model said: the top label, its probability, and the best three."""

    label: str
    confidence: float
    labels: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceModel:
    """A model as one segment of phones runs it."""

    model: Model
    interpreter: Interpreter
    delegate: str

    def read(self, content: bytes) -> Reading:
        """One raw input, as a batch of one."""
        raw = decode(content, self.model.card.input)
        batch = [raw] if isinstance(raw, str) else raw[np.newaxis]
        answers = self.interpreter.run(self.interpreter.prepare(batch))
        there = answers.best[0] >= 0
        best, scores = answers.best[0][there], answers.scores[0][there]
        confidence = float(answers.confidence[0])
        if self.delegate == "gpu":
            scores = as_on_gpu(best, scores)
            order = np.argsort(-scores, kind="stable")
            best, scores = best[order], scores[order]
            confidence = float(scores[0])
        labels = tuple(answers.vocabulary[place] for place in best)
        top = np.clip(scores.astype(np.float64), 0.0, 1.0)
        return Reading(
            label=labels[0],
            confidence=min(1.0, confidence),
            labels=labels,
            scores=tuple(top.tolist()),
        )


def as_on_gpu(best: NDArray[np.int32], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities [k] of the places `best` [k] as a delegate of less precision would give them.

    Logits are rounded to halves and leaned towards some classes, always in the same way: far more
    than a real delegate does, so that host and phone differ visibly.
    """
    logits = np.log(np.maximum(scores, _TINY))
    lean = np.cos(2.4 * best)
    coarse = np.rint(2.0 * (0.8 * logits + lean)) / 2.0
    powers = np.exp(coarse - coarse.max())
    perturbed: NDArray[np.float32] = (powers / powers.sum()).astype(np.float32)
    return perturbed


class DeviceModels:
    """Every (model, runtime, delegate) of the fleet, opened once each."""

    def __init__(self) -> None:
        self._registry = Registry.bundled()
        self._open: dict[tuple[str, str, str], DeviceModel] = {}

    def get(self, reference: str, runtime: str, delegate: str) -> DeviceModel:
        """On `runtime`, or what else the model is made for.

        Raises ModelError where the model or the runtime is missing.
        """
        key = (reference, runtime, delegate)
        if key not in self._open:
            model = self._registry.get(reference)
            fits = runtime in model.card.runtimes
            interpreter = open_interpreter(model, runtime if fits else None)
            self._open[key] = DeviceModel(model=model, interpreter=interpreter, delegate=delegate)
        return self._open[key]
