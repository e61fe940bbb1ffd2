"""How long phones wait while the collector checkpoints, retains and compacts a filled database.

The database holds spans of the ingest bench's mix, received over a week. Then gzip requests of 8
spans arrive at a fixed rate over 16 connections: alone, while the log is moved into the file, while
retention deletes half of the days, while the file is compacted. Load and collector share the cores.

    python -m bench.upkeep [--spans N] [--rate R]
"""

import argparse
import gzip
import random
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pyarrow as pa

from bench.load import request, send
from bench.payload import export_request
from bench.server import collector
from collector.contract.client import LimenClient
from collector.contract.config import DATABASE
from collector.contract.policy import Policy
from collector.decode import decode_spans
from collector.keys import Keys
from collector.permissions.tokens import Tokens
from collector.persons.pseudonyms import Pseudonyms
from collector.persons.tombstones import Tombstones
from collector.redact import Redactor
from collector.self_telemetry.health import Health
from collector.store.database import Database
from collector.store.maintenance import Maintenance
from collector.store.writer import Part, Writer

SPANS = 8
# So many fill the log soon to where it is moved whoever writes.
LARGE_SPANS = 64
CHECKPOINT_SECONDS = 30
CONNECTIONS = 16
GROUP_SPANS = 5120
DAYS = 7
QUIET_SECONDS = 5
RETENTION_SECONDS = 30
COMPACTION_SECONDS = 60
MIB = 2**20

_SECONDS = (QUIET_SECONDS, RETENTION_SECONDS, COMPACTION_SECONDS)

_DAY_NS = 24 * 3600 * 10**9


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the answers beside each task, what the tasks freed, and bytes per span."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--spans", type=int, default=2_000_000)
    arguments.add_argument("--rate", type=int, default=200, help="requests per second")
    asked = arguments.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _say(f"filling a database with {asked.spans:,} spans received over {DAYS} days")
        _fill(home, asked.spans)
        load = _Load(asked.rate, SPANS, sum(_SECONDS))
        large = _Load(asked.rate, LARGE_SPANS, CHECKPOINT_SECONDS)
        with collector("--home", folder, "--policy", _policy(home, DAYS + 1)) as ready:
            _answers("nothing", load.send(ready["http"], QUIET_SECONDS))
            before, seconds = _checkpoints(ready), list[float]()
            while _checkpoints(ready) == before:
                seconds += large.send(ready["http"], 1)
            _answers(f"a checkpoint, with {LARGE_SPANS} spans a request", seconds)
            with LimenClient(ready["api"]) as client:
                stored = client.upkeep().spans
        with collector("--home", folder, "--policy", _policy(home, DAYS // 2)) as ready:
            with LimenClient(ready["api"]) as client:
                # Retention runs at the start.
                seconds = load.send(ready["http"], 1)
                while (state := client.upkeep()).task:
                    seconds += load.send(ready["http"], 1)
                _answers("retention", seconds)
                with ThreadPoolExecutor(1) as beside:
                    compacting = beside.submit(client.compact)
                    seconds = []
                    while not compacting.done():
                        seconds += load.send(ready["http"], 1)
                done = compacting.result()
    _answers("compaction", seconds)
    _say(
        f"retention deleted more than {stored - state.spans:,} of {stored:,} spans: "
        f"{state.reusable_bytes / MIB:.0f} of {state.file_bytes / MIB:.0f} MiB reusable"
    )
    _say(
        f"compaction: {done.bytes_before / MIB:.0f} MiB became {done.bytes_after / MIB:.0f}, "
        f"{done.spans:,} spans in {done.seconds:.1f} s, "
        f"{done.bytes_after / MIB / done.seconds:.0f} MiB/s, "
        f"writes waited {done.paused_seconds * 1e3:.0f} ms"
    )
    whole, apart = (_bytes_per_span(asked.spans // 2, scores) for scores in (True, False))
    _say(f"bytes per span of a compacted file: {whole:.1f}, {apart:.1f} without scores")


def _bytes_per_span(spans: int, scores: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), spans, scores=scores)
        database = Database(Path(folder) / DATABASE, query_seconds=60)
        done = Maintenance(database, Policy(), Health("bench")).compact(time.time_ns())
        database.close()
    return done.bytes_after / done.spans


def _fill(home: Path, spans: int, *, scores: bool = True) -> None:
    Tokens.at(home, home / DATABASE)
    Keys.make(home)
    keys = Keys.at(home)
    database = Database(home / DATABASE, query_seconds=60)
    writer = Writer(database, keys.derive("repeated"), Tombstones(keys.derive("tombstones")))
    rng, now, groups = random.Random(1), time.time_ns(), max(1, spans // GROUP_SPANS)
    Pseudonyms.make(home, now)
    redactor = Redactor(Policy(), Pseudonyms.at(home, keys), bytes(32))
    bodies = [export_request(512, 8, now, rng) for _ in range(GROUP_SPANS // 512)]
    redacted = redactor.spans(decode_spans(bodies), np.full(len(bodies), now))
    if not scores:
        rows = redacted.rows.drop_columns(["scores", "scores_labels"])
        redacted = replace(redacted, rows=rows)
    for number in range(groups):
        later = (number - groups) * DAYS * _DAY_NS // groups
        part = Part(
            signal="traces",
            redacted=replace(redacted, rows=_other(redacted.rows, number, later)),
            inputs=None,
            consents=None,
            received=np.full(len(bodies), now + later),
            body_bytes=[len(body) for body in bodies],
        )
        writer.write([part])
        if number % 50 == 0:
            database.checkpoint()
    database.close()


def _other(rows: pa.Table, number: int, later: int) -> pa.Table:
    """The same spans of other phones, with ids and digests of their own, `later` (ns)."""
    rng = random.Random(number)
    mask = rng.randbytes(16)
    for name in ("trace_id", "span_id", "parent_span_id", "installation", "launch", "session"):
        if name in rows.column_names:
            rows = _set(rows, name, _masked(rows.column(name), mask))
    digests = rows.column("input_digest").to_pylist()
    fresh = [digest and f"{rng.getrandbits(128):032x}" for digest in digests]
    rows = _set(rows, "input_digest", pa.array(fresh))
    for name in ("time", "start_time", "received_time"):
        column = rows.column(name)
        moved = column.to_numpy().astype(np.int64) + later
        rows = _set(rows, name, pa.array(moved).cast(column.type))
    return rows


def _masked(ids: pa.ChunkedArray, mask: bytes) -> pa.Array:
    return pa.array(
        [i and bytes(a ^ b for a, b in zip(i, mask, strict=False)) for i in ids.to_pylist()],
        pa.binary(),
    )


def _set(rows: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, column)


def _policy(home: Path, days: int) -> str:
    path = home / "policy.toml"
    path.write_text(f'version = "days-{days}"\nretention_days = {days}\n', "utf-8")
    return str(path)


class _Load:
    """Requests at a fixed rate, each of spans that were not sent before."""

    def __init__(self, rate: int, spans: int, seconds: int) -> None:
        rng, now = random.Random(2), time.time_ns()
        self._rate = rate
        self._bodies = [
            gzip.compress(export_request(spans, 1, now, rng), 6) for _ in range(rate * seconds)
        ]

    def send(self, http: str, seconds: int) -> list[float]:
        """The seconds each answer took."""
        host = urlsplit(http).netloc
        count = self._rate * seconds
        bodies, self._bodies = self._bodies[:count], self._bodies[count:]
        if len(bodies) < count:
            raise SystemExit("the task took longer than the load was made for")
        load = send(host, [request(host, "/v1/traces", b) for b in bodies], CONNECTIONS, self._rate)
        if load.refused:
            raise SystemExit(f"the collector refused requests: {load.refused}")
        return load.answers


def _checkpoints(ready: Mapping[str, str]) -> str:
    """How many there were, as the collector counts them."""
    text = httpx.get(ready["api"] + "/metrics", trust_env=False).text
    (line,) = re.findall(r'limen_task_seconds_count\{task="checkpoint"\} (.*)', text)
    return str(line)


def _answers(task: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    _say(
        f"beside {task}: p50 {ordered[len(ordered) // 2] * 1e3:.0f} ms, "
        f"p99 {ordered[len(ordered) * 99 // 100] * 1e3:.0f} ms, longest {ordered[-1] * 1e3:.0f} ms"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
