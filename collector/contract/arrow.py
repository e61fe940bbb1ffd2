"""Arrow tables that cross the query API: how they travel, and their columns."""

import pyarrow as pa

from collector.contract.errors import BadInput

MEDIA_TYPE = "application/vnd.apache.arrow.stream"

# What a model said of each case: one row per case, a failed one has nulls and its reason.
SCORES = pa.schema(
    [
        ("case", pa.int64()),
        ("predicted", pa.string()),
        ("confidence", pa.float64()),
        ("scores", pa.list_(pa.float32())),
        ("failure", pa.string()),
    ]
)


def to_ipc(table: pa.Table) -> bytes:
    """`table` as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_ipc(body: bytes) -> pa.Table:
    """The table of an Arrow IPC stream. Raises BadInput."""
    try:
        return pa.ipc.open_stream(body).read_all()
    except (pa.ArrowException, OSError) as exc:
        raise BadInput("the body is not an Arrow IPC stream") from exc
