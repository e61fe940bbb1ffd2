"""Replaces bytes that are not UTF-8 in the strings of a protobuf message.

protobuf refuses a whole request for one bad string, and a phone that is refused drops the batch.
Only a request that did not decode comes here.
"""

from functools import cache
from typing import Any

from collector.contract.errors import BadInput

# Deeper than any string that Limen reads; what lies below is passed on as it is.
_MAX_DEPTH = 16

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_TYPE_STRING, _TYPE_MESSAGE = 9, 11


def mend(body: bytes, descriptor: Any) -> tuple[bytes, int]:
    """`body` with U+FFFD for bad bytes, and how many strings that changed.

    `descriptor` is the message's protobuf descriptor. Raises BadInput where `body` is not the
    wire format.
    """
    changed = [0]
    return _message(body, descriptor, 0, changed), changed[0]


def _message(body: bytes, descriptor: Any, depth: int, changed: list[int]) -> bytes:
    strings, messages = _fields(descriptor)
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        begin = at
        tag, at = _varint(body, at)
        number, wire = tag >> 3, tag & 7
        if wire == _LENGTH:
            size, start = _varint(body, at)
            at = start + size
            if at > len(body):
                raise BadInput("the body is cut short")
            content = body[start:at]
            if number in strings:
                content = _text(content, changed)
            elif number in messages and depth < _MAX_DEPTH:
                content = _message(content, messages[number], depth + 1, changed)
            parts += (_encoded(tag), _encoded(len(content)), content)
        else:
            at = _skip(body, at, wire)
            parts.append(body[begin:at])
    return b"".join(parts)


@cache
def _fields(descriptor: Any) -> tuple[frozenset[int], dict[int, Any]]:
    """The numbers of a message's strings, and of its messages with their descriptors."""
    strings = frozenset(f.number for f in descriptor.fields if f.type == _TYPE_STRING)
    messages = {f.number: f.message_type for f in descriptor.fields if f.type == _TYPE_MESSAGE}
    return strings, messages


def _text(content: bytes, changed: list[int]) -> bytes:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        changed[0] += 1
        return content.decode("utf-8", "replace").encode()
    return content


def _skip(body: bytes, at: int, wire: int) -> int:
    if wire == _VARINT:
        at = _varint(body, at)[1]
    elif wire == _FIXED64:
        at += 8
    elif wire == _FIXED32:
        at += 4
    else:
        raise BadInput("the body is not a protobuf export request")
    if at > len(body):
        raise BadInput("the body is cut short")
    return at


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(body) and shift < 70:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise BadInput("the body is cut short")


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
