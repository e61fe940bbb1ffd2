"""A model of another project: `okay_nabu.tflite` of pyopen-wakeword, Apache-2.0.

It takes the embeddings of 1.3 s of sound, float32 [16, 96], and gives the probability of the words
"okay nabu". https://github.com/rhasspy/pyopen-wakeword
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

SHAPE = (16, 96)
LABELS = ("other", "okay nabu")
needs_wake_word = pytest.mark.skipif(
    sys.platform != "linux", reason="pyopen-wakeword is for Linux only"
)


def wake_word() -> Path:
    """The model file, as the package ships it."""
    found = importlib.util.find_spec("pyopen_wakeword")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "models" / "okay_nabu.tflite"


def scored_alone(inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """What LiteRT itself gives for each input [n, 16, 96], one at a time: float64 [n]."""
    from ai_edge_litert.interpreter import Interpreter

    native = Interpreter(model_path=str(wake_word()))
    native.allocate_tensors()
    taken, given = native.get_input_details()[0]["index"], native.get_output_details()[0]["index"]
    scores = []
    for one in inputs:
        native.set_tensor(taken, one[np.newaxis])
        native.invoke()
        scores.append(float(native.get_tensor(given)[0, 0]))
    return np.array(scores)
