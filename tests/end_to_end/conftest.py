"""A browser for the tests that look at pages, and a fleet's week for them to look at."""

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from demo.home import LEDGER
from tests import strace
from tests.end_to_end.browser import NoChromium, chromium
from tests.end_to_end.processes import live_through
from tests.processes import LIMEN
from tests.test_cloud import SEED


@dataclass(frozen=True)
class Week:
    """One `limen demo --once`: the home that it left, its summary and its ledger; `reached` is whom
    its processes sent to, where there is a strace. Who writes to the home does so to a copy."""

    home: Path
    summary: dict[str, Any]
    ledger: dict[str, Any]
    reached: Path


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    """Lived through once: the worker that comes second waits for it, or finds it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    home, summary, reached = root / "week", root / "week.json", root / "week.strace"
    with (root / "week.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not summary.exists():
            program = strace.observed(reached, LIMEN) if strace.executable() else LIMEN
            found = live_through(home, requests=3000, seed=SEED, program=program)
            summary.write_text(json.dumps(found), "utf-8")
    said = json.loads(summary.read_text("utf-8"))
    return Week(home, said, json.loads((home / LEDGER).read_text("utf-8")), reached)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all files of a worker. In CI a missing one fails; elsewhere it skips, with the same
    words."""
    try:
        with chromium() as found:
            yield found
    except NoChromium as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
