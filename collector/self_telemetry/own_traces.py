"""The collector's own spans, sent to an endpoint that its operator names; off without one.

Spans are made when the work is over: nothing of the SDK is loaded, and nothing waits for it, where
no endpoint is set. An export to Limen makes one commit, and so at most one span in the next export:
what comes back does not grow.
"""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pydantic import HttpUrl

from collector.contract.about import limen_version
from collector.contract.errors import BadInput
from collector.self_telemetry.health import Report

EXPORT_SECONDS = 5.0
# How long one export may take, tries included; a stop waits for those of the queue.
TIMEOUT_SECONDS = 3.0
QUEUE_SPANS = 1024


@contextmanager
def own_traces(url: HttpUrl | None, own_port: int) -> Iterator[Report | None]:
    """How to report a span to `url`, None where that is not set; what is left is sent at the end.

    `own_port` takes OTLP on this machine. Raises BadInput for its own address, and where the
    exporter is not installed.
    """
    if url is None:
        yield None
        return
    _refuse_itself(url, own_port)
    try:
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON
        from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
        from opentelemetry.trace import StatusCode
    except ImportError as exc:
        raise BadInput(
            "own_traces_url needs OpenTelemetry's exporter: pip install 'limen[traces]'"
        ) from exc

    resource = Resource.create({SERVICE_NAME: "limen", SERVICE_VERSION: limen_version()})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(
        endpoint=str(url).rstrip("/") + "/v1/traces",
        compression=Compression.Gzip,
        timeout=TIMEOUT_SECONDS,
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=QUEUE_SPANS,
            max_export_batch_size=QUEUE_SPANS // 2,
            schedule_delay_millis=EXPORT_SECONDS * 1000,
        )
    )
    tracer = provider.get_tracer("limen", limen_version())

    def report(
        name: str, seconds: float, attributes: Mapping[str, str | int], error: str | None
    ) -> None:
        end = time.time_ns()
        span = tracer.start_span(
            name, attributes=attributes, start_time=end - round(seconds * 10**9)
        )
        if error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute(ERROR_TYPE, error)
        span.end(end)

    try:
        yield report
    finally:
        provider.shutdown()


def _refuse_itself(url: HttpUrl, own_port: int) -> None:
    """Raises BadInput where `url` is the port that takes OTLP here, by whatever name."""
    host = (url.host or "").strip("[]")
    if url.port == own_port and any(_is_here(*found) for found in _addresses(host)):
        raise BadInput(
            "own_traces_url is this collector itself: name another one, or leave it unset"
        )


def _addresses(host: str) -> set[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError:
        # Not known now; the exporter tries again.
        return set()
    return {(family, str(address[0])) for family, _, _, _, address in found}


def _is_here(family: socket.AddressFamily, address: str) -> bool:
    """Whether `address` is one of this machine: only those can be bound."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
