"""The audit log as it is stored: how far its tree has come, and the log of before there was one."""

from collections.abc import Iterable

import duckdb

from collector.contract.errors import StoreUnusable
from collector.store.queries import query
from collector.store.transaction import Transaction
from collector.tlog.entries import Entry, fresh_salt
from collector.tlog.merkle import HASH_BYTES, Frontier, Node, complete, completed_by


def frontier_of(connection: duckdb.DuckDBPyConnection) -> Frontier:
    """The tree over all that is logged."""
    ((size,),) = connection.execute(query("audit_size")).fetchall()
    nodes = complete((0, size))
    numbers = [completed_by(node) for node in nodes]
    found = connection.execute(query("audit_hashes"), {"numbers": numbers}).fetchall()
    hashes = node_hashes(nodes, found)
    return Frontier(size, tuple(hashes[node] for node in nodes))


def node_hashes(nodes: Iterable[Node], rows: Iterable[tuple[int, bytes]]) -> dict[Node, bytes]:
    """The hashes of `nodes`, of the rows (number, hashes) of the entries that complete them.

    Raises StoreUnusable where one of these is gone.
    """
    completed = dict(rows)
    found = {}
    for node in nodes:
        if completed_by(node) not in completed:
            raise StoreUnusable(
                f"the audit log has lost entry {completed_by(node)}: somebody changed the "
                "file, and nothing can be appended or proved without it; restore a backup"
            )
        at = node[0] * HASH_BYTES
        found[node] = completed[completed_by(node)][at : at + HASH_BYTES]
    return found


def adopt(connection: duckdb.DuckDBPyConnection) -> None:
    """Appends what was logged before there was a tree; its detail stays as it is written."""
    transaction = Transaction(connection, Frontier())
    for number, row in enumerate(connection.execute(query("audit_before")).fetchall()):
        time, action, detail = row
        transaction.append(
            Entry(
                number=number,
                time=time,
                action=action,
                actor=None,
                reason=None,
                count=None,
                detail=detail,
                salt=fresh_salt(),
            )
        )
    connection.execute(query("forget_audit_before"))
