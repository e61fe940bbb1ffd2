"""Sends spans, each with a logged input, with the official SDK until its standard input ends, then
prints their ids: `python -m tests.end_to_end.send http|grpc ADDRESS`.
"""

import sys
import threading

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

SECONDS = 30
QUEUE = 100_000
DELAY_MS = 50


def exporters(protocol: str, address: str) -> tuple[SpanExporter, LogRecordExporter]:
    if protocol == "grpc":
        return (
            GrpcSpans(endpoint=address, insecure=True, timeout=SECONDS),
            GrpcLogs(endpoint=address, insecure=True, timeout=SECONDS),
        )
    gzip = Compression.Gzip
    return (
        HttpSpans(endpoint=f"{address}/v1/traces", timeout=SECONDS, compression=gzip),
        HttpLogs(endpoint=f"{address}/v1/logs", timeout=SECONDS, compression=gzip),
    )


def await_end(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


def main(protocol: str, address: str) -> None:
    name = f"python-{protocol}"
    resource = Resource({"service.name": name, "app.installation.id": name})
    to_spans, to_logs = exporters(protocol, address)
    spans, logs = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    spans.add_span_processor(
        BatchSpanProcessor(to_spans, max_queue_size=QUEUE, schedule_delay_millis=DELAY_MS)
    )
    logs.add_log_record_processor(
        BatchLogRecordProcessor(to_logs, max_queue_size=QUEUE, schedule_delay_millis=DELAY_MS)
    )
    tracer, logger = spans.get_tracer("send"), logs.get_logger("send")
    over = threading.Event()
    threading.Thread(target=await_end, args=(over,)).start()
    ended = []
    while not over.wait(0.005):
        with tracer.start_as_current_span("route image_classify") as span:
            span.set_attributes({"limen.feature": "image_classify", "limen.decision": "accept"})
            logger.emit(
                LogRecord(
                    event_name="limen.input",
                    body="an input",
                    attributes={
                        "limen.feature": "image_classify",
                        "limen.input.kind": "text",
                        "limen.consent.state": "granted",
                    },
                )
            )
        context = span.get_span_context()
        ended.append(f"{context.trace_id:032x} {context.span_id:016x}\n")
    spans.shutdown()
    logs.shutdown()
    sys.stdout.write("".join(ended))


if __name__ == "__main__":
    main(*sys.argv[1:])
