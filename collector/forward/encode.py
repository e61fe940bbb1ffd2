"""Stored spans as one OTLP request, without a loop over them.

A protobuf message is the concatenation of its fields: columns become pieces of messages, and a span
is its pieces joined. Each distinct value is encoded once, by OpenTelemetry's own classes; only what
is distinct in every span (64 bits wide) and what nests are put together here.
https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector.contract.attributes import (
    RESOURCE_ATTRIBUTES,
    SPAN_ATTRIBUTES,
    Attribute,
    Pseudonym,
    WordSet,
)

_OF_RESOURCES = {attribute.name for attribute in RESOURCE_ATTRIBUTES}
# Wire types.
_FIXED_64 = 1
_LENGTH_DELIMITED = 2


class _Message(Protocol):
    def SerializeToString(self) -> bytes: ...


def encode(rows: pa.Table) -> bytes:
    """An ExportTraceServiceRequest of `rows` (columns of `spans`), grouped by resource.

    Identifiers of people and devices are their keyed hashes in hexadecimal, under the name the
    identifier had. Times are the device's own.
    """
    rows = rows.combine_chunks()
    resources = _joined(rows, _resources(rows)).dictionary_encode()
    spans = _delimited(ScopeSpans.SPANS_FIELD_NUMBER, _joined(rows, _spans(rows)))
    codes = resources.indices.to_numpy()
    order = pa.array(np.argsort(codes, kind="stable"))
    ends = np.cumsum(np.bincount(codes, minlength=len(resources.dictionary)))
    offsets = pa.array(np.concatenate(([0], ends)).astype(np.int32))
    scopes = pc.binary_join(pa.ListArray.from_arrays(offsets, spans.take(order)), b"")
    groups = _concatenated(
        _delimited(ResourceSpans.RESOURCE_FIELD_NUMBER, resources.dictionary),
        _delimited(ResourceSpans.SCOPE_SPANS_FIELD_NUMBER, scopes),
    )
    field = ExportTraceServiceRequest.RESOURCE_SPANS_FIELD_NUMBER
    return b"".join(_delimited(field, groups).to_pylist())


def _resources(rows: pa.Table) -> Iterator[pa.Array]:
    """The pieces of each span's resource."""
    field = Resource.ATTRIBUTES_FIELD_NUMBER
    for attribute in RESOURCE_ATTRIBUTES:
        yield from _attribute(field, attribute, rows)
    yield _others(rows, lambda pairs: Resource(attributes=pairs), of_resources=True)


def _spans(rows: pa.Table) -> Iterator[pa.Array]:
    """The pieces of each span."""
    start, length = _column(rows, "start_time"), _column(rows, "duration")
    # Unsigned as the start is, and so is a length below zero where it overflows.
    end = start.to_numpy() + pc.fill_null(length, 0).to_numpy().view(np.uint64)
    yield _delimited(Span.TRACE_ID_FIELD_NUMBER, _column(rows, "trace_id"))
    yield _delimited(Span.SPAN_ID_FIELD_NUMBER, _column(rows, "span_id"))
    yield _delimited(Span.PARENT_SPAN_ID_FIELD_NUMBER, _column(rows, "parent_span_id"))
    yield _delimited(Span.NAME_FIELD_NUMBER, _column(rows, "name").cast(pa.binary()))
    yield _distinct(_column(rows, "kind"), _kind)
    yield _distinct(_column(rows, "status"), _status)
    yield _fixed(Span.START_TIME_UNIX_NANO_FIELD_NUMBER, start)
    yield _fixed(
        Span.END_TIME_UNIX_NANO_FIELD_NUMBER,
        pa.array(end, mask=length.is_null().to_numpy(zero_copy_only=False)),
    )
    for attribute in SPAN_ATTRIBUTES:
        yield from _attribute(Span.ATTRIBUTES_FIELD_NUMBER, attribute, rows)
    yield _others(rows, lambda pairs: Span(attributes=pairs), of_resources=False)


def _kind(name: str) -> Span:
    return Span(kind=Span.SpanKind.Value(f"SPAN_KIND_{name}"))


def _status(name: str) -> Span:
    return Span(status=Status(code=Status.StatusCode.Value(f"STATUS_CODE_{name}")))


def _attribute(field: int, attribute: Attribute, rows: pa.Table) -> Iterator[pa.Array]:
    """The pieces of one attribute in the field of attributes, where any span has it."""
    if attribute.column is None:
        return
    column = _column(rows, attribute.column)
    if column.null_count == len(column):
        return
    if isinstance(attribute.form, Pseudonym):
        value = _distinct(column, lambda v: AnyValue(string_value=v.hex()))
    elif isinstance(attribute.form, WordSet):
        value = _distinct(column, lambda v: _any_value(v.split(",")))
    else:
        value = _values(column)
    key = pa.scalar(KeyValue(key=attribute.name).SerializeToString())
    encoded = value.dictionary_encode()
    pair = _concatenated(key, _delimited(KeyValue.VALUE_FIELD_NUMBER, encoded.dictionary))
    yield _delimited(field, pair).take(encoded.indices)


def _values(column: pa.Array) -> pa.Array:
    """Each value as an AnyValue."""
    if pa.types.is_list(column.type):
        items = _delimited(ArrayValue.VALUES_FIELD_NUMBER, _values(column.values))
        joined = pc.binary_join(pa.ListArray.from_arrays(column.offsets, items), b"")
        lists = pc.if_else(column.is_valid(), joined, None)
        return _delimited(AnyValue.ARRAY_VALUE_FIELD_NUMBER, lists)
    if pa.types.is_floating(column.type):
        return _fixed(AnyValue.DOUBLE_VALUE_FIELD_NUMBER, column.cast(pa.float64()))
    return _distinct(column, _any_value)


def _any_value(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[_any_value(item) for item in value]))
    return AnyValue(string_value=value)


def _others(
    rows: pa.Table, owner: Callable[[list[KeyValue]], _Message], *, of_resources: bool
) -> pa.Array:
    """The pieces of the attributes that have no column: a resource's by name, or the others."""

    def piece(pairs: list[tuple[str, str]]) -> bytes:
        kept = [p for p in pairs if (p[0] in _OF_RESOURCES) == of_resources]
        named = [KeyValue(key=name, value=_any_value(value)) for name, value in kept]
        return owner(named).SerializeToString()

    pairs = _column(rows, "attributes").to_pylist()
    return pa.array([piece(p) if p else None for p in pairs], pa.binary())


def _column(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _distinct(column: pa.Array, message: Callable[[Any], _Message]) -> pa.Array:
    """`message` of each value, encoded."""
    encoded = column.dictionary_encode()
    pieces = [message(v).SerializeToString() for v in encoded.dictionary.to_pylist()]
    return pa.array(pieces, pa.binary()).take(encoded.indices)


def _joined(rows: pa.Table, pieces: Iterable[pa.Array]) -> pa.Array:
    """The pieces of each row as one message; what is null is left out."""
    nothing = pa.repeat(pa.scalar(b""), len(rows))
    # With "skip" Arrow loses a row of which every piece is null.
    return pc.binary_join_element_wise(
        nothing, *pieces, b"", null_handling="replace", null_replacement=b""
    )


def _concatenated(*pieces: pa.Array) -> pa.Array:
    """The pieces of each row as one; null where one is."""
    return pc.binary_join_element_wise(*pieces, b"")


def _delimited(field: int, column: pa.Array) -> pa.Array:
    """`column` as a field of bytes: its tag and length before each value."""
    lengths = pc.binary_length(column).dictionary_encode()
    tag = _varint(field << 3 | _LENGTH_DELIMITED)
    heads = [tag + _varint(length) for length in lengths.dictionary.to_pylist()]
    return _concatenated(pa.array(heads, pa.binary()).take(lengths.indices), column)


def _fixed(field: int, column: pa.Array) -> pa.Array:
    """`column` of 64 bits as a field: its tag, then the value, little-endian."""
    tag = _varint(field << 3 | _FIXED_64)
    numbers = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    values = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)
    flat = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(8), len(values), [None, pa.py_buffer(values)]
    )
    pieces = _concatenated(pa.scalar(tag), flat.cast(pa.binary()))
    return pc.if_else(column.is_valid(), pieces, None)


def _varint(number: int) -> bytes:
    """https://protobuf.dev/programming-guides/encoding/#varints"""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
