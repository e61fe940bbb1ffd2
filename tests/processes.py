"""A real collector on real ports, in a process of its own."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from collector.contract.client import LimenClient
from tests.forks import ROOT, Forked
from tests.store import begin

LIMEN = (sys.executable, "-m", "limen")
STOP_SECONDS = 20
FREE = "127.0.0.1:0"
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
# Trusts nobody, and so need not read whom it could trust: for addresses without TLS.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, kw_only=True)
class RunningCollector:
    """Its addresses, its home and its process."""

    http: str
    grpc: str
    api: str
    home: Path
    process: "subprocess.Popen[str] | Forked"

    def client(self, token: str | None = None, ca: Path | None = None) -> LimenClient:
        return LimenClient(self.api, token=token, ca=ca)

    def post(
        self, body: Any, media: str = PROTOBUF, path: str = "/v1/traces", **headers: str
    ) -> httpx.Response:
        """Sends `body`, bytes or chunks of them; `_` in a header's name stands for `-`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return httpx.post(
            self.http + path,
            content=body,
            headers={"content-type": media} | named,
            timeout=60,
            trust_env=False,
            verify=NO_TLS,
        )

    def spans(self) -> int:
        """How many spans are stored."""
        with self.client() as client:
            found: int = client.status()["spans"]
        return found

    def connect(self) -> socket.socket:
        """A bare connection to the HTTP ingest door."""
        address = urlsplit(self.http)
        return socket.create_connection((address.hostname or "", address.port or 0), timeout=60)

    def gauge(self, name: str) -> float:
        """The value of a metric without labels, as Prometheus would read it."""
        text = httpx.get(self.api + "/metrics", trust_env=False, verify=NO_TLS).text
        line = next(line for line in text.splitlines() if line.startswith(f"limen_{name} "))
        return float(line.split()[1])

    def stop(self) -> int:
        """Stops it as a service manager would; its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)


def until(holds: Callable[[], bool]) -> None:
    """Waits for something that happens by itself, and soon."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def running_collector(
    home: Path,
    *flags: str,
    folder: Path | None = None,
    program: Sequence[str] = LIMEN,
    forked: bool = True,
    **settings: object,
) -> Iterator[RunningCollector]:
    """A collector on free ports, ready; stopped at the end if it still runs.

    `folder`: where it is started, for a `limen.toml` there. `program`: what takes the arguments
    of `limen`. `forked`: by a Python that has imported what it needs, if Python is what it is, and
    in a home that is begun.
    """
    named = {f"LIMEN_{name.upper()}": str(value) for name, value in settings.items()}
    command = [*program, "collector", "--home", str(home)]
    command += ["--http", FREE, "--grpc", FREE, "--api", FREE, *flags]
    if forked:
        begin(home)
    with _started(
        command, folder, os.environ | named | {"PYTHONPATH": str(ROOT)}, forked
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.stderr.read())
        ready = json.loads(line)
        running = RunningCollector(
            http=ready["http"], grpc=ready["grpc"], api=ready["api"], home=home, process=process
        )
        try:
            yield running
        finally:
            if process.poll() is None:
                try:
                    running.stop()
                finally:
                    # One that does not stop would be waited for without end.
                    process.kill()


def _started(
    command: Sequence[str], folder: Path | None, env: Mapping[str, str], forked: bool
) -> "subprocess.Popen[str] | Forked":
    python, flag, *words = command
    if forked and (python, flag) == (sys.executable, "-m"):
        return Forked(words, folder, env)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=folder, env=env)
