"""What redaction costs: decode, redact and commit as the collector does it, against the same run
with a stand-in that keeps everything a client says as it comes.

Groups as busy phones make them, of 512 spans a request, and as single phones do, of 8. A tenth of
the attributes is known to nobody. CPU time of this process, in turn, the median of each.

    python -m bench.redaction [--rounds N]
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.payload import export_request
from collector.contract.attributes import (
    Attribute,
    Host,
    Loose,
    Pattern,
    Pseudonym,
    Route,
    Words,
)
from collector.contract.policy import Policy
from collector.decode import decode_spans
from collector.keys import Keys
from collector.persons.pseudonyms import Pseudonyms
from collector.persons.tombstones import Tombstones
from collector.redact import Redactor
from collector.redaction.forms import COLUMN_TYPES
from collector.redaction.index import Index, Indexed
from collector.redaction.tally import Tally
from collector.store.database import Database
from collector.store.writer import Part, Writer

# Spans of a request, phones in it, requests of a group.
SHAPES = ((512, 8, 10), (8, 1, 256))
GROUPS = 12


class Everything(Redactor):
    """Makes the same columns of whatever comes, and looks at none of it."""

    def account(self, *_: object, **__: object) -> None:
        pass

    def _span_names(self, names: pa.Array, tally: Tally) -> pa.Array:
        return names

    def _column(self, attribute: Attribute, index: Indexed, tally: Tally) -> pa.Array:
        def of(part: Index) -> pa.Array:
            at = part.at(attribute.name)
            match attribute.form:
                case Words() | Pattern() | Loose() | Host() | Route():
                    return part.value.field("string_value").take(at)
                case Pseudonym():
                    return part.value.field("string_value").take(at).cast(pa.binary())
            hasher = part.hasher(attribute.name)
            return self._forms.fit(attribute, part.value, at, hasher)[0]

        return index.own_first(attribute.name, of, COLUMN_TYPES[type(attribute.form)])


def main(argv: Sequence[str] | None = None) -> None:
    """Prints for each shape the spans/s of CPU time of both, and the share that redaction costs."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args(argv).rounds
    for spans, phones, requests in SHAPES:
        full, everything = [], []
        for number in range(rounds):
            bodies = _bodies(spans, phones, requests, number)
            full.append(_seconds(Redactor, bodies))
            everything.append(_seconds(Everything, bodies))
        count = spans * requests * (GROUPS - 1)
        # In turn, so that what else the machine does falls on both.
        share = statistics.median(1 - e / f for e, f in zip(everything, full, strict=True))
        _say(
            f"{requests} requests of {spans} spans: "
            f"{count / statistics.median(full):,.0f} spans per CPU second, "
            f"{count / statistics.median(everything):,.0f} without redaction: "
            f"it costs {share:.0%} of the throughput"
        )


def _bodies(spans: int, phones: int, requests: int, seed: int) -> list[list[bytes]]:
    rng, now = random.Random(seed), time.time_ns()
    return [
        [export_request(spans, phones, now, rng, unnamed=2) for _ in range(requests)]
        for _ in range(GROUPS)
    ]


def _seconds(kind: type[Redactor], groups: Sequence[Sequence[bytes]]) -> float:
    """CPU seconds of all groups but the first, which meets every value for the first time."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        Keys.make(home)
        keys, now = Keys.at(home), time.time_ns()
        Pseudonyms.make(home, now)
        database = Database(home / "bench.duckdb", query_seconds=60)
        writer = Writer(database, keys.derive("repeated"), Tombstones(keys.derive("tombstones")))
        redactor = kind(Policy(), Pseudonyms.at(home, keys), keys.derive("findings"))
        begin = 0.0
        for number, bodies in enumerate(groups):
            if number == 1:
                begin = time.process_time()
            received = np.full(len(bodies), now)
            redacted = redactor.spans(decode_spans(bodies), received)
            writer.write(
                [
                    Part(
                        signal="traces",
                        redacted=redacted,
                        inputs=None,
                        consents=None,
                        received=received,
                        body_bytes=[len(body) for body in bodies],
                    )
                ]
            )
        seconds = time.process_time() - begin
        database.close()
    return seconds


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
