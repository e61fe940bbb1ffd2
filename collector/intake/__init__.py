"""Around decoding: how much is taken in, what a request holds, and what its sender is told."""
