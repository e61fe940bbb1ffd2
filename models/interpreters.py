"""Running a model, whichever runtime it is for: raw inputs → prepared ones → answers."""

import importlib.util
from typing import Any, Protocol

from numpy.typing import NDArray

from models.answers import Answers
from models.errors import RuntimeMissing
from models.preprocess import Raw
from models.registry import Model
from models.tflite import PACKAGES, open_tflite

_PACKAGES = {**PACKAGES, "zxing": "zxingcpp"}
RUNTIMES = (*_PACKAGES, "coreml")


class Interpreter(Protocol):
    """One model in one runtime. Not for use from two threads at once."""

    runtime: str
    version: str
    # Whether batches are best kept to one size, the last one filled up: an answer may depend on
    # the size of its batch in the last bits.
    fixed_batch: bool

    def prepare(self, raw: Raw) -> NDArray[Any]:
        """Raw inputs, as `models.preprocess.decode` gives them, to what the model sees [n, …]."""

    def run(self, prepared: NDArray[Any]) -> Answers:
        """Prepared inputs [n, …] to their answers. Raises WrongInput, CorruptModel."""


def available_runtimes() -> tuple[str, ...]:
    """The runtimes that are installed here."""
    return tuple(name for name, package in _PACKAGES.items() if importlib.util.find_spec(package))


def open_interpreter(model: Model, runtime: str | None = None, threads: int = 1) -> Interpreter:
    """An interpreter of a model, whose file is verified first.

    Without `runtime` it is the first one of the card that is installed here. Raises RuntimeMissing,
    CorruptModel, and what `Model.content` raises.
    """
    card = model.card
    if runtime is None:
        here = available_runtimes()
        runtime = next((name for name in card.runtimes if name in here), card.runtimes[0])
    if runtime not in RUNTIMES:
        raise RuntimeMissing(f"There is no runtime {runtime!r}: use {' or '.join(RUNTIMES)}.")
    if runtime not in card.runtimes:
        names = " or ".join(card.runtimes)
        raise RuntimeMissing(f"{model.reference} is not made for {runtime}: use {names}.")
    if runtime == "coreml":
        raise RuntimeMissing(
            f"{model.reference} is a Core ML model, and running one needs macOS: sweep the scores "
            "that phones sent, or add the same model as .tflite."
        )
    if runtime == "zxing":
        from models.barcode import open_barcode_reader

        return open_barcode_reader(model, threads)
    return open_tflite(model, runtime, threads)
