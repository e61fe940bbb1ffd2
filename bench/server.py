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
        whole = [sys.executable, *command, *(("--home", home) if command == COLLECTOR else ())]
        with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            try:
                yield urlsplit(json.loads(process.stdout.readline())["http"]).netloc
            finally:
                process.terminate()
                process.wait(60)
