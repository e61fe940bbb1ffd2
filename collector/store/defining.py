"""Makes the schema of a database, or brings it to ours."""

from pathlib import Path

import duckdb

from collector.contract.errors import StoreUnusable
from collector.store.audit import adopt
from collector.store.opening import one
from collector.store.queries import query
from collector.store.schema import (
    DEFINITIONS,
    DIGEST,
    ROLLED_UP,
    ROLLUP_RULES,
    TABLES,
    VERSION,
    ddl,
    migration,
)

# The views and macros of a file are code of ours that this DuckDB has read.
_DEFINED_BY = f"{DIGEST} DuckDB {duckdb.__version__}"


def define(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Tables, views and macros of the database at `path` are ours after it. Raises StoreUnusable,
    the connection closed."""
    version = one(connection, query("read_schema"))
    if version is None:
        connection.begin()
        for name in TABLES:
            connection.execute(ddl(name))
        connection.execute(query("mark_schema"), {"version": VERSION})
        connection.commit()
        version = VERSION
    if version > VERSION:
        connection.close()
        raise StoreUnusable(
            f"{path} has schema {version} and this Limen reads up to {VERSION}: "
            "install the Limen that wrote it, or a newer one"
        )
    if version < VERSION:
        _migrate(connection, path, version)
    defined = version == VERSION and one(connection, query("read_definitions")) == _DEFINED_BY
    connection.begin()
    if not defined:
        for name in DEFINITIONS:
            connection.execute(ddl(name))
        connection.execute(query("mark_definitions").replace("{digest}", _DEFINED_BY))
    if one(connection, query("rollup_rules")) not in (None, ROLLUP_RULES):
        for table in (*ROLLED_UP, "rollup_state"):
            connection.execute(query("forget_rollups").replace("{table}", table))
    connection.commit()
    connection.execute(query("checkpoint"))


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path, version: int) -> None:
    """Takes the schema from `version` to ours, or leaves it as it was."""
    try:
        connection.begin()
        for step in range(version + 1, VERSION + 1):
            connection.execute(migration(step))
            if step == 5:
                adopt(connection)
        connection.execute(query("mark_schema"), {"version": VERSION})
        connection.commit()
    except duckdb.Error as exc:
        connection.close()
        raise StoreUnusable(
            f"{path} has schema {version} and could not be brought to {VERSION}; it is "
            "as it was: install the Limen that wrote it"
        ) from exc
