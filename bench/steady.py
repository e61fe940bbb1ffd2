"""Full load for minutes: spans/s, memory and the longest answer, checkpoints included.

Requests of 512 spans, not compressed, so that the load leaves most of the cores to the collector.
Every round sends the same requests with other ids and times, so that no span is a copy.

    python -m bench.steady [--minutes N]
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.load import Load, request, send
from bench.payload import export_request
from bench.server import collector

SPANS = 512
PHONES = 8
CONNECTIONS = 64
BATCHES = 200
ROUNDS_PER_LINE = 5


def main(argv: Sequence[str] | None = None) -> None:
    """Prints a line every few rounds, then the whole."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10.0)
    minutes = arguments.parse_args(argv).minutes
    rng = random.Random(1)
    templates = [
        _Template(export_request(SPANS, PHONES, time.time_ns(), rng)) for _ in range(BATCHES)
    ]
    lines: list[tuple[float, int, float]] = []
    with tempfile.TemporaryDirectory() as home, collector("--home", home) as ready:
        host = urlsplit(ready["http"]).netloc
        end = time.monotonic() + 60 * minutes
        for loads in _lines(host, templates, end):
            spans = SPANS * sum(len(load.answers) for load in loads)
            rate = spans / sum(load.seconds for load in loads)
            longest = max(max(load.answers) for load in loads)
            lines.append((rate, _resident(ready["pid"]), longest))
            left = max(0.0, end - time.monotonic())
            _say(
                f"{left:4.0f} s left: {rate:,.0f} spans/s, {lines[-1][1] / 2**20:.0f} MiB "
                f"resident, longest answer {longest * 1e3:.0f} ms"
            )
    rates, memory, longest_answers = zip(*lines, strict=True)
    half = len(memory) // 2
    first, second = (np.median(part) / 2**20 for part in (memory[:half], memory[half:]))
    _say(f"sustained: {np.median(rates):,.0f} spans/s, longest answer {max(longest_answers):.2f} s")
    _say(
        f"memory: at most {max(memory) / 2**20:.0f} MiB; median of the first half {first:.0f}, "
        f"of the second {second:.0f}"
    )


def _lines(host: str, templates: Sequence["_Template"], end: float) -> Iterator[list[Load]]:
    while time.monotonic() < end:
        loads = []
        for _ in range(ROUNDS_PER_LINE):
            now, mask = time.time_ns(), random.randbytes(8)
            bodies = [template.as_of(now, mask) for template in templates]
            loads.append(
                send(
                    host, [request(host, "/v1/traces", b, "identity") for b in bodies], CONNECTIONS
                )
            )
            if loads[-1].refused:
                raise SystemExit(f"the collector refused requests: {loads[-1].refused}")
        yield loads


class _Template:
    """An encoded request whose ids and times can be changed where they stand."""

    def __init__(self, body: bytes) -> None:
        self._body, self._made = body, time.time_ns()
        spans = [
            span
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        ids = {i for span in spans for i in (span.trace_id, span.span_id)}
        times = {t for span in spans for t in (span.start_time_unix_nano, span.end_time_unix_nano)}
        self._ids = _places(body, ids)
        self._times = _places(body, {t.to_bytes(8, "little") for t in times})

    def as_of(self, now: int, mask: bytes) -> bytes:
        """The request as if made at `now` (ns), the first 8 bytes of every id changed by `mask`."""
        body = np.frombuffer(self._body, dtype=np.uint8).copy()
        body[self._ids] ^= np.frombuffer(mask, dtype=np.uint8)
        times = np.ascontiguousarray(body[self._times]).view(np.uint64)
        body[self._times] = (times + np.uint64(now - self._made)).view(np.uint8)
        return body.tobytes()


def _places(body: bytes, wanted: set[bytes]) -> npt.NDArray[np.int64]:
    """Where the first 8 bytes of `wanted` stand (int64 [occurrences, 8])."""
    found = []
    for one in wanted:
        at = body.find(one)
        while at >= 0:
            found.append(at)
            at = body.find(one, at + 1)
    places: npt.NDArray[np.int64] = np.array(found)[:, None] + np.arange(8)
    return places


def _resident(pid: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return (
        next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        * 1024
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
