"""Opening sealed inputs, and the memory that a replay takes however many there are.

python -m bench.sealed [--inputs N]

A collector in a process of its own takes logged inputs; they are opened through its query API,
beside a bare AES-GCM of the same bytes, and replayed by `limen replay run`, first a tenth of them,
then all.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.payload import logged_inputs
from bench.server import collector
from collector.contract.client import LimenClient
from collector.contract.records import ReplayRequest, ReplayRun

FEATURE, MODEL = "image_classify", "digit_reader@1"
POLICY = """
version = "bench"
input_count_cap = 10000000
[features.image_classify]
log_inputs = true
[features.doc_classify]
log_inputs = true
"""
BATCH = 2_000
LARGE_INPUTS, LARGE_BYTES = 1_000, 100_000
# What a tenth of the inputs takes, and not much more, is what all of them take.
ALLOWED_GROWTH = 1.25


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the figures. 0, or 1 where memory grows with the number of inputs."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--inputs", type=int, default=200_000)
    inputs = arguments.parse_args(argv).inputs
    with tempfile.TemporaryDirectory() as home:
        policy = Path(home) / "policy.toml"
        policy.write_text(POLICY, "utf-8")
        with collector("--home", home, "--policy", str(policy)) as ready:
            api, peak = ready["api"], []
            with LimenClient(api) as client, httpx.Client(base_url=ready["http"]) as door:
                _log(door, "doc_classify", LARGE_INPUTS, LARGE_BYTES)
                _opening(client, "doc_classify", LARGE_BYTES)
                _log(door, FEATURE, inputs // 10, 64)
                _opening(client, FEATURE, 64)
                peak.append(_replayed(api, ready["pid"]))
                _log(door, FEATURE, inputs - inputs // 10, 64)
                peak.append(_replayed(api, ready["pid"]))
    growth = peak[1] / peak[0]
    _say(f"memory of a replay of ten times as many: {growth:.2f} (allowed {ALLOWED_GROWTH})")
    return 0 if growth <= ALLOWED_GROWTH else 1


def _log(door: httpx.Client, feature: str, count: int, size: int) -> None:
    rng = random.Random(count)
    batch = max(1, min(BATCH, 16 * 2**20 // size))
    for first in range(0, count, batch):
        body = logged_inputs(feature, min(batch, count - first), size, time.time_ns(), rng)
        answer = door.post(
            "/v1/logs", content=body, headers={"content-type": "application/x-protobuf"}, timeout=60
        )
        assert answer.status_code == 200 and not answer.content, answer


def _opening(client: LimenClient, feature: str, size: int) -> None:
    run = _run(client, feature)
    began = time.perf_counter()
    opened = sum(len(client.open_inputs(run.run, chunk, "bench")) for chunk in run.chunks)
    each = (time.perf_counter() - began) / opened * 1e6
    bare = _bare(min(opened, 2_000), size)
    _say(
        f"opening {opened:,} sealed inputs of {size:,} bytes over the API: {each:.1f} µs each, "
        f"bare AES-GCM {bare:.1f} µs, ratio {each / bare:.1f}"
    )


def _run(client: LimenClient, feature: str) -> ReplayRun:
    facts = {"model": "bench@1", "model_digest": "", "runtime": "bench", "runtime_version": ""}
    return client.create_replay(ReplayRequest.model_validate({"feature": feature} | facts))


def _bare(count: int, size: int) -> float:
    """Microseconds to open as many bytes, a key each."""
    nonce = os.urandom(12)
    keys = [AESGCM.generate_key(256) for _ in range(count)]
    sealed = [AESGCM(key).encrypt(nonce, os.urandom(size), b"") for key in keys]
    began = time.perf_counter()
    for key, one in zip(keys, sealed, strict=True):
        AESGCM(key).decrypt(nonce, one, b"")
    return (time.perf_counter() - began) / count * 1e6


def _replayed(api: str, pid: str) -> int:
    """Replays all; the most bytes any replay so far was resident with."""
    words = ("replay", "run", "--feature", FEATURE, "--model", MODEL, "--api", api, "--json")
    done = subprocess.run(
        [sys.executable, "-m", "limen", *words], stdout=subprocess.PIPE, check=True
    )
    answer = json.loads(done.stdout)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    spent = ", ".join(f"{name} {s / answer['seconds']:.0%}" for name, s in answer["spent"].items())
    _say(
        f"replay of {answer['inputs']:,}: {answer['inputs_per_second']:,.0f} inputs/s ({spent}), "
        f"at most {peak / 2**20:.0f} MiB resident, the collector {_peak(pid) / 2**20:.0f} MiB"
    )
    return peak


def _peak(pid: str) -> int:
    """The most bytes a process was resident with, where the system tells; else 0."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
