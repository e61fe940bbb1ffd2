"""Request bodies, capped before and after decompression."""

from isal import igzip_lib, isal_zlib
from starlette.requests import Request
from starlette.responses import Response

from collector.contract.errors import BadInput, TooLarge, UnknownEncoding

_MEMBERS = 16
_GZIP = 31  # window bits: gzip header and trailer


async def hung_up(_: Request, __: Exception) -> Response:
    """A phone that went away while it sent: nothing was taken, nobody hears the answer.

    499 is what nginx calls it; it is counted apart from what was refused.
    """
    return Response(status_code=499)


async def read_body(request: Request, limit: int) -> tuple[bytes, int]:
    """The decompressed body and its size as sent (bytes).

    Raises TooLarge beyond `limit` either way, BadInput when it is not what its encoding says.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit} bytes: send smaller batches")
        chunks.append(chunk)
    body = b"".join(chunks)
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "identity" | "":
            return body, size
        case "gzip":
            return gunzip(body, limit), size
        case _:
            raise UnknownEncoding("the content encoding is not taken here: send gzip or none")


def gunzip(body: bytes, limit: int) -> bytes:
    """`body` decompressed, member by member. Raises TooLarge and BadInput."""
    parts: list[bytes] = []
    size, rest = 0, body
    while rest:
        if len(parts) == _MEMBERS:
            # What is left is copied for each member: many small ones would cost their square.
            raise BadInput(f"the gzip body has more than {_MEMBERS} members: send it as one")
        stream = isal_zlib.decompressobj(_GZIP)
        try:
            part = stream.decompress(rest, limit - size + 1)
        except igzip_lib.IsalError as exc:  # type: ignore[misc]  # the stub says OSError instance
            raise BadInput("the body says gzip and is not") from exc
        size += len(part)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit} bytes decompressed: send less")
        if not stream.eof:
            raise BadInput("the gzip body ends too early")
        parts.append(part)
        rest = stream.unused_data
    return b"".join(parts)
