"""A transparency log: its Merkle tree, its entries, its signed heads."""
