"""OTLP bytes to Arrow: many payloads in one pass, no Python per span.

ptars parses the wire format in Rust with OpenTelemetry's own descriptors. It stops at the
recursive `AnyValue`: values inside a list stay encoded and are decoded as a second flat batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from ptars import HandlerPool

from collector.contract.errors import BadInput, NotUtf8

_NOT_PROTOBUF = "the body is not a protobuf export request"

Indices = npt.NDArray[np.int64]


def _handlers() -> tuple[object, object, object, object]:
    trace = trace_service_pb2.DESCRIPTOR
    logs = logs_service_pb2.DESCRIPTOR
    pool = HandlerPool([trace, logs, common_pb2.DESCRIPTOR])
    return (
        pool.get_for_message(trace_service_pb2.ExportTraceServiceRequest.DESCRIPTOR),
        pool.get_for_message(logs_service_pb2.ExportLogsServiceRequest.DESCRIPTOR),
        pool.get_for_message(common_pb2.AnyValue.DESCRIPTOR),
        pool.get_for_message(common_pb2.KeyValue.DESCRIPTOR),
    )


_TRACES, _LOGS, _ANY, _PAIR = _handlers()

# What `mend` needs to know of each signal's request.
DESCRIPTORS = {
    "traces": trace_service_pb2.ExportTraceServiceRequest.DESCRIPTOR,
    "logs": logs_service_pb2.ExportLogsServiceRequest.DESCRIPTOR,
}


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of all records of one kind, exploded.

    `row` (int64 [k]) is the record each belongs to, ascending; `key` string [k]; `key_index` int32
    [k], zero but in profiles; `value` the AnyValue struct [k]. `rows` is the number of records.
    """

    rows: int
    row: Indices
    key: pa.StringArray = field(repr=False)
    key_index: pa.Int32Array = field(repr=False)
    value: pa.StructArray = field(repr=False)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Spans or log records of several requests, flat.

    `records` is the struct array [n], with its events and links; `request`, `resource` and `scope`
    (int64 [n]) point at the payload, the resource and the scope each came from. `resources` and
    `scopes` hold what else is said of those.
    """

    records: pa.StructArray = field(repr=False)
    request: Indices
    resource: Indices
    scope: Indices
    attributes: Attributes
    resource_attributes: Attributes
    resources: pa.StructArray = field(repr=False)
    scopes: pa.StructArray = field(repr=False)


def parses(content: bytes, descriptor: Any) -> bool:
    """Whether `content` is a good message of `descriptor`."""
    try:
        GetMessageClass(descriptor).FromString(content)
    except DecodeError:
        return False
    return True


def decode_spans(payloads: Sequence[bytes]) -> Decoded:
    """The spans of `payloads`. Raises BadInput when any of them is not an export request."""
    return _decode(_TRACES, payloads, "resource_spans", "scope_spans", "spans")


def decode_logs(payloads: Sequence[bytes]) -> Decoded:
    """The log records of `payloads`. Raises BadInput when any is not an export request."""
    return _decode(_LOGS, payloads, "resource_logs", "scope_logs", "log_records")


def decode_values(encoded: pa.BinaryArray) -> pa.RecordBatch:
    """A batch of encoded AnyValues as columns string_value, double_value, int_value, …"""
    return _batch(_ANY, encoded)


def decode_pairs(encoded: pa.BinaryArray) -> pa.RecordBatch:
    """A batch of encoded KeyValues as columns key, value, …"""
    return _batch(_PAIR, encoded)


def _batch(handler: object, encoded: pa.BinaryArray) -> pa.RecordBatch:
    with refusing():
        return handler.array_to_record_batch(encoded)  # type: ignore[attr-defined]


@contextmanager
def refusing() -> Iterator[None]:
    """Whatever ptars says of bytes that it cannot read is BadInput."""
    try:
        yield
    except ValueError as exc:
        raise _refusal(exc) from exc
    except BaseException as exc:
        # On some broken bytes ptars panics, and a panic of Rust's is no Exception.
        if type(exc).__name__ != "PanicException":
            raise
        raise BadInput(_NOT_PROTOBUF) from None


def _decode(handler: object, payloads: Sequence[bytes], *path: str) -> Decoded:
    with refusing():
        batch = handler.list_to_record_batch(list(payloads))  # type: ignore[attr-defined]
    resources, request = _flatten(batch.column(path[0]))
    scopes, resource = _flatten(resources.field(path[1]))
    records, scope = _flatten(scopes.field(path[2]))
    resource = resource[scope]
    return Decoded(
        records=records,
        request=request[resource],
        resource=resource,
        scope=scope,
        attributes=explode(records.field("attributes")),
        resource_attributes=explode(resources.field("resource").field("attributes")),
        resources=resources,
        scopes=scopes,
    )


def _refusal(error: ValueError) -> BadInput:
    # ptars has one exception for everything; a test holds it to these words.
    if "UTF-8" in str(error):
        return NotUtf8()
    return BadInput(_NOT_PROTOBUF)


def _flatten(lists: pa.ListArray) -> tuple[pa.StructArray, Indices]:
    return pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)


def explode(lists: pa.ListArray) -> Attributes:
    """The key-value pairs of a column of attribute lists."""
    pairs, row = _flatten(lists)
    key, index, value = (pairs.field(name) for name in ("key", "key_strindex", "value"))
    return Attributes(rows=len(lists), row=row, key=key, key_index=index, value=value)
