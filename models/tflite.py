"""Models in the TFLite format, on LiteRT or on the TFLite runtime that fleets still ship."""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.answers import Answers, ranked
from models.errors import CorruptModel, RuntimeMissing, WrongInput
from models.graph import Graph, Native, can_be_resized
from models.preprocess import Raw, prepared_form, preparer
from models.registry import Model

PACKAGES = {"litert": "ai_edge_litert", "tflite": "tflite_runtime"}
REMEDIES = {
    "litert": "install it with `pip install ai-edge-litert`",
    "tflite": "install it with `pip install 'limen[tflite]'` (Linux and Python 3.11 only)",
}
# https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
FILE_IDENTIFIER = b"TFL3"
# LiteRT verifies the structure of a file; tflite-runtime 2.14 follows its offsets unchecked and
# takes the process down with it.
_VERIFYING = "litert"


@dataclass(frozen=True, kw_only=True)
class _Engine:
    name: str
    version: str
    make: Callable[..., Native]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class TFLiteInterpreter:
    """One TFLite model in one runtime: a `models.interpreters.Interpreter`."""

    def __init__(self, model: Model, engine: _Engine, open_graph: Callable[[], Graph]) -> None:
        card = model.card
        self.runtime = engine.name
        self.version = engine.version
        self._model = model
        self._engine = engine
        self._graph = open_graph()
        self._shape, self._dtype = prepared_form(card.input, card.preprocessing)
        self._check_card()
        self._prepare = preparer(card.preprocessing, card.labels)
        self.fixed_batch = can_be_resized(open_graph, self._dtype)

    def prepare(self, raw: Raw) -> NDArray[Any]:
        """Raw inputs [n] to what the model takes [n, *shape]."""
        return self._prepare(raw)

    def run(self, prepared: NDArray[Any]) -> Answers:
        """Prepared inputs [n, *shape] to their answers. Raises WrongInput, CorruptModel.

        Memory grows with n, and another n than the last time costs a re-allocation: keep to one
        size of some hundreds to some thousands. A model that cannot be resized takes them by as
        many as it was exported for, mostly one by one.
        """
        return ranked(self.scores(prepared), self._model.card)

    def scores(self, prepared: NDArray[Any]) -> NDArray[np.float32]:
        """What the model gives for prepared inputs: float32 [n, classes]. Raises as `run`."""
        if prepared.dtype != self._dtype or prepared.shape[1:] != self._shape:
            raise WrongInput(
                f"{self._model.reference} takes {self._dtype} of shape (n, "
                f"{', '.join(str(side) for side in self._shape)}) and got {prepared.dtype} of "
                f"{prepared.shape}: decode and prepare the inputs by its card first."
            )
        if len(prepared) == 0:
            return np.empty((0, len(self._model.card.labels)), dtype=np.float32)
        graph = self._graph
        try:
            return graph.together(prepared) if self.fixed_batch else graph.in_steps(prepared)
        except (ValueError, RuntimeError) as exc:
            raise CorruptModel(
                f"{self._model.reference} fails in {self._engine} on a batch of {len(prepared)}: "
                "export it again with a free batch axis."
            ) from exc

    def _check_card(self) -> None:
        taken, given = self._graph.input, self._graph.output
        labels = len(self._model.card.labels)
        where = f"{self._model.reference} at {self._model.path}"
        if taken.shape != self._shape or math.prod(given.shape) != labels:
            raise CorruptModel(
                f"{where} takes {taken.shape} and gives {given.shape} where its card states "
                f"{self._shape} and {labels} labels: correct the card or export the model again."
            )
        if not taken.takes(self._dtype):
            raise CorruptModel(
                f"{where} takes {taken.dtype} where its card prepares {self._dtype}: correct "
                "input.dtype and preprocessing in the card or export the model again."
            )


def open_tflite(model: Model, runtime: str, threads: int) -> TFLiteInterpreter:
    """A TFLite model in `runtime`. Raises RuntimeMissing, CorruptModel, and what `content` does."""
    engine = _engine(model, runtime)
    content = model.content()
    if content[4:8] != FILE_IDENTIFIER:
        raise CorruptModel(
            f"{model.reference} at {model.path} is not a TFLite model (no TFL3 identifier): "
            "export it again."
        )
    if runtime != _VERIFYING:
        _open(model, _engine(model, _VERIFYING), content, threads)
    return TFLiteInterpreter(model, engine, lambda: _open(model, engine, content, threads))


def _engine(model: Model, runtime: str) -> _Engine:
    package = PACKAGES[runtime]
    try:
        module = importlib.import_module(f"{package}.interpreter")
        version = str(importlib.import_module(package).__version__)
    except ImportError as exc:
        raise RuntimeMissing(
            f"{model.reference} cannot run on {runtime}, which is missing here: "
            f"{REMEDIES[runtime]}."
        ) from exc
    return _Engine(name=runtime, version=version, make=module.Interpreter)


def _open(model: Model, engine: _Engine, content: bytes, threads: int) -> Graph:
    try:
        native = engine.make(model_content=content, num_threads=threads)
        native.allocate_tensors()
    except (ValueError, RuntimeError) as exc:
        raise CorruptModel(
            f"{model.reference} at {model.path} cannot be read by {engine}: the file is damaged or "
            "uses operations this runtime lacks, so export it again."
        ) from exc
    _check_tensors(native.get_input_details(), model, "input")
    _check_tensors(native.get_output_details(), model, "output")
    return Graph(native)


def _check_tensors(details: list[dict[str, Any]], model: Model, side: str) -> None:
    if len(details) != 1:
        raise CorruptModel(
            f"{model.reference} at {model.path} has {len(details)} {side} tensors where one is "
            "expected: export it with one."
        )
    dtype, (scale, _) = np.dtype(details[0]["dtype"]), details[0]["quantization"]
    quantised = dtype in (np.int8, np.uint8) and scale > 0
    if not (dtype == np.float32 or quantised or (side == "input" and dtype.kind in "iu")):
        raise CorruptModel(
            f"{model.reference} at {model.path} has an {side} tensor of {dtype}, scale {scale}: "
            "export it with float32 or quantised int8 or uint8."
        )
