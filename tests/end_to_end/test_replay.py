"""A replay that is killed and started again, in real processes."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from collector.contract.arrow import to_ipc
from collector.contract.records import ReplayRun
from tests.phones import read_digits, send
from tests.processes import RunningCollector, running_collector
from tests.store import POLICY, Store

pytestmark = pytest.mark.end_to_end

MODEL = "digit_reader@1"
INPUTS, CHUNKS = 9_000, 3
PART = INPUTS // CHUNKS
ATTEMPTS = 5


def command(collector: RunningCollector) -> list[str]:
    words = ["replay", "run", "--feature", "image_classify", "--model", MODEL, "--json"]
    place = ["--api", collector.api, "--home", str(collector.home)]
    return [sys.executable, "-m", "limen", *words, *place]


def printed(collector: RunningCollector, *more: str) -> dict[str, Any]:
    words = [*command(collector), *more]
    done = subprocess.run(words, stdout=subprocess.PIPE, timeout=60, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def killed_between_chunks(collector: RunningCollector) -> ReplayRun:
    """Kills runs once they have saved a chunk; the first that is left with a chunk to do."""
    finished: set[str] = set()
    with collector.client() as client:
        for _ in range(ATTEMPTS):
            with subprocess.Popen(command(collector), stdout=subprocess.DEVNULL) as process:
                while process.poll() is None and not any(
                    run.done for run in client.replays() if run.run not in finished
                ):
                    time.sleep(0.005)
                process.kill()
            assert process.returncode in (0, -signal.SIGKILL)
            run = client.replays()[0]
            if set(run.done) < set(run.chunks):
                return run
            finished.add(run.run)
    raise AssertionError("every run was through before it could be killed")


def openings(home: Path) -> Counter[tuple[str, int]]:
    """How often each (run, chunk) was opened, by the audit log of a stopped collector."""
    with Store(home) as store:
        rows = store.rows("select detail from audit where action = 'inputs opened'")
    details = [json.loads(row["detail"]) for row in rows]
    return Counter((detail["run"], detail["chunk"]) for detail in details)


def test_a_killed_run_goes_on_where_it_was_and_ends_as_one_that_ran_through(
    tmp_path: Path,
) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(tmp_path) as collector, collector.client() as client:
        readings = read_digits(INPUTS, model=MODEL, name="phone", each=30)
        for start in range(0, INPUTS, PART):
            send(collector, readings[start : start + PART])
        broken = killed_between_chunks(collector)
        assert broken.chunks == tuple(range(CHUNKS)) and broken.done
        resumed, through = printed(collector), printed(collector, "--threads", "1")
        assert resumed["run"] == broken.run != through["run"]
        for answer in (resumed, through):
            assert (answer["inputs"], answer["failed"], answer["fidelity"]) == (INPUTS, 0, 1.0)
        scores = client.scores(broken.run)
        assert scores["case"].to_pylist() == list(range(INPUTS))
        # To the byte, however many threads worked on it.
        assert to_ipc(scores) == to_ipc(client.scores(through["run"]))
    opened = openings(tmp_path)
    assert {opened[through["run"], chunk] for chunk in range(CHUNKS)} == {1}
    assert {opened[broken.run, chunk] for chunk in broken.done} == {1}
