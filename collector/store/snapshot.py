"""The store as of one moment, for several questions."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa

_BATCH_ROWS = 10_000

_BY_WORD = (
    ("INTERRUPT", duckdb.InterruptException),
    ("Out of Memory", duckdb.OutOfMemoryException),
)


class Snapshot:
    """The store as of one moment."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def __call__(self, sql: str, values: Mapping[str, Any]) -> pa.Table:
        """The answer to a query of few rows: they are copied once more than by `read`, and it is
        planned once, not twice as a relation is."""
        return self._cursor.execute(sql, dict(values)).to_arrow_table()

    def batches(self, sql: str, values: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        """The same piece by piece, the first without rows."""
        found = self._cursor.sql(sql, params=dict(values)).to_arrow_reader(_BATCH_ROWS)
        yield pa.RecordBatch.from_pylist([], schema=found.schema)
        try:
            yield from found
        except OSError as exc:
            # So Arrow tells what happened to DuckDB.
            kinds = (kind for word, kind in _BY_WORD if word in str(exc))
            raise next(kinds, duckdb.Error)(str(exc)) from exc
