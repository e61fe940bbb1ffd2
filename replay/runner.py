"""The expensive half of a replay: inputs through a model, once, saved chunk by chunk."""

import math
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.contract.arrow import SCORES
from collector.contract.records import ReplayRun, Spent
from models.card import ModelCard
from models.interpreters import Interpreter
from models.preprocess import Raw, prepared_form
from replay.fidelity import Agreement, agreements
from replay.inputs import Decoded, decode_inputs
from replay.stopwatch import Stopwatch

BATCH_INPUTS = 1024
BATCH_BYTES = 4 * 2**20
NOT_FINITE = "the model gave no finite score for this input: verify the model"


class Source(Protocol):
    """Where cases come from and scores go; `LimenClient` is one."""

    def open_inputs(self, run: str, chunk: int, reason: str) -> pa.Table: ...

    def save_chunk(self, run: str, chunk: int, scores: pa.Table, spent: Spent) -> None: ...


@dataclass(frozen=True, kw_only=True)
class ChunkDone:
    """One saved chunk; `agreements` as in `replay.fidelity`."""

    chunk: int
    inputs: int
    failed: int
    agreements: tuple[Agreement, ...]


def run_chunks(
    source: Source,
    run: ReplayRun,
    card: ModelCard,
    interpreter: Interpreter,
    progress: Callable[[int], None] = lambda inputs: None,
) -> Generator[ChunkDone]:
    """Scores and saves every chunk that `run` still lacks, one a step, in order.

    While one is scored the next is opened: there are never more than two in memory. Stopping
    between two steps, or being killed within one, loses at most the one that is scored: the next
    call with the run as the collector then knows it goes on from there. `progress` is told how
    many more inputs are scored. Raises what `source` and `Interpreter.run` raise; an input that
    cannot be used is a failed row instead.
    """
    reason = f"replay {run.run} of {run.feature} through {run.model}"
    missing = sorted(set(run.chunks) - set(run.done))
    with ThreadPoolExecutor(max_workers=1) as pool:
        opening = [pool.submit(source.open_inputs, run.run, n, reason) for n in missing[:1]]
        clock = Stopwatch()
        for chunk, following in zip_longest(missing, missing[1:]):
            with clock("opening"):
                cases = opening.pop().result()
            if following is not None:
                opening.append(pool.submit(source.open_inputs, run.run, following, reason))
            scores = score(cases, card, interpreter, clock, progress)
            spent, clock = clock.spent(), Stopwatch()
            with clock("saving"):
                source.save_chunk(run.run, chunk, scores, spent)
            yield ChunkDone(
                chunk=chunk,
                inputs=scores.num_rows,
                failed=scores.num_rows - scores["failure"].null_count,
                agreements=tuple(agreements(cases, scores, run.model_digest)),
            )


def score(
    cases: pa.Table,
    card: ModelCard,
    interpreter: Interpreter,
    clock: Stopwatch,
    progress: Callable[[int], None] = lambda inputs: None,
) -> pa.Table:
    """One row of SCORES per case, in order; a failed one has nulls and its reason.

    `predicted` is the label of the highest score (the first of equals), `confidence` how sure of it
    by the card's method, `scores` the highest few. Raises what `Interpreter.run` raises.
    """
    with clock("preparing"):
        decoded = decode_inputs(cases, card.input)
    found = _through(decoded.raw, batch_size(card), interpreter, clock, progress)
    progress(len(decoded.failures))
    with clock("preparing"):
        unknown = decoded.rows[np.isnan(found.confidence)]
        failures = decoded.failures | dict.fromkeys(unknown.tolist(), NOT_FINITE)
        return _table(cases["case"], decoded, failures, found)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Answers of n inputs: labels object [n], float64 [n], scores float32 [n, k]."""

    predicted: NDArray[np.object_]
    confidence: NDArray[np.float64]
    scores: NDArray[np.float32]


def _through(
    raw: Raw,
    size: int,
    interpreter: Interpreter,
    clock: Stopwatch,
    progress: Callable[[int], None],
) -> _Found:
    """Raw inputs [n] in batches of `size`.

    Where a batch is better kept to one size, the last one is filled up: the interpreter allocates
    once, and a case scores the same whichever others share its chunk.
    """
    parts = []
    for start in range(0, max(1, len(raw)), size):
        batch = raw[start : start + size]
        rows = len(batch)
        with clock("preparing"):
            filled = _filled(batch, size) if interpreter.fixed_batch and rows else batch
            prepared = interpreter.prepare(filled)
        with clock("inferring"):
            answers = interpreter.run(prepared)
        parts.append((answers.predicted[:rows], answers.confidence[:rows], answers.scores[:rows]))
        progress(rows)
    predicted, confidence, scores = zip(*parts, strict=True)
    return _Found(
        predicted=np.concatenate(predicted),
        confidence=np.concatenate(confidence),
        scores=np.concatenate(scores),
    )


def _filled(batch: Raw, size: int) -> Raw:
    missing = size - len(batch)
    if not missing:
        return batch
    if isinstance(batch, np.ndarray):
        return np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), batch.dtype)])
    return [*batch, *[""] * missing]


def batch_size(card: ModelCard) -> int:
    """Inputs per call: 1,024, fewer where one is so large prepared that a batch passes 4 MiB."""
    shape, dtype = prepared_form(card.input, card.preprocessing)
    return max(1, min(BATCH_INPUTS, BATCH_BYTES // (math.prod(shape) * dtype.itemsize)))


def _table(
    case: pa.ChunkedArray,
    decoded: Decoded,
    failures: dict[int, str],
    found: _Found,
) -> pa.Table:
    rows = len(case)
    failed = np.zeros(rows, dtype=bool)
    failed[list(failures)] = True
    kept = ~failed[decoded.rows]
    predicted = np.full(rows, "", dtype=object)
    predicted[decoded.rows] = found.predicted
    confidence = np.zeros(rows, dtype=np.float64)
    confidence[decoded.rows] = found.confidence
    reasons = [failures.get(row) for row in range(rows)] if failures else pa.nulls(rows)
    ends = np.cumsum(~failed, dtype=np.int32) * np.int32(found.scores.shape[1])
    offsets = pa.array(np.concatenate([np.zeros(1, dtype=np.int32), ends]))
    columns = [
        case.combine_chunks(),
        pa.array(predicted, pa.string(), mask=failed),
        pa.array(confidence, mask=failed),
        pa.ListArray.from_arrays(offsets, found.scores[kept].ravel(), mask=pa.array(failed)),
        pa.array(reasons, pa.string()),
    ]
    return pa.table(columns, schema=SCORES)
