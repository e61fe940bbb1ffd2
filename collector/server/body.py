"""Request bodies: capped as sent, as decompressed and in time; held as they come."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from isal import igzip_lib
from starlette.requests import Request
from starlette.responses import Response

from collector.contract.errors import BadInput, TooLarge, TooSlow, UnknownEncoding
from collector.intake.admission import Admission, Hold

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MEMBERS = 16
# 8 MiB, what RFC 8878 asks a decoder to take.
_WINDOW_LOG = 23
# What is decompressed before anything else may run; the first piece holds a phone's whole batch.
_FIRST_PIECE = 2**15
_PIECE = 2**18


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyLimits:
    """`bytes` as sent and as decompressed; `seconds` from the head to the last byte."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Bodies:
    """Reads the bodies of questions within `limits` and what `admission` holds."""

    admission: Admission
    limits: BodyLimits

    def admit(self) -> None:
        """Raises Overloaded where nothing that is stored is taken now."""
        self.admission.admit()

    async def read(self, request: Request) -> bytes:
        """The decompressed body. Raises what `read_body` does."""
        with self.admission.hold() as hold:
            return (await read_body(request, self.limits, hold))[0]


async def hung_up(_: Request, __: Exception) -> Response:
    """Who went away while they sent, or before they were answered: nobody hears the answer.

    499 is what nginx calls it; it is counted apart from what was refused.
    """
    return Response(status_code=499)


async def read_body(request: Request, limits: BodyLimits, hold: Hold) -> tuple[bytes, int]:
    """The decompressed body, held in `hold`, and its size as sent (bytes).

    Raises TooLarge and TooSlow beyond `limits`, Overloaded beyond the budget, BadInput when it is
    not what its encoding says.
    """
    decode = _decoder(request.headers.get("content-encoding", "identity").strip().lower())
    declared = request.headers.get("content-length", "")
    if declared.isdigit():
        _check(int(declared), limits)
        hold.expect(int(declared))
    try:
        async with asyncio.timeout(limits.seconds):
            return await _read(request, decode, limits, hold)
    except TimeoutError:
        raise TooSlow(f"the body took longer than {limits.seconds:g} s: send less") from None


async def _read(
    request: Request, decode: "Plain | Decompress", limits: BodyLimits, hold: Hold
) -> tuple[bytes, int]:
    parts: list[bytes] = []
    sent = size = 0
    async for chunk in request.stream():
        sent += len(chunk)
        _check(sent, limits)
        for part in decode.pieces(chunk):
            size += len(part)
            if size > limits.bytes:
                raise TooLarge(
                    f"the body is larger than {limits.bytes} bytes decompressed: send less"
                )
            hold.take(len(part))
            parts.append(part)
            if len(part) >= _PIECE:
                # A bomb is long work: others come between its pieces.
                await asyncio.sleep(0)
    decode.end()
    return b"".join(parts), sent


def _check(sent: int, limits: BodyLimits) -> None:
    if sent > limits.bytes:
        raise TooLarge(f"the body is larger than {limits.bytes} bytes: send smaller batches")


def _decoder(encoding: str) -> "Plain | Decompress":
    if encoding in ("identity", ""):
        return Plain()
    if encoding in ENCODINGS:
        return Decompress(encoding)
    raise UnknownEncoding("the content encoding is not taken here: send gzip, zstd or none")


class Plain:
    """A body as it is."""

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """`chunk` itself."""
        yield chunk

    def end(self) -> None:
        """Nothing is wrong with any end."""


Decompressor = igzip_lib.IgzipDecompressor | zstd.ZstdDecompressor


def _zstd() -> zstd.ZstdDecompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


ENCODINGS: Mapping[str, Callable[[], Decompressor]] = {
    "gzip": lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    "zstd": _zstd,
}


class Decompress:
    """Decompresses gzip or zstd, member by member, in pieces of bounded size."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._members = 0
        self._stream: Decompressor | None = None
        self._piece = _FIRST_PIECE

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What `chunk` decompresses to. Raises BadInput."""
        while chunk or (self._stream is not None and not self._stream.needs_input):
            if self._stream is None:
                self._stream = self._member()
            try:
                piece = self._stream.decompress(chunk, self._piece)
            except (igzip_lib.IsalError, zstd.ZstdError) as exc:  # type: ignore[misc]  # a stub
                raise BadInput(f"the body says {self._encoding} and is not") from exc
            chunk = b""
            if piece:
                self._piece = _PIECE
                yield piece
            if self._stream.eof:
                chunk, self._stream = self._stream.unused_data, None

    def end(self) -> None:
        """Raises BadInput where a member is not whole."""
        if self._stream is not None:
            raise BadInput(f"the {self._encoding} body ends too early")

    def _member(self) -> Decompressor:
        self._members += 1
        if self._members > _MEMBERS:
            # What is left is copied for each member: many small ones would cost their square.
            raise BadInput(f"the body has more than {_MEMBERS} members: send it as one")
        return ENCODINGS[self._encoding]()
