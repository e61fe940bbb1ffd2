"""Inputs of every kind through the models that take them: as the model alone, bad ones as rows."""

import dataclasses

import numpy as np
import pytest

from models.barcode import NOTHING, label
from models.inputs import TensorInput, TextInput
from models.interpreters import Interpreter, open_interpreter
from models.registry import Model, Registry
from models.tflite import TFLiteInterpreter
from tests.test_barcode import TEXTS, drawn
from tests.test_runner import cases, score

DOCUMENTS = ["Invoice no. 12, total due 31.40", "Delivery note: 3 pallets", "", "x" * 900] * 90


def opened(reference: str) -> tuple[Model, Interpreter]:
    model = Registry.bundled().get(reference)
    return model, open_interpreter(model)


@pytest.mark.parametrize("reference", ["doc_classifier@1", "word_suggester@1"])
def test_texts_are_answered_as_by_the_model_alone_and_bad_ones_are_rows(reference: str) -> None:
    model, interpreter = opened(reference)
    assert isinstance(model.card.input, TextInput)
    max_bytes = model.card.input.max_bytes
    raw: list[bytes | None] = [text.encode() for text in DOCUMENTS]
    raw[1], raw[3] = b"\xff\xfe", b"x" * (max_bytes + 1)
    rows = score(cases(raw), model.card, interpreter).to_pylist()
    assert "not text in UTF-8" in rows[1]["failure"] and "texts of at most" in rows[3]["failure"]
    for row in (0, 2, 4, len(raw) - 2):
        alone = interpreter.run(interpreter.prepare([DOCUMENTS[row]]))
        assert rows[row]["predicted"] == alone.predicted[0]
        assert rows[row]["confidence"] == pytest.approx(alone.confidence[0], abs=1e-6)
        assert len(rows[row]["scores"]) == 3


def test_barcodes_are_answered_as_by_the_decoder_alone() -> None:
    model, interpreter = opened("barcode_reader@1")
    pictures = [drawn(model, name, text) for name, text in TEXTS.items()]
    blank = np.full_like(pictures[0], 255)
    raw = [picture.tobytes() for picture in [*pictures, blank]]
    rows = score(cases([*raw, raw[0][1:]]), model.card, interpreter).to_pylist()
    expected = [label(name, text) for name, text in TEXTS.items()]
    assert [row["predicted"] for row in rows] == [*expected, NOTHING, None]
    assert rows[3]["confidence"] == 0 and rows[3]["failure"] is None
    assert "bytes where the model takes" in rows[4]["failure"]


def test_numbers_of_four_bytes_are_read_where_they_lie() -> None:
    model, _ = opened("digit_reader@1")
    spec = TensorInput(shape=(8, 8, 1), dtype="float32")
    card = dataclasses.replace(model.card, input=spec)
    interpreter = open_interpreter(dataclasses.replace(model, card=card))
    assert isinstance(interpreter, TFLiteInterpreter)
    images = np.random.default_rng(1).random((30, 8, 8, 1)).astype(np.float32) * 255
    raw: list[bytes | None] = [image.tobytes() for image in images]
    raw[7] = raw[7][:-1]  # type: ignore[index]
    rows = score(cases(raw), card, interpreter).to_pylist()
    alone = interpreter.run(interpreter.prepare(images))
    found = [row["predicted"] for row in rows]
    assert found == [None if row == 7 else best for row, best in enumerate(alone.predicted)]
