"""Behind the writer: moves the log into the file when it has grown, and lets old data go."""

import threading
import time
from collections import Counter
from typing import Self

from collector.contract.errors import Overloaded
from collector.contract.policy import Policy
from collector.health import Health
from collector.store.backlog import Backlog
from collector.store.database import Database
from collector.store.retention import Retention

CHECKPOINT_EVERY_SECONDS = 30.0
CHECKPOINT_BYTES = 16 * 2**20
RETAIN_EVERY_SECONDS = 3600.0
# Between two slices of a long task, for the writes that wait.
BREATH_SECONDS = 0.05


class Maintenance:
    """Runs in a thread of its own while its context is open."""

    def __init__(
        self, database: Database, policy: Policy, health: Health, backlog: Backlog | None = None
    ) -> None:
        self._database, self._health = database, health
        self._retention = Retention(database, policy, health, self._breathe, backlog)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limen-maintenance")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def retain(self, now: int) -> Counter[str]:
        """Deletes what was received longer ago than the policy keeps it: rows by table."""
        with self._health.task("retention"):
            return self._retention.run(now)

    def _breathe(self) -> bool:
        """Lets writes in between two slices. Whether to stop."""
        self._move_log()
        return self._stop.wait(BREATH_SECONDS)

    def _move_log(self) -> None:
        # Of a database that failed it asks whether it can be written again, so that readiness
        # comes back although nobody sends.
        if self._database.log_bytes() > CHECKPOINT_BYTES or not self._database.healthy:
            with self._health.task("checkpoint"):
                self._database.checkpoint()

    def _run(self) -> None:
        retained = float("-inf")
        while not self._stop.is_set():
            try:
                if time.monotonic() - retained > RETAIN_EVERY_SECONDS:
                    self.retain(time.time_ns())
                    retained = time.monotonic()
                self._move_log()
            except Overloaded:
                # Busy or full: the next round tries again.
                pass
            self._stop.wait(CHECKPOINT_EVERY_SECONDS)
