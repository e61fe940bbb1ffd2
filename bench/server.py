"""Servers to measure, each in a process of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_FREE = "127.0.0.1:0"
COLLECTOR = ("-m", "limen", "collector", "--http", _FREE, "--grpc", _FREE, "--api", _FREE)
NOTHING = ("-m", "bench.nothing")


@contextmanager
def running(*command: str) -> Iterator[str]:
    """A server that prints its address as JSON, on a home of its own; its `HOST:PORT`."""
    with tempfile.TemporaryDirectory() as home:
        own = ("--home", home) if command == COLLECTOR else ()
        with _started(*command, *own) as ready:
            yield urlsplit(ready["http"]).netloc


@contextmanager
def collector(*flags: str) -> Iterator[dict[str, str]]:
    """A collector; what it says when it is ready, and its `pid`."""
    with _started(*COLLECTOR, *flags) as ready:
        yield ready


@contextmanager
def _started(*command: str) -> Iterator[dict[str, str]]:
    whole = [sys.executable, *command]
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline()) | {"pid": str(process.pid)}
        finally:
            process.terminate()
            process.wait(60)
