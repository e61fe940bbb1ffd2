"""A TFLite graph as one function: stored or real values in, scores out, in batches where it can."""

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_PROBE_TOLERANCE = 0.01


class Native(Protocol):
    """What `ai_edge_litert` and `tflite_runtime` both offer."""

    def allocate_tensors(self) -> None: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def get_tensor_details(self) -> list[dict[str, Any]]: ...
    def resize_tensor_input(self, index: int, size: list[int]) -> None: ...
    def set_tensor(self, index: int, value: NDArray[Any]) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, index: int) -> NDArray[Any]: ...


class Tensor:
    """The one input or output of a model, and how its stored values mean real ones.

    real = (stored - zero_point) * scale, where the tensor is quantised:
    https://ai.google.dev/edge/litert/models/quantization_spec
    """

    def __init__(self, details: dict[str, Any]) -> None:
        self.index = int(details["index"])
        self.batch = int(details["shape"][0])
        self.shape = tuple(int(side) for side in details["shape"][1:])
        self.free = int(details["shape_signature"][0]) == -1
        self.dtype = np.dtype(details["dtype"])
        self._scale, self._zero_point = details["quantization"]

    def takes(self, dtype: np.dtype[Any]) -> bool:
        """Whether values of a type can be stored: its own, or real ones where it is quantised."""
        return dtype == self.dtype or (dtype == np.float32 and self._scale > 0)

    def store(self, values: NDArray[Any]) -> NDArray[Any]:
        """What the tensor keeps: values of its own type, or real ones rounded and clipped."""
        if values.dtype == self.dtype:
            return values
        limits = np.iinfo(self.dtype)
        stored = np.rint(values / np.float32(self._scale)) + np.float32(self._zero_point)
        clipped: NDArray[Any] = np.clip(stored, limits.min, limits.max).astype(self.dtype)
        return clipped

    def real(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """The float32 values that stored ones mean."""
        values: NDArray[np.float32] = stored.astype(np.float32, copy=False)
        if self.dtype == np.float32:
            return values
        return np.multiply(values - np.float32(self._zero_point), np.float32(self._scale))


class Graph:
    """A native interpreter whose tensors are allocated, with one input and one output."""

    def __init__(self, native: Native) -> None:
        self.input = Tensor(native.get_input_details()[0])
        self.output = Tensor(native.get_output_details()[0])
        self._native = native
        self._rows = self.input.batch

    def together(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Values [n, *shape] to scores [n, classes], resized to n inputs.

        Raises ValueError or RuntimeError where the model does not allow it.
        """
        if len(values) != self._rows:
            self._rows = -1
            self._native.resize_tensor_input(self.input.index, [len(values), *self.input.shape])
            self._native.allocate_tensors()
            self._rows = len(values)
        return self._invoke(values)

    def in_steps(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """The same by as many at a time as the model was exported for; of one never resized."""
        step = self.input.batch
        missing = -len(values) % step
        if missing:
            filling = np.zeros((missing, *values.shape[1:]), values.dtype)
            values = np.concatenate([values, filling])
        parts = [self._invoke(values[at : at + step]) for at in range(0, len(values), step)]
        return np.concatenate(parts)[: len(values) - missing]

    def _invoke(self, values: NDArray[Any]) -> NDArray[np.float32]:
        self._native.set_tensor(self.input.index, self.input.store(values))
        self._native.invoke()
        stored = self._native.get_tensor(self.output.index)
        return self.output.real(stored).reshape(len(values), math.prod(self.output.shape))


def can_be_resized(open_graph: Callable[[], Graph], dtype: np.dtype[Any]) -> bool:
    """Whether a model exported for a fixed number of inputs answers others as one by one.

    It may hold the number in its graph: resized, it fails, or worse, mixes its inputs up. So some
    are tried on a graph that is thrown away.
    """
    graph = open_graph()
    noise = np.random.default_rng(0).random((graph.input.batch + 2, *graph.input.shape))
    # Small whole numbers are ids that every vocabulary has.
    values = (noise if dtype == np.float32 else noise * 2).astype(dtype)
    alone = graph.in_steps(values)
    try:
        together = graph.together(values)
    except (ValueError, RuntimeError):
        return False
    near = np.isclose(together, alone, rtol=_PROBE_TOLERANCE, atol=_PROBE_TOLERANCE, equal_nan=True)
    return bool(near.all())
