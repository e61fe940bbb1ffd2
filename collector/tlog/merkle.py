"""The Merkle tree of RFC 6962, section 2.1 (kept by RFC 9162), over SHA-256.

A node is (level, place): the root of the 2^level leaves from place·2^level on. It is complete once
its last leaf is there, and never changes after that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

HASH_BYTES = 32

Node = tuple[int, int]
# Leaves [from, until).
Range = tuple[int, int]


def leaf_hash(content: bytes) -> bytes:
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves, by the roots of the largest complete trees that make it up, from
    the left: all that appending needs to know."""

    size: int = 0
    roots: tuple[bytes, ...] = field(default=(), repr=False)

    def append(self, leaf: bytes) -> tuple["Frontier", tuple[bytes, ...]]:
        """The tree with one leaf hash more, and the nodes that it completes: level 0 upwards."""
        completed, roots, size = [leaf], list(self.roots), self.size
        while size & 1:
            completed.append(node_hash(roots.pop(), completed[-1]))
            size >>= 1
        return Frontier(self.size + 1, (*roots, completed[-1])), tuple(completed)

    @property
    def root(self) -> bytes:
        """The hash of the whole tree."""
        return _fold(self.roots) if self.roots else sha256().digest()


def complete(within: Range) -> list[Node]:
    """The complete nodes that make up `within`, from the left; it begins where a node of its size
    may."""
    nodes, (at, end) = [], within
    while at < end:
        level = (end - at).bit_length() - 1
        nodes.append((level, at >> level))
        at += 1 << level
    return nodes


def completed_by(node: Node) -> int:
    """The leaf that completes `node`."""
    level, place = node
    return ((place + 1) << level) - 1


def root_of(within: Range, hashes: Mapping[Node, bytes]) -> bytes:
    """The root over `within`, of its complete nodes."""
    return _fold([hashes[node] for node in complete(within)])


def inclusion(leaf: int, size: int) -> list[Range]:
    """What proves that a leaf is in a tree: the path of RFC 6962, 2.1.1, the nearest first."""
    path: list[Range] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if leaf < middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low = middle
    return path[::-1]


def consistency(old: int, size: int) -> list[Range]:
    """What proves that a tree goes on from an older one: the proof of RFC 6962, 2.1.2."""
    path: list[Range] = []
    low, high, whole = 0, size, True
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low, whole = middle, False
    return ([] if whole else [(low, high)]) + path[::-1]


def included(leaf: bytes, number: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf with this hash is in the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= number < size:
        return False
    at, last, found = number, size - 1, leaf
    for other in proof:
        if not last:
            return False
        if at & 1 or at == last:
            found = node_hash(other, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, other)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree goes on from the older one (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for other in path[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, other)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _fold(roots: Sequence[bytes]) -> bytes:
    found = roots[-1]
    for left in reversed(roots[:-1]):
        found = node_hash(left, found)
    return found
