"""Repeats the day that a store holds, rolled up, over the days before it: what takes hours request
by request is copied in minutes."""

from collections.abc import Callable
from pathlib import Path

import duckdb

from collector.store.cells import DAY
from collector.store.schema import ROLLED_UP
from collector.store.settling import MADE

_TIMES = ("commit_number", "consent_since", "received_time", "said_since", "time")
_IDS = ("launch", "trace_id")


def repeat(connection: duckdb.DuckDBPyConnection, days: int, say: Callable[[str], object]) -> None:
    """Copies all rows of `connection`'s store to each of the `days` before, as other traces of
    other launches of the same installations."""
    for table in ("span_facts", *(f"told_{name}" for name in MADE), *ROLLED_UP):
        changed = _changed(connection, table)
        if not changed:
            continue
        connection.execute(f"create temp table day as select * from {table}")
        sql = Path(__file__).with_name("repeat.sql").read_text()
        sql = sql.replace("{table}", table).replace("{changed}", changed)
        for back in range(days, 0, -1):
            connection.execute(sql, {"back": back})
        connection.execute("drop table day")
        say(f"repeated {table} for {days} days")


def _changed(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    described = connection.execute(f"describe {table}").fetchall()
    changed = [_moved(name, kind) for name, kind, *_ in described]
    return ", ".join(one for one in changed if one)


def _moved(name: str, kind: str) -> str | None:
    if kind == "DATE":
        return f"{name} - cast($back as integer) as {name}"
    if name in _TIMES:
        return f"{name} - $back * {DAY} as {name}"
    if name in _IDS:
        return f"unhex(left(hex({name}), -2) || printf('%02x', $back::integer)) as {name}"
    return None
