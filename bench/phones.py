"""Small requests, as single phones send them, against a handler that does nothing, in one run.

A gzip request of 8 spans, each a resource of its own, over 64 connections; load and server share
the cores. Prints requests/s of both and their ratio, then the answers at half the load.

    python -m bench.phones [--requests N]
"""

import argparse
import gzip
import random
import sys
import time
from collections.abc import Sequence

from bench.load import request, send
from bench.payload import export_request
from bench.server import COLLECTOR, NOTHING, running

SPANS = 8
CONNECTIONS = 64


def main(argv: Sequence[str] | None = None) -> None:
    """Prints requests/s of collector and idle handler, and the collector's answers at half load."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=20_000)
    count = arguments.parse_args(argv).requests
    rng = random.Random(1)
    bodies = [
        gzip.compress(export_request(SPANS, 1, time.time_ns(), rng), 6) for _ in range(2 * count)
    ]
    _say(f"{count} requests of {SPANS} spans, {len(bodies[0])} bytes as sent")
    with running(*NOTHING) as host:
        nothing = send(host, [request(host, "/v1/traces", b) for b in bodies[:count]], CONNECTIONS)
    with running(*COLLECTOR) as host:
        load = [request(host, "/v1/traces", b) for b in bodies]
        full = send(host, load[:count], CONNECTIONS)
        rate = full.per_second() / 2
        half = send(host, load[count : count + count // 2], CONNECTIONS, rate)
    _say(f"a handler that does nothing: {nothing.per_second():,.0f} requests/s")
    _say(f"collector, committed before the answer: {full.per_second():,.0f} requests/s")
    _say(f"ratio: {full.per_second() / nothing.per_second():.2f}")
    _say(
        f"at {rate:,.0f} requests/s: p50 {half.percentile(0.5) * 1e3:.0f} ms, "
        f"p99 {half.percentile(0.99) * 1e3:.0f} ms, longest {max(half.answers) * 1e3:.0f} ms"
    )
    if refused := full.refused | half.refused:
        raise SystemExit(f"the collector refused requests: {refused}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
