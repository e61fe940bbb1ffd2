"""From the raw bytes of an input to what a model takes: one way for phones, replay and training."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import WrongInput
from models.inputs import (
    HashedNgrams,
    InputSpec,
    LastWords,
    Linear,
    Preprocessing,
    TensorInput,
    TextInput,
    Unchanged,
)
from models.text import hashed_ngrams, last_words

# Raw inputs of a batch: numbers [n, *shape], or n texts.
Raw = NDArray[Any] | Sequence[str]
Prepare = Callable[[Raw], NDArray[Any]]


def decode(raw: bytes, spec: InputSpec) -> NDArray[Any] | str:
    """One raw input: a text, or a read-only array of shape `spec.shape`, without a copy.

    Raises WrongInput, which names lengths and never the content.
    """
    if isinstance(spec, TextInput):
        return _text(raw, spec)
    if len(raw) != spec.length:
        shape = "×".join(str(side) for side in spec.shape)
        raise WrongInput(
            f"An input has {len(raw)} bytes where the model takes {spec.length} ({shape} of "
            f"{spec.dtype}): send the raw values in row-major order."
        )
    return np.frombuffer(raw, dtype=little_endian(spec)).reshape(spec.shape)


def _text(raw: bytes, spec: TextInput) -> str:
    if len(raw) > spec.max_bytes:
        raise WrongInput(
            f"An input has {len(raw)} bytes where the model takes texts of at most "
            f"{spec.max_bytes}: send a shorter one."
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise WrongInput(
            f"An input of {len(raw)} bytes is not text in UTF-8 from byte {exc.start} on: send the "
            "text the model saw."
        ) from None


def little_endian(spec: TensorInput) -> np.dtype[Any]:
    """The type of raw values on the wire."""
    return np.dtype(spec.dtype).newbyteorder("<")


def preparer(preprocessing: Preprocessing, labels: Sequence[str] = ()) -> Prepare:
    """The function from raw inputs [n] to the numbers [n, …] that the model takes.

    `labels` are the words that `last_words` knows.
    """
    match preprocessing:
        case Linear(scale=scale, offset=offset):
            return lambda raw: _linear(np.asarray(raw), np.float32(scale), np.float32(offset))
        case HashedNgrams(sizes=sizes, buckets=buckets):
            return lambda raw: hashed_ngrams(_texts(raw), sizes, buckets)
        case LastWords(count=count):
            places = {word: place for place, word in enumerate(labels)}
            return lambda raw: last_words(_texts(raw), count, places)
        case Unchanged():
            return np.asarray


def _linear(batch: NDArray[Any], scale: np.float32, offset: np.float32) -> NDArray[np.float32]:
    scaled = np.multiply(batch, scale, dtype=np.float32)
    return np.add(scaled, offset, out=scaled)


def _texts(raw: Raw) -> Sequence[str]:
    assert not isinstance(raw, np.ndarray), "a card pairs these with texts"
    return raw


def prepared_form(
    spec: InputSpec, preprocessing: Preprocessing
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape, without the batch axis, and type of one prepared input."""
    match preprocessing:
        case HashedNgrams(buckets=buckets):
            return (buckets,), np.dtype(np.float32)
        case LastWords(count=count):
            return (count,), np.dtype(np.int32)
    assert isinstance(spec, TensorInput), "a card pairs the others with tensors"
    linear = isinstance(preprocessing, Linear)
    return spec.shape, np.dtype(np.float32 if linear else spec.dtype)
