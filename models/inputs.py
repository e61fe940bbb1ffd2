"""What an input is and how a model sees it, as cards state it."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

Dtype = Literal["uint8", "int8", "int32", "int64", "float32"]

_CLOSED = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True)
class TensorInput:
    """Numbers: their shape without the batch axis, e.g. (8, 8, 1), and the type of a raw value.

    On the wire they lie in row-major order, little-endian.
    """

    __pydantic_config__ = _CLOSED

    kind: Literal["tensor"] = "tensor"
    shape: Annotated[tuple[Positive, ...], Field(min_length=1)]
    dtype: Dtype

    @property
    def length(self) -> int:
        """Bytes of one raw input."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, kw_only=True)
class TextInput:
    """A text in UTF-8, of at most `max_bytes`."""

    __pydantic_config__ = _CLOSED

    kind: Literal["text"] = "text"
    max_bytes: Positive


@dataclass(frozen=True, kw_only=True)
class Linear:
    """x = raw * scale + offset, as float32."""

    __pydantic_config__ = _CLOSED

    kind: Literal["linear"] = "linear"
    scale: Finite
    offset: Finite


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """The raw values as they are: ids, values of a quantised model, pictures for a decoder."""

    __pydantic_config__ = _CLOSED

    kind: Literal["none"] = "none"


@dataclass(frozen=True, kw_only=True)
class HashedNgrams:
    """How often each n-gram of bytes stands in the text, hashed into `buckets`, as float32."""

    __pydantic_config__ = _CLOSED

    kind: Literal["hashed_ngrams"] = "hashed_ngrams"
    sizes: Annotated[tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(min_length=1)]
    buckets: Annotated[int, Field(ge=2, le=2**16)]


@dataclass(frozen=True, kw_only=True)
class LastWords:
    """The last `count` words of the text as int32: 1 + their place among the labels, or 0."""

    __pydantic_config__ = _CLOSED

    kind: Literal["last_words"] = "last_words"
    count: Annotated[int, Field(ge=1, le=64)]


InputSpec = Annotated[TensorInput | TextInput, Field(discriminator="kind")]
Preprocessing = Annotated[
    Linear | Unchanged | HashedNgrams | LastWords, Field(discriminator="kind")
]
