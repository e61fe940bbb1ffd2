"""Every place of OTLP where a client can write text: kept in a form, or dropped and counted."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from collector.contract.attributes import ATTRIBUTES, CONSENT_EVENT
from collector.contract.policy import Policy
from collector.store.self_audit import PARTS
from tests.otlp import fresh_id, now
from tests.store import Store

TEXT = "ada was here <ada@example.com>"
IDS = {"trace_id", "span_id", "parent_span_id"}
# Only of profiles, and an index.
PROFILES = {"string_value_strindex", "key_strindex"}


def places(of: Descriptor, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field that can hold text; attributes are one, and their key another."""
    for field in of.fields:
        here = (*path, field.name)
        if field.message_type is KeyValue.DESCRIPTOR:
            yield here
            yield (*here, "key")
        elif field.message_type and field.message_type.name == "AnyValue":
            yield here
        elif field.message_type:
            yield from places(field.message_type, here)
        elif field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            yield here


def request(kind: type[Message], path: tuple[str, ...]) -> Message:
    """A request with one record, and the text at `path`."""
    made = kind()
    group: Any = made.resource_spans if hasattr(made, "resource_spans") else made.resource_logs
    scope = group.add()
    scope = scope.scope_spans.add() if hasattr(scope, "scope_spans") else scope.scope_logs.add()
    record = scope.spans.add() if hasattr(scope, "spans") else scope.log_records.add()
    if hasattr(record, "name"):
        record.name, record.start_time_unix_nano = "route", now()
    record.trace_id, record.span_id = fresh_id(16), fresh_id(8)
    at: Any = made
    for name in path:
        here: Any = getattr(at, name, None)
        field = at.DESCRIPTOR.fields_by_name[name]
        if name == "attributes":
            pair = here[0] if here else here.add(key="x")
            pair.value.string_value = TEXT
            at = pair
        elif name == "key":
            at.key = TEXT
        elif field.message_type and field.message_type.name == "AnyValue":
            here.string_value = TEXT
        elif field.message_type:
            at = (here[0] if len(here) else here.add()) if field.is_repeated else here
        elif field.is_repeated:
            here.append(TEXT)
        else:
            setattr(at, name, TEXT)
    return made


KINDS = (ExportTraceServiceRequest, ExportLogsServiceRequest)
PLACES = [
    pytest.param(kind, path, id=".".join(path))
    for kind in KINDS
    for path in places(kind.DESCRIPTOR)
    if path[-1] not in IDS | PROFILES
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("home"), Policy()) as store:
        yield store


def drops(store: Store) -> Counter[str]:
    rows = store.ask("redaction")
    return Counter({row["field"]: row["values"] for row in rows if row["action"] == "drop"})


@pytest.mark.parametrize(("kind", "path"), PLACES)
def test_text_in_any_place_is_counted_and_not_stored(
    shared: Store, kind: type[Message], path: tuple[str, ...]
) -> None:
    before = drops(shared)
    shared.take(request(kind, ()))
    without = drops(shared) - before
    shared.take(request(kind, path))
    added = drops(shared) - before - without - without
    assert added, path
    assert not any("ada" in field for field in added)


def test_no_text_of_any_place_is_under_the_home_folder(shared: Store) -> None:
    shared.database.checkpoint()
    held = [p for p in shared.home.rglob("*") if p.is_file() and b"ada" in p.read_bytes()]
    assert held == []


def test_every_place_of_both_signals_was_tried() -> None:
    tried = {param.id for param in PLACES}
    assert {
        "resource_spans.scope_spans.spans.events.attributes.key",
        "resource_spans.scope_spans.spans.links.trace_state",
        "resource_spans.resource.entity_refs.id_keys",
        "resource_logs.scope_logs.log_records.body",
        "resource_logs.schema_url",
    } <= tried
    assert len(tried) > 35


def test_the_self_audit_has_a_line_for_every_place(shared: Store) -> None:
    for place in PLACES:
        kind, path = place.values
        shared.take(request(kind, path))  # type: ignore[arg-type]
    counted = {row["field"] for row in shared.ask("redaction")}
    attributes = {attribute.name for attribute in ATTRIBUTES} | {"(unnamed attributes)"}
    assert counted - attributes <= set(PARTS)
    # No id here reads like a text, and nobody consents.
    assert set(PARTS) - counted == {"span.ids", CONSENT_EVENT}
