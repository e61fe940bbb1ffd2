"""models/tflite_file.py: a damaged file ends in a sentence, whatever is wrong with it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.errors import CorruptModel
from models.registry import Registry
from models.tflite_file import Metadata, read_tflite
from tests.tflite_files import Builder

# A runtime that a file takes down ends this process, not that of the tests.
MUTATIONS = """
import numpy as np
from models.errors import ModelError
from models.tflite import verify_tflite
from models.tflite_file import read_tflite
from tests.metadata_files import metadata
from tests.tflite_files import classifier

notes = {"TFLITE_METADATA": metadata(mean=[1.0], std=[2.0], labels_file="labels.txt")}
weights = np.ones((4, 3), np.float32)
whole = classifier(weights, files={"labels.txt": "a\\nb\\nc\\n"}, metadata=notes)
assert read_tflite(whole, "whole").labels == ("a", "b", "c")
random = np.random.default_rng(1)
for turn in range(400):
    mutated = bytearray(whole)
    for place in random.integers(8, len(whole), random.integers(1, 4)):
        mutated[place] = random.integers(256)
    try:
        if turn % 4 == 0:
            verify_tflite(bytes(mutated), "mutated")
        read_tflite(bytes(mutated), "mutated")
    except ModelError as error:
        assert str(error).startswith("mutated ")
"""


def test_a_mutated_file_is_read_or_refused_in_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MUTATIONS],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_operators_in_a_circle_have_no_first_one() -> None:
    build = Builder()
    x, given = build.tensor("x", [1, 4]), build.tensor("given", [1, 4])
    build.reshape(given, given, [1, 4])
    assert read_tflite(build.file([x], [given]), "circle").last_operator is None


def test_a_model_of_tensorflow_says_its_signature_and_release() -> None:
    found = read_tflite(Registry.bundled().get("digit_reader@2").content(), "digits")
    assert found.signature == "serving_default(x) -> output_0"
    assert (found.last_operator, found.runtime) == ("SOFTMAX", "1.14.0")
    assert (found.inputs[0].shape, found.inputs[0].dtype) == ((-1, 8, 8, 1), "int8")
    assert found.metadata == Metadata() and found.labels == ()


def test_what_is_no_flatbuffer_is_damaged() -> None:
    with pytest.raises(CorruptModel, match="nonsense is damaged within its structure"):
        read_tflite(np.random.default_rng(1).bytes(500), "nonsense")
