"""models/interpreters.py and the bundled models, in every runtime that can be had here."""

import dataclasses
import functools
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import CorruptModel, DigestMismatch, RuntimeMissing, WrongInput
from models.graph import Tensor
from models.inputs import TensorInput
from models.interpreters import available_runtimes, open_interpreter
from models.preprocess import preparer
from models.registry import Model, Registry
from models.tflite import TFLiteInterpreter
from models.training.digits import Split, camera, load_split
from models.training.measure import MODERATE, measure

REFERENCES = ("digit_reader@1", "digit_reader@2")
TFLITE_CAN_BE_HERE = (
    sys.platform == "linux" and sys.version_info < (3, 12) and np.__version__.startswith("1.")
)
needs_tflite = pytest.mark.skipif(
    not TFLITE_CAN_BE_HERE, reason="tflite-runtime needs Linux, Python < 3.12 and NumPy 1"
)
RUNTIMES = ["litert", pytest.param("tflite", marks=needs_tflite)]

every_model = pytest.mark.parametrize("reference", REFERENCES)
every_runtime = pytest.mark.parametrize("runtime", RUNTIMES)


@functools.cache
def digits() -> Split:
    return load_split()


@functools.cache
def opened(reference: str, runtime: str) -> tuple[Model, TFLiteInterpreter]:
    model = Registry.bundled().get(reference)
    interpreter = open_interpreter(model, runtime)
    assert isinstance(interpreter, TFLiteInterpreter)
    return model, interpreter


def noisy_inputs(model: Model, count: int) -> NDArray[np.float32]:
    images = np.tile(digits().test_images, (2, 1, 1, 1))[:count]
    seen = camera(images, np.random.default_rng(5), MODERATE)
    return preparer(model.card.preprocessing)(seen)


def stored(tmp_path: Path, content: bytes) -> Model:
    """A model whose card vouches for any content, so that only the runtime can object."""
    card = Registry.bundled().get("digit_reader@1").card
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return Model(card=dataclasses.replace(card, digest=digest, size=len(content)), path=path)


@needs_tflite
def test_both_runtimes_are_here_where_both_can_be() -> None:
    assert {"litert", "tflite"} <= set(available_runtimes())


@every_model
@every_runtime
def test_a_batch_answers_as_its_inputs_one_by_one(reference: str, runtime: str) -> None:
    model, interpreter = opened(reference, runtime)
    inputs = noisy_inputs(model, 1000)
    whole = interpreter.scores(inputs)
    assert whole.shape == (1000, 10) and whole.dtype == np.float32
    for rows in (1, 7):
        parts = [interpreter.scores(inputs[at : at + rows]) for at in range(0, len(inputs), rows)]
        np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


@every_model
@every_runtime
def test_scores_are_probabilities(reference: str, runtime: str) -> None:
    model, interpreter = opened(reference, runtime)
    scores = interpreter.scores(noisy_inputs(model, 300))
    assert scores.min() >= 0 and scores.max() <= 1
    # An int8 output has steps of 1/256, ten of them to a row.
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=10 / 256 / 2)


@every_model
@every_runtime
def test_an_empty_batch_gives_an_empty_answer(reference: str, runtime: str) -> None:
    _, interpreter = opened(reference, runtime)
    nothing = np.empty((0, 8, 8, 1), dtype=np.float32)
    assert interpreter.scores(nothing).shape == (0, 10)
    assert interpreter.run(nothing).best.shape == (0, 3)


@needs_tflite
@pytest.mark.parametrize(("reference", "tolerance"), [(REFERENCES[0], 1e-5), (REFERENCES[1], 0.05)])
def test_litert_and_tflite_agree(reference: str, tolerance: float) -> None:
    model, litert = opened(reference, "litert")
    _, tflite = opened(reference, "tflite")
    inputs = noisy_inputs(model, 1000)
    ours, theirs = litert.scores(inputs), tflite.scores(inputs)
    np.testing.assert_allclose(ours, theirs, atol=tolerance)
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.99


@every_model
@every_runtime
def test_the_figures_on_the_card_are_measured_again(reference: str, runtime: str) -> None:
    model, interpreter = opened(reference, runtime)
    assert measure(model, interpreter, digits()) == pytest.approx(model.card.accuracy, abs=0.01)


def test_version_1_beats_version_2_by_the_margin_on_the_cards() -> None:
    first, second = (opened(reference, "litert") for reference in REFERENCES)
    good, bad = measure(*first, digits()), measure(*second, digits())
    assert good["clean"] >= 0.96 and good["moderate_noise"] >= 0.90
    assert good["clean"] > bad["clean"]
    assert good["moderate_noise"] - bad["moderate_noise"] >= 0.05
    assert 0.12 <= good["fallback_at_threshold"] <= 0.20 < bad["fallback_at_threshold"] <= 0.35


def test_confidence_tells_right_answers_from_wrong_ones() -> None:
    model, interpreter = opened("digit_reader@1", "litert")
    images = camera(digits().test_images, np.random.default_rng(5), MODERATE)
    answers = interpreter.run(interpreter.prepare(images))
    right = answers.predicted == digits().test_labels.astype(str)
    sure = answers.confidence >= model.card.threshold
    assert right[sure].mean() > 0.97 > 0.9 > right[~sure].mean()


BAD_BATCHES: dict[str, NDArray[np.generic]] = {
    "no batch axis": np.zeros((8, 8, 1), np.float32),
    "no channel": np.zeros((2, 8, 8), np.float32),
    "another side": np.zeros((2, 8, 9, 1), np.float32),
    "not prepared": np.zeros((2, 8, 8, 1), np.uint8),
    "float64": np.zeros((2, 8, 8, 1), np.float64),
}


@every_runtime
@pytest.mark.parametrize("batch", BAD_BATCHES.values(), ids=BAD_BATCHES.keys())
def test_a_batch_of_the_wrong_shape_or_type_is_refused(
    runtime: str, batch: NDArray[np.float32]
) -> None:
    _, interpreter = opened("digit_reader@1", runtime)
    with pytest.raises(WrongInput, match=r"takes float32 of shape \(n, 8, 8, 1\)"):
        interpreter.run(batch)


def test_a_batch_that_is_a_view_answers_as_its_copy() -> None:
    model, interpreter = opened("digit_reader@1", "litert")
    view = noisy_inputs(model, 20)[::2]
    np.testing.assert_array_equal(interpreter.scores(view), interpreter.scores(view.copy()))


@every_runtime
def test_an_unverified_model_never_reaches_a_runtime(tmp_path: Path, runtime: str) -> None:
    model = stored(tmp_path, b"\x1c\0\0\0TFL3 of another hand")
    model.path.write_bytes(b"\x1c\0\0\0TFL3 of yet another")
    with pytest.raises(DigestMismatch):
        open_interpreter(model, runtime)


@every_runtime
@pytest.mark.parametrize(
    "content", [b"", b"TFL3", b"not a model at all", b"\x1c\0\0\0TFL3", b"\xff" * 4 + b"TFL3" * 99]
)
def test_a_file_that_is_no_model_is_one_sentence(
    tmp_path: Path, runtime: str, content: bytes
) -> None:
    model = stored(tmp_path, content)
    with pytest.raises(CorruptModel, match=r"digit_reader@1 at .*model\.tflite") as caught:
        open_interpreter(model, runtime)
    assert "\n" not in str(caught.value)


TRUNCATION = """
import sys
from pathlib import Path
from tests.test_interpreters import stored
from models.errors import CorruptModel
from models.interpreters import open_interpreter
from models.registry import Registry

reference, runtime, folder = sys.argv[1:]
content = Registry.bundled().get(reference).content()
for length in sorted({*range(0, len(content), len(content) // 60), len(content) - 1}):
    try:
        open_interpreter(stored(Path(folder), content[:length]), runtime)
    except CorruptModel:
        continue
    sys.exit(f"{length} of {len(content)} bytes passed for a model")
"""


@every_model
@every_runtime
def test_a_truncated_model_is_refused_and_never_takes_the_process_down(
    tmp_path: Path, reference: str, runtime: str
) -> None:
    command = [sys.executable, "-c", TRUNCATION, reference, runtime, str(tmp_path)]
    found = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parent.parent, check=False
    )
    assert found.returncode == 0, found.stderr


def test_a_card_that_misstates_the_input_or_the_labels_is_refused() -> None:
    model = Registry.bundled().get("digit_reader@1")
    flat = TensorInput(shape=(64,), dtype="uint8")
    for card in (
        dataclasses.replace(model.card, input=flat),
        dataclasses.replace(model.card, labels=("0", "1")),
    ):
        with pytest.raises(CorruptModel, match="where its card states"):
            open_interpreter(dataclasses.replace(model, card=card))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_a_quantised_tensor_keeps_values_to_half_a_step_and_clips_beyond(
    dtype: type[np.generic],
) -> None:
    zero_point = -128 if dtype is np.int8 else 0
    shape, steps = np.array([1, 4]), (1 / 255, zero_point)
    details = {"index": 0, "shape": shape, "shape_signature": shape}
    tensor = Tensor({**details, "dtype": dtype, "quantization": steps})
    kept = tensor.store(np.array([[0, 0.5, 1, 7]], np.float32))
    assert kept.dtype == dtype
    np.testing.assert_allclose(tensor.real(kept), [[0, 0.5, 1, 1]], atol=0.5 / 255)


def test_an_unknown_runtime_names_the_known_ones() -> None:
    with pytest.raises(RuntimeMissing, match="'onnx': use litert or tflite or zxing or coreml"):
        open_interpreter(Registry.bundled().get("digit_reader@1"), "onnx")


def test_a_runtime_that_the_card_leaves_out_is_refused() -> None:
    model = Registry.bundled().get("digit_reader@1")
    card = dataclasses.replace(model.card, runtimes=("tflite",))
    with pytest.raises(RuntimeMissing, match="is not made for litert: use tflite"):
        open_interpreter(dataclasses.replace(model, card=card), "litert")


WITHOUT_TFLITE = """
import sys

sys.modules["tflite_runtime"] = None
from models.errors import RuntimeMissing
from models.interpreters import open_interpreter
from models.registry import Registry

try:
    open_interpreter(Registry.bundled().get("digit_reader@1"), "tflite")
except RuntimeMissing as error:
    sys.stdout.write(str(error))
"""


def test_a_runtime_that_is_not_installed_says_how_to_install_it() -> None:
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT_TFLITE],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        check=True,
    )
    assert "pip install 'limen[tflite]'" in found.stdout


def test_the_split_is_the_same_each_time_and_its_halves_share_no_image() -> None:
    again = load_split()
    np.testing.assert_array_equal(again.test_images, digits().test_images)
    trained = {image.tobytes() for image in again.train_images}
    assert len(again.train_images) + len(again.test_images) == 1797
    assert not any(image.tobytes() in trained for image in again.test_images)


def test_a_camera_worsens_images_as_told_and_repeats_itself() -> None:
    images = digits().test_images
    severity = np.linspace(0, 1, len(images))
    seen = camera(images, np.random.default_rng(1), severity)
    assert seen.shape == images.shape and seen.dtype == np.uint8
    np.testing.assert_array_equal(seen, camera(images, np.random.default_rng(1), severity))
    np.testing.assert_array_equal(camera(images, np.random.default_rng(1), 0.0), images)
    damage = np.abs(seen.astype(int) - images).mean(axis=(1, 2, 3))
    assert damage[0] == 0 and damage[-100:].mean() > 3 * damage[:100].mean()
