"""Rewrites the file without what was deleted: copied beside it, then put in its place."""

import logging
import time
from dataclasses import asdict

from collector.contract.records import Compacted
from collector.self_telemetry.health import Health
from collector.store.copying import Copying
from collector.store.database import Database

_log = logging.getLogger("limen")


class Compaction:
    """Compacts `database` with the copies that `copying` makes."""

    def __init__(self, database: Database, copying: Copying, health: Health) -> None:
        self._database, self._copying, self._health = database, copying, health

    def run(self, now: int) -> Compacted:
        """Compacts the file; `now` (ns) for the audit log. Raises Overloaded: it is as it was."""
        before = self._database.file_bytes()
        copied = self._copying.run(self._database.replace)
        done = Compacted(
            bytes_before=before, bytes_after=self._database.file_bytes(), **asdict(copied)
        )
        self._health.freed("compaction", max(0, before - done.bytes_after))
        with self._database.write() as transaction:
            transaction.run("complete_erasures", time=time.time_ns())
            transaction.note("compaction", time=now, **done.model_dump())
        _log.info(
            "compaction: %.1f MiB became %.1f MiB, %s spans, %.1f s, writes waited %.2f s",
            before / 2**20,
            done.bytes_after / 2**20,
            f"{done.spans:,}",
            done.seconds,
            done.paused_seconds,
        )
        return done
