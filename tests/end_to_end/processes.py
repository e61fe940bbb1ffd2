"""Limen's processes as a person starts them, on free ports."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from collector.contract.config import environment_of, load_settings
from collector.contract.errors import BadInput
from dashboard.commands import free_port, streamlit_command
from tests.forks import DASHBOARDS, ROOT, Forked
from tests.processes import LIMEN, NO_TLS, running_collector, until

HOST = "127.0.0.1"


def live_through(
    home: Path, *, requests: int, seed: int = 1, program: Sequence[str] = LIMEN
) -> dict[str, Any]:
    """A fleet's week and its replay, kept in `home`; `program` takes the arguments of `limen`.
    The summary."""
    demo = [*program, "demo", "--once", "--json", "--home", str(home)]
    demo += ["--requests", str(requests), "--seed", str(seed)]
    done = subprocess.run(demo, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@contextmanager
def collector(home: Path, program: Sequence[str] = LIMEN) -> Iterator[str]:
    """A collector on `home` under the demo's policy; gives the address of its query API."""
    policy = ROOT / "demo" / "policy.toml"
    with running_collector(home, "--policy", str(policy), program=program) as running:
        yield running.api


@contextmanager
def dashboard(api: str, program: Sequence[str] = LIMEN, forked: bool = True) -> Iterator[str]:
    """A dashboard that asks `api`; gives its address once it answers.

    `program`: what takes the arguments of `limen`. `forked`: by a Python that has imported what it
    needs, if `LIMEN` is what it is.
    """
    process, url = _forked(api) if forked and program == LIMEN else _started(api, program)
    with process:
        try:
            until(lambda: _answers(url))
            yield url
        finally:
            process.terminate()
            assert process.stdout is not None
            process.stdout.read()


@cache
def _port() -> int:
    return free_port(HOST, 0)


def _forked(api: str) -> tuple[Forked, str]:
    try:
        # The one of those before: a browser that has read their scripts need not read them again.
        port = free_port(HOST, _port())
    except BadInput:
        port = free_port(HOST, 0)
    command = streamlit_command(HOST, port, ())
    environment = environment_of(load_settings({"api_url": api})) | {"PYTHONPATH": str(ROOT)}
    return Forked(command[2:], ROOT, environment, DASHBOARDS), f"http://{HOST}:{port}"


def _started(api: str, program: Sequence[str]) -> tuple["subprocess.Popen[str]", str]:
    command = [*program, "dashboard", "--api", api, "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found is not None, line
    return process, found[0]


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_stcore/health", trust_env=False, verify=NO_TLS).text == "ok"
    except httpx.ConnectError:
        return False
