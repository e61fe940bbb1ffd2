"""What readers cost those who write, and the other way round: phones send at a tenth of the speed
at which an empty store takes it, first alone, then while readers go from page to page, a second on
each. A store made by `bench.pages --home FOLDER` shows it over many requests.

    python -m bench.readers [--home FOLDER --seconds N --readers N --spans-per-second N --days N]
"""

import argparse
import gzip
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import numpy as np

from bench.load import Load, request, send
from bench.pages import PAGES, queries
from bench.payload import export_request
from bench.server import collector
from collector.contract.client import LimenClient
from collector.contract.errors import LimenError

SPANS = 512
PHONES = 8
CONNECTIONS = 8
# As in requests.sql.
FALLBACKS = 0.19
# Sent at once to see what full speed is.
FULL, FULL_CONNECTIONS = 300, 64
LOOKS = 1.0

# Seconds to the first answer of a page, and to its last.
_Wait = tuple[float, float]


def main(argv: Sequence[str] | None = None) -> None:
    """Prints how long answers took to phones without and with readers, and to readers by page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--home")
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--readers", type=int, default=2)
    arguments.add_argument("--spans-per-second", type=int)
    arguments.add_argument("--days", type=int, default=90)
    asked = arguments.parse_args(argv)
    per_second = (asked.spans_per_second or _full_speed() / 10) / SPANS
    number = int(asked.seconds * per_second)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        policy = Path(folder, "policy.toml")
        policy.write_text('version = "bench"\nretention_days = 400\n')
        home = asked.home or folder
        ready = stack.enter_context(collector("--home", home, "--policy", str(policy)))
        host, rng = urlsplit(ready["http"]).netloc, random.Random(time.time_ns())
        alone = send(host, _requests(host, number, rng), CONNECTIONS, per_second)
        _tell("alone", alone)
        whole = _requests(host, number, rng)
        with _reading(ready["api"], asked.readers, asked.days) as waits:
            beside = send(host, whole, CONNECTIONS, per_second)
        _tell(f"beside {asked.readers} readers", beside)
        _say(f"p99 {beside.percentile(0.99) / alone.percentile(0.99):.2f} times as long")
    for page, answers in waits.items():
        if not answers:
            _say(f"{page}: 0 times")
        else:
            (first, whole), (first_95, whole_95) = np.percentile(answers, [50, 95], axis=0)
            _say(
                f"{page}: {len(answers)} times, p50 {whole:.2f} s and p95 {whole_95:.2f} s; its "
                f"first answer {first:.2f} s and {first_95:.2f} s"
            )


def _full_speed() -> float:
    """Spans that an empty store takes in a second."""
    with tempfile.TemporaryDirectory() as folder, collector("--home", folder) as ready:
        host = urlsplit(ready["http"]).netloc
        load = send(host, _requests(host, FULL, random.Random(1)), FULL_CONNECTIONS)
    _tell("full speed", load)
    return load.per_second() * SPANS


def _requests(host: str, number: int, rng: random.Random) -> list[bytes]:
    made = (
        export_request(SPANS, PHONES, time.time_ns(), rng, fallbacks=FALLBACKS)
        for _ in range(number)
    )
    return [request(host, "/v1/traces", gzip.compress(body, 6)) for body in made]


@contextmanager
def _reading(api: str, readers: int, days: int) -> Iterator[Mapping[str, list[_Wait]]]:
    """How long readers waited, by page."""
    waits: dict[str, list[_Wait]] = {page: [] for page in PAGES}
    over = Event()

    def read(first: int) -> None:
        with LimenClient(api, timeout=60) as client:
            for page in islice(cycle(PAGES), first, None):
                began = time.perf_counter()
                try:
                    took = [
                        time.perf_counter() - began for _ in client.answers(queries(page, days))
                    ]
                    waits[page].append((took[0], took[-1]))
                except LimenError as error:
                    _say(f"{page}: not answered: {error}")
                if over.wait(LOOKS):
                    return

    with ThreadPoolExecutor(readers) as pool:
        found = [pool.submit(read, first) for first in range(readers)]
        try:
            yield waits
        finally:
            over.set()
    for one in found:
        one.result()


def _tell(what: str, load: Load) -> None:
    if load.refused:
        raise SystemExit(f"the collector refused requests: {load.refused}")
    p50, p99 = (1e3 * load.percentile(share) for share in (0.5, 0.99))
    _say(
        f"{what}: {load.per_second() * SPANS:,.0f} spans/s, committed within {p50:.0f} ms at p50 "
        f"and {p99:.0f} ms at p99, longest {1e3 * max(load.answers):.0f} ms"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
