"""From the inputs of one chunk to the raw values a model takes."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.errors import WrongInput
from models.inputs import InputSpec, TensorInput, TextInput
from models.preprocess import Raw, decode, little_endian

MISSING = "the input is missing: it was not logged, or it has expired or been erased"


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The usable inputs of a chunk, and why the others are not.

    `raw` holds numbers [n, *shape] or n texts; `rows` int64 [n] says which row of the chunk each
    came from; `failures` maps every other row to its reason.
    """

    raw: Raw = field(repr=False)
    rows: NDArray[np.int64]
    failures: dict[int, str]


def decode_inputs(cases: pa.Table, spec: InputSpec) -> Decoded:
    """The inputs of `cases` (columns `input` binary, `failure` string) as the model takes them.

    An input that was not opened, is missing or is not what `spec` says becomes a failure; it never
    raises.
    """
    if isinstance(spec, TextInput):
        return _texts(cases, spec)
    return _tensors(cases, spec)


def _tensors(cases: pa.Table, spec: TensorInput) -> Decoded:
    """Without a Python loop over those that are as they should be."""
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
    raw = _values(good).view(little_endian(spec)).reshape(-1, *spec.shape)
    return Decoded(raw=raw, rows=np.flatnonzero(mask), failures=failures)


def _texts(cases: pa.Table, spec: TextInput) -> Decoded:
    texts: list[str] = []
    rows: list[int] = []
    failures: dict[int, str] = {}
    columns = cases["input"].to_pylist(), cases["failure"].to_pylist()
    for row, (raw, failure) in enumerate(zip(*columns, strict=True)):
        if failure is not None or raw is None:
            failures[row] = failure or MISSING
            continue
        try:
            texts.append(str(decode(raw, spec)))
            rows.append(row)
        except WrongInput as exc:
            failures[row] = str(exc)
    return Decoded(raw=texts, rows=np.array(rows, dtype=np.int64), failures=failures)


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
