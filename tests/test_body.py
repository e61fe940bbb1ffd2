"""Decompression of bodies: whole, member by member, in bounded pieces, whatever the chunks."""

import gzip
import random
import sys
from collections.abc import Callable

import pytest

from collector.contract.errors import BadInput
from collector.server.body import Decompress

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def decompressed(*chunks: bytes, encoding: str = "gzip") -> list[bytes]:
    decode = Decompress(encoding)
    pieces = [piece for chunk in chunks for piece in decode.pieces(chunk)]
    decode.end()
    return pieces


COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}


@pytest.mark.parametrize("encoding", COMPRESS)
@pytest.mark.parametrize("size", [0, 1, 40_000, 3_000_000])
def test_the_same_comes_out_however_it_was_cut(size: int, encoding: str) -> None:
    body = random.Random(size).randbytes(size)
    zipped = b"".join(COMPRESS[encoding](p) for p in (body[: size // 3], body[size // 3 :]))
    for step in (1, 1000, 2**20) if size < 10**5 else (4096, 2**20):
        cut = [zipped[at : at + step] for at in range(0, len(zipped), step)]
        assert b"".join(decompressed(*cut, encoding=encoding)) == body
    assert decompressed() == []


@pytest.mark.parametrize("encoding", COMPRESS)
def test_a_bomb_comes_in_pieces_of_bounded_size(encoding: str) -> None:
    pieces = decompressed(COMPRESS[encoding](bytes(20 * 2**20)), encoding=encoding)
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


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"plain text body", "says zstd and is not"),
        (zstd.compress(b"x" * 1000)[:-1], "too early"),
        (zstd.compress(b"") * 17, "members"),
        (
            zstd.compress(bytes(2**25), options={zstd.CompressionParameter.window_log: 25}),
            "is not",
        ),
    ],
    ids=["text", "cut", "members", "window"],
)
def test_what_is_not_zstd_or_wants_a_large_window_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        decompressed(body, encoding="zstd")
