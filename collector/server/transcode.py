"""OTLP/JSON to protobuf at the door, so that one decoder stands behind both.

By the descriptors, as the specification and real SDKs have it: ids are hexadecimal in either case
(base64 in some Dart SDKs), enumerations are integers (names in some), 64-bit integers are strings
or numbers, unknown fields are ignored, null is unset. `json_format` would read a hexadecimal id
as base64 without an error. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.contract.errors import BadInput, TooLarge
from collector.intake.notes import MAX_DEPTH

# An object of three bytes takes ninety as Python's. A batch of 512 spans has 60,000 of these.
MAX_JSON_PARTS = 2_500_000

_ANY = AnyValue.DESCRIPTOR
_ID_BYTES = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
_BITS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
}
# An escape: a pair of surrogates, half of one (Dart writes those of a cut string), or any other.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>u[dD][89a-fA-F]..)|.)", re.DOTALL
)
_URL_SAFE = str.maketrans("-_", "+/")
# What Python reads besides, `1_000` and digits of any script, is no JSON.
_INTEGER = re.compile(r"-?[0-9]{1,100}")
_NUMBER = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")
_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

Reader = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class _Field:
    """One field by its JSON name: how to read a scalar, or the fields of a message."""

    name: str
    repeated: bool
    read: Reader | None
    fields: Callable[[], Mapping[str, "_Field"]] | None


def transcode(body: bytes, kind: type[Message]) -> tuple[bytes, int]:
    """The protobuf of a JSON request, and how many strings of it had to be mended.

    A value in more than MAX_DEPTH lists and maps is empty in it. Raises BadInput naming the place,
    never the value, and TooLarge.
    """
    if sum(body.count(mark) for mark in b"{[,") > MAX_JSON_PARTS:
        raise TooLarge(
            f"the request has more than {MAX_JSON_PARTS} objects, arrays and commas: "
            "send smaller batches"
        )
    document, mended = _load(body or b"{}")
    message = kind()
    _fill(message, document, _fields(kind.DESCRIPTOR), "", 0)
    return message.SerializeToString(), mended


def _load(body: bytes) -> tuple[Any, int]:
    """The document; where its strings are not Unicode, with U+FFFD for what is wrong in them."""
    try:
        return orjson.loads(body), 0
    except orjson.JSONDecodeError as exc:
        text, mended = _unicode(body)
        refused = BadInput(f"the body is not JSON: line {exc.lineno}, column {exc.colno}")
        if not mended:
            raise refused from None
    try:
        return orjson.loads(text), mended
    except orjson.JSONDecodeError:
        raise refused from None


def _unicode(body: bytes) -> tuple[str, int]:
    """`body` as text, and how many runs of bytes or escapes in it were no character."""
    text = body.decode("utf-8", "replace")
    mended = text.count("\ufffd") - body.count("\ufffd".encode())

    def whole(escape: re.Match[str]) -> str:
        nonlocal mended
        if escape["half"] is None:
            return escape[0]
        mended += 1
        return "\\ufffd"

    return _ESCAPE.sub(whole, text), mended


def _fill(
    message: Any,
    document: Any,
    fields: Mapping[str, _Field],
    place: str,
    depth: int,
) -> None:
    if not isinstance(document, dict):
        raise _wrong(place, "is not a JSON object")
    for key, value in document.items():
        field = fields.get(key)
        if field is None or value is None:
            continue
        where = f"{place}.{key}" if place else key
        if not field.repeated:
            _set(message, field, value, where, depth)
            continue
        if not isinstance(value, list):
            raise _wrong(where, "is not a JSON array")
        items = getattr(message, field.name)
        for at, item in enumerate(value):
            if field.read:
                items.append(field.read(item, f"{where}[{at}]"))
            else:
                _descend(items.add(), field, item, f"{where}[{at}]", depth)


def _set(message: Any, field: _Field, value: Any, where: str, depth: int) -> None:
    if field.read:
        setattr(message, field.name, field.read(value, where))
        return
    child = getattr(message, field.name)
    # An empty message is not an unset one: {"arrayValue": {}} is an empty list.
    child.SetInParent()
    _descend(child, field, value, where, depth)


def _descend(child: Any, field: _Field, value: Any, where: str, depth: int) -> None:
    if child.DESCRIPTOR is _ANY:
        depth += 1
        if depth > MAX_DEPTH + 1:
            return
    assert field.fields is not None
    _fill(child, value, field.fields(), where, depth)


def _wrong(place: str, what: str) -> BadInput:
    return BadInput(f"{place or 'the body'} {what}", field=place)


@cache
def _fields(descriptor: Descriptor) -> Mapping[str, _Field]:
    return {field.json_name: _field(field) for field in descriptor.fields}


def _field(field: FieldDescriptor) -> _Field:
    child = field.message_type
    return _Field(
        name=field.name,
        repeated=field.is_repeated,
        read=None if child else _reader(field),
        fields=(lambda: _fields(child)) if child else None,
    )


def _reader(field: FieldDescriptor) -> Reader:
    if field.name in _ID_BYTES:
        return lambda value, where: _identifier(value, _ID_BYTES[field.name], where)
    if field.enum_type:
        return lambda value, where: _enumeration(value, field.enum_type, where)
    if field.type in _BITS:
        low, high = _BITS[field.type]
        return lambda value, where: _integer(value, low, high, where)
    return {
        FieldDescriptor.TYPE_STRING: _string,
        FieldDescriptor.TYPE_BYTES: _bytes,
        FieldDescriptor.TYPE_BOOL: _boolean,
        FieldDescriptor.TYPE_DOUBLE: _double,
    }[field.type]


def _identifier(value: Any, size: int, where: str) -> bytes:
    text = _string(value, where)
    if not text:
        return b""
    try:
        if len(text) == 2 * size:
            return bytes.fromhex(text)
        if len(text) == 4 * math.ceil(size / 3):
            return base64.b64decode(text, validate=True)
        # A wrong length is not a broken request: the span is rejected, the others are taken.
        return binascii.unhexlify(text)
    except ValueError:
        raise _wrong(where, "is neither hexadecimal nor base64") from None


def _enumeration(value: Any, names: EnumDescriptor, where: str) -> int:
    if isinstance(value, str) and value in names.values_by_name:
        return int(names.values_by_name[value].number)
    return _integer(value, -(2**31), 2**31 - 1, where)


def _integer(value: Any, low: int, high: int, where: str) -> int:
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value):
            raise _wrong(where, "is not an integer")
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(where, "is not an integer")
    if not low <= value <= high:
        raise _wrong(where, "is out of range")
    return value


def _double(value: Any, where: str) -> float:
    if isinstance(value, str):
        if value in _FLOATS:
            return _FLOATS[value]
        if not _NUMBER.fullmatch(value):
            raise _wrong(where, "is not a number")
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(where, "is not a number")
    return float(value)


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, "is not a string")
    return value


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "is not true or false")
    return value


def _bytes(value: Any, where: str) -> bytes:
    text = _string(value, where).rstrip("=")
    try:
        # proto3 JSON: the standard or the URL-safe alphabet, padded or not.
        padded = text.translate(_URL_SAFE) + "=" * (-len(text) % 4)
        return base64.b64decode(padded, validate=True)
    except ValueError:
        raise _wrong(where, "is not base64") from None
