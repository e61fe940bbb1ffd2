"""Export requests like those of a fleet: no two spans alike."""

import random
from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

DEVICES = ("Pixel 8", "Pixel 7", "SM-S918B", "SM-A546B", "iPhone15,2", "iPhone14,5")
LABELS = "0123456789"


def export_request(
    spans: int,
    phones: int,
    start: int,
    rng: random.Random,
    unnamed: int = 0,
    fallbacks: float = 1.0,
) -> bytes:
    """An encoded request in `phones` resources: request spans, and the client spans of those that
    fall back, which are a share `fallbacks` of them.

    `unnamed` attributes of each span are known to nobody.
    """
    request = ExportTraceServiceRequest()
    for _ in range(phones):
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(_pairs(_phone(rng)))
        scope = resource.scope_spans.add()
        scope.scope.name = "limen"
        session = f"{rng.getrandbits(64):016x}"
        for number in range(int(spans / phones / (1 + fallbacks))):
            falls = fallbacks == 1 or rng.random() < fallbacks
            made = _request(number, start + rng.randrange(10**9), session, rng, falls=falls)
            for span in made:
                span.attributes.extend(_pairs(_unnamed(unnamed, rng)))
            scope.spans.extend(made)
    return bytes(request.SerializeToString())


def logged_inputs(feature: str, inputs: int, size: int, at: int, rng: random.Random) -> bytes:
    """An encoded request of logged inputs of `size` random bytes, from a tenth as many phones."""
    request = ExportLogsServiceRequest()
    for _ in range(max(1, inputs // 10)):
        resource = request.resource_logs.add()
        resource.resource.attributes.extend(_pairs(_phone(rng)))
        resource.scope_logs.add()
    for number in range(inputs):
        logs = request.resource_logs[number % len(request.resource_logs)].scope_logs[0]
        logs.log_records.append(
            LogRecord(
                event_name="limen.input",
                time_unix_nano=at,
                trace_id=rng.randbytes(16),
                span_id=rng.randbytes(8),
                body=AnyValue(bytes_value=rng.randbytes(size)),
                attributes=_pairs(
                    {
                        "limen.feature": feature,
                        "limen.input.kind": "tensor",
                        "limen.consent.state": "granted",
                    }
                ),
            )
        )
    return bytes(request.SerializeToString())


def _unnamed(count: int, rng: random.Random) -> Mapping[str, Any]:
    return {f"screen.step{n}": f"step {rng.randrange(100)}" for n in range(count)}


def _phone(rng: random.Random) -> Mapping[str, Any]:
    return {
        "service.name": "fieldnotes",
        "service.version": rng.choice(("2.4.0", "2.5.0")),
        "deployment.environment.name": "production",
        "app.installation.id": f"{rng.getrandbits(128):032x}",
        "service.instance.id": f"{rng.getrandbits(128):032x}",
        "device.manufacturer": "Example",
        "device.model.identifier": rng.choice(DEVICES),
        "os.name": rng.choice(("Android", "iOS")),
        "os.version": str(rng.randrange(12, 19)),
        "os.type": "linux",
        "geo.country.iso_code": rng.choice(("DE", "FR", "US", "JP")),
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "dart",
        "telemetry.sdk.version": "1.45.2",
    }


def _request(
    number: int, start: int, session: str, rng: random.Random, *, falls: bool
) -> list[Span]:
    asked = _asked(number, start, session, rng, "fallback" if falls else "accept")
    return [asked, _sent(asked, start, rng)] if falls else [asked]


def _asked(number: int, start: int, session: str, rng: random.Random, decision: str) -> Span:
    scores = sorted((rng.random() for _ in range(3)), reverse=True)
    return Span(
        name="route image_classify",
        trace_id=rng.randbytes(16),
        span_id=rng.randbytes(8),
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=start,
        end_time_unix_nano=start + rng.randrange(10**8),
        attributes=_pairs(
            {
                "limen.feature": "image_classify",
                "limen.placement": "hybrid",
                "limen.decision": decision,
                **({"limen.fallback.reason": "low_confidence"} if decision == "fallback" else {}),
                "limen.confidence": scores[0],
                "limen.confidence.method": "max_softmax",
                "limen.threshold": 0.7,
                "limen.threshold.version": "2026-10",
                "limen.threshold.source": "bundled",
                "limen.audit.probability": 0.05,
                "limen.model.name": "digit_reader",
                "limen.model.version": "1",
                "limen.model.digest": "sha256:" + "5c" * 32,
                "limen.model.size": 17524,
                "limen.runtime.name": "litert",
                "limen.runtime.version": "2.3.0",
                "limen.runtime.delegate": "cpu",
                "limen.input.digest": f"{rng.getrandbits(128):032x}",
                "limen.input.kind": "image",
                "limen.input.size": 64,
                "limen.output.label": rng.choice(LABELS),
                "limen.scores": scores,
                "limen.scores.labels": rng.sample(LABELS, 3),
                "limen.sequence": number,
                "network.connection.type": rng.choice(("wifi", "cell")),
                "session.id": session,
            }
        ),
    )


def _sent(asked: Span, start: int, rng: random.Random) -> Span:
    return Span(
        name="POST /v1/classify",
        trace_id=asked.trace_id,
        span_id=rng.randbytes(8),
        parent_span_id=asked.span_id,
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=start,
        end_time_unix_nano=start + rng.randrange(10**8),
        attributes=_pairs(
            {
                "limen.feature": "image_classify",
                "server.address": "inference.example.com",
                "server.port": 443,
                "url.template": "/v1/classify",
                "http.request.body.size": 64 + rng.randrange(1000),
                "http.response.status_code": 200,
                "limen.egress.region": "eu-west-1",
                "limen.data.categories": ["image"],
                "limen.purpose": "app_functionality",
                "limen.consent.state": "granted",
            }
        ),
    )


def _pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in attributes.items()]


def _value(raw: Any) -> AnyValue:
    match raw:
        case str():
            return AnyValue(string_value=raw)
        case int():
            return AnyValue(int_value=raw)
        case float():
            return AnyValue(double_value=raw)
    value = AnyValue()
    value.array_value.values.extend(_value(item) for item in raw)
    return value
