"""Compaction killed at any line leaves the old file or the new one, whole, and no third."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.otlp import now, request_span, traces
from tests.store import Store

KNOWN = 300


def compact(home: Path, *line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.durability.compacting", str(home), *line],
        capture_output=True,
        text=True,
        timeout=60,
    )


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


def killed_at(home: Path, line: str) -> None:
    """Kills a compaction at `line` and looks at what is left."""
    stored = filled(home)
    done = compact(home, line)
    assert done.returncode == -signal.SIGKILL, (line, done.stderr)
    acknowledged = set((home / "acknowledged").read_text("utf-8").split())
    with Store(home) as store:
        found = [row["id"] for row in store.rows("select lower(hex(span_id)) as id from spans")]
        assert len(found) == len(set(found)), line
        assert stored | acknowledged <= set(found), line
        # One that was stored when the kill came, before its answer.
        assert len(set(found) - stored - acknowledged) <= 1, line
        left = {path.name for path in home.iterdir()}
        assert not {name for name in left if ".copy" in name or name.endswith(".tmp")}, line
        store.take(traces(request_span()))


def test_a_kill_during_the_swap_leaves_one_whole_file(tmp_path: Path) -> None:
    run = lines(tmp_path / "counted")
    swap = [line for line in run if line.split(":")[1] == "replace"]
    assert len(swap) >= 10
    # Every third: it takes in what stands before the rename, and after it.
    for number, line in enumerate(swap[::3]):
        killed_at(tmp_path / str(number), line)


@pytest.mark.soak
def test_a_kill_at_any_line_leaves_one_whole_file(tmp_path: Path) -> None:
    run = lines(tmp_path / "counted")
    random.Random(1).shuffle(run)
    for number, line in enumerate(run):
        killed_at(tmp_path / str(number), line)
