"""Stored spans as one OTLP request, without a loop over them.

A protobuf message is the concatenation of its fields: each distinct value of a column is encoded
once, by OpenTelemetry's own classes, as a message with that one field, and a span is its pieces
joined. https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Callable, Iterable
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
_LENGTH_DELIMITED = 2


class _Message(Protocol):
    def SerializeToString(self) -> bytes: ...


def encode(rows: pa.Table) -> bytes:
    """An ExportTraceServiceRequest of `rows` (columns of `spans`), grouped by resource.

    Identifiers of people and devices are their keyed hashes in hexadecimal, under the name the
    identifier had. Times are the device's own.
    """
    resources = _joined(_attributes(rows, RESOURCE_ATTRIBUTES, Resource)).dictionary_encode()
    spans = _delimited(ScopeSpans.SPANS_FIELD_NUMBER, _joined(_spans(rows)))
    codes = resources.indices.to_numpy()
    order = pa.array(np.argsort(codes, kind="stable"))
    ends = np.cumsum(np.bincount(codes, minlength=len(resources.dictionary)))
    offsets = pa.array(np.concatenate(([0], ends)).astype(np.int32))
    scopes = pc.binary_join(pa.ListArray.from_arrays(offsets, spans.take(order)), b"")
    groups = _joined(
        (
            _delimited(ResourceSpans.RESOURCE_FIELD_NUMBER, resources.dictionary),
            _delimited(ResourceSpans.SCOPE_SPANS_FIELD_NUMBER, scopes),
        )
    )
    field = ExportTraceServiceRequest.RESOURCE_SPANS_FIELD_NUMBER
    return b"".join(_delimited(field, groups).to_pylist())


def _spans(rows: pa.Table) -> Iterable[pa.Array]:
    """The pieces of each span, field by field."""
    start = _column(rows, "start_time")
    length = _column(rows, "duration")
    end = start.to_numpy() + pc.fill_null(length, 0).to_numpy().view(np.uint64)
    yield _delimited(Span.TRACE_ID_FIELD_NUMBER, _column(rows, "trace_id"))
    yield _delimited(Span.SPAN_ID_FIELD_NUMBER, _column(rows, "span_id"))
    yield _delimited(Span.PARENT_SPAN_ID_FIELD_NUMBER, _column(rows, "parent_span_id"))
    yield _delimited(Span.NAME_FIELD_NUMBER, _column(rows, "name").cast(pa.binary()))
    yield _pieces(_column(rows, "kind"), lambda v: Span(kind=Span.SpanKind.Value(f"SPAN_KIND_{v}")))
    yield _pieces(
        _column(rows, "status"),
        lambda v: Span(status=Status(code=Status.StatusCode.Value(f"STATUS_CODE_{v}"))),
    )
    yield _pieces(start, lambda v: Span(start_time_unix_nano=v))
    yield _pieces(
        pa.array(end, mask=length.is_null().to_numpy(zero_copy_only=False)),
        lambda v: Span(end_time_unix_nano=v),
    )
    yield from _attributes(rows, SPAN_ATTRIBUTES, Span)


def _attributes(
    rows: pa.Table, attributes: Iterable[Attribute], owner: Callable[..., _Message]
) -> Iterable[pa.Array]:
    """The pieces of those that `owner` has; what no column is for is the span's unless it is a
    resource's by name."""
    for attribute in attributes:
        if attribute.column is not None:
            yield _pieces(_column(rows, attribute.column), _attribute(attribute, owner))
    yield _pieces(
        _column(rows, "attributes"),
        lambda pairs: owner(
            attributes=[
                _key_value(name, value)
                for name, value in pairs
                if (name in _OF_RESOURCES) == (owner is Resource)
            ]
        ),
    )


def _attribute(attribute: Attribute, owner: Callable[..., _Message]) -> Callable[[Any], _Message]:
    def message(value: Any) -> _Message:
        if isinstance(attribute.form, Pseudonym):
            value = value.hex()
        elif isinstance(attribute.form, WordSet):
            value = value.split(",")
        return owner(attributes=[_key_value(attribute.name, value)])

    return message


def _key_value(name: str, value: Any) -> KeyValue:
    return KeyValue(key=name, value=_any_value(value))


def _any_value(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[_any_value(item) for item in value]))
    return AnyValue(string_value=value)


def _column(rows: pa.Table, name: str) -> pa.Array:
    return rows.column(name).combine_chunks()


def _pieces(column: pa.Array, message: Callable[[Any], _Message]) -> pa.Array:
    """`message` of each value, encoded; null where there is none."""
    if pa.types.is_nested(column.type):
        # Arrow finds no distinct values among lists and maps.
        values, where = column, None
    else:
        encoded = column.dictionary_encode()
        values, where = encoded.dictionary, encoded.indices
    pieces = pa.array(
        [None if v is None else message(v).SerializeToString() for v in values.to_pylist()],
        pa.binary(),
    )
    return pieces if where is None else pieces.take(where)


def _joined(pieces: Iterable[pa.Array]) -> pa.Array:
    # With "skip" Arrow loses a row of which every piece is null.
    return pc.binary_join_element_wise(*pieces, b"", null_handling="replace", null_replacement="")


def _delimited(field: int, column: pa.Array) -> pa.Array:
    """`column` as a bytes field numbered `field`: its tag and length before each value."""
    lengths = pc.binary_length(column).dictionary_encode()
    tag = _varint(field << 3 | _LENGTH_DELIMITED)
    heads = pa.array(
        [tag + _varint(length) for length in lengths.dictionary.to_pylist()], pa.binary()
    )
    return pc.binary_join_element_wise(heads.take(lengths.indices), column, b"")


def _varint(number: int) -> bytes:
    """https://protobuf.dev/programming-guides/encoding/#varints"""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
