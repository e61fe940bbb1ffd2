"""`limen models add`: a user's own model is read, described, tried and registered, or refused."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limen
from models.card import ModelCard
from models.inputs import HashedNgrams, LastWords, Linear, TensorInput, TextInput, Unchanged
from models.registry import BUNDLED_ROOT, Registry
from tests.metadata_files import metadata
from tests.test_interpreters import needs_tflite
from tests.tflite_files import Builder, Op, Type, classifier
from tests.wake_word import LABELS, SHAPE, needs_wake_word, wake_word

WEIGHTS = np.random.default_rng(3).normal(size=(4, 3)).astype(np.float32)


class Home:
    """A home of the user's, and the command on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "home"
        self.files = folder

    def file(self, content: bytes) -> Path:
        path = self.files / "net.tflite"
        path.write_bytes(content)
        return path

    def add(self, file: Path, *more: str, name: str = "own") -> tuple[int, str, str]:
        """Exit code, standard output and error."""
        said, complained = io.StringIO(), io.StringIO()
        words = ["models", "add", str(file), "--name", name, "--version", "1", "--feature", "f"]
        with redirect_stdout(said), redirect_stderr(complained):
            code = limen.main([*words, "--home", str(self.folder), *more])
        return code, said.getvalue(), complained.getvalue()

    def added(self, content: bytes, *more: str) -> ModelCard:
        """The card of a model that is taken."""
        code, _, complained = self.add(self.file(content), *more)
        assert code == 0, complained
        return self.card()

    def card(self, name: str = "own") -> ModelCard:
        return Registry([self.folder / "models"]).get(f"{name}@1").card

    def verify(self) -> list[dict[str, Any]]:
        out = io.StringIO()
        with redirect_stdout(out):
            limen.main(["models", "verify", "--home", str(self.folder), "--json"])
        verdicts: list[dict[str, Any]] = json.loads(out.getvalue())
        return verdicts


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@needs_wake_word
def test_a_model_of_another_project_is_added_as_it_ships_and_verifies(home: Home) -> None:
    labels = ("--labels", ",".join(LABELS))
    code, said, complained = home.add(wake_word(), *labels, name="okay_nabu")
    assert (code, complained) == (0, "")
    card = home.card("okay_nabu")
    assert card.labels == LABELS
    assert (card.output, card.confidence_method) == ("binary", "max_softmax")
    assert (card.input, card.preprocessing) == (
        TensorInput(shape=SHAPE, dtype="float32"),
        Unchanged(),
    )
    assert card.runtimes == ("litert", "tflite")
    assert "limen replay run --feature f --model okay_nabu@1" in said
    assert "say which with --raw, --scale and --offset" in said
    mine = [verdict for verdict in home.verify() if verdict["model"] == "okay_nabu@1"]
    assert mine and all(verdict["good"] for verdict in mine)


def picture(**metadata_of: Any) -> bytes:
    """A classifier of pictures 2×2×1, with labels packed and metadata."""
    build = Builder()
    x = build.tensor("x", [1, 2, 2, 1], free=(0,))
    flat, logits = build.tensor("flat", [1, 4], free=(0,)), build.tensor("l", [1, 3], free=(0,))
    given = build.tensor("given", [1, 3], free=(0,))
    build.reshape(x, flat, [-1, 4])
    build.dense(flat, logits, WEIGHTS)
    build.softmax(logits, given)
    if metadata_of:
        build.metadata("TFLITE_METADATA", metadata(**metadata_of))
    return build.file([x], [given], {"names.txt": "cat\ndog\nfox\n", "readme.txt": "of mine"})


def test_what_metadata_says_is_taken_from_it(home: Home) -> None:
    card = home.added(
        picture(
            description="Photographs of pets",
            licence="CC0",
            mean=[127.5],
            std=[63.75],
            labels_file="names.txt",
        )
    )
    assert card.labels == ("cat", "dog", "fox")
    assert (card.training_data, card.licence) == ("Photographs of pets", "CC0")
    assert card.input == TensorInput(shape=(2, 2, 1), dtype="uint8")
    assert card.preprocessing == Linear(scale=1 / 63.75, offset=-2.0)


def test_what_the_user_says_goes_before_what_the_file_says(home: Home) -> None:
    content = picture(mean=[127.5], std=[127.5], labels_file="names.txt", licence="CC0")
    card = home.added(
        content,
        *("--labels", "a,b,c", "--scale", "2", "--raw", "int8", "--licence", "MIT"),
        *("--output", "independent", "--threshold", "0.4", "--confidence-method", "margin"),
    )
    assert (card.labels, card.licence, card.threshold) == (("a", "b", "c"), "MIT", 0.4)
    assert (card.output, card.confidence_method) == ("independent", "margin")
    assert card.input == TensorInput(shape=(2, 2, 1), dtype="int8")
    assert card.preprocessing == Linear(scale=2.0, offset=0.0)


def test_pictures_without_metadata_are_proposed_as_0_to_1_and_it_is_said(home: Home) -> None:
    file = home.file(picture())
    code, said, _ = home.add(file, "--labels", "a,b,c")
    assert code == 0 and "say so with --scale and --offset" in said
    assert home.card().preprocessing == Linear(scale=1 / 255, offset=0.0)
    assert home.card().training_data == home.card().licence == "not stated"


def test_a_normalisation_by_nought_is_as_none(home: Home) -> None:
    card = home.added(picture(mean=[1.0], std=[0.0], labels_file="names.txt"))
    assert card.preprocessing == Linear(scale=1 / 255, offset=0.0)


def test_the_signature_is_said(home: Home) -> None:
    digits = BUNDLED_ROOT / "digit_reader" / "1" / "model.tflite"
    code, said, _ = home.add(digits, "--labels", "0,1,2,3,4,5,6,7,8,9")
    assert code == 0 and "Its signature is serving_default(x) -> output_0." in said


def test_values_of_another_type_are_taken_as_they_are(home: Home) -> None:
    code, said, _ = home.add(home.file(classifier(WEIGHTS)), "--labels", "a,b,c", "--raw", "int8")
    assert code == 0 and "if apps log others" not in said
    assert home.card().input == TensorInput(shape=(4,), dtype="int8")
    assert home.card().preprocessing == Linear(scale=1.0, offset=0.0)


def quantised() -> bytes:
    build = Builder()
    x = build.tensor("x", [1, 4], Type.INT8, free=(0,), steps=(0.1, 3))
    given = build.tensor("given", [1, 4], Type.INT8, free=(0,), steps=(1 / 256, -128))
    build.softmax(x, given)
    return build.file([x], [given])


def test_a_quantised_model_takes_the_values_it_was_made_for(home: Home) -> None:
    card = home.added(quantised(), "--labels", "a,b,c,d")
    assert card.input == TensorInput(shape=(4,), dtype="int8")
    assert card.preprocessing == Unchanged()


def of_ids(words: int) -> bytes:
    build = Builder()
    ids = build.tensor("ids", [1, 2], Type.INT32, free=(0,))
    table = np.ones((words + 1, words), np.float32)
    held = build.tensor("table", list(table.shape), value=table)
    vectors = build.tensor("vectors", [1, 2, words], free=(0,))
    axis = build.tensor("axis", [1], Type.INT32, value=np.array([1], np.int32))
    mean, given = (build.tensor(name, [1, words], free=(0,)) for name in ("mean", "given"))
    build.operator(Op.GATHER, [held, ids], [vectors])
    build.operator(Op.MEAN, [vectors, axis], [mean])
    build.softmax(mean, given)
    return build.file([ids], [given])


def test_a_model_of_words_is_added_with_its_many_labels_in_a_file(home: Home) -> None:
    words = tuple(f"word{place}" for place in range(60))
    labels = home.files / "words.txt"
    labels.write_text("\n".join(words), encoding="utf-8")
    card = home.added(of_ids(60), "--labels-file", str(labels), "--last-words")
    assert card.labels == words and card.labels_file == "labels.txt"
    assert (card.input, card.preprocessing) == (TextInput(max_bytes=10_000), LastWords(count=2))


def test_a_model_of_ngrams_is_added_with_its_buckets_counted(home: Home) -> None:
    card = home.added(classifier(WEIGHTS), "--labels", "a,b,c", "--ngrams", "3,4")
    assert card.preprocessing == HashedNgrams(sizes=(3, 4), buckets=4)


@needs_tflite
def test_a_runtime_that_cannot_run_it_is_left_out_and_it_is_said(home: Home) -> None:
    build = Builder()
    x, given = build.tensor("x", [1, 4]), build.tensor("given", [1, 3])
    build.dense(x, given, WEIGHTS, version=12)
    build.metadata("min_runtime_version", b"2.14.0".ljust(16, b"\0"))
    content = build.file([x], [given])
    code, said, _ = home.add(home.file(content), "--labels", "a,b,c", "--output", "logits")
    assert code == 0 and "Not for tflite: " in said and "FULLY_CONNECTED version 12" in said
    assert home.card().runtimes == ("litert",)


def test_a_larger_model_is_refused_unless_it_is_allowed(home: Home) -> None:
    file = home.file(classifier(WEIGHTS))
    size = file.stat().st_size
    labels = ("--labels", "a,b,c")
    code, _, complained = home.add(file, *labels, "--size-budget", str(size - 1))
    assert code == 2 and f"allow this one with --size-budget {size}" in complained
    assert home.add(file, *labels, "--size-budget", str(size))[0] == 0
    assert home.card().size_budget == size


REFUSED: dict[str, tuple[bytes, tuple[str, ...], str]] = {
    "no labels": (classifier(WEIGHTS), (), "no labels in it: give 3 with --labels"),
    "too few labels": (
        classifier(WEIGHTS),
        ("--labels", "a,b"),
        "needs 3 labels and --labels has 2",
    ),
    "too many packed": (
        classifier(WEIGHTS, files={"labels.txt": "a\nb\nc\nd\n"}),
        (),
        "needs 3 labels and the labels packed in it are 4",
    ),
    "a label twice": (classifier(WEIGHTS), ("--labels", "a,b,a"), "stands twice"),
    "no softmax": (
        classifier(WEIGHTS, softmax=False),
        ("--labels", "a,b,c"),
        "ends in FULLY_CONNECTED, with no softmax: say --output logits",
    ),
    "not what its user says": (
        classifier(WEIGHTS, softmax=False),
        ("--labels", "a,b,c", "--output", "probabilities"),
        "there is no softmax at its end",
    ),
    "each channel another": (
        picture(mean=[1, 2, 3], std=[1.0], labels_file="names.txt"),
        (),
        "another normalisation of each channel",
    ),
    "a picture for a text": (
        picture(labels_file="names.txt"),
        ("--last-words",),
        "takes 2 × 2 × 1 values, and a text becomes a row",
    ),
    "no model": (b"of wood", ("--labels", "a"), "is not a TFLite model"),
    "a name for a folder": (classifier(WEIGHTS), ("--labels", "a,b,c", "--name", "../x"), "--name"),
    "a threshold that is none": (
        classifier(WEIGHTS),
        ("--labels", "a,b,c", "--threshold", "7"),
        "--threshold",
    ),
    "a scale that is none": (
        classifier(WEIGHTS),
        ("--labels", "a,b,c", "--scale", "inf"),
        "write finite numbers",
    ),
    "lengths that are none": (classifier(WEIGHTS), ("--ngrams", "3-4"), "--ngrams"),
    "texts that are numbers": (
        classifier(WEIGHTS),
        ("--labels", "a,b,c", "--ngrams", "3", "--scale", "2"),
        "--raw, --scale and --offset are of numbers",
    ),
    "no budget": (classifier(WEIGHTS), ("--size-budget", "0"), "over the budget of 0"),
}


@pytest.mark.parametrize(("content", "words", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_registered_is_refused_in_one_sentence_and_leaves_nothing(
    home: Home, content: bytes, words: tuple[str, ...], complaint: str
) -> None:
    code, said, complained = home.add(home.file(content), *words)
    assert (code, said) == (2, "")
    assert complaint in complained and complained.count("\n") == 1
    assert not list(home.folder.rglob("*.t*")) and not list(home.folder.rglob(".adding*"))


def test_one_reference_is_registered_once(home: Home) -> None:
    home.added(classifier(WEIGHTS), "--labels", "a,b,c")
    code, _, complained = home.add(home.file(classifier(WEIGHTS)), "--labels", "x,y,z")
    assert code == 2 and "own@1 is registered already" in complained
    assert home.card().labels == ("a", "b", "c")


def test_a_place_that_is_taken_is_named(home: Home) -> None:
    place = home.folder / "models" / "own" / "1"
    (place / "mine").mkdir(parents=True)
    file = home.file(classifier(WEIGHTS))
    code, _, complained = home.add(file, "--labels", "a,b,c")
    assert code == 2 and f"{place} cannot be written (Directory not empty)" in complained
    home.folder = file
    code, _, complained = home.add(file, "--labels", "a,b,c")
    assert code == 2 and f"{file} cannot be written (File exists)" in complained


def test_a_file_that_is_not_there_is_named(home: Home) -> None:
    code, _, complained = home.add(home.files / "absent.tflite", "--labels", "a")
    assert code == 2 and "absent.tflite cannot be read" in complained


def test_damaged_metadata_is_as_none(home: Home) -> None:
    whole = metadata(mean=[1.0], std=[2.0], labels_file="names.txt", licence="CC0")
    random = np.random.default_rng(7)
    for turn in range(40):
        damaged = bytearray(whole[: len(whole) - turn])
        damaged[random.integers(len(damaged))] ^= 0xFF
        build = Builder()
        x, given = build.tensor("x", [1, 4]), build.tensor("given", [1, 4])
        build.softmax(x, given)
        build.metadata("TFLITE_METADATA", bytes(damaged))
        words = ("--labels", "a,b,c,d", "--name", f"own{turn}")
        code, _, complained = home.add(home.file(build.file([x], [given])), *words)
        assert code == 0, complained


def test_as_json_the_card_and_the_notes_are_printed(home: Home) -> None:
    _, said, _ = home.add(home.file(classifier(WEIGHTS)), "--labels", "a,b,c", "--json")
    card = json.loads(said)
    assert card["labels"] == ["a", "b", "c"] and card["runtimes"] == ["litert"]
    assert len(card["notes"]) == 1
