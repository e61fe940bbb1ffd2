"""An opened input as a person sees it at a terminal."""

import numpy as np
from numpy.typing import NDArray

from models.errors import WrongInput
from models.inputs import InputSpec
from models.preprocess import decode

COLUMNS = 64
CHARACTERS = 400
_SHADES = " ░▒▓█"


def shown(raw: bytes, spec: InputSpec) -> str:
    """A text, shortened; a grey picture in shades of blocks; of anything else its size."""
    try:
        value = decode(raw, spec)
    except WrongInput as exc:
        return str(exc)
    if isinstance(value, str):
        # What a terminal takes for a command is not shown as it is.
        text = "".join(one if one.isprintable() else "·" for one in " ".join(value.split()))
        return text if len(text) <= CHARACTERS else f"{text[:CHARACTERS]} …"
    picture = value[..., 0] if value.ndim == 3 and value.shape[2] == 1 else value
    if picture.ndim == 2 and picture.dtype == np.uint8:
        return _blocks(picture)
    return f"{len(raw):,} bytes"


def _blocks(picture: NDArray[np.uint8]) -> str:
    """Every pixel two characters wide, as those are about twice as high; large pictures smaller."""
    height, width = picture.shape
    step = -(-2 * width // COLUMNS)
    rows, columns = height // step, width // step
    cut = picture[: rows * step, : columns * step].reshape(rows, step, columns, step)
    level = cut.mean(axis=(1, 3)) * (len(_SHADES) - 1) / 255
    shades = np.array(list(_SHADES))[np.rint(level).astype(int)]
    return "\n".join("".join(np.repeat(row, 2)).rstrip() for row in shades)
