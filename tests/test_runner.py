"""Inputs through a model once, saved chunk by chunk, resumable."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from collector.contract.arrow import SCORES
from collector.contract.records import ReplayRun, Spent
from models.card import ModelCard
from models.inputs import HashedNgrams, TensorInput, TextInput
from models.interpreters import Interpreter, available_runtimes, open_interpreter
from models.registry import Model, Registry
from replay.fidelity import CONFIDENCE_TOLERANCE, fidelity, merged
from replay.inputs import MISSING
from replay.runner import BATCH_BYTES, batch_size, run_chunks
from replay.runner import score as scored
from replay.stopwatch import Stopwatch

CHUNKS, CHUNK_INPUTS = 4, 1_500


class Killed(Exception):
    """Stands for the process dying."""


class Memory:
    """Cases and saved scores of one run in memory; `dies_at` names the chunk it dies saving."""

    def __init__(self, chunks: Sequence[pa.Table], dies_at: int | None = None) -> None:
        self.chunks = chunks
        self.dies_at = dies_at
        self.saved: dict[int, pa.Table] = {}
        self.opened: list[int] = []
        self.spent: list[Spent] = []
        self.reasons: set[str] = set()

    def open_inputs(self, run: str, chunk: int, reason: str) -> pa.Table:
        self.opened.append(chunk)
        self.reasons.add(reason)
        return self.chunks[chunk]

    def save_chunk(self, run: str, chunk: int, scores: pa.Table, spent: Spent) -> None:
        if chunk == self.dies_at:
            raise Killed
        self.saved[chunk] = scores
        self.spent.append(spent)

    def run(self, model: Model) -> ReplayRun:
        return ReplayRun(
            run="r1",
            feature=model.card.feature,
            model=model.reference,
            model_digest=model.card.digest,
            runtime="litert",
            runtime_version="0",
            created="2026-11-20T00:00:00Z",
            since="2026-11-01T00:00:00Z",
            until="2026-11-20T00:00:00Z",
            inputs=sum(chunk.num_rows for chunk in self.chunks),
            failed=0,
            seconds=0.0,
            chunks=tuple(range(len(self.chunks))),
            done=tuple(self.saved),
        )

    def scores(self) -> pa.Table:
        return pa.concat_tables(self.saved[chunk] for chunk in sorted(self.saved))


@pytest.fixture(scope="module")
def model() -> Model:
    return Registry.bundled().get("digit_reader@1")


@pytest.fixture(scope="module")
def interpreter(model: Model) -> Interpreter:
    return open_interpreter(model)


def images(rows: int, seed: int = 1) -> NDArray[np.uint8]:
    """Raw inputs of the digit reader, from the same numbers each time."""
    random = np.random.default_rng(seed)
    return (random.random((rows, 8, 8, 1)) ** 3 * 256).astype(np.uint8)


def cases(
    inputs: Sequence[bytes | None],
    *,
    first: int = 0,
    failure: Sequence[str | None] | None = None,
    **device: Sequence[Any],
) -> pa.Table:
    """Cases as `LimenClient.open_inputs` gives them, in the columns that a replay reads."""
    rows = len(inputs)
    nothing = [None] * rows

    def column(name: str) -> pa.Array:
        return pa.array(device.get(name, nothing), pa.string())

    return pa.table(
        {
            "case": pa.array(range(first, first + rows), pa.int64()),
            "input": pa.array(inputs, pa.binary()),
            "failure": pa.array(failure or nothing, pa.string()),
            "device_label": column("device_label"),
            "device_confidence": pa.array(device.get("device_confidence", nothing), pa.float64()),
            "model_digest": column("model_digest"),
            "runtime": column("runtime"),
            "delegate": column("delegate"),
            "os": column("os"),
        }
    )


def score(table: pa.Table, card: ModelCard, interpreter: Interpreter) -> pa.Table:
    return scored(table, card, interpreter, Stopwatch())


def raw(rows: int, seed: int = 1) -> list[bytes]:
    return [image.tobytes() for image in images(rows, seed)]


def chunks() -> list[pa.Table]:
    """Of different sizes, none a whole number of batches."""
    sizes = [CHUNK_INPUTS + 7 * number for number in range(CHUNKS)]
    firsts = np.cumsum([0, *sizes])
    return [
        cases(raw(size, seed=number), first=int(firsts[number]))
        for number, size in enumerate(sizes)
    ]


def test_predictions_and_scores_are_those_of_a_direct_interpreter_call(
    model: Model, interpreter: Interpreter
) -> None:
    rows = 1024 * 2
    direct = open_interpreter(model)
    parts = [direct.run(direct.prepare(part)) for part in np.split(images(rows), 2)]
    expected = np.concatenate([part.scores for part in parts])
    found = score(cases(raw(rows)), model.card, interpreter)
    assert found.schema == SCORES
    assert np.array_equal(np.array(found["scores"].to_pylist(), dtype=np.float32), expected)
    labels = np.concatenate([part.predicted for part in parts])
    assert found["predicted"].to_pylist() == labels.tolist()
    assert found["confidence"].to_pylist() == expected[:, 0].astype(float).tolist()
    assert found["failure"].null_count == rows


def test_a_case_scores_the_same_whichever_cases_share_its_chunk(
    model: Model, interpreter: Interpreter
) -> None:
    table = cases(raw(1_100))
    together = score(table, model.card, interpreter)
    for start, rows in ((0, 1), (3, 10), (1_020, 80)):
        alone = score(table.slice(start, rows), model.card, interpreter)
        assert alone.equals(together.slice(start, rows))


BAD_INPUTS = {
    "too short": (b"\x01" * 63, None, "63 bytes where the model takes 64"),
    "too long": (b"\x01" * 65, None, "65 bytes where the model takes 64"),
    "empty": (b"", None, "0 bytes where the model takes 64"),
    "missing": (None, None, MISSING),
    "not opened": (None, "the installation was erased", "the installation was erased"),
    "failed although there": (b"\x01" * 64, "the seal is broken", "the seal is broken"),
}


@pytest.mark.parametrize(("input_", "failure", "reason"), BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_a_bad_input_is_a_failed_row_and_the_others_are_scored(
    model: Model, interpreter: Interpreter, input_: bytes | None, failure: str | None, reason: str
) -> None:
    inputs: list[bytes | None] = [*raw(5)]
    expected = score(cases(inputs), model.card, interpreter).to_pylist()
    inputs[2] = input_
    found = score(cases(inputs, failure=[None, None, failure, None, None]), model.card, interpreter)
    found.validate(full=True)
    rows = found.to_pylist()
    bad = rows.pop(2)
    assert reason in bad.pop("failure")
    assert bad == {"case": 2, "predicted": None, "confidence": None, "scores": None}
    assert rows == expected[:2] + expected[3:]


def test_a_chunk_of_bad_inputs_only_and_an_empty_one_are_answered(
    model: Model, interpreter: Interpreter
) -> None:
    bad = score(cases([None, b"1"]), model.card, interpreter)
    assert (bad.num_rows, bad["failure"].null_count) == (2, 0)
    assert score(cases([]), model.card, interpreter).num_rows == 0


def test_inputs_in_several_arrow_chunks_and_slices_are_read_where_they_lie(
    model: Model, interpreter: Interpreter
) -> None:
    table = cases(raw(50))
    pieces = pa.concat_tables([table.slice(10, 5), table.slice(0, 10), table.slice(40)])
    whole = score(table, model.card, interpreter)
    expected = pa.concat_tables([whole.slice(10, 5), whole.slice(0, 10), whole.slice(40)])
    assert score(pieces, model.card, interpreter).to_pylist() == expected.to_pylist()


@pytest.mark.parametrize("dies_at", range(CHUNKS))
def test_a_killed_run_goes_on_and_ends_with_the_scores_of_one_that_ran_through(
    model: Model, interpreter: Interpreter, dies_at: int
) -> None:
    through = Memory(chunks())
    list(run_chunks(through, through.run(model), model.card, interpreter))
    killed = Memory(chunks(), dies_at=dies_at)
    with pytest.raises(Killed):
        list(run_chunks(killed, killed.run(model), model.card, interpreter))
    assert sorted(killed.saved) == list(range(dies_at))
    killed.dies_at = None
    resumed = list(run_chunks(killed, killed.run(model), model.card, open_interpreter(model)))
    assert [done.chunk for done in resumed] == list(range(dies_at, CHUNKS))
    # Again the chunk at hand, and the one that was opened meanwhile.
    again = (dies_at, dies_at + 1)
    assert Counter(killed.opened) == {chunk: 1 + (chunk in again) for chunk in range(CHUNKS)}
    assert killed.scores().equals(through.scores())


def test_chunks_are_done_one_a_step_so_that_a_caller_can_stop_between_them(
    model: Model, interpreter: Interpreter
) -> None:
    source = Memory(chunks())
    steps = run_chunks(source, source.run(model), model.card, interpreter)
    next(steps)
    assert list(source.saved) == [0] and set(source.opened) <= {0, 1}
    steps.close()
    assert source.opened == [0, 1]
    assert source.reasons == {"replay r1 of image_classify through digit_reader@1"}


def test_the_counts_are_those_of_the_saved_rows(model: Model, interpreter: Interpreter) -> None:
    source = Memory([cases([*raw(20), None]), cases([b"1", *raw(9)], first=21)])
    told: list[int] = []
    steps = list(run_chunks(source, source.run(model), model.card, interpreter, told.append))
    assert [(step.inputs, step.failed) for step in steps] == [(21, 1), (10, 1)]
    assert sum(told) == 31
    assert fidelity(agreement for step in steps for agreement in step.agreements) is None


def test_the_time_of_each_chunk_is_told_by_what_it_went_to(
    model: Model, interpreter: Interpreter
) -> None:
    source = Memory(chunks())
    began = time.perf_counter()
    list(run_chunks(source, source.run(model), model.card, interpreter))
    took = time.perf_counter() - began
    assert 0 < sum(spent.total for spent in source.spent) < took
    assert all(spent.preparing > 0 and spent.inferring > 0 for spent in source.spent)
    assert [spent.saving > 0 for spent in source.spent] == [False, True, True, True]


def test_fidelity_compares_only_phones_with_this_model_and_names_their_runtime(
    model: Model, interpreter: Interpreter
) -> None:
    inputs = raw(8)
    answers = score(cases(inputs), model.card, interpreter).to_pylist()
    labels: list[str | None] = [row["predicted"] for row in answers]
    confidences: list[float | None] = [row["confidence"] for row in answers]
    digests: list[str | None] = [model.card.digest] * 8
    confidences[1] += CONFIDENCE_TOLERANCE * 0.9  # type: ignore[operator]
    confidences[2] += CONFIDENCE_TOLERANCE * 1.1  # type: ignore[operator]
    labels[3] = "no digit"
    digests[4] = "sha256:" + "0" * 64
    confidences[5] = None
    labels[6] = None
    runtimes = ["litert", "tflite", "tflite", "litert", "litert", "litert", "litert", None]
    table = cases(
        inputs,
        device_label=labels,
        device_confidence=confidences,
        model_digest=digests,
        runtime=runtimes,
        delegate=["cpu"] * 7 + [None],
        os=["iOS 18"] + ["Android 15"] * 7,
    )
    source = Memory([table.slice(0, 2), table.slice(2)])
    steps = run_chunks(source, source.run(model), model.card, interpreter)
    parts = merged(agreement for step in steps for agreement in step.agreements)
    found = {str(a.segment): (a.cases, a.agreed) for a in parts}
    assert found == {
        "litert cpu, Android 15": (1, 0),
        "litert cpu, iOS 18": (1, 1),
        "tflite cpu, Android 15": (2, 1),
        "unknown unknown, Android 15": (1, 1),
    }
    assert fidelity(parts) == 3 / 5


def test_more_threads_change_no_bit_of_a_score(model: Model, interpreter: Interpreter) -> None:
    table = cases(raw(3_000))
    several = score(table, model.card, open_interpreter(model, threads=4))
    assert several.equals(score(table, model.card, interpreter))


def test_every_installed_runtime_replays_the_same_inputs(model: Model) -> None:
    for runtime in set(available_runtimes()) & set(model.card.runtimes):
        found = score(cases(raw(100)), model.card, open_interpreter(model, runtime))
        assert found["predicted"].null_count == 0


def test_a_batch_is_smaller_where_inputs_are_large(model: Model) -> None:
    def sized(*shape: int) -> ModelCard:
        return replace(model.card, input=TensorInput(shape=shape, dtype="uint8"))

    large = sized(224, 224, 3)
    assert batch_size(model.card) == 1024
    assert 1 <= batch_size(large) <= BATCH_BYTES / (224 * 224 * 3 * 4)
    assert batch_size(sized(4096, 4096, 3)) == 1
    text = TextInput(max_bytes=9)
    ngrams = replace(model.card, input=text, preprocessing=HashedNgrams(sizes=(3,), buckets=2**14))
    assert batch_size(ngrams) == BATCH_BYTES // (2**14 * 4)
