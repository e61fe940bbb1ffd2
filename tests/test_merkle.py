"""The Merkle tree is that of RFC 6962, and what it proves holds only for what is so."""

from hashlib import sha256
from itertools import product

import pytest

from collector.tlog.merkle import (
    Frontier,
    Node,
    Range,
    complete,
    completed_by,
    consistency,
    consistent,
    included,
    inclusion,
    leaf_hash,
    node_hash,
    root_of,
)

# The leaves that implementations of Certificate Transparency are tested with.
LEAVES = tuple(
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)  # fmt: skip
ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
SIZES = range(1, 34)


def grown(size: int) -> tuple[Frontier, dict[Node, bytes]]:
    """A tree of numbered leaves, and every node it completed."""
    tree, nodes = Frontier(), {}
    for number in range(size):
        tree, hashes = tree.append(leaf_hash(b"%d" % number))
        for level, one in enumerate(hashes):
            node = level, number >> level
            assert completed_by(node) == number
            nodes[node] = one
    return tree, nodes


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def proof(path: list[Range], nodes: dict[Node, bytes]) -> list[bytes]:
    return [root_of(part, nodes) for part in path]


def test_known_answers() -> None:
    assert Frontier().root.hex() == sha256(b"").hexdigest()
    one = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert Frontier().append(leaf_hash(b""))[0].root.hex() == one
    tree = Frontier()
    for leaf in LEAVES:
        tree, _ = tree.append(leaf_hash(leaf))
    assert tree.root.hex() == ROOT


@pytest.mark.parametrize("size", SIZES)
def test_the_root_is_that_of_the_definition_and_of_the_nodes(size: int) -> None:
    tree, nodes = grown(size)
    assert tree.root == by_definition([b"%d" % number for number in range(size)])
    assert root_of((0, size), nodes) == tree.root
    assert tuple(nodes[node] for node in complete((0, size))) == tree.roots


def test_every_leaf_is_proved_and_no_other() -> None:
    for size in SIZES:
        tree, nodes = grown(size)
        for number in range(size):
            shown = proof(inclusion(number, size), nodes)
            leaf = nodes[0, number]
            assert included(leaf, number, size, shown, tree.root)
            assert not included(leaf_hash(b"other"), number, size, shown, tree.root)
            assert not included(leaf, number, size, [*shown, leaf], tree.root)
            assert not included(leaf, number, size, shown[:-1], tree.root) or not shown
            for at in range(size):
                assert included(leaf, at, size, shown, tree.root) == (at == number)


def test_every_older_tree_is_proved_and_no_other() -> None:
    roots = {size: grown(size)[0].root for size in SIZES}
    for size in SIZES:
        nodes = grown(size)[1]
        for old in range(1, size + 1):
            shown = proof(consistency(old, size), nodes)
            assert consistent(old, roots[old], size, roots[size], shown)
            assert not consistent(old, leaf_hash(b"x"), size, roots[size], shown)
            assert not consistent(old, roots[old], size, leaf_hash(b"x"), shown)
            for at in range(len(shown)):
                changed = [*shown[:at], leaf_hash(b"x"), *shown[at + 1 :]]
                assert not consistent(old, roots[old], size, roots[size], changed)
    for old, size in product(SIZES, SIZES):
        assert consistent(old, roots[old], size, roots[size], []) == (old == size)
