"""SIGKILL under load: what was acknowledged is there once, and so is what is sent again."""

import os
import random
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import strace
from tests.durability.paced import program
from tests.durability.phones import PATIENCE, Phones, stored
from tests.otlp import now, request_span, traces
from tests.processes import FREE, LIMEN, RunningCollector, running_collector
from tests.store import POLICY, Store

pytestmark = pytest.mark.usefixtures("tracer")

FILE, LOG, KEYS = "limen.duckdb", "limen.duckdb.wal", "keys/inputs.json.new"
CALM: Mapping[str, float] = {}
BUSY = {"maintenance.LOOK_EVERY_SECONDS": 0.05, "maintenance.LARGEST_LOG_SPANS": 0}
HOME_KILLS = 25
DAY_SECONDS = 3
DAY_NS = DAY_SECONDS * 10**9
SHORT_DAYS = {
    "maintenance.LOOK_EVERY_SECONDS": 0.05,
    "maintenance.RETAIN_EVERY_SECONDS": 0.1,
    "retention._DAY_NS": DAY_NS,
}


@dataclass(frozen=True, kw_only=True)
class Point:
    """Killed as it enters the `nth` of these `calls` on `path` in one thread."""

    calls: str
    path: str | Path
    nth: int
    pace: Mapping[str, float] = field(default_factory=dict)
    inputs: bool = False
    stopping: bool = False


POINTS = {
    "a commit is to be written": Point(calls="write", path=LOG, nth=8),
    "a commit is partly written": Point(calls="write", path=LOG, nth=9),
    "a commit is written, not synced": Point(calls="fdatasync", path=LOG, nth=4),
    "a commit is synced, not answered": Point(calls="write", path=strace.WAKE, nth=5),
    "a checkpoint writes": Point(calls="pwrite64", path=FILE, nth=3, pace=BUSY),
    "a checkpoint is not synced": Point(calls="fdatasync", path=FILE, nth=3, pace=BUSY),
    "a checkpoint's header is not synced": Point(calls="fdatasync", path=FILE, nth=4, pace=BUSY),
    "a checkpoint is to drop the log": Point(calls=strace.UNLINK, path=LOG, nth=2, pace=BUSY),
    "a key file is renamed": Point(calls=strace.RENAME, path=KEYS, nth=3, inputs=True),
    "it stops": Point(calls="pwrite64", path=FILE, nth=1, stopping=True),
}


def killed(running: RunningCollector) -> None:
    assert running.process.wait(PATIENCE) == -signal.SIGKILL


def check_recovery(home: Path, phones: Phones) -> None:
    """Started again it has what was acknowledged, takes what is sent again, and all of it once."""
    assert phones.acknowledged
    with running_collector(home) as again:
        before = again.spans()
        assert before >= len(phones.ids)
        phones.send_again(again.http)
        again.process.kill()
    found = stored(home)
    assert found.keys() == phones.ids
    assert found.total() == len(found)


# As instructive, but near another: only in the long run.
RARE = (
    "a commit is to be written",
    "a checkpoint writes",
    "a checkpoint's header is not synced",
    "a checkpoint is to drop the log",
)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(point, id=name, marks=[pytest.mark.soak] if name in RARE else [])
        for name, point in POINTS.items()
    ],
)
def test_nothing_acknowledged_is_lost_or_doubled_when_it_is_killed_as(
    tmp_path: Path, point: Point
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "policy.toml").write_text(POLICY, "utf-8")
    phones = Phones(log_inputs=point.inputs)
    path = home / point.path if isinstance(point.path, str) else point.path
    kill = strace.tampering(point.calls, f"signal=SIGKILL:when={point.nth}", path)
    with running_collector(home, program=program(point.pace)) as running:
        with phones.sending(running.http):
            phones.sent(5)
            with strace.attached(running.process.pid, tmp_path / "calls", kill):
                if point.stopping:
                    running.process.terminate()
                killed(running)
    check_recovery(home, phones)
    if point.inputs:
        with Store(home) as store:
            sealed = store.rows(
                "select sealed, installation, span_id from inputs join input_pieces using (number)"
            )
            opened = [store.vault.open(*row.values()).content for row in sealed]
        assert opened and all(body == b"what it saw" for body in opened)


def test_nothing_acknowledged_is_lost_or_doubled_when_it_is_killed_as_a_body_arrives(
    tmp_path: Path,
) -> None:
    phones, batch = Phones(), [request_span()]
    body = traces(*batch).SerializeToString()
    with running_collector(tmp_path, program=program(CALM)) as running:
        host, port = running.http.removeprefix("http://").split(":")
        with phones.sending(running.http), socket.create_connection((host, int(port))) as slow:
            head = f"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
            slow.sendall(head.encode() + b"content-type: application/x-protobuf\r\n\r\n")
            slow.sendall(body[: len(body) // 2])
            phones.sent(20)
            running.process.kill()
            killed(running)
    phones.unanswered.append(batch)
    check_recovery(tmp_path, phones)


def test_nothing_acknowledged_is_lost_or_doubled_when_it_is_killed_as_requests_wait(
    tmp_path: Path,
) -> None:
    home, count = tmp_path / "home", 8
    phones = Phones()
    slow = strace.tampering("fdatasync", "delay_enter=4000000:when=5", home / LOG)
    with running_collector(home, program=program(CALM)) as running:
        with phones.sending(running.http, count):
            with strace.attached(running.process.pid, tmp_path / "calls", slow):
                before = -1
                while before != (before := len(phones.acknowledged)) or not before:
                    time.sleep(0.5)
                running.process.kill()
                killed(running)
    assert len(phones.unanswered) == count
    check_recovery(home, phones)


@pytest.mark.parametrize(
    ("calls", "nth"), [("read,pread64", 2), (strace.UNLINK, 1)], ids=["replay", "checkpoint"]
)
def test_nothing_acknowledged_is_lost_or_doubled_when_it_is_killed_as_it_starts_again(
    tmp_path: Path, calls: str, nth: int
) -> None:
    home, phones = tmp_path / "home", Phones()
    with running_collector(home, program=program(CALM)) as running:
        with phones.sending(running.http):
            phones.sent(20)
            running.process.kill()
            killed(running)
    kill = strace.tampering(calls, f"signal=SIGKILL:when={nth}", home / LOG)
    command = ["strace", "-f", "-o", os.devnull, *kill, *LIMEN, "collector", "--home", str(home)]
    command += ["--http", FREE, "--grpc", FREE, "--api", FREE]
    started = subprocess.run(command, capture_output=True, timeout=PATIENCE)
    assert (started.returncode, started.stdout) == (-signal.SIGKILL, b"")
    check_recovery(home, phones)


def test_nothing_that_is_kept_is_lost_when_it_is_killed_as_old_data_is_deleted(
    tmp_path: Path,
) -> None:
    home, phones = tmp_path / "home", Phones()
    home.mkdir()
    (home / "policy.toml").write_text("retention_days = 1\n" + POLICY, "utf-8")
    kill = strace.tampering("write", "signal=SIGKILL:when=1", home / LOG)
    with running_collector(home, program=program(SHORT_DAYS)) as running:
        with phones.sending(running.http):
            # Over the end of a day, so that there is a day to delete and one to keep.
            time.sleep(DAY_SECONDS - time.time() % DAY_SECONDS + 0.3)
        # Nobody sends any more: the next to write is the one that deletes.
        with strace.attached(running.process.pid, tmp_path / "calls", kill):
            killed(running)
    today = now() // DAY_NS * DAY_NS
    recent = {
        (span.trace_id, span.span_id)
        for batch in phones.acknowledged
        for span in batch
        if span.start >= today - DAY_NS
    }
    found = stored(home)
    assert recent and recent <= found.keys() <= phones.ids
    assert found.total() == len(found)


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_or_doubled_over_kills_at_random(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills, rng = request.config.getoption("kills"), random.Random()
    lost = doubled = unasked = 0
    seconds: list[float] = []
    for first in range(0, kills, HOME_KILLS):
        # A home of its own now and then: what is looked at does not grow with the kills.
        home, phones = tmp_path / str(first), Phones()
        for _ in range(first, min(first + HOME_KILLS, kills)):
            began = time.monotonic()
            with running_collector(home, program=program(BUSY), forked=False) as running:
                seconds.append(time.monotonic() - began)
                unasked += running.spans() - len(phones.ids)
                phones.send_again(running.http)
                with phones.sending(running.http):
                    time.sleep(rng.uniform(0, 1))
                    running.process.kill()
        found = stored(home)
        sent_again = {(s.trace_id, s.span_id) for batch in phones.unanswered for s in batch}
        lost += len(phones.ids - found.keys())
        doubled += found.total() - len(found)
        assert found.keys() <= phones.ids | sent_again
    middle, late = statistics.quantiles(seconds, n=100)[49::49]
    print(  # noqa: T201
        f"\n{kills} kills: {lost} acknowledged spans lost, {doubled} doubled, {unasked} stored "
        f"without an answer; ready again in {middle:.2f} s (p50), {late:.2f} s (p99)"
    )
    assert (lost, doubled) == (0, 0)
