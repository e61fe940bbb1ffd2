"""How much there is in a request, before it is decoded.

A span of two bytes takes some two hundred as columns: 64 MiB of them, 60 KiB as gzip, would take
many GiB. So a large request is first counted, level by level, with messages that know of
OpenTelemetry's only which of their fields are messages.
"""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from ptars import HandlerPool

from collector.contract.errors import TooLarge
from collector.decode import DESCRIPTORS, refusing

# Smaller requests hold too little to matter.
LARGE_BYTES = 2**20
# Resources, scopes, records, events, links and attributes: a batch of 512 spans has 15,000.
MAX_PARTS = 1_000_000

_FILE = "limen/outline.proto"
# Decoded on their own, and only where they are wanted.
_LEAVES = ("AnyValue", "EntityRef")

# Counting may take half a GiB for a moment.
_counting = threading.Lock()


def check_parts(body: bytes, signal: str) -> None:
    """Raises TooLarge where `body` has more than MAX_PARTS, BadInput where it cannot be counted."""
    if len(body) > LARGE_BYTES:
        with _counting:
            _count(body, signal)


def _count(body: bytes, signal: str) -> None:
    parts = 0
    level = [(DESCRIPTORS[signal], pa.array([body], pa.binary()))]
    while level:
        below = [child for descriptor, encoded in level for child in _children(descriptor, encoded)]
        parts += sum(len(encoded) for _, encoded in below)
        if parts > MAX_PARTS:
            raise TooLarge(
                f"the request has more than {MAX_PARTS} records, attributes, events and links: "
                "send smaller batches"
            )
        level = below


def _children(descriptor: Any, encoded: pa.BinaryArray) -> Iterator[tuple[Any, pa.BinaryArray]]:
    fields = _messages(descriptor)
    if not fields:
        return
    with refusing():
        batch = _HANDLERS[descriptor.full_name].array_to_record_batch(encoded)  # type: ignore[attr-defined]
    for name, child in fields.items():
        yield child, pc.list_flatten(batch.column(name))


def _messages(descriptor: Any) -> Mapping[str, Any]:
    """The fields of a message that are messages, by name."""
    return {
        field.name: field.message_type
        for field in descriptor.fields
        if field.message_type and field.message_type.name not in _LEAVES
    }


def _outlines() -> Mapping[str, object]:
    """By the name of a message: what reads its messages as bytes, repeated ones and single ones."""
    found: dict[str, Any] = {}
    waiting = list(DESCRIPTORS.values())
    while waiting:
        descriptor = waiting.pop()
        if descriptor.full_name not in found:
            found[descriptor.full_name] = descriptor
            waiting += _messages(descriptor).values()
    file = FileDescriptorProto(name=_FILE, syntax="proto3", package="limen.outline")
    for name, descriptor in found.items():
        message = file.message_type.add(name=name.replace(".", "_"))
        for field in descriptor.fields:
            if field.name in _messages(descriptor):
                message.field.add(
                    name=field.name,
                    number=field.number,
                    type=FieldDescriptorProto.TYPE_BYTES,
                    label=FieldDescriptorProto.LABEL_REPEATED,
                )
    pool = DescriptorPool()
    pool.Add(file)
    own = pool.FindFileByName(_FILE)
    handlers = HandlerPool([own])
    return {
        name: handlers.get_for_message(own.message_types_by_name[name.replace(".", "_")])
        for name in found
    }


_HANDLERS = _outlines()
