"""Proofs that a log goes on from its older heads (RFC 6962, 2.1.2), as files of them are kept."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence

from collector.contract.errors import BadInput
from collector.tlog.checkpoint import Checkpoint
from collector.tlog.merkle import HASH_BYTES, Frontier, consistent

# By the sizes of the older and of the newer log.
Proofs = Mapping[tuple[int, int], Sequence[bytes]]


def read_proofs(text: str) -> Proofs:
    """A proof a line, in the JSON that `GET /api/audit/consistency` answers. Raises BadInput with
    the line."""
    found: dict[tuple[int, int], Sequence[bytes]] = {}
    for at, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            hashes = [base64.b64decode(one, validate=True) for one in said["proof"]]
            sizes = (int(said["from"]), int(said["to"]))
        except (ValueError, KeyError, TypeError, binascii.Error):
            hashes, sizes = [b""], (0, 0)
        if any(len(one) != HASH_BYTES for one in hashes):
            raise BadInput(f'line {at}: no proof: {{"from": SIZE, "to": SIZE, "proof": [BASE64]}}')
        found[sizes] = hashes
    return found


def goes_on(older: Checkpoint, newer: Checkpoint, proofs: Proofs) -> bool | None:
    """Whether the log of `newer` goes on from that of `older`. None: no proof says it."""
    if not older.size:
        return older.root == Frontier().root
    proof = proofs.get((older.size, newer.size))
    if proof is None:
        return None
    return consistent(older.size, older.root, newer.size, newer.root, proof)
