"""Limen's processes as a person starts them, on free ports."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
LIMEN = (sys.executable, "-m", "limen")
FREE = "127.0.0.1:0"


def live_through(home: Path, *, requests: int) -> None:
    """A fleet's week and its replay, kept in `home`."""
    demo = ("demo", "--once", "--json", "--requests", str(requests), "--home", str(home))
    done = subprocess.run([*LIMEN, *demo], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """A `limen` process until the end of the block; gives its first line."""
    with subprocess.Popen(
        [*LIMEN, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()
            process.stdout.read()


@contextmanager
def collector(home: Path) -> Iterator[str]:
    """A collector on `home`; gives the address of its query API."""
    policy = str(ROOT / "demo" / "policy.toml")
    flags = ("--home", str(home), "--http", FREE, "--api", FREE, "--policy", policy)
    with running("collector", *flags) as line:
        yield json.loads(line)["api"]


@contextmanager
def dashboard(api: str) -> Iterator[str]:
    """A dashboard that asks `api`; gives its address once it answers."""
    with running("dashboard", "--api", api, "--port", "0") as line:
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(transport=transport, trust_env=False) as http:
            assert http.get(f"{found[0]}/_stcore/health").text == "ok"
        yield found[0]
