"""Protobuf's wire format by hand, for bodies that no library would write."""

from tests.otlp import Span, proto

SPANS, NAME, ATTRIBUTES, EVENTS, LINKS = 2, 5, 9, 11, 13
KEY, VALUE = 1, 2
STRING, ARRAY, MAP = 1, 5, 6


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, content: bytes) -> bytes:
    """A field of a string, bytes or message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def attribute(key: bytes, value: bytes) -> bytes:
    """An attribute of a span; `value` is an encoded AnyValue."""
    return field(ATTRIBUTES, field(KEY, key) + field(VALUE, value))


def request(spans: bytes) -> bytes:
    """A request with one resource and one scope; `spans` are their encoded fields."""
    return field(1, field(2, spans))


def with_span(more: bytes) -> bytes:
    """A request with one good span that has the fields `more` too."""
    return request(field(SPANS, proto(Span()).SerializeToString() + more))


def nested(levels: int) -> bytes:
    """An AnyValue in `levels` lists."""
    parts: list[bytes] = []
    size = 0
    for _ in range(levels):
        for number in (1, ARRAY):
            parts.append(varint(number << 3 | 2) + varint(size))
            size += len(parts[-1])
    return b"".join(reversed(parts))
