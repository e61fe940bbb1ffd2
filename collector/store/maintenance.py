"""Behind the writer: moves the log into the file when it has grown, lets old data go, compacts."""

import logging
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Self

from collector.asker import AGAIN_SECONDS, ASKER, Asker
from collector.contract.config import MIN_CELL
from collector.contract.errors import HungUp, Overloaded
from collector.contract.policy import Policy
from collector.contract.records import Compacted, Upkeep
from collector.self_telemetry.health import Health, Task
from collector.store.backlog import Backlog
from collector.store.compaction import Compaction
from collector.store.copying import Copying
from collector.store.database import Database
from collector.store.queries import query
from collector.store.retention import Retention
from collector.store.rollups import Rollups
from collector.store.rotation import Rotation
from collector.store.sampling import Sampling
from collector.store.settling import Settling

LOOK_EVERY_SECONDS = 0.25
# Writes wait for a checkpoint, some 4 µs a span: it is made while nobody writes, or once there are
# so many. Fewer would cost more: each begins a row group of 122,880, and DuckDB writes four of them
# again that fit into three.
QUIET_LOG_BYTES = 4 * 2**20
QUIET_SECONDS = 1.0
LARGEST_LOG_SPANS = 94_000
# What a span and its rollup take of the log at most, unless spans come by few; and what all else
# may take.
SPAN_LOG_BYTES = 2**10
LARGEST_LOG_BYTES = 24 * 2**20
RETAIN_EVERY_SECONDS = 3600.0
RETRY_SECONDS = 3600.0
SAMPLE_EVERY_SECONDS = 1.0
# What is not rolled up makes questions slow, and these keep the rollup waiting.
ROLL_UP_EVERY_SECONDS = 5.0
# So long it goes on where more is left, which is less than questions wait.
ROLL_UP_TURN_SECONDS = 10.0
# So long other tasks wait for it.
ROLL_UP_PATIENCE_SECONDS = 30.0
ASK_EVERY_SECONDS = 60.0
# After a failure, so that a disk that stays full is not complained of every second.
PAUSE_SECONDS = 10.0
# Between two slices of a long task, for the writes that wait.
BREATH_SECONDS = 0.05

_HOUR_NS = 3600 * 10**9
_DAY_NS = 24 * _HOUR_NS

_log = logging.getLogger("limen")


class Maintenance:
    """Runs in a thread of its own while its context is open; others may ask for a task too.

    `backlog` is where passing on has come to; `rotation` begins and destroys keys; `look` is called
    every second. `compact_hour` (UTC) is when the file is compacted, once a day; None: only when
    asked. No copy is made that would leave less than `min_free_bytes`. Retention keeps sums of
    cells of `min_cell` installations or more.
    """

    def __init__(
        self,
        database: Database,
        policy: Policy,
        health: Health,
        backlog: Backlog | None = None,
        rotation: Rotation | None = None,
        look: Callable[[], None] | None = None,
        *,
        compact_hour: int | None = None,
        min_free_bytes: int = 0,
        min_cell: int = MIN_CELL,
    ) -> None:
        self._database, self._policy, self._health = database, policy, health
        self._rotation, self._look = rotation, look
        self._retention = Retention(
            database, policy, health, self._breathe, backlog, min_cell=min_cell
        )
        self._sampling = Sampling(database, health)
        self._rollups = Rollups(database)
        self._settling = Settling(database, min_cell)
        self._copying = Copying(database, self._breathe, min_free_bytes)
        self._compaction = Compaction(database, self._copying, health)
        self._compact_hour = compact_hour
        self._compacted: Compacted | None = None
        self._log_bytes, self._written = 0, 0.0
        self._stop = threading.Event()
        # Gone once it is to stop, which ends what upkeep reads.
        self._asker = Asker()
        self._one = threading.Lock()
        self._task: Task | None = None
        self._thread = threading.Thread(target=self._run, name="limen-maintenance")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends what is read for upkeep; what is being written is written first."""
        self._stop.set()
        while self._thread.is_alive():
            self._asker.hang_up()
            self._thread.join(AGAIN_SECONDS)
        # Another thread's task ends too; after that the database may be closed.
        while not self._one.acquire(timeout=AGAIN_SECONDS):
            self._asker.hang_up()

    def follow(self, policy: Policy) -> None:
        """Keeps data by `policy` from now on."""
        self._policy = self._retention.policy = policy

    def state(self) -> Upkeep:
        """What is under way, and what the last compaction came to."""
        space = self._database.space()
        (spans,) = self._database.read(query("count_spans")).column("spans").to_pylist()
        return Upkeep(
            task=self._task,
            spans=spans,
            copied_spans=self._copying.spans if self._task in ("compaction", "backup") else None,
            file_bytes=self._database.file_bytes(),
            reusable_bytes=space.reusable,
            compacted=self._compacted,
        )

    def retain(self, now: int) -> Counter[str]:
        """Deletes what was received longer ago than the policy keeps it: rows by table.

        After that the keys of pseudonyms that nothing has any more.
        """
        with self._until_stop("retention"):
            gone = self._retention.run(now)
            if self._rotation:
                self._rotation.run(self._policy, now)
            return gone

    def sample(self, now: int) -> int:
        """Deletes the inputs that are more than the policy keeps of a feature: how many."""
        with self._database.turns.take():
            if self._task is not None or not self._sampling.crowded(self._policy):
                return 0
        with self._until_stop("sampling"):
            return self._sampling.run(self._policy, now)

    def roll_up(self) -> bool:
        """Takes what came into the rollups; whether more is left after a while. Raises Overloaded.

        Questions wait for a step of it: each costs more the more is left, and would else keep it
        waiting.
        """
        with self._database.turns.take():
            if self._task is not None or not self._rollups.due():
                return False
            until = time.monotonic() + ROLL_UP_TURN_SECONDS
            with self._until_stop("rollup"):
                while self._rollups.run():
                    if self._breathe() or time.monotonic() > until:
                        return True
        return False

    def settle(self, now: int) -> bool:
        """Makes the cells of a day that is over; whether more are left. Raises Overloaded."""
        with self._database.turns.take():
            if self._task is not None or not self._settling.due(now):
                return False
        with self._until_stop("rollup"):
            return self._settling.run(now)

    def compact(self, now: int, patience: float = 0.0) -> Compacted:
        """Rewrites the file without what was deleted. Raises Overloaded: it is as it was."""
        with self._until_stop("compaction", patience):
            self._compacted = self._compaction.run(now)
            return self._compacted

    def backup(self, now: int, *, keys: bool, token: str | None = None) -> BinaryIO:
        """A copy of the database, open and without a name: its space is free once it is closed.

        `keys`, whether the keys go along, `now` (ns) and the `token` that asks are for the audit
        log. Raises Overloaded.
        """
        opened: list[BinaryIO] = []
        with self._until_stop("backup"):
            copied = self._copying.run(lambda: opened.append(self._database.copy_path.open("rb")))
            with self._database.write() as transaction:
                transaction.note("backup", by=token, time=now, keys=keys, spans=copied.spans)
        _log.info(
            "backup: %s spans copied, %.1f s, writes waited %.2f s",
            f"{copied.spans:,}",
            copied.seconds,
            copied.paused_seconds,
        )
        return opened[0]

    @contextmanager
    def alone(self, task: Task, patience: float = 0.0) -> Iterator[None]:
        """One task at a time: nothing is deleted while a copy is made.

        Raises Overloaded where another is under way for longer than `patience` (s).
        """
        if self._task == "rollup":
            patience = max(patience, ROLL_UP_PATIENCE_SECONDS)
        if not self._one.acquire(timeout=patience):
            raise Overloaded(f"{self._task or 'stopping'} is under way: try again later")
        try:
            self._task = task
            with self._health.task(task):
                yield
        finally:
            self._task = None
            self._one.release()

    @contextmanager
    def _until_stop(self, task: Task, patience: float = 0.0) -> Iterator[None]:
        """The same, of what may be given up in the middle of a question when it is to stop."""
        with self.alone(task, patience):
            before = ASKER.set(self._asker)
            try:
                yield
            except HungUp as exc:
                raise Overloaded(f"{task} was given up: the collector stops") from exc
            finally:
                ASKER.reset(before)

    def _breathe(self) -> bool:
        """Lets writes in between two slices. Whether to stop."""
        self._move_log()
        return self._stop.wait(BREATH_SECONDS)

    def _move_log(self) -> None:
        size, now = self._database.log_bytes(), time.monotonic()
        if size != self._log_bytes:
            self._log_bytes, self._written = size, now
        quiet = size > QUIET_LOG_BYTES and now - self._written > QUIET_SECONDS
        spans = self._database.log_spans()
        full = spans > LARGEST_LOG_SPANS or size > LARGEST_LOG_BYTES + spans * SPAN_LOG_BYTES
        # Of a database that failed it asks whether it can be written again, so that readiness
        # comes back although nobody sends.
        if quiet or full or not self._database.healthy:
            with self._health.task("checkpoint"):
                self._database.checkpoint()

    def _run(self) -> None:
        ASKER.set(self._asker)
        retained = sampled = tried = asked = roll_up_at = float("-inf")
        since = time.time_ns()
        while not self._stop.is_set():
            try:
                if time.monotonic() - retained > RETAIN_EVERY_SECONDS:
                    self.retain(time.time_ns())
                    retained = time.monotonic()
                self._move_log()
                now = time.monotonic()
                if now - sampled > SAMPLE_EVERY_SECONDS:
                    sampled = now
                    if self._look:
                        self._look()
                    self.sample(time.time_ns())
                if now > roll_up_at:
                    roll_up_at = now + self._roll_up()
                if now - tried > RETRY_SECONDS and now - asked > ASK_EVERY_SECONDS:
                    asked = now
                    if self._due(since, time.time_ns()):
                        tried = now
                        self.compact(time.time_ns())
            except HungUp:
                # Asked between two tasks, when it is to stop.
                return
            except Overloaded as exc:
                # Busy or full: a later round tries again.
                _log.warning("maintenance: %s", exc)
                self._stop.wait(PAUSE_SECONDS)
            except Exception as exc:
                # Without this thread the log would grow until the disk is full.
                place = traceback.extract_tb(exc.__traceback__)[-1]
                where = (type(exc).__name__, place.filename, place.lineno)
                _log.error("maintenance: %s at %s:%s", *where)
                self._stop.wait(PAUSE_SECONDS)
            self._stop.wait(LOOK_EVERY_SECONDS)

    def _roll_up(self) -> float:
        """Rolls up; how long after its begin (s) it is due again."""
        more = self.roll_up() or self.settle(time.time_ns())
        return 0.0 if more else ROLL_UP_EVERY_SECONDS

    def next_compaction(self, now: int) -> int | None:
        """When the file is compacted next (ns), after `now`; None: only when asked."""
        if self._compact_hour is None:
            return None
        hour = self._compact_hour * _HOUR_NS
        return ((now - hour) // _DAY_NS + 1) * _DAY_NS + hour

    def _due(self, since: int, now: int) -> bool:
        """Whether the hour of compaction came since the last one, or `since` (ns) without one."""
        if self._compact_hour is None:
            return False
        last = self._database.read(query("last_compaction")).column("time")[0].as_py()
        hour = self._compact_hour * _HOUR_NS
        return (now - hour) // _DAY_NS > ((last or since) - hour) // _DAY_NS
