"""Replaces bytes that are not UTF-8 in the strings of a protobuf message.

protobuf refuses a whole request for one bad string, and a phone that is refused drops the batch.
Only a request that did not decode comes here, and only messages of it that do not are walked.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from collector.contract.errors import BadInput, NotUtf8
from collector.decode import parses
from collector.intake.notes import MAX_DEPTH

# Messages around the deepest value that is looked at: a map takes three, and a request five.
_MAX_DEPTH = 5 + 3 * MAX_DEPTH
# Walking takes about 2 µs a field. A batch of 512 spans has a sixth of these, and only the spans
# that are not good already are walked.
_MAX_FIELDS = 250_000

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_TYPE_STRING, _TYPE_MESSAGE = 9, 11


def mend(body: bytes, descriptor: Any) -> tuple[bytes, int]:
    """`body` with U+FFFD for bad bytes, and how many strings that changed.

    `descriptor` is the message's protobuf descriptor. Raises BadInput where `body` is not the
    wire format, and NotUtf8 where too much of it would have to be walked.
    """
    walk = _Walk()
    return _message(body, descriptor, 0, walk), walk.changed


@dataclass(slots=True)
class _Walk:
    changed: int = 0
    fields: int = 0


def _message(body: bytes, descriptor: Any, depth: int, walk: _Walk) -> bytes:
    strings, messages = _fields(descriptor)
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        begin = at
        walk.fields += 1
        if walk.fields > _MAX_FIELDS:
            raise NotUtf8("too many messages with strings that are not UTF-8")
        tag, at = _varint(body, at)
        number, wire = tag >> 3, tag & 7
        if wire == _LENGTH:
            size, start = _varint(body, at)
            at = start + size
            if at > len(body):
                raise BadInput("the body is cut short")
            content = body[start:at]
            if number in strings:
                content = _text(content, walk)
            elif number in messages and depth < _MAX_DEPTH:
                if not parses(content, messages[number]):
                    content = _message(content, messages[number], depth + 1, walk)
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


def _text(content: bytes, walk: _Walk) -> bytes:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        walk.changed += 1
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
