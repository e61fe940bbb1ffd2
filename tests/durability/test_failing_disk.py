"""A disk that is full or fails: refused with 503, nothing acknowledged is lost, and it goes on by
itself once the cause is gone."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from collector.contract.errors import Overloaded
from tests import strace
from tests.durability.paced import program
from tests.durability.phones import PATIENCE, Phones, stored
from tests.processes import FREE, LIMEN, RunningCollector, running_collector

FILE, LOG = "limen.duckdb", "limen.duckdb.wal"
CALM = {"maintenance.LOOK_EVERY_SECONDS": 0.1, "maintenance.PAUSE_SECONDS": 0.1}
BUSY = {**CALM, "maintenance.LARGEST_LOG_SPANS": 0}
TMPFS_BYTES = 8 * 2**20


def ready(running: RunningCollector) -> bool:
    answer = httpx.get(running.http + "/readyz", trust_env=False, timeout=PATIENCE)
    assert answer.status_code in (200, 503)
    return answer.status_code == 200


def wait_for(running: RunningCollector, readiness: bool) -> None:
    until = time.monotonic() + PATIENCE
    while ready(running) != readiness:
        assert time.monotonic() < until, f"/readyz does not become {readiness}"
        time.sleep(0.02)


def refused(phones: Phones, times: int) -> None:
    until = time.monotonic() + PATIENCE
    while phones.refused < times:
        assert time.monotonic() < until, "nothing is refused"
        time.sleep(0.02)


def check_goes_on(running: RunningCollector, phones: Phones) -> None:
    """Ready although nobody sends; what was refused is taken; all of it is there once."""
    wait_for(running, True)
    acknowledged = len(phones.acknowledged)
    phones.send_again(running.http)
    assert len(phones.acknowledged) > acknowledged
    assert running.spans() == len(phones.ids)
    assert running.stop() == 0
    found = stored(running.home)
    assert found.keys() == phones.ids
    assert found.total() == len(found)


@pytest.mark.usefixtures("tracer")
@pytest.mark.parametrize(
    ("calls", "error", "name", "pace"),
    [
        ("fdatasync", "EIO", LOG, CALM),
        ("write", "ENOSPC", LOG, CALM),
        ("fdatasync", "EIO", FILE, BUSY),
        pytest.param("pwrite64", "ENOSPC", FILE, BUSY, marks=pytest.mark.soak),
    ],
    ids=["log-sync", "log-write", "checkpoint-sync", "checkpoint-write"],
)
def test_nothing_is_acknowledged_that_the_disk_did_not_take(
    tmp_path: Path, calls: str, error: str, name: str, pace: dict[str, float]
) -> None:
    home, phones = tmp_path / "home", Phones()
    fails = strace.tampering(calls, f"error={error}:when=4+", home / name)
    with running_collector(home, program=program(pace), min_free_bytes=0) as running:
        with phones.sending(running.http, phones=2):
            phones.sent(3)
            with strace.attached(running.process.pid, tmp_path / "calls", fails):
                refused(phones, 3)
                wait_for(running, False)
        assert phones.unanswered
        check_goes_on(running, phones)


@contextmanager
def small_disk(where: Path) -> Iterator[Path]:
    """A file system of a few megabytes. Skips where this user may not make one."""
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "limen-test", str(where)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount on this machine")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)


def test_a_full_disk_is_refused_and_forgotten(tmp_path: Path) -> None:
    phones = Phones()
    with small_disk(tmp_path / "disk") as disk:
        with running_collector(disk / "home", program=program(CALM), min_free_bytes=0) as running:
            filler = disk / "filler"
            with phones.sending(running.http, phones=2):
                phones.sent(3)
                _fill(filler)
                refused(phones, 3)
                wait_for(running, False)
            filler.unlink()
            check_goes_on(running, phones)


def _fill(path: Path) -> None:
    """Writes until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(2**16)):
                pass
        except OSError:
            pass


@pytest.mark.usefixtures("tracer")
def test_a_start_on_a_failing_disk_is_refused_in_one_sentence(tmp_path: Path) -> None:
    fails = strace.tampering("fdatasync", "error=EIO")
    command = ["strace", "-f", "-o", os.devnull, *fails, *LIMEN, "collector"]
    command += ["--home", str(tmp_path), "--http", FREE, "--grpc", FREE, "--api", FREE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("tracer")
@pytest.mark.parametrize(("calls", "error"), [("pwrite64", "ENOSPC"), ("fdatasync", "EIO")])
def test_a_copy_that_the_disk_does_not_take_is_given_up(
    tmp_path: Path, calls: str, error: str
) -> None:
    home, phones = tmp_path / "home", Phones()
    fails = strace.tampering(calls, f"error={error}:when=3+", home / f"{FILE}.copy")
    with running_collector(home, min_free_bytes=0) as running, running.client() as client:
        with phones.sending(running.http, phones=2):
            phones.sent(3)
            with strace.attached(running.process.pid, tmp_path / "calls", fails):
                with pytest.raises(Overloaded, match="could not be copied"):
                    client.compact()
            assert not list(home.glob("*.copy*"))
            client.compact()
            phones.sent(3)
        assert not phones.unanswered
        assert running.spans() == len(phones.ids)
        assert running.stop() == 0
    assert stored(home).total() == len(phones.ids)
