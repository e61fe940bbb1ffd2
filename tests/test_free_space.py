"""A disk that is nearly full: nothing more is taken, it is said, and it goes on by itself."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status

from collector.intake.free_space import FreeSpace
from tests.otlp import Span, traces
from tests.processes import running_collector

MIB = 2**20
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        if os.geteuid() == 0 and "CI" in os.environ:
            pytest.fail(f"in CI this must run: {mounted.stderr}")
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def eventually(url: str, status: int) -> str:
    """The text of `url` once it answers with `status`."""
    deadline = time.monotonic() + 20
    while (answer := httpx.get(url)).status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer.text


def test_below_the_floor_nothing_is_taken_and_it_goes_on_by_itself(small_disk: Path) -> None:
    home, filler = small_disk / "home", small_disk / "filler"
    body = traces(Span()).SerializeToString()
    with running_collector(home, min_free_bytes=64 * MIB) as running:
        assert running.post(body).status_code == 200
        assert eventually(running.http + "/readyz", 200) == "ready\n"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, FreeSpace(small_disk, 0).left() - 60 * MIB)

        said = eventually(running.http + "/readyz", 503)
        assert said.startswith("not ready: ") and said.count("\n") == 1
        assert "bytes are left" in said and "min_free_bytes" in said
        assert 0 < running.gauge("free_bytes") < 64 * MIB
        before = running.spans()
        for path in ("/v1/traces", "/v1/logs"):
            answer = running.post(body, path=path)
            assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
            assert "disk" in Status.FromString(answer.content).message
        with grpc.insecure_channel(running.grpc) as channel:
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(EXPORT)(body, timeout=30)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
            assert "RetryInfo" in str(Status.FromString(details))
        saved = httpx.put(running.api + "/api/replays/0/chunks/0", content=b"")
        assert saved.status_code == 503 and int(saved.headers["retry-after"]) >= 1
        # What is there can still be asked for.
        assert running.spans() == before == 1

        filler.unlink()
        assert eventually(running.http + "/readyz", 200) == "ready\n"
        assert running.post(traces(Span()).SerializeToString()).status_code == 200
        assert running.spans() == 2
        assert running.stop() == 0


def test_the_disk_is_looked_at_at_most_once_a_second(tmp_path: Path) -> None:
    class Counted(FreeSpace):
        looks = 0

        def left(self) -> int:
            self.looks += 1
            return super().left()

    space = Counted(tmp_path, 2**63)
    began = time.monotonic()
    while space.looks < 3:
        assert all(space.short for _ in range(1000))
        time.sleep(0.01)
    assert 2 <= time.monotonic() - began < 20
