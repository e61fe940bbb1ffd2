"""Makes, once a day is over, the cells that stand for small ones to whoever may not see them.

They are those that a question would make for itself, which takes reading every request of its
period. With them a question is answered from what is rolled up, as that of anybody else.
"""

import logging

import pyarrow as pa

from collector.contract.errors import Overloaded
from collector.metrics.cells import CELLS
from collector.store.cells import DAY, SmallCells, settled
from collector.store.database import Database
from collector.store.queries import query
from collector.store.transaction import Transaction
from collector.store.unsealed import Besides

# By table what is made: by a query, from the cells of one of the metrics that are told in them.
MADE = {
    "cells": ("day_cells", "completeness"),
    "devices": ("day_devices", "completeness"),
    "gaps": ("day_gaps", "completeness"),
    "reasons": ("day_reasons", "fallback_reasons"),
    "waits": ("day_waits", "latency"),
    "sent": ("day_sent", "transfers"),
    "thresholds": ("day_thresholds", "thresholds_in_use"),
    "steps": ("day_steps", "offline_by_threshold"),
}

_log = logging.getLogger("limen")


class Settling:
    """Of `database`, in cells of `least` installations or more.

    To be run while nothing else deletes or copies.
    """

    def __init__(self, database: Database, least: int) -> None:
        self._database, self._cells = database, SmallCells(least)
        self._left: list[int] = []
        self._state: dict[str, int] = {}
        self._given_up = 0

    def due(self, now: int) -> bool:
        """Whether the cells of a day that is over at `now` (ns) are to be made."""
        return settled(now) > self._given_up and not self._cells.kept(self._database.read, now)

    def run(self, now: int) -> bool:
        """Makes those of a day; whether more are left.

        Where one has too many requests they are given up until the next midnight.
        """
        asked = {"settled": settled(now), "least": self._cells.k}
        if not self._left or self._state["settled"] != asked["settled"]:
            days = self._database.read(query("unsettled_days"), asked).to_pylist()
            self._left = [row["day"] for row in days]
            for row in days[:1]:
                self._state = asked | {"last": row["last"]}
        if self._left:
            try:
                self._settle(self._left.pop(), now)
            except Overloaded:
                _log.warning("rollup: a day is too large, questions of a lead read its requests")
                self._given_up, self._left = settled(now), []
                return False
            if not self._left:
                with self._database.write() as transaction:
                    transaction.run("clear_told_state")
                    transaction.run("set_told_state", **self._state)
        return bool(self._left)

    def _settle(self, day: int, now: int) -> None:
        made = {table: self._made(table, day, now) for table in MADE}
        with self._database.write() as transaction:
            for table, rows in made.items():
                transaction.run_for(table, "remove_told", day=day)
                transaction.name(fresh=rows)
                transaction.run_for(table, "insert_told")
            transaction.run("clear_told_dirty", day=day)

    def _made(self, table: str, day: int, now: int) -> pa.Table:
        """What told_… is to have of a day (ns)."""
        name, metric = MADE[table]
        cells = CELLS[metric]
        assert cells is not None
        kept = next((one for one in cells.kept if one.table == f"told_{table}"), cells.kept[0])
        merged = self._cells.merged(metric, kept.told[-1:], now)
        sql = merged.over(query(name))
        values = {"from": day, "to": day + DAY, **merged.values}
        with self._database.snapshot() as read:
            besides = Besides(read, (day, day + DAY))
            return besides.ask(sql, {n: v for n, v in values.items() if f"${n}" in sql})


def unsettle(transaction: Transaction, name: str, **asked: object) -> None:
    """Before spans are deleted: the cells of their days, which the query `name` notes, go."""
    transaction.run(name, **asked)
    for table in MADE:
        transaction.run_for(table, "forget_told")
