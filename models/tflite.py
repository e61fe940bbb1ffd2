"""Models in the TFLite format, on LiteRT or on the TFLite runtime that fleets still ship."""

import importlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.answers import Answers, ranked, scores_of
from models.errors import CorruptModel, RuntimeMissing, UnknownOperator, WrongInput
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

# No model within a phone's means asks for as much; a damaged size of a tensor does.
_TENSOR_BYTES = 2**30

# What the runtimes say of an operator they lack, and how it is named then.
_NAMED = {
    re.compile(r"builtin opcode '(\w+)' version '(\d+)'"): r"\1 version \2",
    re.compile(r"builtin_code out of range: (\d+)"): r"number \1",
    re.compile(r"unresolved custom op: (\S+?)\.?$", re.MULTILINE): r"\1",
    re.compile(r"Select TensorFlow op[\s\S]*?\((Flex\w+)\) failed"): r"\1",
}


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
        self.fixed_batch = self._graph.input.free or can_be_resized(open_graph, self._dtype)

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
            return np.empty((0, scores_of(self._model.card)), dtype=np.float32)
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
        where = f"{self._model.reference} at {self._model.path}"
        if taken.shape != self._shape:
            raise CorruptModel(
                f"{where} takes {taken.shape} where its card states {self._shape}: correct the "
                "card or export the model again."
            )
        if not taken.takes(self._dtype):
            raise CorruptModel(
                f"{where} takes {taken.dtype} where its card prepares {self._dtype}: correct "
                "input.dtype and preprocessing in the card or export the model again."
            )
        scores, expected = math.prod(given.shape), scores_of(self._model.card)
        if scores != expected:
            raise CorruptModel(
                f"{where} gives {scores} scores where its card states "
                f"{len(self._model.card.labels)} labels and {self._model.card.output}, so "
                f"{expected}: correct the labels, in the order of the scores, or export the model "
                "again."
            )


def open_tflite(model: Model, runtime: str, threads: int) -> TFLiteInterpreter:
    """A TFLite model in `runtime`. Raises RuntimeMissing, CorruptModel, and what `content` does."""
    engine = _engine(model.reference, runtime)
    content = model.content()
    where = f"{model.reference} at {model.path}"
    other = None if runtime == _VERIFYING else verify_tflite(content, where)
    return TFLiteInterpreter(model, engine, lambda: _open(where, engine, content, threads, other))


def verify_tflite(content: bytes, where: str) -> _Engine:
    """Opens a file, which errors call `where`, in the runtime that verifies its structure.

    Returns that runtime. Raises RuntimeMissing, CorruptModel.
    """
    engine = _engine(where, _VERIFYING)
    _open(where, engine, content, 1)
    return engine


def _engine(who: str, runtime: str) -> _Engine:
    package = PACKAGES[runtime]
    try:
        module = importlib.import_module(f"{package}.interpreter")
        version = str(importlib.import_module(package).__version__)
    except ImportError as exc:
        raise RuntimeMissing(
            f"{who} cannot run on {runtime}, which is missing here: {REMEDIES[runtime]}."
        ) from exc
    return _Engine(name=runtime, version=version, make=module.Interpreter)


def _open(
    where: str, engine: _Engine, content: bytes, threads: int, other: _Engine | None = None
) -> Graph:
    """`other` is an engine that has opened these bytes."""
    if content[4:8] != FILE_IDENTIFIER:
        raise CorruptModel(f"{where} is not a TFLite model (no TFL3 identifier): export it again.")
    try:
        native = engine.make(model_content=content, num_threads=threads)
        _check_tensors(native.get_input_details(), where, "input")
        _check_tensors(native.get_output_details(), where, "output")
        _check_sizes(native.get_tensor_details(), where)
        native.allocate_tensors()
    except (ValueError, RuntimeError) as exc:
        operator = _operator_in(str(exc))
        if operator is not None:
            raise UnknownOperator(_lacking(where, engine, operator, content, other)) from exc
        raise CorruptModel(
            f"{where} cannot be read by {engine}: it is damaged or its tensors do not fit "
            "together; restore it or export it again."
        ) from exc
    return Graph(native)


def _operator_in(message: str) -> str | None:
    """The operator that a runtime's message says it lacks."""
    for pattern, name in _NAMED.items():
        if found := pattern.search(message):
            return found.expand(name)
    return None


def _lacking(
    where: str, engine: _Engine, operator: str, content: bytes, other: _Engine | None
) -> str:
    from models.tflite_file import read_tflite

    release = read_tflite(content, where).runtime
    has_it = [f"{other}, which is here, has it"] if other else []
    has_it.append(
        f"the file asks for the runtime of TensorFlow {release} or newer"
        if release
        else "the file does not say which release has it"
    )
    remedy = "run it there" if other else f"upgrade {PACKAGES[engine.name].replace('_', '-')}"
    return (
        f"{where} uses the operator {operator}, which {engine} lacks; "
        f"{', and '.join(has_it)}: {remedy}, or export the model without it."
    )


def _check_sizes(details: list[dict[str, Any]], where: str) -> None:
    asked = sum(
        math.prod(int(side) for side in tensor["shape"]) * np.dtype(tensor["dtype"]).itemsize
        for tensor in details
    )
    if asked > _TENSOR_BYTES:
        raise CorruptModel(
            f"{where} asks for {asked / 2**30:,.1f} GiB for its tensors, which is more than a "
            "phone has for one: it is damaged, or export it smaller."
        )


def _check_tensors(details: list[dict[str, Any]], where: str, side: str) -> None:
    if len(details) != 1:
        names = ", ".join(str(tensor["name"]) for tensor in details) or "none"
        raise CorruptModel(
            f"{where} has {len(details)} {side} tensors ({names}) where one is expected: export it "
            "with one."
        )
    (tensor,) = details
    dtype, (scale, _) = np.dtype(tensor["dtype"]), tensor["quantization"]
    if dtype.kind in "SO":
        raise CorruptModel(
            f"{where} has an {side} tensor of strings: export the part that takes numbers, and "
            "state in the card how a text becomes them (preprocessing)."
        )
    signature = [int(side) for side in tensor["shape_signature"]]
    shown = ", ".join("?" if side == -1 else str(side) for side in signature)
    if len(signature) < 2:
        raise CorruptModel(
            f"{where} has an {side} tensor of shape ({shown}), without a batch axis: export it "
            f"with (1, {shown or '1'})."
        )
    if -1 in signature[1:]:
        raise CorruptModel(
            f"{where} has an {side} tensor of shape ({shown}), free in more than its first axis: "
            "export it with fixed sizes, only the batch may be free."
        )
    quantised = dtype in (np.int8, np.uint8) and scale > 0
    if not (dtype == np.float32 or quantised or (side == "input" and dtype.kind in "iu")):
        raise CorruptModel(
            f"{where} has an {side} tensor of {dtype}, scale {scale}: export it with float32 or "
            "quantised int8 or uint8."
        )
