"""What a replay costs per input on top of the bare batched interpreter: a ratio and µs.

Both run in turn on the same inputs in one process; the least of several rounds is shown.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.contract.records import ReplayRun, Spent
from models.inputs import TensorInput
from models.interpreters import Interpreter, open_interpreter
from models.registry import Model, Registry
from replay.runner import batch_size, run_chunks

INPUTS = 102_400
CHUNK_INPUTS = 10_240
ROUNDS = 5
ALLOWED_MICROSECONDS = 10.0


class Opened:
    """Inputs already opened, in memory; keeps the scores."""

    def __init__(self, inputs: pa.Table) -> None:
        self.inputs = inputs
        self.scores: list[pa.Table] = []

    def open_inputs(self, run: str, chunk: int, reason: str) -> pa.Table:
        return self.inputs.slice(chunk * CHUNK_INPUTS, CHUNK_INPUTS)

    def save_chunk(self, run: str, chunk: int, scores: pa.Table, spent: Spent) -> None:
        self.scores.append(scores)


def main() -> int:
    """Prints the figures. 0, or 1 where a replay costs more than allowed."""
    model = Registry.bundled().get("digit_reader@1")
    spec = model.card.input
    assert isinstance(spec, TensorInput)
    random = np.random.default_rng(1)
    raw = random.integers(0, 256, (INPUTS, *spec.shape), dtype=np.uint8)
    interpreter = open_interpreter(model)
    prepared = interpreter.prepare(raw)
    table = _cases(raw.reshape(INPUTS, -1), model)
    bare, replayed = [], []
    for _ in range(ROUNDS):
        bare.append(_timed(lambda: _bare(prepared, interpreter, batch_size(model.card))))
        replayed.append(_timed(lambda: _replay(table, model, interpreter)))
    each_bare, each_replayed = min(bare) / INPUTS * 1e6, min(replayed) / INPUTS * 1e6
    over = each_replayed - each_bare
    sys.stdout.write(
        f"replay: {each_replayed:.2f} µs per input, bare interpreter {each_bare:.2f} µs, "
        f"ratio {each_replayed / each_bare:.2f}, on top {over:.2f} µs "
        f"(allowed {ALLOWED_MICROSECONDS:.0f})\n"
    )
    return 0 if over <= ALLOWED_MICROSECONDS else 1


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _bare(prepared: NDArray[Any], interpreter: Interpreter, size: int) -> None:
    for start in range(0, INPUTS, size):
        interpreter.run(prepared[start : start + size])


def _replay(table: pa.Table, model: Model, interpreter: Interpreter) -> None:
    source = Opened(table)
    list(run_chunks(source, _run(model), model.card, interpreter))


def _cases(raw: NDArray[Any], model: Model) -> pa.Table:
    """Half of the cases carry a phone's answer, so that fidelity is paid for too."""
    phones = [model.card.digest if row % 2 else None for row in range(INPUTS)]
    return pa.table(
        {
            "case": pa.array(range(INPUTS), pa.int64()),
            "input": pa.array([row.tobytes() for row in raw], pa.binary()),
            "failure": pa.nulls(INPUTS, pa.string()),
            "model_digest": pa.array(phones, pa.string()),
            "device_label": pa.array(["1"] * INPUTS),
            "device_confidence": pa.array([0.9] * INPUTS),
            "runtime": pa.array(["litert"] * INPUTS),
            "delegate": pa.array(["cpu"] * INPUTS),
            "os": pa.array(["Android 15"] * INPUTS),
        }
    )


def _run(model: Model) -> ReplayRun:
    return ReplayRun(
        run="bench",
        feature=model.card.feature,
        model=model.reference,
        model_digest=model.card.digest,
        runtime="litert",
        runtime_version="",
        created="",
        since="",
        until="",
        inputs=INPUTS,
        failed=0,
        seconds=0.0,
        chunks=tuple(range(INPUTS // CHUNK_INPUTS)),
        done=(),
    )


if __name__ == "__main__":
    sys.exit(main())
