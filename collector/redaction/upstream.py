"""What a Collector in front of us says that it redacted already (its `redaction` processor).

With `summary = "info"` it counts per record, with "debug" it names the keys too.
"""

import numpy as np
import pyarrow as pa

from collector.decode import Indices
from collector.redaction.index import Index
from collector.redaction.keys import KeyNames
from collector.redaction.tally import Tally

_ACTIONS = {"redacted": "drop", "masked": "mask", "allowed": "keep", "ignored": "keep"}
# Of attributes, and of the bodies of log records.
_PREFIXES = {"redaction.": "(attributes)", "redaction.body.": "log.body"}

UPSTREAM_KEYS = frozenset(
    f"{prefix}{word}.{what}"
    for prefix in _PREFIXES
    for word in _ACTIONS
    for what in ("keys", "count")
)

# A record with more keys than these is not telemetry.
_LISTED_KEYS = 100


def count_upstream(index: Index, names: KeyNames, tally: Tally) -> None:
    """Tallies what the records of `index` say was redacted before they came."""
    if index.found.keys().isdisjoint(UPSTREAM_KEYS):
        return
    for prefix, field in _PREFIXES.items():
        for word, action in _ACTIONS.items():
            listed = _count_keys(index, f"{prefix}{word}.keys", action, names, tally)
            if total := _total(index, f"{prefix}{word}.count"):
                # Those that are named are not counted again.
                if total > listed:
                    tally[field, "upstream", action] += total - listed


def _count_keys(index: Index, name: str, action: str, names: KeyNames, tally: Tally) -> int:
    if name not in index.found:
        return 0
    encoded = _values(index, "string_value", index.found[name]).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    counts = np.bincount(codes, minlength=len(encoded.dictionary)).tolist()
    listed = 0
    for joined, count in zip(encoded.dictionary.to_pylist(), counts, strict=True):
        keys = [key for key in joined.split(",") if key][:_LISTED_KEYS]
        for key in names.clean(keys):
            tally[key, "upstream", action] += count
        listed += count * len(keys)
    return listed


def _total(index: Index, name: str) -> int:
    if name not in index.found:
        return 0
    counts = _values(index, "int_value", index.found[name]).to_numpy(zero_copy_only=False)
    return int(counts[(counts > 0) & (counts < 2**31)].sum())


def _values(index: Index, child: str, places: Indices) -> pa.Array:
    return index.value.field(child).take(pa.array(places)).drop_null()
