"""Logged inputs out of the pieces they are stored in, opened."""

from itertools import groupby
from operator import itemgetter

import pyarrow as pa

from collector.store.database import Database
from collector.store.queries import query
from collector.store.vault import GONE, Opened, Vault

_OPENED_BY = ("case", "installation", "span_id")


def opened_inputs(database: Database, vault: Vault, inputs: pa.Table) -> list[Opened]:
    """What `inputs` (case, installation, span_id) hold, in order."""
    numbers, *known = (inputs.column(name).to_pylist() for name in _OPENED_BY)
    if not numbers:
        return []
    asked = {"first": min(numbers), "last": max(numbers), "only": numbers}
    found = database.read(query("sealed_inputs"), asked)
    pieces = zip(*(column.to_pylist() for column in found.columns), strict=True)
    sealed = {
        number: b"".join(piece for _, piece in parts)
        for number, parts in groupby(pieces, key=itemgetter(0))
    }
    return [
        vault.open(sealed[number], *names) if number in sealed else Opened(None, GONE)
        for number, *names in zip(numbers, *known, strict=True)
    ]
