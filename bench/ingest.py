"""Ingest against a bare DuckDB insert of the same columns, in one run on one machine.

The load: gzip requests of 512 spans, 8 phones each, every span different, sent by 64 connections
from this process, so client and collector share the cores. An answer means committed.

    python -m bench.ingest [--batches N]
"""

import argparse
import gzip
import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa

from bench.payload import export_request
from collector.contract.policy import Policy
from collector.decode import decode_spans
from collector.keys import Pseudonymiser
from collector.redact import Redactor
from collector.store.database import Database
from collector.store.writer import insert

BATCH_SPANS = 512
PHONES_PER_BATCH = 8
CONNECTIONS = 64
GROUP_BATCHES = 10
FREE = "127.0.0.1:0"


def main(argv: Sequence[str] | None = None) -> None:
    """Prints spans/s of both and their ratio, and where the collector's time goes."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--batches", type=int, default=600)
    batches = arguments.parse_args(argv).batches
    _say(f"making {batches} batches of {BATCH_SPANS} spans")
    rng = random.Random(1)
    bodies = [
        export_request(BATCH_SPANS, PHONES_PER_BATCH, time.time_ns(), rng) for _ in range(batches)
    ]
    zipped = [gzip.compress(body, 6) for body in bodies]
    spans = batches * BATCH_SPANS
    _say(f"a batch is {len(bodies[0])} bytes, {len(zipped[0])} as sent")

    with tempfile.TemporaryDirectory() as home:
        seconds = _ingest(Path(home), zipped)
    ingest = spans / seconds
    _say(f"ingest, committed before the answer: {ingest:,.0f} spans/s")

    tables, decode, redact = _prepared(bodies)
    _say(f"of it decode {decode / spans * 1e6:.1f} µs/span, redact {redact / spans * 1e6:.1f}")
    with tempfile.TemporaryDirectory() as home:
        bare = spans / _bare(Path(home), tables)
    _say(f"bare DuckDB insert of the same columns: {bare:,.0f} spans/s")
    _say(f"ratio: {ingest / bare:.2f}")


def _ingest(home: Path, bodies: Sequence[bytes]) -> float:
    command = [sys.executable, "-m", "limen", "collector", "--home", str(home)]
    command += ["--http", FREE, "--grpc", FREE, "--api", FREE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        address = urlsplit(json.loads(process.stdout.readline())["http"]).netloc
        warm, measured = bodies[: len(bodies) // 10], bodies[len(bodies) // 10 :]
        _send(address, warm)
        begin = time.perf_counter()
        _send(address, measured)
        seconds = time.perf_counter() - begin
        process.terminate()
        process.wait(60)
    return seconds * len(bodies) / len(measured)


def _send(address: str, bodies: Sequence[bytes]) -> None:
    waiting: Iterator[bytes] = iter(bodies)
    lock = threading.Lock()
    refused: list[int] = []

    def connection() -> None:
        client = http.client.HTTPConnection(address)
        headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                client.close()
                return
            client.request("POST", "/v1/traces", body, headers)
            answer = client.getresponse()
            answer.read()
            if answer.status != 200:
                refused.append(answer.status)

    threads = [threading.Thread(target=connection) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise SystemExit(f"the collector refused {len(refused)} requests: {set(refused)}")


def _prepared(bodies: Sequence[bytes]) -> tuple[list[pa.Table], float, float]:
    """The rows as the collector stores them, in groups, and the seconds each step took."""
    redactor = Redactor(Policy(), Pseudonymiser(bytes(32)))
    tables, decode, redact = [], 0.0, 0.0
    for at in range(0, len(bodies), GROUP_BATCHES):
        group = bodies[at : at + GROUP_BATCHES]
        begin = time.perf_counter()
        decoded = decode_spans(group)
        between = time.perf_counter()
        rows = redactor.spans(decoded, np.full(len(group), time.time_ns())).rows
        end = time.perf_counter()
        decode, redact = decode + between - begin, redact + end - between
        version = pa.array(["default"] * len(rows))
        tables.append(rows.append_column("policy_version", version))
    return tables, decode, redact


def _bare(home: Path, tables: Sequence[pa.Table]) -> float:
    database = Database(home / "bare.duckdb", query_seconds=60)
    begin = time.perf_counter()
    for table in tables:
        with database.write() as transaction:
            insert(transaction, "insert_spans", table)
    seconds = time.perf_counter() - begin
    database.close()
    return seconds


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
