"""What a replay costs per input on top of the bare batched interpreter: ratios and µs.

Of each bundled model, on the same inputs in one process, in turn: the runtime alone on inputs that
are prepared, what prepares them, and the whole replay. The least of several rounds is shown.
Preparing is told apart, since a phone pays for it too; a text's costs more than most models.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.contract.records import ReplayRun, Spent
from models.inputs import TensorInput
from models.interpreters import Interpreter, open_interpreter
from models.preprocess import Raw, decode
from models.registry import Model, Registry
from models.tflite import TFLiteInterpreter
from replay.runner import batch_size, run_chunks

SECONDS = 1.0
CHUNK_INPUTS = 10_240
MOST_CHUNKS = 10
ROUNDS = 5
ALLOWED_MICROSECONDS = 10.0
SLOW_MICROSECONDS = 100.0
ALLOWED_SHARE = 0.9
WORDS = "the invoice of this total and report amount is due for safety in delivery note no".split()
WORDS_EACH = 60


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Microseconds per input."""

    bare: float
    preparing: float
    whole: float

    @property
    def over(self) -> float:
        """What the replay adds to running and preparing."""
        return self.whole - self.bare - self.preparing

    @property
    def share(self) -> float:
        """Of the inputs per second that running and preparing alone would do."""
        return (self.bare + self.preparing) / self.whole

    @property
    def good(self) -> bool:
        slow = self.bare > SLOW_MICROSECONDS
        return self.over <= ALLOWED_MICROSECONDS or (slow and self.share >= ALLOWED_SHARE)


class Opened:
    """Inputs already opened, in memory; keeps the scores."""

    def __init__(self, inputs: pa.Table, chunk_inputs: int) -> None:
        self.inputs = inputs
        self.chunk_inputs = chunk_inputs
        self.scores: list[pa.Table] = []

    def open_inputs(self, run: str, chunk: int, reason: str) -> pa.Table:
        return self.inputs.slice(chunk * self.chunk_inputs, self.chunk_inputs)

    def save_chunk(self, run: str, chunk: int, scores: pa.Table, spent: Spent) -> None:
        self.scores.append(scores)


def main() -> int:
    """Prints the figures. 0, or 1 where a replay costs more than allowed."""
    good = True
    for reference in Registry.bundled().references():
        model = Registry.bundled().get(reference)
        cost = measure(model)
        good &= cost.good
        sys.stdout.write(
            f"replay {reference:18s} {model.card.runtimes[0]}: {cost.whole:8.2f} µs per input = "
            f"bare {cost.bare:8.2f} + preparing {cost.preparing:6.2f} + on top {cost.over:5.2f} "
            f"(allowed {ALLOWED_MICROSECONDS:.0f}), {cost.share:.1%} of their speed\n"
        )
    return 0 if good else 1


def measure(model: Model) -> Cost:
    """What a replay of as many inputs as take a second costs."""
    interpreter = open_interpreter(model)
    size = batch_size(model.card)
    few = made_up(model, size)
    each = _timed(lambda: interpreter.run(interpreter.prepare(_decoded(few, model)))) / size
    batches = max(1, min(int(SECONDS / each), CHUNK_INPUTS * MOST_CHUNKS) // size)
    inputs = made_up(model, batches * size)
    raw = _decoded(inputs, model)
    parts = [raw[at : at + size] for at in range(0, len(inputs), size)]
    prepared = [interpreter.prepare(part) for part in parts]
    table = _cases(inputs, model)

    def preparing() -> None:
        _decoded(inputs, model)
        for part in parts:
            interpreter.prepare(part)

    work = (
        lambda: _bare(prepared, interpreter),
        preparing,
        lambda: _replay(table, model, interpreter),
    )
    rounds = [[_timed(step) for step in work] for _ in range(ROUNDS)]
    least = np.array(rounds).min(axis=0) / len(inputs) * 1e6
    return Cost(bare=least[0], preparing=least[1], whole=least[2])


def made_up(model: Model, count: int) -> list[bytes]:
    """Inputs of a model, the same ones each time."""
    random = np.random.default_rng(1)
    if isinstance(model.card.input, TensorInput):
        length = model.card.input.length
        return [random.bytes(length) for _ in range(count)]
    drawn = random.integers(0, len(WORDS), (count, WORDS_EACH))
    return [" ".join(WORDS[word] for word in row).encode() for row in drawn.tolist()]


def _decoded(inputs: Sequence[bytes], model: Model) -> Raw:
    spec = model.card.input
    if isinstance(spec, TensorInput):
        joined = np.frombuffer(b"".join(inputs), dtype=spec.dtype)
        return joined.reshape(-1, *spec.shape)
    return [str(decode(raw, spec)) for raw in inputs]


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _bare(prepared: Sequence[NDArray[Any]], interpreter: Interpreter) -> None:
    run = interpreter.scores if isinstance(interpreter, TFLiteInterpreter) else interpreter.run
    for part in prepared:
        run(part)


def _replay(table: pa.Table, model: Model, interpreter: Interpreter) -> None:
    chunk_inputs = min(CHUNK_INPUTS, table.num_rows)
    source = Opened(table, chunk_inputs)
    list(run_chunks(source, _run(model, table.num_rows, chunk_inputs), model.card, interpreter))


def _cases(inputs: Sequence[bytes], model: Model) -> pa.Table:
    """Half of the cases carry a phone's answer, so that fidelity is paid for too."""
    rows = len(inputs)
    phones = [model.card.digest if row % 2 else None for row in range(rows)]
    return pa.table(
        {
            "case": pa.array(range(rows), pa.int64()),
            "input": pa.array(inputs, pa.binary()),
            "failure": pa.nulls(rows, pa.string()),
            "model_digest": pa.array(phones, pa.string()),
            "device_label": pa.array(["1"] * rows),
            "device_confidence": pa.array([0.9] * rows),
            "runtime": pa.array(["litert"] * rows),
            "delegate": pa.array(["cpu"] * rows),
            "os": pa.array(["Android 15"] * rows),
        }
    )


def _run(model: Model, inputs: int, chunk_inputs: int) -> ReplayRun:
    return ReplayRun(
        run="bench",
        feature=model.card.feature,
        model=model.reference,
        model_digest=model.card.digest,
        runtime=model.card.runtimes[0],
        runtime_version="",
        created="",
        since="",
        until="",
        inputs=inputs,
        failed=0,
        seconds=0.0,
        chunks=tuple(range(-(-inputs // chunk_inputs))),
        done=(),
    )


if __name__ == "__main__":
    sys.exit(main())
