"""Ingest against a bare DuckDB insert of the same columns, in one run on one machine.

The load: gzip requests of 512 spans, 8 phones each, every span different, sent by 64 connections
from this process, so client and collector share the cores. An answer means committed.

    python -m bench.ingest [--batches N]
"""

import argparse
import base64
import gzip
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from bench.load import request, send
from bench.payload import export_request
from bench.server import COLLECTOR, running
from collector.contract.policy import Policy
from collector.decode import decode_spans
from collector.keys import Keys
from collector.persons.pseudonyms import Period, Pseudonyms
from collector.redact import Redactor

BATCH_SPANS = 512
PHONES_PER_BATCH = 8
CONNECTIONS = 64
GROUP_BATCHES = 10


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

    with running(*COLLECTOR) as host:
        requests = [request(host, "/v1/traces", body) for body in zipped]
        warm = batches // 10
        send(host, requests[:warm], CONNECTIONS)
        load = send(host, requests[warm:], CONNECTIONS)
    if load.refused:
        raise SystemExit(f"the collector refused requests: {load.refused}")
    ingest = load.per_second() * BATCH_SPANS
    _say(f"ingest, committed before the answer: {ingest:,.0f} spans/s")

    tables, decode, redact = _prepared(bodies)
    _say(f"of it decode {decode / spans * 1e6:.1f} µs/span, redact {redact / spans * 1e6:.1f}")
    with tempfile.TemporaryDirectory() as home:
        bare = spans / _bare(Path(home), tables)
    _say(f"bare DuckDB insert of the same columns: {bare:,.0f} spans/s")
    _say(f"ratio: {ingest / bare:.2f}")


def _prepared(bodies: Sequence[bytes]) -> tuple[list[pa.Table], float, float]:
    """The rows as the collector stores them, in groups, and the seconds each step took."""
    period = Period(key_id=1, since=0, key=base64.b64encode(bytes(32)))
    pseudonyms = Pseudonyms(Keys(bytes(32)), Path("periods.json"), [period])
    redactor = Redactor(Policy(), pseudonyms, bytes(32))
    tables, decode, redact = [], 0.0, 0.0
    for at in range(0, len(bodies), GROUP_BATCHES):
        group = bodies[at : at + GROUP_BATCHES]
        begin = time.perf_counter()
        decoded = decode_spans(group)
        between = time.perf_counter()
        rows = redactor.spans(decoded, np.full(len(group), time.time_ns())).rows
        end = time.perf_counter()
        decode, redact = decode + between - begin, redact + end - between
        tables.append(rows.append_column("policy_version", pa.repeat("default", len(rows))))
    return tables, decode, redact


def _bare(home: Path, tables: Sequence[pa.Table]) -> float:
    """Seconds to insert the rows as they are, a transaction per group, into one plain table."""
    with duckdb.connect(str(home / "bare.duckdb")) as connection:
        connection.from_arrow(tables[0].slice(0, 0)).create("bare")
        begin = time.perf_counter()
        for table in tables:
            connection.from_arrow(table).insert_into("bare")
        return time.perf_counter() - begin


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
