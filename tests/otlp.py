"""OTLP export requests for tests, made with OpenTelemetry's own classes."""

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

_NUMBER = itertools.count(1)

KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3}

PHONE: Mapping[str, Any] = {
    "service.name": "fieldnotes",
    "service.version": "2.4.0",
    "deployment.environment.name": "production",
    "app.installation.id": "phone-1",
    "service.instance.id": "launch-1",
    "os.name": "Android",
    "os.version": "14",
}


def now() -> int:
    return time.time_ns()


def fresh_id(size: int) -> bytes:
    """An id that no other of this test run has."""
    return next(_NUMBER).to_bytes(size, "big")


@dataclass(kw_only=True)
class Span:
    """A span to send; ids and start are filled in where not given."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "INTERNAL"
    name: str = "route image_classify"
    trace_id: bytes = field(default_factory=lambda: fresh_id(16))
    span_id: bytes = field(default_factory=lambda: fresh_id(8))
    parent: bytes = b""
    start: int = field(default_factory=now)
    duration: int = 5_000_000

    def child(self, kind: str, **attributes: Any) -> "Span":
        """A span below this one; `_` in an attribute's name stands for `.`."""
        return Span(
            attributes={k.replace("_", "."): v for k, v in attributes.items()},
            kind=kind,
            trace_id=self.trace_id,
            parent=self.span_id,
            start=self.start,
        )


def request_span(decision: str = "accept", **more: Any) -> Span:
    """A request span of `image_classify`; keywords as in `Span.child`."""
    start = more.pop("start", None) or now()
    attributes = {
        "limen.feature": "image_classify",
        "limen.placement": "hybrid",
        "limen.decision": decision,
        "network.connection.type": "wifi",
    } | {k.replace("_", "."): v for k, v in more.items()}
    return Span(attributes={k: v for k, v in attributes.items() if v is not None}, start=start)


def value(raw: Any) -> AnyValue:
    match raw:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=raw)
        case str():
            return AnyValue(string_value=raw)
        case int():
            return AnyValue(int_value=raw)
        case float():
            return AnyValue(double_value=raw)
        case bytes():
            return AnyValue(bytes_value=raw)
        case list():
            found = AnyValue()
            found.array_value.values.extend(value(item) for item in raw)
            return found
        case dict():
            found = AnyValue()
            found.kvlist_value.values.extend(pairs(raw))
            return found
    raise TypeError(type(raw))


def pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=k, value=value(v)) for k, v in attributes.items()]


def proto(span: Span) -> ProtoSpan:
    return ProtoSpan(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent,
        name=span.name,
        kind=KINDS[span.kind],  # type: ignore[arg-type]
        start_time_unix_nano=span.start,
        end_time_unix_nano=span.start + span.duration,
        attributes=pairs(span.attributes),
    )


def traces(*spans: Span, resource: Mapping[str, Any] = PHONE) -> ExportTraceServiceRequest:
    """An export request with one resource."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(pairs(resource))
    group.scope_spans.add().spans.extend(proto(span) for span in spans)
    return request


def consent(
    state: str | None,
    time: int,
    resource: Mapping[str, Any] = PHONE,
    purpose: str | None = "app_functionality",
    version: str | None = None,
) -> ExportLogsServiceRequest:
    """An entry of the history of consent."""
    said = {
        "limen.purpose": purpose,
        "limen.consent.state": state,
        "limen.consent.version": version,
    }
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(pairs(resource))
    record = group.scope_logs.add().log_records.add()
    record.event_name, record.time_unix_nano = "limen.consent", time
    record.attributes.extend(pairs({k: v for k, v in said.items() if v is not None}))
    return request


def logged_input(
    span: Span, body: bytes | str, resource: Mapping[str, Any] = PHONE, **attributes: Any
) -> ExportLogsServiceRequest:
    """A logged input of `span`'s request, consented unless `attributes` say otherwise."""
    all_attributes = {
        "limen.feature": "image_classify",
        "limen.input.kind": "image",
        "limen.consent.state": "granted",
    } | {k.replace("_", "."): v for k, v in attributes.items()}
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(pairs(resource))
    record = group.scope_logs.add().log_records.add()
    record.event_name = "limen.input"
    record.trace_id, record.span_id = span.trace_id, span.span_id
    record.body.CopyFrom(value(body))
    record.attributes.extend(pairs(all_attributes))
    return request
