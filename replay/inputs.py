"""From the inputs of one chunk to the raw values a model takes, without a Python loop."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.card import InputSpec
from models.errors import WrongInput
from models.preprocess import decode

MISSING = "the input is missing: it was not logged, or it has expired or been erased"


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The usable inputs of a chunk, and why the others are not.

    `raw` is uint8 [n, *shape]; `rows` int64 [n] says which row of the chunk each came from;
    `failures` maps every other row to its reason.
    """

    raw: NDArray[np.uint8] = field(repr=False)
    rows: NDArray[np.int64]
    failures: dict[int, str]


def decode_inputs(cases: pa.Table, spec: InputSpec) -> Decoded:
    """The inputs of `cases` (columns `input` binary, `failure` string) as the model takes them.

    An input that was not opened, is missing or has another length than `spec.length` becomes a
    failure; it never raises.
    """
    inputs = _one_array(cases["input"])
    usable = pc.fill_null(pc.equal(pc.binary_length(inputs), spec.length), False)
    usable = pc.and_(usable, pc.is_null(cases["failure"].combine_chunks()))
    mask = usable.to_numpy(zero_copy_only=False)
    good = inputs if mask.all() else inputs.filter(usable)
    reasons = cases["failure"]
    failures = {
        int(row): reasons[int(row)].as_py() or _fault(inputs[int(row)].as_py(), spec)
        for row in np.flatnonzero(~mask)
    }
    raw = _values(good).reshape(-1, *spec.shape)
    return Decoded(raw=raw, rows=np.flatnonzero(mask), failures=failures)


def _one_array(column: pa.ChunkedArray) -> pa.BinaryArray:
    merged = column.combine_chunks()
    return merged.chunk(0) if isinstance(merged, pa.ChunkedArray) else merged


def _fault(raw: bytes | None, spec: InputSpec) -> str:
    if raw is None:
        return MISSING
    try:
        decode(raw, spec)
    except WrongInput as exc:
        return str(exc)
    return MISSING


def _values(inputs: pa.BinaryArray) -> NDArray[np.uint8]:
    """The bytes of all inputs, end to end, as they lie in the column: uint8 [sum of lengths]."""
    _, offsets, data = inputs.buffers()
    if len(inputs) == 0 or data is None:
        return np.empty(0, dtype=np.uint8)
    bounds = np.frombuffer(offsets, dtype=np.int32)
    first, last = bounds[inputs.offset], bounds[inputs.offset + len(inputs)]
    return np.frombuffer(data, dtype=np.uint8)[first:last]
