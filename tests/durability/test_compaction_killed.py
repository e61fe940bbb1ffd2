"""Compaction killed at any line leaves the old file or the new one, whole, and no third."""

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.forks import Forked
from tests.otlp import now, request_span, traces
from tests.store import Store

KNOWN = 300


def compact(home: Path, *line: str) -> "subprocess.CompletedProcess[str]":
    words = ("tests.durability.compacting", str(home), *line)
    with Forked(words, None, os.environ) as process:
        out, err = process.stdout.read(), process.stderr.read()
        return subprocess.CompletedProcess(words, process.wait(60), out, err)


def filled(home: Path) -> set[str]:
    """The ids of the spans that a new store in `home` holds."""
    home.mkdir()
    spans = [request_span() for _ in range(KNOWN)]
    with Store(home) as store:
        store.take(traces(*spans), received=now())
    return {span.span_id.hex() for span in spans}


def lines(home: Path) -> list[str]:
    filled(home)
    done = compact(home)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def faults(home: Path, line: str) -> list[str]:
    """Kills a compaction at `line`: what is wrong with what it leaves."""
    stored = filled(home)
    done = compact(home, line)
    acknowledged = set((home / "acknowledged").read_text("utf-8").split())
    with Store(home) as store:
        found = [row["id"] for row in store.rows("select lower(hex(span_id)) as id from spans")]
        left = {path.name for path in home.iterdir()}
        store.take(traces(request_span()))
    wrong = {
        f"it was not killed: {done.stderr}": done.returncode != -signal.SIGKILL,
        "a span is stored twice": len(found) != len(set(found)),
        "an acknowledged span is lost": not stored | acknowledged <= set(found),
        # One may be: it was stored when the kill came, before its answer.
        "several are stored unanswered": len(set(found) - stored - acknowledged) > 1,
        "a copy is left": any(".copy" in name or name.endswith(".tmp") for name in left),
    }
    return [fault for fault, is_so in wrong.items() if is_so]


def test_a_kill_during_the_swap_leaves_one_whole_file(tmp_path: Path) -> None:
    run = lines(tmp_path / "counted")
    swap = [line for line in run if line.split(":")[1] == "replace"]
    assert len(swap) >= 10
    # Every third: it takes in what stands before the rename, and after it.
    for number, line in enumerate(swap[::3]):
        assert not faults(tmp_path / str(number), line), line


@pytest.mark.soak
def test_a_kill_at_any_line_leaves_one_whole_file(tmp_path: Path) -> None:
    run = lines(tmp_path / "counted")
    assert run
    random.Random(1).shuffle(run)
    for number, line in enumerate(run):
        assert not faults(tmp_path / str(number), line), line
