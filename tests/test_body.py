"""Decompression of bodies: whole, member by member, in bounded pieces, whatever the chunks."""

import gzip
import random

import pytest

from collector.contract.errors import BadInput
from collector.server.body import Gunzip


def decompressed(*chunks: bytes) -> list[bytes]:
    decode = Gunzip()
    pieces = [piece for chunk in chunks for piece in decode.pieces(chunk)]
    decode.end()
    return pieces


@pytest.mark.parametrize("size", [0, 1, 40_000, 3_000_000])
def test_the_same_comes_out_however_it_was_cut(size: int) -> None:
    body = random.Random(size).randbytes(size)
    zipped = gzip.compress(body[: size // 3]) + gzip.compress(body[size // 3 :])
    for step in (1, 1000, 2**20) if size < 10**5 else (4096, 2**20):
        cut = [zipped[at : at + step] for at in range(0, len(zipped), step)]
        assert b"".join(decompressed(*cut)) == body
    assert decompressed() == []


def test_a_bomb_comes_in_pieces_of_bounded_size() -> None:
    pieces = decompressed(gzip.compress(bytes(20 * 2**20)))
    assert sum(map(len, pieces)) == 20 * 2**20
    assert max(map(len, pieces)) <= 2**18


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"plain text body", "is not"),
        (gzip.compress(b"x" * 1000)[:-9], "too early"),
        (gzip.compress(b"x" * 1000)[:5], "too early"),
        (gzip.compress(b"x" * 1000)[:-8] + bytes(8), "is not"),
        (gzip.compress(b"x") + b"more than a head", "is not"),
        (gzip.compress(b"", 1) * 17, "members"),
    ],
    ids=["text", "cut", "head", "checksum", "rest", "members"],
)
def test_what_is_not_gzip_is_refused(body: bytes, says: str) -> None:
    for chunks in ([body], [body[:7], body[7:]]):
        with pytest.raises(BadInput, match=says):
            decompressed(*chunks)
