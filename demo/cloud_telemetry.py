"""The spans of the cloud's own side, in the phone's trace."""

import hashlib
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from demo.cloud_models import Written
from demo.features import Feature
from demo.telemetry import ENVIRONMENT
from demo.wire import wire

REGION = "eu-west-1"

_QUEUE = 2**16
_BATCH = 512
_DELAY_MS = 1_000.0


class SeededIds(IdGenerator):
    """The same ids in the same order for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"{seed}/cloud")

    def generate_trace_id(self) -> int:
        return self._rng.getrandbits(128) or 1

    def generate_span_id(self) -> int:
        return self._rng.getrandbits(64) or 1


def otlp_exporter(otlp_url: str) -> SpanExporter:
    """The SDK's exporter to a collector, past any proxy of the machine."""
    session = requests.Session()
    session.trust_env = False
    endpoint = f"{otlp_url.rstrip('/')}/v1/traces"
    return OTLPSpanExporter(endpoint=endpoint, compression=Compression.Gzip, session=session)


@dataclass(kw_only=True, slots=True)
class Served:
    """A request that is being answered; times are nanoseconds of the phone's clock, which is
    `clock` ahead of the machine's."""

    headers: Mapping[str, str]
    template: str
    clock: int
    started: int
    body_bytes: int
    label: str | None = None
    confidence: float | None = None
    written: Written | None = None


class CloudTelemetry:
    """One SERVER span per request, sent in batches."""

    def __init__(self, exporter: SpanExporter, *, seed: int) -> None:
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource(
                wire(app="inference-api", environment=ENVIRONMENT, cloud_region=REGION)
            ),
            shutdown_on_exit=False,
            id_generator=SeededIds(seed),
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=_QUEUE,
                schedule_delay_millis=_DELAY_MS,
                max_export_batch_size=_BATCH,
            )
        )
        self._tracer = self._provider.get_tracer("inference-api")
        self._propagator = TraceContextTextMapPropagator()

    def record(
        self, served: Served, feature: Feature, model: str, version: str, *, status: int
    ) -> None:
        """One request that was answered now."""
        written = served.written
        span = self._tracer.start_span(
            f"POST {served.template}",
            self._propagator.extract(served.headers, Context()),
            SpanKind.SERVER,
            wire(
                feature=feature.name,
                model_name=model,
                model_version=version,
                retained=False,
                trained_on=False,
                url_template=served.template,
                http_request_body_size=served.body_bytes,
                http_status=status,
                error_type=str(status) if status >= 500 else None,
                output_label=served.label,
                confidence=served.confidence,
                gen_ai_operation="chat" if feature.chat_model else None,
                gen_ai_model=feature.chat_model,
                gen_ai_input_tokens=written.input_tokens if written else None,
                gen_ai_output_tokens=written.output_tokens if written else None,
            ),
            start_time=served.started,
        )
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(time.time_ns() + served.clock)

    def flush(self) -> bool:
        """Sends all that waits; whether it arrived."""
        return self._provider.force_flush()

    def close(self) -> None:
        self._provider.shutdown()


def draw(seed: int, name: str) -> float:
    """A number within [0, 1) that follows from `seed` and `name` alone."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
