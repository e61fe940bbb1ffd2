"""What is left of requests whose spans expire: sums by day, small cells merged.

A day is folded whole before the first of its spans goes, in the cells in which it was told until
then to whoever may not see small ones, and to these it is told so from then on: nothing can be
found by taking what was told before from what is told after. Others are told so once all of it
expired.
"""

import logging

from collector.contract.errors import Failed, Overloaded
from collector.metrics.cells import PHONES
from collector.store.cells import DAY, SmallCells
from collector.store.database import Database
from collector.store.queries import query
from collector.store.unsealed import Besides
from collector.store.writer import insert

_log = logging.getLogger("limen")


class Folding:
    """Of `database`, in cells of `least` installations or more.

    To be run while nothing else deletes or copies.
    """

    def __init__(self, database: Database, least: int) -> None:
        self._database, self._cells = database, SmallCells(least)

    def run(self, some: int, everything: int, now: int) -> None:
        """Before what was received before `some` (ns) expires in part, and what was received
        before `everything` as a whole."""
        days = self._database.read(query("days_to_fold"), {"before": some})
        for day in days.column("day").to_pylist():
            self._fold(day, now)
        with self._database.write() as transaction:
            transaction.run("set_gone", before=everything)

    def _fold(self, day: int, now: int) -> None:
        merged = self._cells.merged("fallback_rate", PHONES.levels[-1:], now)
        bounds = {"from": day, "to": day + DAY}
        try:
            with self._database.snapshot() as read:
                besides = Besides(read, (day, day + DAY))
                found = besides.ask(merged.over(query("fold_day")), {**bounds, **merged.values})
        except (Overloaded, Failed):
            _log.warning("retention: a day expires that cannot be summed, no sums of it are kept")
            return
        with self._database.write() as transaction:
            insert(transaction, "insert_folded", found)
            transaction.run("set_folded", day=day, least=self._cells.k)
