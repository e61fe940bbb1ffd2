"""A stretch of the log from one of its entries to its end, which is proved without the rest."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from collector.contract.errors import BadInput
from collector.tlog.checkpoint import tlog_proof
from collector.tlog.entries import Entry
from collector.tlog.merkle import HASH_BYTES, Frontier


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with its number and the hash of its leaf; None where its content is erased."""

    number: int
    leaf: bytes = field(repr=False)
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Entries that go on from the tree `before` them, and the signed head of the tree they end."""

    before: Frontier
    lines: tuple[Line, ...] = field(repr=False)
    checkpoint: str

    @property
    def proof(self) -> str:
        """That the last entry is under the head (C2SP tlog-proof): its path is what is left of it,
        the complete trees of all entries before."""
        tree = self.before
        for line in self.lines[:-1]:
            tree, _ = tree.append(line.leaf)
        return tlog_proof(tree.size, tree.roots[::-1], self.checkpoint)


def write_lines(lines: Iterable[Line]) -> bytes:
    """A line of JSON for each: the entry in the form that its leaf is the hash of."""
    texts = [
        one.entry.content.decode() if one.entry else json.dumps({"leaf": one.leaf.hex()})
        for one in lines
    ]
    return "".join(f"{text}\n" for text in texts).encode()


def read_lines(content: bytes, first: int) -> Iterator[Line]:
    """The lines of an excerpt that begins with entry `first`. Raises BadInput with the line."""
    try:
        *texts, end = content.decode().split("\n")
    except UnicodeDecodeError:
        raise BadInput("it is not UTF-8") from None
    if end:
        raise BadInput("its last line has no end")
    for at, text in enumerate(texts):
        try:
            found = json.loads(text)
            if set(found) == {"leaf"}:
                leaf = bytes.fromhex(found["leaf"])
                entry = None
            else:
                entry = Entry(**found | {"time": int(found["time"])})
                leaf = entry.leaf()
        except (ValueError, KeyError, TypeError):
            raise BadInput(f"line {at + 1} is no entry of a log") from None
        if len(leaf) != HASH_BYTES:
            raise BadInput(f"line {at + 1} is no entry of a log")
        yield Line(first + at if entry is None else entry.number, leaf, entry)
