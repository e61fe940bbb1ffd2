"""How telemetry gets from the phones to the collector: the SDK's own OTLP exporters."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
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

# The collector commits together what waits together: many at once cost it less than one by one.
_THREADS = 48
_WAITING = 192


class Uploader:
    """Uploads what phones hand over, many at a time, one OTLP request per phone and signal.

    What is handed over `hold` times is held back and sent in a row, one signal after the other:
    the collector commits what waits together, and a commit of little costs it as much.
    """

    def __init__(self, otlp_url: str, *, hold: int) -> None:
        self._hold = hold
        self._url = otlp_url.rstrip("/")
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="upload")
        self._room = threading.BoundedSemaphore(_WAITING)
        self._own = threading.local()
        self._exporters: list[_Exporters] = []
        self._spans: list[Sequence[ReadableSpan]] = []
        self._records: list[Sequence[ReadableLogRecord]] = []
        self._failed = threading.Event()

    def send(self, spans: Sequence[ReadableSpan], records: Sequence[ReadableLogRecord]) -> None:
        """Uploads in the background. Raises CollectorUnreachable where an earlier upload failed."""
        self._check()
        if spans:
            self._spans.append(spans)
        if records:
            self._records.append(records)
        if max(len(self._spans), len(self._records)) >= self._hold:
            self._send_held()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Waits until everything has arrived; after an error, only for what is on its way."""
        if error is None:
            self._send_held()
        else:
            self._give_up()
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        if error is None:
            self._give_up()
            self._check()

    def _send_held(self) -> None:
        for spans in self._spans:
            self._submit(partial(self._send_spans, spans))
        for records in self._records:
            self._submit(partial(self._send_records, records))
        self._spans, self._records = [], []

    def _send_spans(self, spans: Sequence[ReadableSpan]) -> bool:
        return self._mine().spans.export(spans) is SpanExportResult.SUCCESS

    def _send_records(self, records: Sequence[ReadableLogRecord]) -> bool:
        return self._mine().records.export(records) is LogRecordExportResult.SUCCESS

    def _submit(self, upload: Callable[[], bool]) -> None:
        self._room.acquire()
        self._pool.submit(upload).add_done_callback(self._done)

    def _mine(self) -> "_Exporters":
        if not hasattr(self._own, "exporters"):
            self._own.exporters = _Exporters(self._url)
            self._exporters.append(self._own.exporters)
        exporters: _Exporters = self._own.exporters
        return exporters

    def _done(self, upload: Future[bool]) -> None:
        self._room.release()
        if not upload.cancelled() and (upload.exception() is not None or not upload.result()):
            self._failed.set()

    def _give_up(self) -> None:
        for exporters in self._exporters:
            exporters.close()

    def _check(self) -> None:
        if self._failed.is_set():
            raise CollectorUnreachable(
                f"the collector at {self._url} does not take the phones' telemetry; "
                "start the demo again"
            )


class _Exporters:
    """One of each kind, with a connection of their own."""

    def __init__(self, otlp_url: str) -> None:
        session = requests.Session()
        session.trust_env = False
        self.spans: SpanExporter = OTLPSpanExporter(
            endpoint=f"{otlp_url}/v1/traces", compression=Compression.Gzip, session=session
        )
        self.records: LogRecordExporter = OTLPLogExporter(
            endpoint=f"{otlp_url}/v1/logs", compression=Compression.Gzip, session=session
        )

    def close(self) -> None:
        """An upload that waits to try again gives up."""
        self.spans.shutdown()
        self.records.shutdown()  # type: ignore[no-untyped-call]
