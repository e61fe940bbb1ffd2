"""Behind the writer: moves the log into the file when it has grown, and lets old data go."""

import threading
import time
from typing import Self

from collector.contract.errors import Overloaded
from collector.contract.policy import Policy
from collector.health import Health
from collector.store.database import Database

CHECKPOINT_EVERY_SECONDS = 30.0
CHECKPOINT_BYTES = 16 * 2**20
RETAIN_EVERY_SECONDS = 3600.0

_DAY_NS = 24 * 3600 * 10**9


class Maintenance:
    """Runs in a thread of its own while its context is open."""

    def __init__(self, database: Database, policy: Policy, health: Health) -> None:
        self._database, self._policy, self._health = database, policy, health
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limen-maintenance")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def retain(self, now: int) -> None:
        """Deletes what was received longer ago than the policy keeps it. `now` in ns."""
        before = now - self._policy.retention_days * _DAY_NS
        with self._health.task("retention"), self._database.write() as transaction:
            for table in ("span_facts", "batches", "redactions"):
                transaction.run(f"expire_{table}", before=before)
            before = now - self._policy.input_days * _DAY_NS
            for table in ("inputs", "replay_scores", "replay_chunks", "sweeps", "replays"):
                transaction.run(f"expire_{table}", before=before)

    def _run(self) -> None:
        retained = float("-inf")
        while not self._stop.is_set():
            try:
                if time.monotonic() - retained > RETAIN_EVERY_SECONDS:
                    self.retain(time.time_ns())
                    retained = time.monotonic()
                # Of a database that failed it asks whether it can be written again, so that
                # readiness comes back although nobody sends.
                if self._database.log_bytes() > CHECKPOINT_BYTES or not self._database.healthy:
                    with self._health.task("checkpoint"):
                        self._database.checkpoint()
            except Overloaded:
                # Busy or full: the next round tries again.
                pass
            self._stop.wait(CHECKPOINT_EVERY_SECONDS)
