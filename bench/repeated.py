"""A store of many days that are all alike: one is made and rolled up, and the others copied from
it. What takes hours request by request takes minutes."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from collector.contract.config import DATABASE, MIN_CELL
from collector.engine import Engine
from collector.store.cells import DAY, settled
from collector.store.maintenance import Maintenance
from collector.store.rollups import Rollups
from collector.store.schema import ROLLED_UP
from collector.store.settling import MADE, Settling

Say = Callable[[str], object]

_SLICE = 1_000_000
_SECOND = 10**9
_TIMES = (
    "commit_number", "consent_since", "earliest", "latest", "received_time", "said_since", "time",
)  # fmt: skip
_IDS = ("launch", "session", "trace_id")
_ID = "unhex(left(hex({name}), -2) || printf('%02x', $back::integer))"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """Who sends `requests` within so many `days`: `made` (SQL) is what they have in common, `sent`
    inserts some of what they send, from $first to $last, one each $step ns from $since on; both
    with `values`."""

    requests: int
    days: int
    made: str
    sent: str
    values: Mapping[str, object] = field(default_factory=dict)


def fill(home: Path, engine: Callable[[], Engine], fleet: Fleet, say: Say) -> None:
    """Fills yesterday and the days before with the same, rolled up, and today until now."""
    now = time.time_ns()
    today, each = settled(now), fleet.requests // fleet.days
    # What follows the day's last request is of that day too.
    step = (DAY - 2 * _SECOND) // each
    with engine():
        pass
    with duckdb.connect(str(home / DATABASE)) as connection:
        _run(connection, fleet.made, {**fleet.values, "today": today, "days": fleet.days})
        _send(connection, fleet, {"since": today - DAY, "step": step}, 0, each)
    with engine() as opened:
        roll_up(opened, say)
        # As each night.
        Maintenance(opened.database, opened.policy, opened.health).compact(time.time_ns())
    with duckdb.connect(str(home / DATABASE)) as connection:
        _repeat(connection, fleet.days - 1, say)
        last = each + (now - today) // step
        _send(connection, fleet, {"since": today - each * step, "step": step}, each, last)


def roll_up(engine: Engine, say: Say) -> None:
    """Rolls up all that is new, and makes the cells of the days that are over."""
    rollups, began = Rollups(engine.database), time.perf_counter()
    while rollups.run():
        pass
    seconds = time.perf_counter() - began
    spans = engine.reader.status()["spans"]
    size = engine.database.file_bytes() / spans
    say(
        f"{spans:,} spans, {size:.0f} bytes of file each; rolled up what was new in {seconds:.0f} s"
    )
    settling, began = Settling(engine.database, MIN_CELL), time.perf_counter()
    while settling.due(time.time_ns()) and settling.run(time.time_ns()):
        pass
    say(f"small cells of all days found in {time.perf_counter() - began:.0f} s")


def _send(
    connection: duckdb.DuckDBPyConnection,
    fleet: Fleet,
    place: Mapping[str, int],
    first: int,
    last: int,
) -> None:
    for begin in range(first, last, _SLICE):
        part = {"first": begin, "last": min(begin + _SLICE, last)}
        _run(connection, fleet.sent, {**fleet.values, **place, **part})


def _run(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object]) -> None:
    """Each statement with the values that it names."""
    for statement in connection.extract_statements(sql):
        named = {name: values[name] for name in statement.named_parameters}
        connection.execute(statement, named or None)


def _repeat(connection: duckdb.DuckDBPyConnection, days: int, say: Say) -> None:
    """Copies all rows of `connection`'s store to each of the `days` before, as other traces of
    other launches of the same installations."""
    for table in ("span_facts", "batches", *(f"told_{name}" for name in MADE), *ROLLED_UP):
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
    if kind == "TIMESTAMP":
        return f"{name} - to_days(cast($back as integer)) as {name}"
    if name in _TIMES:
        return f"{name} - $back * {DAY} as {name}"
    if name == "trace":
        return f"md5_number_lower({_ID.format(name='trace_id')}) as trace"
    if name in ("launch", "call") and kind == "UBIGINT":
        return f"xor({name}, cast($back as ubigint)) as {name}"
    if name in _IDS:
        return f"{_ID.format(name=name)} as {name}"
    return None
