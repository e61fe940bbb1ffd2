"""Core ML models, described and not run; tests/coreml holds two that coremltools 9 wrote."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from models.artifact import read_artifact
from models.coreml import Feature, read_coreml
from models.errors import CorruptModel, DigestMismatch, OverBudget, RuntimeMissing
from models.inputs import TensorInput, Unchanged
from models.interpreters import open_interpreter
from models.registry import Registry
from tests.test_adding import Home

FILES = Path(__file__).parent / "coreml"
MODEL, PACKAGE = FILES / "pets.mlmodel", FILES / "pets.mlpackage"
LABELS = ("cat", "dog", "fox")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_model_file_is_described_from_its_specification() -> None:
    found = read_coreml(read_artifact(MODEL, "pets"), "pets")
    assert (found.kind, found.specification) == ("neuralNetworkClassifier", 1)
    assert found.inputs == (Feature(name="image", type="image", shape=(8, 8, 1), dtype="uint8"),)
    assert found.outputs == (
        Feature(name="scores", type="dictionary"),
        Feature(name="classLabel", type="string"),
    )
    assert found.labels == LABELS
    assert (found.description, found.licence) == ("Tells pets apart", "CC0")


def test_a_package_is_described_from_the_one_its_manifest_names() -> None:
    found = read_coreml(read_artifact(PACKAGE, "pets"), "pets")
    assert (found.kind, found.specification) == ("mlProgram", 6)
    assert found.inputs == (Feature(name="x", type="array", shape=(1, 64), dtype="float32"),)
    assert found.labels == ()


def test_the_digest_of_a_package_is_what_sha256sum_makes_of_its_files() -> None:
    command = "find . -type f | sed 's#^./##' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    told = subprocess.run(
        ["sh", "-c", command], cwd=PACKAGE, capture_output=True, text=True, check=True
    )
    found = read_artifact(PACKAGE, "pets")
    assert found.digest == f"sha256:{told.stdout.split()[0]}"
    assert found.size == sum(file.stat().st_size for file in PACKAGE.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("file", "labels"), [(MODEL, LABELS), (PACKAGE, ())], ids=["file", "package"]
)
def test_one_is_added_and_verified_without_being_run(
    home: Home, file: Path, labels: tuple[str, ...]
) -> None:
    code, said, complained = home.add(file)
    assert (code, complained) == (0, "")
    assert "running it needs macOS" in said and "replay run" not in said
    card = home.card()
    assert (card.labels, card.runtimes, card.preprocessing) == (labels, ("coreml",), Unchanged())
    (mine,) = [verdict for verdict in home.verify() if verdict["model"] == "own@1"]
    assert mine["good"] and mine["runtime"] is None


def test_its_picture_and_licence_stand_on_the_card(home: Home) -> None:
    assert home.add(MODEL)[0] == 0
    card = home.card()
    assert card.input == TensorInput(shape=(8, 8, 1), dtype="uint8")
    assert (card.training_data, card.licence) == ("Tells pets apart", "CC0")


def test_running_one_is_refused_and_says_what_to_do(home: Home) -> None:
    home.add(PACKAGE)
    model = Registry([home.folder / "models"]).get("own@1")
    for runtime in (None, "coreml"):
        with pytest.raises(RuntimeMissing, match="needs macOS: sweep the scores that phones sent"):
            open_interpreter(model, runtime)


def test_a_changed_file_within_a_package_is_told(home: Home) -> None:
    home.add(PACKAGE)
    model = Registry([home.folder / "models"]).get("own@1")
    (weights,) = model.path.rglob("weight.bin")
    weights.write_bytes(weights.read_bytes()[::-1])
    with pytest.raises(DigestMismatch, match="restore the file"):
        model.artifact()
    (model.path / "more.bin").write_bytes(bytes(model.card.size_budget))
    with pytest.raises(OverBudget):
        model.artifact()
    (model.path / "more.bin").unlink()
    (model.path / "link").symlink_to("/etc/hostname")
    with pytest.raises(CorruptModel, match="holds a link, link: replace it"):
        model.artifact()


def without_manifest(folder: Path) -> None:
    (folder / "Manifest.json").unlink()


def with_a_stray_root(folder: Path) -> None:
    manifest = folder / "Manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace("model.mlmodel", "../x"), "utf-8")


def with_half_a_specification(folder: Path) -> None:
    (file,) = folder.rglob("*.mlmodel")
    file.write_bytes(file.read_bytes()[:100])


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


DAMAGES = {
    without_manifest: "Manifest.json names no specification",
    with_a_stray_root: "Manifest.json names no specification",
    with_half_a_specification: "is not a Core ML model",
    emptied: "is an empty folder",
}


@pytest.mark.parametrize(
    ("damage", "complaint"), DAMAGES.items(), ids=[damage.__name__ for damage in DAMAGES]
)
def test_a_damaged_package_is_refused_in_one_sentence(
    home: Home, damage: Callable[[Path], None], complaint: str
) -> None:
    package = home.files / "pets.mlpackage"
    shutil.copytree(PACKAGE, package)
    damage(package)
    code, said, complained = home.add(package)
    assert (code, said) == (2, "")
    assert complaint in complained and complained.count("\n") == 1
    assert not list(home.folder.rglob("*.toml"))


def test_what_would_prepare_its_inputs_is_refused(home: Home) -> None:
    code, _, complained = home.add(MODEL, "--scale", "2")
    assert code == 2 and "prepares its inputs itself: leave out --raw" in complained


def test_a_folder_of_something_else_is_no_model(home: Home) -> None:
    code, _, complained = home.add(FILES, "--labels", "a")
    assert code == 2 and "is a folder and no .mlpackage" in complained
