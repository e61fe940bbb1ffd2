"""How telemetry gets from the phones to the collector: the SDK's own OTLP exporters."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from collector.contract.errors import CollectorUnreachable

_THREADS = 4
_WAITING = 64


class _Exporters:
    """One of each kind, with a connection of their own."""

    def __init__(self, otlp_url: str) -> None:
        session = requests.Session()
        session.trust_env = False
        self.spans: SpanExporter = OTLPSpanExporter(
            endpoint=f"{otlp_url}/v1/traces", compression=Compression.Gzip, session=session
        )
        self.inputs: LogRecordExporter = OTLPLogExporter(
            endpoint=f"{otlp_url}/v1/logs", compression=Compression.Gzip, session=session
        )

    def close(self) -> None:
        """An upload that waits to try again gives up."""
        self.spans.shutdown()
        self.inputs.shutdown()  # type: ignore[no-untyped-call]


class Uploader:
    """Uploads what phones hand over, some at a time; at most some dozens wait."""

    def __init__(self, otlp_url: str) -> None:
        self._url = otlp_url.rstrip("/")
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="upload")
        self._room = threading.BoundedSemaphore(_WAITING)
        self._own = threading.local()
        self._all: list[_Exporters] = []
        self._failed = threading.Event()

    def send(self, spans: Sequence[ReadableSpan], inputs: Sequence[ReadableLogRecord]) -> None:
        """Uploads in the background. Raises CollectorUnreachable where an earlier upload failed."""
        self._check()
        if not spans and not inputs:
            return
        self._room.acquire()
        self._pool.submit(self._upload, spans, inputs).add_done_callback(self._done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Waits until everything has arrived; after an error, only for what is on its way."""
        if error is not None:
            for exporters in self._all:
                exporters.close()
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        if error is None:
            for exporters in self._all:
                exporters.close()
            self._check()

    def _upload(self, spans: Sequence[ReadableSpan], inputs: Sequence[ReadableLogRecord]) -> bool:
        if not hasattr(self._own, "exporters"):
            self._own.exporters = _Exporters(self._url)
            self._all.append(self._own.exporters)
        exporters: _Exporters = self._own.exporters
        good = not spans or exporters.spans.export(spans) is SpanExportResult.SUCCESS
        if good and inputs:
            good = exporters.inputs.export(inputs) is LogRecordExportResult.SUCCESS
        return good

    def _done(self, upload: Future[bool]) -> None:
        self._room.release()
        if not upload.cancelled() and (upload.exception() is not None or not upload.result()):
            self._failed.set()

    def _check(self) -> None:
        if self._failed.is_set():
            raise CollectorUnreachable(
                f"the collector at {self._url} did not take the phones' telemetry; "
                "look at what it said, then start the demo again"
            )
