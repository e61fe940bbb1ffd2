"""Columns of spans that no attribute is the source of, and the map of those without a column."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.decode import Indices
from collector.redaction.index import plain

KINDS = pa.array(["INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])
STATUSES = pa.array(["UNSET", "OK", "ERROR"])

# Device start times outside this window around the time received are not believed.
OLDEST_NS = 30 * 24 * 3600 * 10**9
NEWEST_NS = 10 * 60 * 10**9


def effective_time(
    start: npt.NDArray[np.uint64], received: Indices
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Device start where it lies in [received − 30 days, received + 10 minutes], else received."""
    signed = np.where(start < 2**63, start, 0).astype(np.int64)
    believed = (signed >= received - OLDEST_NS) & (signed <= received + NEWEST_NS)
    return np.where(believed, signed, received), believed


def enumeration(codes: pa.Array, names: pa.Array) -> pa.Array:
    """The name of each code; the first, where there is none."""
    values = codes.to_numpy(zero_copy_only=False)
    return names.take(pa.array(np.where((values >= 0) & (values < len(names)), values, 0)))


def as_map(columns: Mapping[str, pa.Array], rows: int) -> pa.MapArray:
    """The columns as one map<string, string> per row, null where a row has none."""
    where, names, values = [], [], []
    for name, column in columns.items():
        column = plain(column)
        here = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        where.append(here)
        names.append(np.full(len(here), name, dtype=object))
        values.append(column.drop_null().cast(pa.string()))
    row = np.concatenate(where)
    order = np.argsort(row, kind="stable")
    counts = np.bincount(row, minlength=rows)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    entries = pa.array(np.concatenate(names)[order], pa.string())
    items = pa.chunked_array(values).combine_chunks().take(pa.array(order))
    whole = pa.MapArray.from_arrays(pa.array(offsets), entries, items)
    return pc.if_else(pa.array(counts > 0), whole, None)
