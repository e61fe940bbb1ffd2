"""The digest of what is judged: the same for the same cases, whatever their order or chunks."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from replay.ordering import ascending
from replay.references import case_numbers, scored_cases

COLUMNS = (
    *("span_id", "installation", "confidence", "predicted", "truth", "cloud_label", "decision"),
    *("audit_sampled", "audit_probability", "network", "egress_bytes"),
    *("os", "device_model", "release"),
    *("model_digest", "runtime", "delegate", "device_label", "device_confidence"),
)


def data_digest(scores: pa.Table) -> str:
    """`sha256:` and the SHA-256 over COLUMNS of the cases of `scores` that did not fail.

    Rows are sorted by span id. Of each column go in its name, a NUL, and: of ids their bytes; of
    text the sorted distinct values, each ended by a NUL, and the place of each row's among them
    as int32; of numbers float64. All little-endian; what is missing is -1 of text, NaN of numbers
    and zero bytes of ids.
    """
    cases = scored_cases(scores).select(COLUMNS)
    cases = cases.take(ascending(case_numbers(cases["span_id"])))
    found = hashlib.sha256()
    for name in COLUMNS:
        found.update(name.encode() + b"\0")
        for part in _parts(cases[name].combine_chunks()):
            found.update(part)
    return f"sha256:{found.hexdigest()}"


def _parts(column: pa.Array) -> tuple[bytes | memoryview, ...]:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        values = pc.drop_null(pc.unique(column)).sort()
        places = pc.fill_null(pc.index_in(column, values), -1).to_numpy(zero_copy_only=False)
        text = "".join(f"{value}\0" for value in values.to_pylist())
        return text.encode(), np.ascontiguousarray(places, "<i4").data.cast("B")
    if pa.types.is_boolean(column.type) or pa.types.is_integer(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_floating(column.type):
        numbers = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy()
        return (np.ascontiguousarray(numbers, "<f8").data.cast("B"),)
    width = max(pc.max(pc.binary_length(column)).as_py() or 0, 1)
    ids = pc.fill_null(column.cast(pa.binary()), bytes(width)).cast(pa.binary(width))
    start = ids.offset * width
    return (memoryview(ids.buffers()[1])[start : start + len(ids) * width],)
