"""Fixtures: a store in this process, a collector in a process of its own."""

import gc
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest

from tests import strace
from tests.processes import RunningCollector, running_collector
from tests.store import POLICY, Store

# Hundreds of processes start here: what Python has compiled once it keeps, whatever was asked for.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# As in the command: most of what is made while tests are collected stays.
gc.set_threshold(50_000)
# What httpx trusts is read once: each time it takes longer than most requests.
pytest.MonkeyPatch().setattr(
    "httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context)
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=1000, help="kills at random in `make soak`")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """One collector for a module: its tests tell their data apart by app."""
    home = tmp_path_factory.mktemp("home")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(home) as running:
        yield running


@pytest.fixture(scope="session")
def tracer() -> None:
    """strace: in CI a missing one fails; elsewhere it skips, with the same words."""
    if strace.executable() is None:
        if os.environ.get("CI"):
            pytest.fail(strace.INSTALL)
        pytest.skip(strace.INSTALL)
