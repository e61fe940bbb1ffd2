"""The stored spans that were not passed on yet, and the place where passing on goes on.

Spans are passed on in the order of (commit number, span id, start). It has no ties: the writer
stores no two spans that agree in the last two.
"""

from typing import Any

import pyarrow as pa

from collector.store.database import Database
from collector.store.queries import query
from collector.store.transaction import Transaction

_Place = dict[str, Any]


class Backlog:
    """The first time it begins with what comes next."""

    def __init__(self, database: Database) -> None:
        self._database = database
        found = database.read(query("find_forwarded")).to_pylist()
        self._place: _Place = found[0] if found else self._end()
        self._given = self._place
        self._saved = bool(found)
        self.save()

    def next(self, most: int) -> pa.Table | None:
        """The first of the spans that wait, at most `most`, as columns of `spans`; None: none."""
        ends = self._database.read(query("end_of_waiting"), {**self._place, "most": most})
        if not ends.num_rows:
            return None
        self._given = ends.to_pylist()[0]
        last = {f"last_{name}": value for name, value in self._given.items()}
        return self._database.read(query("waiting_spans"), self._place | last)

    def passed(self) -> None:
        """What `next` gave last waits no more; known after a restart once it is saved."""
        self._place = self._given
        self._saved = False

    def save(self) -> None:
        """Raises Overloaded when the database could not take it."""
        if not self._saved:
            with self._database.write() as transaction:
                transaction.run("forget_forwarded")
                transaction.run("insert_forwarded", **self._place)
            self._saved = True

    def expiring(self, transaction: Transaction, before: int, feature: str | None) -> int:
        """How many spans wait that were received before `before` (ns), of `feature` if given."""
        limit = {"before": before, "feature": feature}
        ((count,),) = transaction.ask("count_expiring", **limit, **self._place)
        return int(count)

    def _end(self) -> _Place:
        commit = self._database.read(query("last_commit")).column(0)[0].as_py()
        return {"commit_number": commit, "span_id": b"\xff" * 8, "start_time": 2**64 - 1}
