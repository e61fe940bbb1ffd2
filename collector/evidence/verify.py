"""Checks a pack, without a collector: everything in it against everything else, and against a key
and heads of the log that were kept elsewhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType

from collector.contract.errors import BadInput
from collector.evidence.archive import CHECKPOINT, ENVELOPE, KEY, LOG, MANIFEST, PROOF, unpacked
from collector.evidence.envelope import check_envelope
from collector.evidence.statement import Facts, Statement, contents_digest
from collector.tlog.checkpoint import Checkpoint, Verifier, read_checkpoints
from collector.tlog.consistency import Proofs, goes_on
from collector.tlog.excerpt import Excerpt, Line, read_lines
from collector.tlog.merkle import Frontier, complete
from collector.tlog.verify import Check, not_of

# What the log says of a pack.
ACTION, WHAT = "data exported", "evidence"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What is wrong with a pack, and what it says of itself as far as that can be read.

    `older` counts the kept heads that are older than the pack's excerpt of the log, and that no
    proof ties to it. The log had `size` entries, of which the last `entries` are in the pack.
    """

    problems: tuple[str, ...]
    facts: Facts | None = None
    key: Verifier | None = None
    entries: int = 0
    size: int = 0
    older: int = 0


def verify_pack(
    content: bytes,
    key: Verifier | None,
    kept: Sequence[Checkpoint] = (),
    proofs: Proofs = MappingProxyType({}),
) -> Verified:
    """The pack in `content`. None: whichever key it is signed with.

    `kept` are heads of the log from before it was made; others need one of the `proofs`.
    """
    try:
        members = unpacked(content)
    except BadInput as exc:
        return Verified(problems=(f"the file: {exc}",))
    try:
        statement = Statement.read(members[MANIFEST])
        signed_by = Verifier.parse(statement.log.key)
    except BadInput as exc:
        return Verified(problems=(f"{MANIFEST}: {exc}",))
    log = _Excerpt(members, statement, signed_by)
    problems = [
        *_signature(members, signed_by, key),
        *_files(members, statement),
        *log.problems(kept, proofs),
    ]
    return Verified(
        problems=tuple(problems),
        facts=statement.facts,
        key=signed_by,
        entries=len(log.lines),
        size=statement.log.first + len(log.lines),
        older=log.older,
    )


def _signature(
    members: Mapping[str, bytes], signed_by: Verifier, key: Verifier | None
) -> Iterator[str]:
    if key and signed_by != key:
        yield f"{MANIFEST}: it is of the log {signed_by.name}, and the key given is {key.name}'s"
    if members[KEY] != signed_by.pem.encode():
        yield f"{KEY}: it is another key than the manifest names"
    try:
        check_envelope(members[ENVELOPE], members[MANIFEST], signed_by.key)
    except BadInput as exc:
        yield f"{ENVELOPE}: {exc}"


def _files(members: Mapping[str, bytes], statement: Statement) -> Iterator[str]:
    for name, digest in statement.files.items():
        if (found := sha256(members[name]).hexdigest()) != digest:
            yield f"{name}: its SHA-256 is {found}, and the manifest has {digest}"


@dataclass(slots=True)
class _Excerpt:
    """The end of the log as the pack has it."""

    members: Mapping[str, bytes] = field(repr=False)
    statement: Statement
    verifier: Verifier
    lines: tuple[Line, ...] = field(default=(), init=False)
    older: int = field(default=0, init=False)

    def problems(self, kept: Sequence[Checkpoint], proofs: Proofs) -> Iterator[str]:
        """Where log, head, proof and contents do not agree, with each other or what was kept."""
        first = self.statement.log.first
        try:
            before = self._before()
            self.lines = tuple(read_lines(self.members[LOG], first))
        except BadInput as exc:
            yield f"{LOG}: {exc}"
            return
        try:
            (now,) = read_checkpoints(self.members[CHECKPOINT].decode())
        except (BadInput, ValueError):
            yield f"{CHECKPOINT}: there is not one checkpoint in it"
            return
        recent = [head for head in kept if not self._elsewhere(head, now, proofs)]
        for head in kept:
            if self._elsewhere(head, now, proofs):
                yield from self._beyond(head, now, proofs)
        check = Check(self.verifier, now, recent, tree=before)
        for line in self.lines:
            check.take(line.entry, line.number, line.leaf)
        yield from (f"{LOG}: {problem}" for problem in check.finish())
        if now.size != check.tree.size:
            yield f"{CHECKPOINT}: it is of {now.size} entries, and {LOG} ends at {check.tree.size}"
        yield from self._of_this(before)

    def _elsewhere(self, head: Checkpoint, now: Checkpoint, proofs: Proofs) -> bool:
        """Whether a kept head is of no size that the excerpt goes through, so that only a proof
        ties it to the pack. Without one a newer head is one that the log was rolled back behind."""
        older = head.size < self.statement.log.first
        return older or (head.size > now.size and (now.size, head.size) in proofs)

    def _beyond(self, head: Checkpoint, now: Checkpoint, proofs: Proofs) -> Iterator[str]:
        name = f"the checkpoint in line {head.line}"
        if foreign := not_of(self.verifier, head, name):
            yield f"{LOG}: {foreign}"
            return
        older, newer = sorted((head, now), key=lambda one: one.size)
        match goes_on(older, newer, proofs):
            case None:
                self.older += 1
            case False:
                yield (
                    f"{LOG}: the log was rewritten, or the proof is of another: nothing shows that "
                    f"the log of {newer.size} entries goes on from that of {older.size}, which "
                    f"{name} and the pack were signed over"
                )

    def _before(self) -> Frontier:
        log = self.statement.log
        try:
            roots = tuple(bytes.fromhex(root) for root in log.roots)
        except ValueError:
            roots = ()
        if log.first < 0 or len(roots) != len(complete((0, log.first))):
            raise BadInput(f"the manifest does not say what comes before entry {log.first}")
        return Frontier(log.first, roots)

    def _of_this(self, before: Frontier) -> Iterator[str]:
        """The last entry must be that of this pack."""
        entry = self.lines[-1].entry if self.lines else None
        if entry is None or entry.action != ACTION:
            yield f"{LOG}: it does not end with the entry of an export"
            return
        detail = json.loads(entry.detail)
        if (detail.get("what"), detail.get("digest")) != (WHAT, contents_digest(self.members)):
            yield f"{LOG}: entry {entry.number} is of the export of something else"
        checkpoint = self.members[CHECKPOINT].decode()
        if self.members[PROOF] != Excerpt(before, self.lines, checkpoint).proof.encode():
            yield f"{PROOF}: it does not prove entry {entry.number} under {CHECKPOINT}"
