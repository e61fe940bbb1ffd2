"""Running a model: LiteRT (`litert`), or the TFLite runtime that fleets still ship (`tflite`)."""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import CorruptModel, RuntimeMissing, WrongInput
from models.registry import Model

_PACKAGES = {"litert": "ai_edge_litert", "tflite": "tflite_runtime"}
_REMEDIES = {
    "litert": "install it with `pip install ai-edge-litert`",
    "tflite": "install it with `pip install 'limen[tflite]'` (Linux and Python 3.11 only)",
}
# https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
_FILE_IDENTIFIER = b"TFL3"
# LiteRT verifies the structure of a file; tflite-runtime 2.14 follows its offsets unchecked and
# takes the process down with it.
_VERIFYING = "litert"


class _Native(Protocol):
    def allocate_tensors(self) -> None: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def resize_tensor_input(self, index: int, size: list[int]) -> None: ...
    def set_tensor(self, index: int, value: NDArray[Any]) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, index: int) -> NDArray[Any]: ...


@dataclass(frozen=True, kw_only=True)
class _Engine:
    name: str
    version: str
    make: Callable[..., _Native]


@dataclass(frozen=True, kw_only=True)
class _Opened:
    native: _Native
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]


def available_runtimes() -> tuple[str, ...]:
    """The runtimes that are installed here, the default one first."""
    return tuple(name for name, package in _PACKAGES.items() if importlib.util.find_spec(package))


class Tensor:
    """The one input or output of a model, and how its stored values mean real ones.

    real = (stored - zero_point) * scale, where the tensor is quantised:
    https://ai.google.dev/edge/litert/models/quantization_spec
    """

    def __init__(self, details: dict[str, Any]) -> None:
        self.index = int(details["index"])
        self.shape = tuple(int(side) for side in details["shape"][1:])
        self._dtype = np.dtype(details["dtype"])
        self._scale, self._zero_point = details["quantization"]

    def store(self, real: NDArray[np.float32]) -> NDArray[Any]:
        """What the tensor keeps of real values: rounded, and clipped to what its type holds."""
        if self._dtype == np.float32:
            return real
        limits = np.iinfo(self._dtype)
        stored = np.rint(real / np.float32(self._scale)) + np.float32(self._zero_point)
        clipped: NDArray[Any] = np.clip(stored, limits.min, limits.max).astype(self._dtype)
        return clipped

    def real(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """The float32 values that stored ones mean."""
        values: NDArray[np.float32] = stored.astype(np.float32, copy=False)
        if self._dtype == np.float32:
            return values
        return np.multiply(values - np.float32(self._zero_point), np.float32(self._scale))


class Interpreter:
    """One model in one runtime. Not for use from two threads at once."""

    def __init__(self, model: Model, engine: _Engine, opened: _Opened) -> None:
        self.runtime = engine.name
        self.version = engine.version
        self._reference = model.reference
        self._native = opened.native
        self._input = _only_tensor(opened.inputs, model, "input")
        self._output = _only_tensor(opened.outputs, model, "output")
        self._classes = len(model.card.labels)
        self._rows = -1
        if self._input.shape != model.card.input.shape or self._output.shape != (self._classes,):
            raise CorruptModel(
                f"{model.reference} at {model.path} takes {self._input.shape} and gives "
                f"{self._output.shape} where its card states {model.card.input.shape} and "
                f"{self._classes} labels: correct the card or export the model again."
            )

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Prepared inputs [n, *shape] to probabilities [n, classes], both float32.

        Memory grows with n, and another n than the last time costs a re-allocation: keep to one
        size of some hundreds to some thousands. Raises WrongInput, CorruptModel.
        """
        if batch.dtype != np.float32 or batch.shape[1:] != self._input.shape:
            raise WrongInput(
                f"{self._reference} takes float32 of shape (n, "
                f"{', '.join(str(side) for side in self._input.shape)}) and got {batch.dtype} of "
                f"{batch.shape}: decode and prepare the inputs by its card first."
            )
        if len(batch) == 0:
            return np.empty((0, self._classes), dtype=np.float32)
        try:
            self._resize(len(batch))
            self._native.set_tensor(self._input.index, self._input.store(batch))
            self._native.invoke()
            stored = self._native.get_tensor(self._output.index)
        except (ValueError, RuntimeError) as exc:
            raise CorruptModel(
                f"{self._reference} fails in {self.runtime} {self.version} on a batch of "
                f"{len(batch)}: export it again with a free batch axis."
            ) from exc
        return self._output.real(stored)

    def _resize(self, rows: int) -> None:
        if rows == self._rows:
            return
        self._rows = -1
        self._native.resize_tensor_input(self._input.index, [rows, *self._input.shape])
        self._native.allocate_tensors()
        self._rows = rows


def open_interpreter(model: Model, runtime: str = "litert", threads: int = 1) -> Interpreter:
    """An interpreter of a model, whose file is verified first.

    Raises RuntimeMissing, CorruptModel, and what `Model.content` raises.
    """
    if runtime in _PACKAGES and runtime not in model.card.runtimes:
        names = " or ".join(model.card.runtimes)
        raise RuntimeMissing(f"{model.reference} is not made for {runtime}: use {names}.")
    engine = _engine(model, runtime)
    content = model.content()
    if content[4:8] != _FILE_IDENTIFIER:
        raise CorruptModel(
            f"{model.reference} at {model.path} is not a TFLite model (no TFL3 identifier): "
            "export it again."
        )
    if runtime != _VERIFYING:
        _open(model, _engine(model, _VERIFYING), content, threads)
    return Interpreter(model, engine, _open(model, engine, content, threads))


def _engine(model: Model, runtime: str) -> _Engine:
    if runtime not in _PACKAGES:
        raise RuntimeMissing(f"There is no runtime {runtime!r}: use {' or '.join(_PACKAGES)}.")
    package = _PACKAGES[runtime]
    try:
        module = importlib.import_module(f"{package}.interpreter")
        version = str(importlib.import_module(package).__version__)
    except ImportError as exc:
        raise RuntimeMissing(
            f"{model.reference} cannot run on {runtime}, which is missing here: "
            f"{_REMEDIES[runtime]}."
        ) from exc
    return _Engine(name=runtime, version=version, make=module.Interpreter)


def _open(model: Model, engine: _Engine, content: bytes, threads: int) -> _Opened:
    try:
        native = engine.make(model_content=content, num_threads=threads)
        native.allocate_tensors()
        inputs, outputs = native.get_input_details(), native.get_output_details()
    except (ValueError, RuntimeError) as exc:
        raise CorruptModel(
            f"{model.reference} at {model.path} cannot be read by {engine.name} {engine.version}: "
            "the file is damaged or uses operations this runtime lacks, so export it again."
        ) from exc
    return _Opened(native=native, inputs=inputs, outputs=outputs)


def _only_tensor(details: list[dict[str, Any]], model: Model, side: str) -> Tensor:
    if len(details) != 1:
        raise CorruptModel(
            f"{model.reference} at {model.path} has {len(details)} {side} tensors where one is "
            "expected: export it with one."
        )
    dtype, (scale, _) = np.dtype(details[0]["dtype"]), details[0]["quantization"]
    if dtype != np.float32 and not (dtype in (np.int8, np.uint8) and scale > 0):
        raise CorruptModel(
            f"{model.reference} at {model.path} has an {side} tensor of {dtype}, scale {scale}: "
            "export it with float32 or quantised int8 or uint8."
        )
    return Tensor(details[0])
