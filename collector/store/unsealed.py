"""What there is besides sums, found before a question so that it reads no more than that."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from collector.metrics.sources import Sealed
from collector.store.queries import query

Read = Callable[[str, Mapping[str, Any]], pa.Table]


def seal(read: Read, departures: tuple[int, int] | None = None) -> Sealed:
    """What sums alone answer in the snapshot that `read` asks.

    What left in [since, until) (ns) of `departures` and is not rolled up is found now, and asked
    for where it is kept until the snapshot ends: within a question, which may do so more than once,
    the walks through its traces would need more memory than there is. So is whose history of
    consent changed.
    """
    sealed = Sealed.but(read(query("unsealed"), {})["what"].to_pylist())
    if departures is not None and not sealed.departures:
        since, until = departures
        read(query("keep_traced"), {"from": since, "to": until})
        read(query("ask_traced"), {})
        keep_restated(read)
    return sealed


def keep_restated(read: Read, last: int | None = None) -> None:
    """Finds whose history of consent changed, up to the transaction `last`: that they are few is
    then known when what left of them is looked for."""
    read(query("keep_restated"), {"last": last})
    read(query("ask_restated"), {})
