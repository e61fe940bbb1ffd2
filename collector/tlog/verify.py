"""Checks a log against itself, its signed head, and heads that were kept elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from collector.tlog.checkpoint import Checkpoint, Verifier
from collector.tlog.entries import Entry
from collector.tlog.merkle import Frontier

_MOST_PROBLEMS = 20


@dataclass(slots=True)
class Check:
    """Makes the tree anew from the entries it is shown, in order, and holds the heads against it.

    `kept` are heads from elsewhere, `now` is the log's own; `tree` is of the entries that are not
    shown, and no head is older; `problems` is what is wrong, with where, the first of it.
    """

    verifier: Verifier
    now: Checkpoint
    kept: Sequence[Checkpoint]
    problems: list[str] = field(default_factory=list)
    tree: Frontier = field(default_factory=Frontier)
    erased: int = 0
    _roots: dict[int, bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for head in (*self.kept, self.now):
            self._roots[head.size] = self.tree.root

    def take(self, entry: Entry | None, number: int, leaf: bytes) -> None:
        """The next entry with its stored number and leaf hash; None where its content is erased."""
        if number != self.tree.size:
            self._note(f"entry {self.tree.size} is missing: entry {number} stands in its place")
        if entry is None:
            self.erased += 1
        elif entry.leaf() != leaf:
            self._note(f"entry {number} is not what was logged: its hash is another")
        self.tree, _ = self.tree.append(leaf)
        if self.tree.size in self._roots:
            self._roots[self.tree.size] = self.tree.root

    def _note(self, problem: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)

    def finish(self) -> list[str]:
        """What is wrong, once every entry was shown."""
        self._hold(self.now, "the log's own head")
        holds = 0
        for head in sorted(self.kept, key=lambda one: one.size):
            before = len(self.problems)
            self._hold(head, f"the checkpoint in line {head.line}", holds)
            if len(self.problems) == before:
                holds = head.size
        return self.problems

    def _hold(self, head: Checkpoint, name: str, holds: int = 0) -> None:
        if foreign := not_of(self.verifier, head, name):
            self.problems.append(foreign)
        elif head.size > self.tree.size:
            self.problems.append(
                f"the log was rolled back: {name} is of {head.size} entries, and there are "
                f"{self.tree.size}"
            )
        elif self._roots[head.size] != head.root:
            self.problems.append(
                f"the log was rewritten: of entries {holds} to {head.size - 1} not all are those "
                f"that {name} was signed over"
            )


def not_of(verifier: Verifier, head: Checkpoint, name: str) -> str | None:
    """Why `head`, called `name`, is none of the log that `verifier` is the key of; None: it is."""
    if head.origin != verifier.name:
        return f"{name} is of another log: of {head.origin}, and this is {verifier.name}"
    if not head.signed_by(verifier):
        return f"{name} is not signed with the key of {verifier.name}"
    return None
