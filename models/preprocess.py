"""From the raw bytes of an input to what a model takes."""

import numpy as np
from numpy.typing import NDArray

from models.card import InputSpec, Preprocessing
from models.errors import WrongInput


def decode(raw: bytes, spec: InputSpec) -> NDArray[np.uint8]:
    """One raw input as a read-only uint8 array of shape `spec.shape`, without a copy.

    Raises WrongInput, which names the lengths and never the content.
    """
    if len(raw) != spec.length:
        shape = "×".join(str(side) for side in spec.shape)
        raise WrongInput(
            f"An input has {len(raw)} bytes where the model takes {spec.length} ({shape} of "
            f"{spec.dtype}): send the raw values in row-major order."
        )
    return np.frombuffer(raw, dtype=np.uint8).reshape(spec.shape)


def prepare(batch: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Raw values [n, *shape] as the float32 the model takes: x = raw * scale + offset."""
    scaled = np.multiply(batch, np.float32(preprocessing.scale), dtype=np.float32)
    return np.add(scaled, np.float32(preprocessing.offset), out=scaled)
