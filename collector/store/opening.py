"""Makes and opens a database file; what stands in the way is said with what to do about it."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from collector.contract.errors import StoreUnusable
from collector.keys import sync
from collector.store.queries import query

# What blocks of the file and questions may take of it.
MEMORY_BYTES = 220 * 10**6

_CONFIG: Mapping[str, str] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # Checkpoints run from a timer at low load, never inside a commit that a phone waits for.
    "wal_autocheckpoint": "1GB",
    "auto_checkpoint_skip_wal_threshold": "1000000000",
    # Beyond its memory it spills beside the file, within bounds.
    "max_temp_directory_size": "10GB",
    # It reads once and whole what is asked for twice in parts, each of which is a few row groups.
    "disabled_optimizers": "common_subplan",
}

_LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")


def logs(path: Path) -> list[Path]:
    """What DuckDB may keep beside a file of its own."""
    return [path.with_name(path.name + end) for end in _LOGS]


def make(path: Path) -> None:
    """An empty database, whole or not there at all: one half made could never be opened.

    Raises StoreUnusable.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        duckdb.connect(str(fresh)).close()
        os.replace(fresh, path)
        sync(path.parent)
    except (duckdb.Error, OSError) as exc:
        raise StoreUnusable(f"{path} cannot be made: {str(exc).splitlines()[0]}") from exc


def connect(path: Path, reachable: Sequence[Path], memory_bytes: int) -> duckdb.DuckDBPyConnection:
    """`path`, opened; besides it DuckDB may touch the `reachable` paths and nothing else.

    Raises StoreUnusable.
    """
    if not path.exists():
        # DuckDB would make another in its place.
        raise StoreUnusable(f"{path} is gone")
    try:
        connection = duckdb.connect(
            str(path), config={**_CONFIG, "memory_limit": f"{memory_bytes}B"}
        )
        connection.execute(query("set_reachable"), {"paths": [str(path) for path in reachable]})
        connection.execute(query("cut_off"))
        return connection
    except duckdb.Error as exc:
        if holder := re.search(r"PID (\d+)", str(exc)):
            raise StoreUnusable(
                f"{path} is open in process {holder[1]}: stop it, or name another --home"
            ) from exc
        reason = str(exc).splitlines()[0]
        if damaged := re.search(r"Corrupt WAL file: entry at byte position (\d+)", reason):
            log = path.with_name(path.name + ".wal")
            raise StoreUnusable(
                f"{log} is damaged at byte {damaged[1]}: restore a backup, or give up what was "
                f"stored from there on: truncate --size {damaged[1]} {log}"
            ) from exc
        raise StoreUnusable(f"{path} cannot be opened: {reason}") from exc


def stored_version(path: Path) -> int | None:
    """The version of the schema in the file at `path`; None where there is none.

    Raises StoreUnusable.
    """
    if not path.exists():
        return None
    connection = connect(path, [], MEMORY_BYTES)
    try:
        version: int | None = one(connection, query("read_schema"))
        return version
    finally:
        connection.close()


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The first value of the answer; None without a row, or where what it asks is not there."""
    try:
        row = connection.execute(sql).fetchone()
    except duckdb.CatalogException:
        return None
    return row[0] if row else None
