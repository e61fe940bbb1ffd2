"""models/registry.py, models/card.py and models/preprocess.py."""

import dataclasses
import hashlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.card import DEFAULT_SIZE_BUDGET, ModelCard, read_card
from models.errors import BadCard, DigestMismatch, ModelError, ModelNotFound, OverBudget, WrongInput
from models.inputs import Dtype, HashedNgrams, LastWords, Linear, TensorInput, TextInput, Unchanged
from models.preprocess import decode, preparer
from models.registry import BUNDLED_ROOT, Registry

IMAGE = TensorInput(shape=(8, 8, 1), dtype="uint8")


def card_text() -> str:
    return (BUNDLED_ROOT / "digit_reader" / "1" / "card.toml").read_text(encoding="utf-8")


def user_model(root: Path, *, version: str = "3", changes: dict[str, str] | None = None) -> Path:
    """A copy of the first bundled model as a version of its own; `changes` are made to its card."""
    folder = root / "digit_reader" / version
    shutil.copytree(BUNDLED_ROOT / "digit_reader" / "1", folder)
    text = card_text().replace('version = "1"', f'version = "{version}"')
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    (folder / "card.toml").write_text(text, encoding="utf-8")
    return folder


BUNDLED = [
    "barcode_reader@1",
    "digit_reader@1",
    "digit_reader@2",
    "doc_classifier@1",
    "word_suggester@1",
]


def test_every_bundled_model_is_listed_and_verifies() -> None:
    registry = Registry.bundled()
    assert [card.reference for card in registry.cards()] == BUNDLED
    for card in registry.cards():
        content = registry.get(card.reference).content()
        assert card.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert card.size == len(content) <= card.size_budget == DEFAULT_SIZE_BUDGET


def test_models_are_found_by_feature() -> None:
    registry = Registry.bundled()
    found = [model.reference for model in registry.for_feature("image_classify")]
    assert found == ["digit_reader@1", "digit_reader@2"]
    assert registry.for_feature("voice_notes") == []


def test_user_models_stand_beside_the_bundled_ones_in_the_order_of_their_numbers(
    tmp_path: Path,
) -> None:
    user_model(tmp_path, version="10")
    user_model(tmp_path, version="9")
    registry = Registry.bundled(tmp_path)
    versions = [card.version for card in registry.cards() if card.name == "digit_reader"]
    assert versions == ["1", "2", "9", "10"]


def test_a_user_folder_that_is_not_there_yet_holds_no_models(tmp_path: Path) -> None:
    assert len(Registry.bundled(tmp_path / "models").cards()) == len(BUNDLED)


def test_one_reference_in_two_roots_is_refused(tmp_path: Path) -> None:
    user_model(tmp_path, version="1")
    with pytest.raises(BadCard, match="digit_reader@1 stands in .* give one of them another"):
        Registry.bundled(tmp_path).cards()


def test_a_card_in_the_wrong_folder_is_refused(tmp_path: Path) -> None:
    user_model(tmp_path).rename(tmp_path / "digit_reader" / "4")
    with pytest.raises(BadCard, match="describes digit_reader@3 and lies in the folder of"):
        Registry.bundled(tmp_path).get("digit_reader@4")


@pytest.mark.parametrize(
    "reference",
    ["digit_reader", "digit_reader@", "@1", "digit_reader@7", "../digit_reader@1", "a@b@c", ""],
)
def test_an_unknown_reference_is_one_clear_sentence(reference: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        Registry.bundled().get(reference)
    assert str(caught.value).count(". ") == 0 and reference in str(caught.value)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    file = user_model(tmp_path) / "model.tflite"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(DigestMismatch, match=r"digit_reader@3 at .*model\.tflite"):
        Registry.bundled(tmp_path).get("digit_reader@3").content()


def test_a_size_that_the_card_misstates_is_refused(tmp_path: Path) -> None:
    user_model(tmp_path, changes={"size = 17524": "size = 17525"})
    with pytest.raises(DigestMismatch, match="17525 bytes"):
        Registry.bundled(tmp_path).get("digit_reader@3").content()


def test_a_file_over_its_budget_is_refused(tmp_path: Path) -> None:
    user_model(tmp_path, changes={"size = 17524": "size = 17524\nsize_budget = 17523"})
    with pytest.raises(OverBudget, match="17524 bytes and its card allows 17523"):
        Registry.bundled(tmp_path).get("digit_reader@3").content()


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    (user_model(tmp_path) / "model.tflite").unlink()
    with pytest.raises(ModelNotFound, match=r"model\.tflite cannot be read .* restore the file"):
        Registry.bundled(tmp_path).get("digit_reader@3").content()


BAD_CARDS = {
    "a key is missing": ('licence = "Apache-2.0"\n', "", "the key licence is missing"),
    "a key is unknown": ("threshold =", "treshold =", "the key treshold is unknown"),
    "a nested key is unknown": ("offset = 0.0", "offset = 0.0\ngain = 1", "preprocessing.gain"),
    "a number is text": ("size = 17524", 'size = "17524"', "size: "),
    "a number is a truth value": ("size = 17524", "size = true", "size: "),
    "a threshold is over 1": ("threshold = 0.7", "threshold = 70", "threshold: "),
    "a scale is not finite": ("scale = 0.0039", "scale = inf #", "preprocessing.scale: "),
    "a digest is short": ("sha256:0a1e", "sha256:", "digest: "),
    "a shape is empty": ("shape = [8, 8, 1]", "shape = []", "input.shape: "),
    "a side is nought": ("shape = [8, 8, 1]", "shape = [8, 0, 1]", "input.shape.1: "),
    "a type is not taken": ('"uint8"', '"float64"', "input.dtype: "),
    "a runtime is unknown": ('"tflite"]', '"onnx"]', "runtimes.1: "),
    "runtimes of two kinds of file": ('"tflite"]', '"zxing"]', "no one file is read by all of"),
    "a method is unknown": ('"max_softmax"', '"softmax"', "confidence_method: "),
    "a decoder's method": ('"max_softmax"', '"decoder"', "decoder is that of the runtime zxing"),
    "a kind of input is unknown": ("shape =", 'kind = "video"\nshape =', "input: "),
    "text for numbers": ("scale =", 'kind = "last_words"\ncount = 3 #', "preprocessing.offset"),
    "labels twice": (
        "threshold = 0.7",
        f'labels_file = "l"\nlabels_digest = "sha256:{"0" * 64}"\nthreshold = 0.7',
        "in the card or in labels_file",
    ),
    "a labels file without digest": (
        "threshold = 0.7",
        'labels_file = "l"\nthreshold = 0.7',
        "it goes with labels_digest",
    ),
    "no labels": ("labels =", "labels = [] #", "labels: they are missing"),
    "a file is outside": ('"model.tflite"', '"../1/model.tflite"', "file: "),
    "it is not TOML": ("version =", "version", "is not TOML"),
}


@pytest.mark.parametrize(("old", "new", "complaint"), BAD_CARDS.values(), ids=BAD_CARDS.keys())
def test_a_bad_card_is_refused_by_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    file = tmp_path / "card.toml"
    assert old in card_text()
    file.write_text(card_text().replace(old, new), encoding="utf-8")
    with pytest.raises(BadCard) as caught:
        read_card(file)
    assert complaint in str(caught.value) and str(file) in str(caught.value)


def test_a_card_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name in ("absent.toml", "binary.toml"):
        with pytest.raises(BadCard, match=name):
            read_card(tmp_path / name)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 640])
def test_an_input_of_the_wrong_length_is_refused_without_its_content(length: int) -> None:
    with pytest.raises(WrongInput) as caught:
        decode(b"7" * length, IMAGE)
    assert f"{length} bytes where the model takes 64 (8×8×1" in str(caught.value)
    assert "777" not in str(caught.value)


def test_raw_bytes_become_rows_of_the_image() -> None:
    image = decode(bytes(range(64)), IMAGE)
    assert isinstance(image, np.ndarray)
    assert image.shape == (8, 8, 1) and image.dtype == np.uint8
    assert image[1, 2, 0] == 10


def test_preprocessing_is_raw_times_scale_plus_offset() -> None:
    batch = np.array([[0, 51, 255]], dtype=np.uint8)
    prepared = preparer(Linear(scale=1 / 255, offset=-0.5))(batch)
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared, [[-0.5, -0.3, 0.5]], atol=1e-7)


@pytest.mark.parametrize(
    "record", [ModelCard, TensorInput, TextInput, Linear, Unchanged, HashedNgrams, LastWords]
)
def test_every_key_of_a_card_is_documented(record: type) -> None:
    page = (Path(__file__).parent.parent / "docs" / "models.md").read_text(encoding="utf-8")
    missing = [key.name for key in dataclasses.fields(record) if f"`{key.name}`" not in page]
    assert not missing


def test_every_error_is_a_model_error() -> None:
    assert all(
        issubclass(error, ModelError)
        for error in (ModelNotFound, BadCard, DigestMismatch, OverBudget, WrongInput)
    )


def labels_card(folder: Path, content: bytes) -> Path:
    """A card of texts with a file of labels, `content`, that should be "the" and "fox"."""
    digest = hashlib.sha256(b"the\nfox\n").hexdigest()
    head, _ = card_text().split("[input]")
    head = re.sub(
        "labels = .*", f'labels_file = "words.txt"\nlabels_digest = "sha256:{digest}"', head
    )
    tables = (
        '[input]\nkind = "text"\nmax_bytes = 9\n[preprocessing]\nkind = "last_words"\ncount = 2\n'
    )
    (folder / "words.txt").write_bytes(content)
    (folder / "card.toml").write_text(f"{head}{tables}[accuracy]\n", encoding="utf-8")
    return folder / "card.toml"


def test_labels_may_stand_in_a_file_that_the_card_vouches_for(tmp_path: Path) -> None:
    card = read_card(labels_card(tmp_path, b"the\nfox\n"))
    assert card.labels == ("the", "fox")
    assert card.input == TextInput(max_bytes=9) and card.preprocessing == LastWords(count=2)


@pytest.mark.parametrize("content", [b"the\nfix\n", b"\xff", b""])
def test_another_labels_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadCard, match=r"words\.txt"):
        read_card(labels_card(tmp_path, content))


@pytest.mark.parametrize(("dtype", "bytes_each"), [("int8", 1), ("int64", 8), ("float32", 4)])
def test_raw_numbers_are_little_endian(dtype: Dtype, bytes_each: int) -> None:
    spec = TensorInput(shape=(3,), dtype=dtype)
    assert spec.length == 3 * bytes_each
    wire = np.array([1, -2, 3], dtype=np.dtype(dtype).newbyteorder("<")).tobytes()
    assert np.array_equal(decode(wire, spec), [1, -2, 3])
