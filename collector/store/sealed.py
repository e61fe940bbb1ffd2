"""Logged inputs out of the pieces they are stored in, opened."""

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
    sealed: dict[int, bytes] = {}
    for number, piece in zip(*(c.to_pylist() for c in found.columns), strict=True):
        sealed[number] = sealed.get(number, b"") + piece
    return [
        vault.open(sealed[number], *names) if number in sealed else Opened(None, GONE)
        for number, *names in zip(numbers, *known, strict=True)
    ]
