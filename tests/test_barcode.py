"""models/barcode.py: zxing-cpp as the local model, on codes it drew itself."""

import dataclasses
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray

from models.barcode import NOTHING, BarcodeReader, label
from models.errors import CorruptModel, RuntimeMissing, WrongInput
from models.inputs import TensorInput, TextInput
from models.interpreters import available_runtimes, open_interpreter
from models.registry import Model, Registry

REFERENCE = "barcode_reader@1"
TEXTS = {"EAN13": "4006381333931", "QRCode": "https://example.com/t/93", "Code128": "LOT-26"}


@pytest.fixture(scope="module")
def model() -> Model:
    return Registry.bundled().get(REFERENCE)


@pytest.fixture(scope="module")
def reader(model: Model) -> BarcodeReader:
    found = open_interpreter(model)
    assert isinstance(found, BarcodeReader)
    return found


def shape(model: Model) -> tuple[int, int]:
    assert isinstance(model.card.input, TensorInput)
    height, width = model.card.input.shape[:2]
    return height, width


def drawn(model: Model, format_name: str, text: str) -> NDArray[np.uint8]:
    """A code of two pixels a module in the middle of white paper."""
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, format_name))
    printed = np.array(code.to_image(scale=2))
    size = shape(model)
    paper = np.full((256, 256), 255, np.uint8)
    down, across = (256 - printed.shape[0]) // 2, (256 - printed.shape[1]) // 2
    paper[down : down + printed.shape[0], across : across + printed.shape[1]] = printed
    top, left = (256 - size[0]) // 2, (256 - size[1]) // 2
    return paper[top : top + size[0], left : left + size[1]]


def noisy(picture: NDArray[np.uint8], level: float, seed: int = 1) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, level, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def batch(model: Model, *pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    assert isinstance(model.card.input, TensorInput)
    return np.stack(pictures).reshape(-1, *model.card.input.shape)


@pytest.mark.parametrize(("format_name", "text"), TEXTS.items(), ids=TEXTS)
def test_a_clear_code_is_read_in_nearly_every_disturbed_picture(
    model: Model, reader: BarcodeReader, format_name: str, text: str
) -> None:
    found = reader.run(batch(model, drawn(model, format_name, text)))
    assert found.predicted.tolist() == [label(format_name, text)]
    assert found.confidence[0] >= 0.79


def test_where_nothing_is_read_the_answer_is_none_without_confidence(
    model: Model, reader: BarcodeReader
) -> None:
    blank = np.full(shape(model), 255, np.uint8)
    found = reader.run(batch(model, blank, noisy(blank, 120)))
    assert found.predicted.tolist() == [NOTHING, NOTHING]
    assert found.confidence.tolist() == [0.0, 0.0] and found.scores.max() == 0


def test_confidence_is_a_share_of_the_readings_and_falls_with_noise(
    model: Model, reader: BarcodeReader
) -> None:
    clear = drawn(model, "EAN13", TEXTS["EAN13"])
    by_level = [
        reader.run(batch(model, *(noisy(clear, level, seed) for seed in range(12))))
        for level in (10, 90, 200)
    ]
    means = [float(found.confidence.mean()) for found in by_level]
    assert means[0] > means[1] > means[2]
    shares = np.concatenate([found.confidence for found in by_level])
    readings = int(re.search(r"decodes = (\d+)", model.content().decode()).group(1))  # type: ignore[union-attr]
    np.testing.assert_allclose(shares * readings, np.rint(shares * readings), atol=1e-5)
    assert len(set(shares.tolist())) > 2


def test_a_picture_is_answered_the_same_alone_and_among_others(
    model: Model, reader: BarcodeReader
) -> None:
    clear = drawn(model, "QRCode", TEXTS["QRCode"])
    pictures = batch(model, *(noisy(clear, level) for level in (0, 60, 120, 180)))
    together = reader.run(pictures)
    for row in range(len(pictures)):
        alone = reader.run(pictures[row : row + 1])
        assert alone.predicted[0] == together.predicted[row]
        assert alone.confidence[0] == together.confidence[row]
    assert len(reader.run(pictures[:0]).predicted) == 0


def test_more_threads_answer_alike(model: Model, reader: BarcodeReader) -> None:
    clear = [drawn(model, name, text) for name, text in TEXTS.items()]
    pictures = batch(model, *(noisy(clear[n % 3], 20 * n, seed=n) for n in range(12)))
    one, three = reader.run(pictures), open_interpreter(model, threads=3).run(pictures)
    assert three.predicted.tolist() == one.predicted.tolist()
    assert three.confidence.tolist() == one.confidence.tolist()


def test_a_label_tells_texts_apart_and_tells_no_text() -> None:
    found = [label("EAN13", str(4006381333931 + n)) for n in range(2_000)]
    assert len(set(found)) == 2_000
    assert all(re.fullmatch("EAN13-[a-p]{8}", each) for each in found)
    assert label("QRCode", "x")[-8:] == label("EAN13", "x")[-8:]
    digest = hashlib.sha256(b"x").hexdigest()[:8]
    assert label("EAN13", "x")[-8:] == "".join("abcdefghijklmnop"[int(c, 16)] for c in digest)


@pytest.mark.parametrize("dtype", [np.float32, np.int8])
def test_another_type_or_shape_of_picture_is_refused(
    model: Model, reader: BarcodeReader, dtype: type[np.generic]
) -> None:
    height, width = shape(model)
    for wrong in (np.zeros((1, height, width), dtype), np.zeros((1, width, height), np.uint8)):
        with pytest.raises(WrongInput, match="decode the inputs by its card first"):
            reader.run(wrong)


BAD_SETTINGS = {
    "not TOML": ("seed = ", "seed ", "is not TOML"),
    "an unknown format": ('"EAN13"', '"EAN14"', "EAN14"),
    "one reading": ("decodes = 5", "decodes = 1", "decodes: "),
    "a setting too many": ("decodes = 5", "decodes = 5\nmodel = 3", "model: "),
}


@pytest.mark.parametrize(("old", "new", "complaint"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_wrong_settings_are_one_sentence(
    model: Model, tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    text = model.content().decode()
    assert old in text
    content = text.replace(old, new, 1).encode()
    (tmp_path / "decoder.toml").write_bytes(content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    card = dataclasses.replace(model.card, digest=digest, size=len(content))
    with pytest.raises(CorruptModel, match=f"{REFERENCE} at .*decoder.toml") as caught:
        open_interpreter(Model(card=card, path=tmp_path / "decoder.toml"))
    assert complaint in str(caught.value)


def test_a_decoder_takes_grey_pictures_only(model: Model) -> None:
    for spec in (TensorInput(shape=(9, 9, 3), dtype="uint8"), TextInput(max_bytes=9)):
        with pytest.raises(CorruptModel, match="grey pictures"):
            open_interpreter(
                dataclasses.replace(model, card=dataclasses.replace(model.card, input=spec))
            )


def test_a_decoder_runs_on_zxing_only(model: Model) -> None:
    assert "zxing" in available_runtimes()
    with pytest.raises(RuntimeMissing, match="is not made for litert: use zxing"):
        open_interpreter(model, "litert")
