"""models/tflite.py: what a file may not be, in one sentence; batches where a model allows them."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.card import Output
from models.errors import CorruptModel, UnknownOperator
from models.inputs import TensorInput, Unchanged
from models.registry import Model, Registry
from models.smoke import smoke_run
from models.tflite import open_tflite
from tests.test_interpreters import RUNTIMES, needs_tflite
from tests.tflite_files import Builder, Op, Type, classifier

WEIGHTS = np.random.default_rng(3).normal(size=(4, 3)).astype(np.float32)
every_runtime = pytest.mark.parametrize("runtime", RUNTIMES)


def model(
    tmp_path: Path,
    content: bytes,
    *,
    output: Output = "probabilities",
    labels: str = "abc",
    side: int = 4,
) -> Model:
    """A model of `side` raw float32 values, whose card vouches for any content."""
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    card = dataclasses.replace(
        Registry.bundled().get("digit_reader@1").card,
        name="own",
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        size=len(content),
        input=TensorInput(shape=(side,), dtype="float32"),
        preprocessing=Unchanged(),
        labels=tuple(labels),
        output=output,
    )
    return Model(card=card, path=path)


def softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def inputs(rows: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(rows, 4)).astype(np.float32)


@every_runtime
@pytest.mark.parametrize("free", [True, False], ids=["free axis", "fixed axis"])
def test_a_model_of_another_hand_scores_as_numpy_does(
    tmp_path: Path, runtime: str, free: bool
) -> None:
    interpreter = open_tflite(model(tmp_path, classifier(WEIGHTS, free=free)), runtime, 1)
    x = inputs(50)
    np.testing.assert_allclose(
        interpreter.scores(x), softmax(x.astype(np.float64) @ WEIGHTS), atol=1e-5
    )
    assert interpreter.fixed_batch


def mixing(batch: int = 1) -> bytes:
    """It turns its batch into one row and back, so that it holds its size: 4 → 4 probabilities."""
    build = Builder()
    x = build.tensor("x", [batch, 4])
    flat, back = build.tensor("flat", [1, 4 * batch]), build.tensor("back", [batch, 4])
    given = build.tensor("given", [batch, 4])
    build.reshape(x, flat, [1, 4 * batch])
    build.reshape(flat, back, [batch, 4])
    build.softmax(back, given)
    return build.file([x], [given])


def turning() -> bytes:
    """Softmax over the batch: resized, it answers, and mixes its inputs up."""
    build = Builder()
    x, given = build.tensor("x", [1, 4]), build.tensor("given", [1, 4])
    turned, shares = build.tensor("turned", [4, 1]), build.tensor("shares", [4, 1])
    axes = build.tensor("axes", [2], Type.INT32, value=np.array([1, 0], np.int32))
    build.operator(Op.TRANSPOSE, [x, axes], [turned])
    build.softmax(turned, shares)
    build.operator(Op.TRANSPOSE, [shares, axes], [given])
    return build.file([x], [given])


@every_runtime
@pytest.mark.parametrize("batch", [1, 3])
def test_a_model_that_holds_its_batch_size_is_run_by_as_many_as_it_takes(
    tmp_path: Path, runtime: str, batch: int
) -> None:
    interpreter = open_tflite(model(tmp_path, mixing(batch), labels="abcd"), runtime, 1)
    assert not interpreter.fixed_batch
    x = inputs(7)
    np.testing.assert_allclose(interpreter.scores(x), softmax(x.astype(np.float64)), atol=1e-5)


@every_runtime
def test_a_model_that_would_mix_its_inputs_up_is_run_one_by_one(
    tmp_path: Path, runtime: str
) -> None:
    interpreter = open_tflite(
        model(tmp_path, turning(), labels="abcd", output="independent"), runtime, 1
    )
    assert not interpreter.fixed_batch
    np.testing.assert_allclose(interpreter.scores(inputs(7)), np.ones((7, 4)), atol=1e-6)


def lacking(code: int, *, version: int = 1, custom: str | None = None) -> bytes:
    build = Builder()
    x, given = build.tensor("x", [1, 4]), build.tensor("given", [1, 3])
    if code == Op.FULLY_CONNECTED:
        build.dense(x, given, WEIGHTS, version=version)
    else:
        build.operator(code, [x], [given], version=version, custom=custom)
    build.metadata("min_runtime_version", b"2.99.0".ljust(16, b"\0"))
    return build.file([x], [given])


LACKING = {
    "a newer version": (lacking(Op.FULLY_CONNECTED, version=99), "FULLY_CONNECTED version 99"),
    "one the format knows": (lacking(Op.STABLEHLO_CBRT), ""),
    "one no format knows yet": (lacking(300), "number 300"),
    "a custom one": (lacking(Op.CUSTOM, custom="Sing"), "Sing"),
    "one of TensorFlow": (lacking(Op.CUSTOM, custom="FlexErf"), "FlexErf"),
}


@every_runtime
@pytest.mark.parametrize(("content", "operator"), LACKING.values(), ids=LACKING)
def test_an_operator_the_runtime_lacks_is_named_with_who_has_it(
    tmp_path: Path, runtime: str, content: bytes, operator: str
) -> None:
    with pytest.raises(UnknownOperator) as caught:
        open_tflite(model(tmp_path, content), runtime, 1)
    said = str(caught.value)
    assert f"uses the operator {operator}" in said and "\n" not in said
    # What LiteRT lacks, the older runtime lacks too; the file is opened there first.
    assert "which litert 2." in said and "runtime of TensorFlow 2.99.0 or newer" in said


@needs_tflite
def test_what_only_the_newer_runtime_has_is_said_to_be_there(tmp_path: Path) -> None:
    content = lacking(Op.FULLY_CONNECTED, version=12)
    open_tflite(model(tmp_path, content, output="logits"), "litert", 1)
    with pytest.raises(UnknownOperator) as caught:
        open_tflite(model(tmp_path, content, output="logits"), "tflite", 1)
    assert "FULLY_CONNECTED version 12, which tflite 2.14.0 lacks; litert 2." in str(caught.value)
    assert "which is here, has it" in str(caught.value) and "run it there" in str(caught.value)


def test_a_file_that_names_no_release_is_not_guessed_about(tmp_path: Path) -> None:
    build = Builder()
    x, given = build.tensor("x", [1, 4]), build.tensor("given", [1, 3])
    build.dense(x, given, WEIGHTS, version=99)
    with pytest.raises(UnknownOperator, match="does not say which release has it: upgrade ai-edge"):
        open_tflite(model(tmp_path, build.file([x], [given])), "litert", 1)


def tensors(count: tuple[int, int]) -> bytes:
    build = Builder()
    taken = [build.tensor(f"in{n}", [1, 4]) for n in range(count[0])]
    given = [build.tensor(f"out{n}", [1, 3]) for n in range(count[1])]
    for tensor in given:
        build.dense(taken[-1], tensor, WEIGHTS)
    return build.file(taken, given)


def dense(shape: list[int], *, dtype: int = Type.FLOAT32, free: tuple[int, ...] = ()) -> bytes:
    """An input of any form, and an output of the same."""
    build = Builder()
    x, given = (
        build.tensor("x", shape, dtype, free=free),
        build.tensor("y", shape, dtype, free=free),
    )
    build.operator(Op.RELU, [x], [given])
    return build.file([x], [given])


def strings() -> bytes:
    build = Builder()
    x = build.tensor("words", [1, 4], Type.STRING)
    return build.file([x], [x])


def growing() -> bytes:
    """Sides are free, and what it does to them makes no sense at the sizes of its file."""
    build = Builder()
    x, given = build.tensor("x", [1, 1], free=(0, 1)), build.tensor("given", [1, 4], free=(0,))
    build.dense(x, given, np.ones((9, 4), np.float32))
    return build.file([x], [given])


def misfitting() -> bytes:
    """Three values for a layer of four."""
    build = Builder()
    x, given = build.tensor("x", [1, 4]), build.tensor("given", [1, 3])
    build.dense(x, given, np.ones((3, 3), np.float32))
    return build.file([x], [given])


def floating() -> bytes:
    build = Builder()
    x, given = build.tensor("x", [1, 4]), build.tensor("given", [1, 4], Type.FLOAT16)
    build.operator(Op.CAST, [x], [given])
    return build.file([x], [given])


def huge() -> bytes:
    """A size in its middle as a damaged byte makes it; what is allocated would be 16 GiB."""
    build = Builder()
    x, given = build.tensor("x", [1, 4], free=(0,)), build.tensor("given", [1, 4], free=(0,))
    between = build.tensor("between", [2**30, 4], free=(0,))
    build.operator(Op.RELU, [x], [between])
    build.operator(Op.RELU, [between], [given])
    return build.file([x], [given])


BAD_FORMS: dict[str, tuple[bytes, str]] = {
    "several inputs": (tensors((2, 1)), r"2 input tensors \(in0, in1\) where one is expected"),
    "several outputs": (tensors((1, 3)), r"3 output tensors \(out0, out1, out2\)"),
    "strings": (strings(), "input tensor of strings: export the part that takes numbers"),
    "no batch axis": (dense([4]), r"shape \(4\), without a batch axis: export it with \(1, 4\)"),
    "a free side": (dense([1, 4, 3], free=(0, 1)), r"shape \(\?, \?, 3\), free in more than its"),
    "free sides inside": (growing(), r"shape \(\?, \?\), free in more than its first axis"),
    "scores of another type": (floating(), "output tensor of float16"),
    "tensors that do not fit": (misfitting(), "its tensors do not fit together"),
    "tensors beyond a phone": (huge(), "asks for 16.0 GiB for its tensors"),
    "another shape": (classifier(WEIGHTS[:3]), r"takes \(3,\) where its card states \(4,\)"),
    "more labels than scores": (
        classifier(WEIGHTS[:, :2]),
        "gives 2 scores where its card states 3 labels and probabilities, so 3: correct the labels",
    ),
    "fewer labels than scores": (classifier(np.tile(WEIGHTS, 2)), "gives 6 scores where its card"),
}


@every_runtime
@pytest.mark.parametrize(("content", "complaint"), BAD_FORMS.values(), ids=BAD_FORMS)
def test_a_model_of_another_form_is_refused_in_one_sentence(
    tmp_path: Path, runtime: str, content: bytes, complaint: str
) -> None:
    with pytest.raises(CorruptModel, match=complaint) as caught:
        open_tflite(model(tmp_path, content), runtime, 1)
    assert str(caught.value).startswith("own@1 at ") and "\n" not in str(caught.value)


def test_a_card_that_prepares_another_type_is_refused(tmp_path: Path) -> None:
    found = model(tmp_path, classifier(WEIGHTS))
    spec = TensorInput(shape=(4,), dtype="uint8")
    card = dataclasses.replace(found.card, input=spec)
    with pytest.raises(CorruptModel, match="takes float32 where its card prepares uint8"):
        open_tflite(dataclasses.replace(found, card=card), "litert", 1)


def test_a_model_without_softmax_is_told_from_its_scores_and_mended_by_its_card(
    tmp_path: Path,
) -> None:
    content = classifier(WEIGHTS, softmax=False)
    with pytest.raises(CorruptModel, match='no softmax at its end: state output = "logits"'):
        smoke_run(model(tmp_path, content), "litert")
    interpreter = smoke_run(model(tmp_path, content, output="logits"), "litert")
    x = inputs(20)
    expected = softmax(x.astype(np.float64) @ WEIGHTS)
    answers = interpreter.run(x)
    np.testing.assert_allclose(answers.confidence, expected.max(axis=1), atol=1e-5)
    assert answers.best[:, 0].tolist() == expected.argmax(axis=1).tolist()


def logistic(outputs: int) -> bytes:
    build = Builder()
    x = build.tensor("x", [1, 4], free=(0,))
    logits = build.tensor("logits", [1, outputs], free=(0,))
    given = build.tensor("given", [1, outputs], free=(0,))
    build.dense(x, logits, WEIGHTS[:, :outputs])
    build.operator(Op.LOGISTIC, [logits], [given])
    return build.file([x], [given])


def test_scores_of_their_own_need_not_add_up_where_the_card_says_so(tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match='state output = "independent"'):
        smoke_run(model(tmp_path, logistic(3)), "litert")
    smoke_run(model(tmp_path, logistic(3), output="independent"), "litert")


def test_one_score_is_the_probability_of_the_second_of_two_labels(tmp_path: Path) -> None:
    found = model(tmp_path, logistic(1), output="binary", labels="ny")
    interpreter = smoke_run(found, "litert")
    x = inputs(30)
    share = 1 / (1 + np.exp(-(x.astype(np.float64) @ WEIGHTS[:, 0])))
    answers = interpreter.run(x)
    np.testing.assert_allclose(answers.confidence, np.maximum(share, 1 - share), atol=1e-5)
    assert answers.predicted.tolist() == np.where(share > 0.5, "y", "n").tolist()


def test_ids_are_taken_as_they_are(tmp_path: Path) -> None:
    build = Builder()
    ids = build.tensor("ids", [1, 2], Type.INT32, free=(0,))
    table = np.random.default_rng(2).normal(size=(9, 3)).astype(np.float32)
    held = build.tensor("table", list(table.shape), value=table)
    vectors = build.tensor("vectors", [1, 2, 3], free=(0,))
    flat, given = build.tensor("flat", [1, 6], free=(0,)), build.tensor("given", [1, 6], free=(0,))
    build.operator(Op.GATHER, [held, ids], [vectors])
    build.reshape(vectors, flat, [-1, 6])
    build.softmax(flat, given)
    found = model(tmp_path, build.file([ids], [given]), labels="abcdef", side=2)
    card = dataclasses.replace(found.card, input=TensorInput(shape=(2,), dtype="int32"))
    interpreter = open_tflite(dataclasses.replace(found, card=card), "litert", 1)
    x = np.array([[0, 8], [3, 3], [7, 1]], np.int32)
    expected = softmax(table[x].reshape(3, 6).astype(np.float64))
    np.testing.assert_allclose(interpreter.scores(interpreter.prepare(x)), expected, atol=1e-5)
