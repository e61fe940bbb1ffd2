"""Bodies of requests to the cloud: written by phones, read by the cloud."""

import json
import zlib
from dataclasses import dataclass
from typing import Any

_LIMIT = 65_536
_PICTURE = {"content-type": "image/x-portable-graymap", "content-encoding": "deflate"}
_JSON = {"content-type": "application/json"}


class BadBody(Exception):
    """The body is not what the endpoint takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """The bytes of a body and the headers that say what they are."""

    content: bytes
    headers: dict[str, str]


def picture_body(picture: bytes, height: int, width: int) -> Body:
    """A grey picture, a byte a pixel, as a deflated portable graymap."""
    graymap = _graymap(height, width) + picture
    return Body(content=zlib.compress(graymap, zlib.Z_BEST_SPEED), headers=_PICTURE)


def read_picture(content: bytes, height: int, width: int) -> bytes:
    """The pixels of a picture of that size. Raises BadBody."""
    head = _graymap(height, width)
    try:
        plain = zlib.decompressobj().decompress(content, _LIMIT)
    except zlib.error as exc:
        raise BadBody from exc
    if not plain.startswith(head) or len(plain) != len(head) + height * width:
        raise BadBody
    return plain[len(head) :]


def text_body(text: bytes) -> Body:
    """A text in UTF-8."""
    return Body(content=json.dumps({"text": text.decode()}).encode(), headers=_JSON)


def read_text(content: bytes) -> str:
    """The text. Raises BadBody."""
    match _parsed(content):
        case {"text": str(text)}:
            return text
    raise BadBody


def chat_body(model: str, text: bytes) -> Body:
    """One message to a model, as https://platform.openai.com/docs/api-reference/chat has it."""
    message = {"role": "user", "content": text.decode()}
    said = {"model": model, "messages": [message]}
    return Body(content=json.dumps(said).encode(), headers=_JSON)


def read_chat(content: bytes) -> tuple[str, str]:
    """The model that is asked for, and the text of the user's messages. Raises BadBody."""
    match _parsed(content):
        case {"model": str(model), "messages": [_, *_] as messages}:
            texts = [m["content"] for m in messages if _is_said_by_user(m)]
            if texts:
                return model, "\n".join(texts)
    raise BadBody


def _is_said_by_user(message: Any) -> bool:
    match message:
        case {"role": "user", "content": str()}:
            return True
    return False


def _parsed(content: bytes) -> Any:
    if len(content) > _LIMIT:
        raise BadBody
    try:
        return json.loads(content)
    except ValueError as exc:
        raise BadBody from exc


def _graymap(height: int, width: int) -> bytes:
    return b"P5 %d %d 255\n" % (width, height)
