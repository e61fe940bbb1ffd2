"""Limen's processes as a person starts them, on free ports."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.processes import running_collector

ROOT = Path(__file__).parents[2]
LIMEN = (sys.executable, "-m", "limen")


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
def dashboard(api: str, program: Sequence[str] = LIMEN) -> Iterator[str]:
    """A dashboard that asks `api`; gives its address once it answers."""
    command = [*program, "dashboard", "--api", api, "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found is not None, line
            transport = httpx.HTTPTransport(retries=8)
            with httpx.Client(transport=transport, trust_env=False) as http:
                assert http.get(f"{found[0]}/_stcore/health").text == "ok"
            yield found[0]
        finally:
            process.terminate()
            process.stdout.read()
