"""The spans of the cloud's own side, in the phone's trace."""

import hashlib
import random
from collections.abc import Mapping

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

from demo.telemetry import ENVIRONMENT, FEATURE
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


class CloudTelemetry:
    """One SERVER span per request, sent in batches."""

    def __init__(
        self, exporter: SpanExporter, *, seed: int, model_name: str, model_version: str
    ) -> None:
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
        self._always = wire(
            feature=FEATURE,
            model_name=model_name,
            model_version=model_version,
            retained=False,
            trained_on=False,
        )

    def record(
        self,
        headers: Mapping[str, str],
        template: str,
        *,
        started: int,
        ended: int,
        body_bytes: int,
        status: int,
        label: str | None = None,
        confidence: float | None = None,
    ) -> None:
        """One request that was answered; times are nanoseconds of the phone's clock."""
        span = self._tracer.start_span(
            f"POST {template}",
            self._propagator.extract(headers, Context()),
            SpanKind.SERVER,
            self._always
            | wire(
                url_template=template,
                http_request_body_size=body_bytes,
                http_status=status,
                error_type=str(status) if status >= 500 else None,
                output_label=label,
                confidence=confidence,
            ),
            start_time=started,
        )
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def flush(self) -> bool:
        """Sends all that waits; whether it arrived."""
        return self._provider.force_flush()

    def close(self) -> None:
        self._provider.shutdown()


def draw(seed: int, name: str) -> float:
    """A number within [0, 1) that follows from `seed` and `name` alone."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
