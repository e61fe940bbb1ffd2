"""What is asked of the audit log: its entries, its signed head, and what proves them."""

from collections.abc import Sequence

import pyarrow as pa

from collector.contract.errors import BadInput, NotFound
from collector.store.audit import node_hashes
from collector.store.database import Database
from collector.store.queries import query
from collector.tlog.checkpoint import Signer, Verifier, tlog_proof
from collector.tlog.merkle import (
    Range,
    complete,
    completed_by,
    consistency,
    inclusion,
    root_of,
)

MOST_ENTRIES = 50_000


class AuditLog:
    """That of `database`, whose heads `signer` signs."""

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database, self._signer = database, signer

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._database.audited.size

    @property
    def verifier(self) -> Verifier:
        """The public key that its heads are signed with."""
        return self._signer.verifier

    def exported(self, what: str, rows: int, token: str | None) -> None:
        """Notes that `rows` of `what` are handed out as a file, asked for by `token`."""
        with self._database.write() as transaction:
            transaction.note("data exported", by=token, count=rows, what=what)

    def entries(self, first: int, limit: int) -> pa.Table:
        """The entries numbered from `first` on, `limit` numbers, with their leaf hashes."""
        if first < 0 or not 1 <= limit <= MOST_ENTRIES:
            raise BadInput(f"from is a number from 0, limit one from 1 to {MOST_ENTRIES}")
        return self._database.read(query("audit_entries"), {"first": first, "limit": limit})

    def checkpoint(self) -> str:
        """The signed head of now (C2SP tlog-checkpoint)."""
        return self._signer.sign(self._database.audited)

    def proof(self, number: int) -> str:
        """That an entry is under the head of now (C2SP tlog-proof). Raises NotFound."""
        tree = self._database.audited
        if not 0 <= number < tree.size:
            raise NotFound(f"there is no entry {number}: the log has {tree.size}")
        hashes = self._hashes(inclusion(number, tree.size))
        return tlog_proof(number, hashes, self._signer.sign(tree))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """That the log of `size` entries goes on from that of `old` (RFC 6962, 2.1.2)."""
        if not 0 < old <= size <= self.size:
            raise BadInput(f"from and to are numbers of entries, 1 ≤ from ≤ to ≤ {self.size}")
        return self._hashes(consistency(old, size))

    def _hashes(self, path: Sequence[Range]) -> list[bytes]:
        nodes = [node for part in path for node in complete(part)]
        numbers = [completed_by(node) for node in nodes]
        found = self._database.read(query("audit_hashes"), {"numbers": numbers})
        rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
        hashes = node_hashes(nodes, rows)
        return [root_of(part, hashes) for part in path]
