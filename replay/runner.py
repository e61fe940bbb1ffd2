"""The expensive half of a replay: inputs through a model, once, saved chunk by chunk."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.contract.arrow import SCORES
from collector.contract.records import ReplayRun
from models.card import ModelCard
from models.interpreters import Interpreter
from models.preprocess import Raw, prepared_form
from replay.fidelity import Agreement, agreements, fidelity, merged
from replay.inputs import Decoded, decode_inputs

BATCH_INPUTS = 1024
BATCH_BYTES = 4 * 2**20
NOT_FINITE = "the model gave no finite score for this input: verify the model"


class Source(Protocol):
    """Where cases come from and scores go; `LimenClient` is one."""

    def open_inputs(self, run: str, chunk: int, reason: str) -> pa.Table: ...

    def save_chunk(self, run: str, chunk: int, scores: pa.Table, seconds: float) -> None: ...


@dataclass(frozen=True, kw_only=True)
class ChunkDone:
    """One saved chunk. `seconds` are those of opening and scoring it, without saving."""

    chunk: int
    inputs: int
    failed: int
    seconds: float
    agreements: tuple[Agreement, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Several chunks together. `fidelity` is None where no phone's answer can be compared."""

    inputs: int
    failed: int
    seconds: float
    agreements: tuple[Agreement, ...]
    fidelity: float | None


def run_chunks(
    source: Source, run: ReplayRun, card: ModelCard, interpreter: Interpreter
) -> Iterator[ChunkDone]:
    """Scores and saves every chunk that `run` still lacks, one a step, in order.

    Stopping between two steps, or being killed within one, loses at most that chunk: the next
    call with the run as the collector then knows it goes on from there. Raises what `source` and
    `Interpreter.run` raise; an input that cannot be used is a failed row instead.
    """
    reason = f"replay {run.run} of {run.feature} through {run.model}"
    for chunk in sorted(set(run.chunks) - set(run.done)):
        started = time.perf_counter()
        cases = source.open_inputs(run.run, chunk, reason)
        scores = score(cases, card, interpreter)
        seconds = time.perf_counter() - started
        source.save_chunk(run.run, chunk, scores, seconds)
        yield ChunkDone(
            chunk=chunk,
            inputs=scores.num_rows,
            failed=scores.num_rows - scores["failure"].null_count,
            seconds=seconds,
            agreements=tuple(agreements(cases, scores, run.model_digest)),
        )


def total(chunks: Iterable[ChunkDone]) -> Outcome:
    """All chunks as one."""
    parts = list(chunks)
    found = merged(agreement for part in parts for agreement in part.agreements)
    return Outcome(
        inputs=sum(part.inputs for part in parts),
        failed=sum(part.failed for part in parts),
        seconds=sum(part.seconds for part in parts),
        agreements=tuple(found),
        fidelity=fidelity(found),
    )


def score(cases: pa.Table, card: ModelCard, interpreter: Interpreter) -> pa.Table:
    """One row of SCORES per case, in order; a failed one has nulls and its reason.

    `predicted` is the label of the highest score (the first of equals), `confidence` how sure of it
    by the card's method, `scores` the highest few. Raises what `Interpreter.run` raises.
    """
    decoded = decode_inputs(cases, card.input)
    found = _through(decoded.raw, batch_size(card), interpreter)
    unknown = decoded.rows[np.isnan(found.confidence)]
    failures = decoded.failures | dict.fromkeys(unknown.tolist(), NOT_FINITE)
    return _table(cases["case"], decoded, failures, found)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Answers of n inputs: labels object [n], float64 [n], scores float32 [n, k]."""

    predicted: NDArray[np.object_]
    confidence: NDArray[np.float64]
    scores: NDArray[np.float32]


def _through(raw: Raw, size: int, interpreter: Interpreter) -> _Found:
    """Raw inputs [n] in batches of `size`.

    Where a batch is better kept to one size, the last one is filled up: the interpreter allocates
    once, and a case scores the same whichever others share its chunk.
    """
    parts = []
    for start in range(0, max(1, len(raw)), size):
        batch = raw[start : start + size]
        rows = len(batch)
        filled = _filled(batch, size) if interpreter.fixed_batch and rows else batch
        answers = interpreter.run(interpreter.prepare(filled))
        parts.append((answers.predicted[:rows], answers.confidence[:rows], answers.scores[:rows]))
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
