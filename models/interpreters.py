"""Running a model: LiteRT (`litert`), or the TFLite runtime that fleets still ship (`tflite`)."""

import importlib
import importlib.util
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


class _Native(Protocol):
    def allocate_tensors(self) -> None: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def resize_tensor_input(self, index: int, size: list[int]) -> None: ...
    def set_tensor(self, index: int, value: NDArray[Any]) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, index: int) -> NDArray[Any]: ...


def available_runtimes() -> tuple[str, ...]:
    """The runtimes that are installed here, the default one first."""
    return tuple(name for name, package in _PACKAGES.items() if importlib.util.find_spec(package))


class _Tensor:
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
        if self._dtype == np.float32:
            return real
        limits = np.iinfo(self._dtype)
        stored = np.rint(real / np.float32(self._scale)) + np.float32(self._zero_point)
        clipped: NDArray[Any] = np.clip(stored, limits.min, limits.max).astype(self._dtype)
        return clipped

    def real(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        values: NDArray[np.float32] = stored.astype(np.float32, copy=False)
        if self._dtype == np.float32:
            return values
        return np.multiply(values - np.float32(self._zero_point), np.float32(self._scale))


class Interpreter:
    """One model in one runtime. Not for use from two threads at once."""

    def __init__(self, model: Model, runtime: str, version: str, native: _Native) -> None:
        self.runtime = runtime
        self.version = version
        self._reference = model.reference
        self._native = native
        self._input = _only_tensor(native.get_input_details(), model, "input")
        self._output = _only_tensor(native.get_output_details(), model, "output")
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
    version, make = _load(model, runtime)
    content = model.content()
    if content[4:8] != _FILE_IDENTIFIER:
        raise CorruptModel(
            f"{model.reference} at {model.path} is not a TFLite model (no TFL3 identifier): "
            "export it again."
        )
    try:
        native: _Native = make(model_content=content, num_threads=threads)
        native.allocate_tensors()
    except (ValueError, RuntimeError) as exc:
        raise CorruptModel(
            f"{model.reference} at {model.path} cannot be read by {runtime} {version}: the file "
            "is damaged or uses operations this runtime lacks, so export it again."
        ) from exc
    return Interpreter(model, runtime, version, native)


def _load(model: Model, runtime: str) -> tuple[str, Any]:
    if runtime not in _PACKAGES:
        raise RuntimeMissing(f"There is no runtime {runtime!r}: use {' or '.join(_PACKAGES)}.")
    if runtime not in model.card.runtimes:
        names = " or ".join(model.card.runtimes)
        raise RuntimeMissing(f"{model.reference} is not made for {runtime}: use {names}.")
    package = _PACKAGES[runtime]
    try:
        module = importlib.import_module(f"{package}.interpreter")
        version = str(importlib.import_module(package).__version__)
    except ImportError as exc:
        raise RuntimeMissing(
            f"{model.reference} cannot run on {runtime}, which is missing here: "
            f"{_REMEDIES[runtime]}."
        ) from exc
    return version, module.Interpreter


def _only_tensor(details: list[dict[str, Any]], model: Model, side: str) -> _Tensor:
    if len(details) != 1:
        raise CorruptModel(
            f"{model.reference} at {model.path} has {len(details)} {side} tensors where one is "
            "expected: export it with one."
        )
    return _Tensor(details[0])
