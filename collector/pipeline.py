"""The path of a span: bytes → Arrow → redacted Arrow → committed rows → answer.

Requests that wait together are decoded, redacted and committed together. One thread prepares a
group while another commits the one before, so that the answer to each comes after its commit.
"""

import logging
import queue
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
import numpy.typing as npt

from collector.contract.errors import BadInput, NotUtf8, Overloaded
from collector.decode import DESCRIPTORS, decode_logs, decode_spans
from collector.intake.admission import STOPPING
from collector.intake.mend import mend
from collector.intake.notes import not_utf8, notes
from collector.intake.payload import SIGNALS, Payload, Receipt
from collector.redaction.tally import Tally
from collector.rules import Rules
from collector.self_telemetry.health import Health
from collector.store.writer import Part, Writer, Written

# A group is at most this much: a commit stays short, and memory bounded.
GROUP_BYTES = 8 * 2**20
GROUP_REQUESTS = 1024
# Larger bodies are prepared while the group before is committed.
SMALL_BODY_BYTES = 64 * 2**10
# How long small ones gather at most, after a commit that was less than this ago.
LINGER_SECONDS = 0.008
LOOK_SECONDS = 0.0005
RECENTLY_SECONDS = 0.05
# Requests with late spans have a group of their own, at most this often.
LATE_EVERY_SECONDS = 0.25
WAITING_REQUESTS = 4096

_log = logging.getLogger("limen")


@dataclass(frozen=True, slots=True)
class _Waiting:
    payload: Payload
    receipt: "Future[Receipt]"


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A part of a group, and what to answer to each request of it once it is committed.

    `rejected` counts its records that can never be stored, by reason.
    """

    part: Part
    waiting: Sequence[_Waiting]
    receipts: Sequence[Receipt]
    rejected: Mapping[str, int]

    def of(self, requests: npt.NDArray[np.bool_], *, counted: bool) -> "_Prepared":
        """That of some `requests`; where what it holds is `counted` already, it counts nothing."""
        return _Prepared(
            part=self.part.of(requests, Tally() if counted else self.part.redacted.tally),
            waiting=list(compress(self.waiting, requests)),
            receipts=list(compress(self.receipts, requests)),
            rejected={} if counted else self.rejected,
        )


class _Late:
    """Requests with late spans wait here for a group of their own: what they may copy is looked for
    in all that is stored, which those on time need not wait for. Used from one thread."""

    def __init__(self) -> None:
        self._held: list[_Prepared] = []
        self._due = 0.0

    def part_from(self, group: Sequence[_Prepared]) -> list[_Prepared]:
        """The requests of `group` that are on time; the late ones are held."""
        on_time, held = [], []
        for one in group:
            late = one.part.late()
            if late.any():
                held.append(one if late.all() else one.of(late, counted=True))
            if not late.all():
                on_time.append(one.of(~late, counted=False) if late.any() else one)
        self._held += held
        return on_time

    def seconds_left(self) -> float | None:
        """How long those that are held still wait; None where none is."""
        return max(0.0, self._due - time.monotonic()) if self._held else None

    def due(self, *, at_once: bool) -> list[_Prepared]:
        """Those that are held, when the last of their groups is long enough ago."""
        now = time.monotonic()
        if not self._held or (now < self._due and not at_once):
            return []
        self._due = now + LATE_EVERY_SECONDS
        group, self._held = self._held, []
        return group


class Pipeline:
    """Takes payloads from any thread; `close` commits what was taken and stops.

    Another `rules` may be set at any time: each group is prepared under those it finds.
    """

    def __init__(self, rules: Rules, writer: Writer, health: Health) -> None:
        self.rules = rules
        self._writer, self._health = writer, health
        self._arrived: queue.Queue[_Waiting | None] = queue.Queue(WAITING_REQUESTS)
        self._prepared: queue.Queue[Sequence[_Prepared] | None] = queue.Queue(1)
        self._late = _Late()
        self._idle = threading.Event()
        self._idle.set()
        self._idle_since = 0.0
        self._answered = 0
        self._counting = threading.Lock()
        self._waiting_requests = 0
        self._closed = False
        health.watch(
            waiting_requests=lambda: self._waiting_requests,
            storing=lambda: self.healthy,
        )
        self._threads = [
            threading.Thread(target=target, name=f"limen-{target.__name__.strip('_')}")
            for target in (self._prepare_all, self._commit_all)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, payload: Payload) -> "Future[Receipt]":
        """A future that is done when `payload` is committed, or has the reason it is not.

        Raises Overloaded when too many requests wait already, or none is taken any more.
        """
        waiting = _Waiting(payload, Future())
        with self._counting:
            if self._closed:
                raise Overloaded(STOPPING)
            try:
                self._arrived.put_nowait(waiting)
            except queue.Full:
                raise Overloaded("too many requests wait: send again shortly") from None
            self._waiting_requests += 1
        self._health.taken(payload.signal, payload.sent_bytes, len(payload.body))
        waiting.receipt.add_done_callback(self._done)
        return waiting.receipt

    def _done(self, _: "Future[Receipt]") -> None:
        with self._counting:
            self._waiting_requests -= 1

    @property
    def healthy(self) -> bool:
        """Whether the store takes data."""
        return self._writer.healthy

    def close(self) -> None:
        """Commits what was taken, then stops."""
        with self._counting:
            # Nobody may wait behind the end.
            self._closed = True
        self._arrived.put(None)
        for thread in self._threads:
            thread.join()

    def _prepare_all(self) -> None:
        stopping = False
        while not stopping:
            waiting, stopping = self._gather()
            rules = self.rules
            try:
                on_time = self._late.part_from(
                    [
                        part
                        for signal in SIGNALS
                        if (own := [w for w in waiting if w.payload.signal == signal])
                        for part in self._prepare(own, rules)
                    ]
                )
            except BaseException as exc:
                _fail(waiting, _failure("prepared", exc))
                on_time = []
            if on_time:
                self._prepared.put(on_time)
            if late := self._late.due(at_once=stopping):
                self._prepared.put(late)
        self._prepared.put(None)

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """The requests that wait now, within bounds, and whether to stop after them.

        None where late ones are due before any comes.
        """
        group: list[_Waiting] = []
        size, patience = 0, self._late.seconds_left()
        while len(group) < GROUP_REQUESTS and size < GROUP_BYTES:
            try:
                following = self._arrived.get(not group, patience)
            except queue.Empty:
                break
            if following is None:
                return group, True
            if not group:
                self._let_gather(following.payload)
            group.append(following)
            size += len(following.payload.body)
        return group, False

    def _let_gather(self, first: Payload) -> None:
        """Waits for more to join the group of `first` where that costs less than another group."""
        # What comes while another group is prepared already joins this one.
        self._prepared.join()
        if len(first.body) > SMALL_BODY_BYTES or self._arrived.qsize() > GROUP_REQUESTS // 4:
            return
        # Small requests cost by the group: one at a time, and large.
        self._idle.wait()
        began = time.monotonic()
        if began - self._idle_since > RECENTLY_SECONDS:
            return
        # Those who were answered just now send again: until as many have come, but not for long.
        while self._arrived.qsize() + 1 < self._answered:
            if time.monotonic() - began > LINGER_SECONDS:
                return
            time.sleep(LOOK_SECONDS)

    def _prepare(self, waiting: list[_Waiting], rules: Rules) -> list[_Prepared]:
        """The parts made of requests of one signal; those that cannot be decoded are refused."""
        try:
            return [self._part(waiting, rules)]
        except BadInput as exc:
            if len(waiting) == 1:
                return self._mended(waiting[0], rules, exc)
            half = len(waiting) // 2
            return self._prepare(waiting[:half], rules) + self._prepare(waiting[half:], rules)
        except BaseException as exc:
            # Whatever is wrong with our own code, the client keeps its data and sends it again; and
            # a thread that ended would leave everyone waiting. A panic in Rust is no Exception.
            _fail(waiting, _failure("prepared", exc))
            return []

    def _mended(self, waiting: _Waiting, rules: Rules, refused: BadInput) -> list[_Prepared]:
        """A second try for one request where a string is not UTF-8; any other is `refused`."""
        payload = waiting.payload
        try:
            if not isinstance(refused, NotUtf8):
                raise refused
            body, changed = mend(payload.body, DESCRIPTORS[payload.signal])
            again = self._part([replace(waiting, payload=replace(payload, body=body))], rules)
        except BadInput as exc:
            _fail([waiting], exc)
            return []
        except BaseException as exc:
            _fail([waiting], _failure("prepared", exc))
            return []
        said = not_utf8(changed)
        return [replace(again, receipts=[receipt.noting(said) for receipt in again.receipts])]

    def _part(self, waiting: list[_Waiting], rules: Rules) -> _Prepared:
        payloads = [w.payload for w in waiting]
        received = np.array([p.received for p in payloads], dtype=np.int64)
        bodies = [p.body for p in payloads]
        inputs = consents = None
        signal = payloads[0].signal
        rejected: Mapping[str, int]
        decoded = decode_spans(bodies) if signal == "traces" else decode_logs(bodies)
        if signal == "traces":
            redacted = rules.redactor.spans(decoded, received)
            message = "ids of the wrong length or all zero"
            rejected = {"ids": int(redacted.rejected.sum())}
        else:
            logged = rules.sealer.seal(decoded, received)
            redacted, inputs, rejected = logged.redacted, logged.inputs, logged.reasons
            consents = logged.consents
            message = f"not stored: {', '.join(logged.reasons)}"
        part = Part(
            signal=signal,
            redacted=redacted,
            inputs=inputs,
            consents=consents,
            received=received,
            body_bytes=[p.sent_bytes for p in payloads],
        )
        receipts = [
            Receipt(rejected=n, message=message if n else "") for n in redacted.rejected.tolist()
        ]
        for request, said in notes(decoded).items():
            for note in said:
                receipts[request] = receipts[request].noting(note)
        return _Prepared(part, waiting, receipts, rejected)

    def _commit_all(self) -> None:
        while (prepared := self._prepared.get()) is not None:
            self._idle.clear()
            self._prepared.task_done()
            self._commit(prepared)
            self._answered = sum(len(one.waiting) for one in prepared)
            self._idle_since = time.monotonic()
            self._idle.set()

    def _commit(self, prepared: Sequence[_Prepared]) -> None:
        began = time.perf_counter()
        try:
            written = self._writer.write([one.part for one in prepared])
        except BaseException as exc:
            with _counting():
                self._health.commit_failed(time.perf_counter() - began, exc)
            failure = _failure("stored", exc)
            for one in prepared:
                _fail(one.waiting, failure)
        else:
            with _counting():
                self._count(time.perf_counter() - began, prepared, written)
            for one, stored in zip(prepared, written, strict=True):
                receipts = one.receipts
                if stored.erased is not None:
                    counts = stored.erased.tolist()
                    receipts = [r.refusing(n) for r, n in zip(receipts, counts, strict=True)]
                for waiting, receipt in zip(one.waiting, receipts, strict=True):
                    # A request whose connection is gone waits no more; its data is stored.
                    if waiting.receipt.set_running_or_notify_cancel():
                        waiting.receipt.set_result(receipt)

    def _count(
        self, seconds: float, prepared: Sequence[_Prepared], written: Sequence[Written]
    ) -> None:
        self._health.committed(
            seconds,
            requests=sum(len(one.waiting) for one in prepared),
            sent_bytes=sum(sum(one.part.body_bytes) for one in prepared),
            records=sum(one.records for one in written),
            duplicates=sum(one.duplicates for one in written),
        )
        for one, stored in zip(prepared, written, strict=True):
            self._health.stored(
                one.part.signal,
                records=stored.records,
                duplicates=stored.duplicates,
                rejected=_rejected(one, stored),
                redacted=one.part.redacted.tally,
            )


def _rejected(prepared: _Prepared, written: Written) -> Mapping[str, int]:
    """What of a part can never be stored, by reason."""
    if written.erased is None:
        return prepared.rejected
    return {**prepared.rejected, "erased": int(written.erased.sum())}


@contextmanager
def _counting() -> Iterator[None]:
    """What cannot be counted is said, and changes no answer."""
    try:
        yield
    except BaseException as exc:
        _failure("counted", exc)


def _failure(what: str, error: BaseException) -> Overloaded:
    """What the client is told. The log says where it failed; a message could hold a value.

    `error` is not its cause: whoever logs an exception logs its causes too.
    """
    cause = error.__cause__ or error
    place = traceback.extract_tb(cause.__traceback__ or error.__traceback__)[-1]
    _log.error(
        "a group could not be %s: %s at %s:%s",
        what,
        type(cause).__name__,
        place.filename,
        place.lineno,
    )
    return Overloaded(f"what was sent could not be {what}: send again later")


def _fail(waiting: Sequence[_Waiting], failure: Exception) -> None:
    for one in waiting:
        if not one.receipt.done() and one.receipt.set_running_or_notify_cancel():
            one.receipt.set_exception(failure)
