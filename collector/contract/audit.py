"""The audit log checked from outside the collector: fetched slice by slice, its tree made anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.contract.client import LimenClient
from collector.tlog.checkpoint import Checkpoint as Checkpoint
from collector.tlog.checkpoint import Verifier
from collector.tlog.checkpoint import read_checkpoints as read_checkpoints
from collector.tlog.checkpoint import read_kept as read_kept
from collector.tlog.entries import Entry
from collector.tlog.verify import Check

SLICE = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What a check of the log called `log` came to: `problems` is what is wrong, with where.

    `key` is the public key that the heads were held against. Of the `entries` so many are `erased`.
    """

    log: str
    key: str
    entries: int
    erased: int
    problems: tuple[str, ...]


def check_log(
    client: LimenClient,
    *,
    key: str | None = None,
    kept: Sequence[Checkpoint] = (),
    told: Callable[[int, int], None] = lambda shown, of: None,
    at_once: int = SLICE,
) -> Checked:
    """Holds the log against its own head and the `kept` ones, which are from elsewhere.

    `key` None: the one that the collector says. `told` is how many entries were looked at, of how
    many. Raises BadInput for a key that is none.
    """
    verifier = Verifier.parse(client.audit_key() if key is None else key)
    (now,) = read_checkpoints(client.audit_checkpoint())
    check = Check(verifier, now, kept)
    for first in range(0, now.size, at_once):
        table = client.audit_entries(first, min(at_once, now.size - first))
        leaves = table.column("leaf").to_pylist()
        for row, leaf in zip(table.drop_columns("leaf").to_pylist(), leaves, strict=True):
            entry = None if row["salt"] is None else Entry(**row)
            check.take(entry, row["number"], leaf)
        told(min(first + at_once, now.size), now.size)
    problems = tuple(check.finish())
    return Checked(
        log=verifier.name,
        key=str(verifier),
        entries=now.size,
        erased=check.erased,
        problems=problems,
    )
