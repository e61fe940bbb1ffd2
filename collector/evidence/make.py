"""A pack, put together of what it is about and of the log that its making is written to."""

from collections.abc import Callable, Mapping

from collector.evidence.archive import (
    CHECKPOINT,
    ENVELOPE,
    KEY,
    LOG,
    MANIFEST,
    PROOF,
    README,
    packed,
)
from collector.evidence.envelope import sealed
from collector.evidence.page import page
from collector.evidence.statement import Facts, Log, Statement, contents_digest, digests
from collector.tlog.checkpoint import Signer
from collector.tlog.excerpt import Excerpt, write_lines


def make_pack(
    facts: Facts, files: Mapping[str, bytes], log: Callable[[str], Excerpt], signer: Signer
) -> bytes:
    """The pack of `files`, which are the contents but the page.

    `log` writes to the log that what has this digest was handed out, and gives the log's end.
    """
    members = {**files, README: page(facts).encode()}
    excerpt = log(contents_digest(members))
    members |= {
        LOG: write_lines(excerpt.lines),
        PROOF: excerpt.proof.encode(),
        CHECKPOINT: excerpt.checkpoint.encode(),
        KEY: signer.verifier.pem.encode(),
    }
    begins = Log(
        key=str(signer.verifier),
        first=excerpt.before.size,
        roots=tuple(root.hex() for root in excerpt.before.roots),
    )
    manifest = Statement(facts=facts, log=begins, files=digests(members)).written()
    members |= {MANIFEST: manifest, ENVELOPE: sealed(manifest, signer.key)}
    return packed(members)
