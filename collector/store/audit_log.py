"""What is asked of the audit log: its entries, its signed head, and what proves them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from collector.contract.errors import BadInput, NotFound
from collector.store.audit import node_hashes
from collector.store.database import Database
from collector.store.queries import query
from collector.tlog.checkpoint import Signer, Verifier, tlog_proof
from collector.tlog.entries import Entry
from collector.tlog.excerpt import Excerpt, Line
from collector.tlog.merkle import (
    Frontier,
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
        self._database, self.signer = database, signer

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._database.audited.size

    @property
    def verifier(self) -> Verifier:
        """The public key that its heads are signed with."""
        return self.signer.verifier

    def exported(
        self,
        what: str,
        rows: int,
        token: str | None,
        *,
        digest: str | None = None,
        asked: Mapping[str, object] | None = None,
    ) -> Frontier:
        """Notes that `rows` of `what` are handed out as a file, asked for by `token`.

        `digest` is of what is in it, where that can be shown to be it; `asked` is what it was
        narrowed to. The tree that ends there.
        """
        said: dict[str, Any] = {"digest": digest, "asked": asked}
        detail = {name: value for name, value in said.items() if value is not None}
        with self._database.write() as transaction:
            transaction.note("data exported", by=token, count=rows, what=what, **detail)
            return transaction.audited

    def entries(self, first: int, limit: int) -> pa.Table:
        """The entries numbered from `first` on, `limit` numbers, with their leaf hashes."""
        if first < 0 or not 1 <= limit <= MOST_ENTRIES:
            raise BadInput(f"from is a number from 0, limit one from 1 to {MOST_ENTRIES}")
        return self._database.read(query("audit_entries"), {"first": first, "limit": limit})

    def checkpoint(self) -> str:
        """The signed head of now (C2SP tlog-checkpoint)."""
        return self.signer.sign(self._database.audited)

    def proof(self, number: int) -> str:
        """That an entry is under the head of now (C2SP tlog-proof). Raises NotFound."""
        tree = self._database.audited
        if not 0 <= number < tree.size:
            raise NotFound(f"there is no entry {number}: the log has {tree.size}")
        hashes = self._hashes(inclusion(number, tree.size))
        return tlog_proof(number, hashes, self.signer.sign(tree))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """That the log of `size` entries goes on from that of `old` (RFC 6962, 2.1.2)."""
        if not 0 < old <= size <= self.size:
            raise BadInput(f"from and to are numbers of entries, 1 ≤ from ≤ to ≤ {self.size}")
        return self._hashes(consistency(old, size))

    def excerpt(self, since: int, tree: Frontier) -> Excerpt:
        """The end of `tree` from the first entry since a time (ns) on: at most MOST_ENTRIES."""
        found = self._database.read(query("audit_since"), {"since": since}).column(0)[0].as_py()
        last = tree.size - 1
        first = max(last if found is None else min(found, last), tree.size - MOST_ENTRIES)
        nodes = complete((0, first))
        before = self._hashes([(place << level, place + 1 << level) for level, place in nodes])
        rows = self.entries(first, tree.size - first).to_pylist()
        lines = []
        for row in rows:
            leaf = row.pop("leaf")
            entry = None if row["salt"] is None else Entry(**row)
            lines.append(Line(row["number"], leaf, entry))
        return Excerpt(Frontier(first, tuple(before)), tuple(lines), self.signer.sign(tree))

    def _hashes(self, path: Sequence[Range]) -> list[bytes]:
        nodes = [node for part in path for node in complete(part)]
        numbers = [completed_by(node) for node in nodes]
        found = self._database.read(query("audit_hashes"), {"numbers": numbers})
        rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
        hashes = node_hashes(nodes, rows)
        return [root_of(part, hashes) for part in path]
