"""What the collector counts about itself, for Prometheus.

Labels come from closed sets of ours: no name, path or value that a client sent makes a series.
Every engine has a registry of its own.
"""

import time
from collections import Counter as Counts
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

from collector.contract.about import limen_version

Transport = Literal["http", "grpc"]
Door = Literal["http", "grpc", "api"]
# (name, seconds until now, attributes, error type): a span of the collector's own work.
Report = Callable[[str, float, Mapping[str, str | int], str | None], None]
Task = Literal["checkpoint", "retention", "sampling", "rollup", "compaction", "backup", "erasure"]

# What is counted, by its name without `limen_`: a text and the labels.
_COUNTERS: Mapping[str, tuple[str, ...]] = {
    "requests": ("Export requests answered", "signal", "transport", "encoding", "code"),
    "refusals": ("Requests refused, by the kind of error", "door", "reason"),
    "api_requests": ("Answers of the query API", "code"),
    "received_bytes": ("Bodies taken, in bytes as sent", "signal"),
    "decoded_bytes": ("Bodies taken, in bytes as they are decoded", "signal"),
    "stored_records": ("Spans and logged inputs stored", "signal"),
    "duplicate_records": ("Records left out because a copy of them is stored", "signal"),
    "rejected_records": ("Records that can never be stored", "signal", "reason"),
    "redacted_values": ("Values that the policy was applied to", "detector", "action"),
    "commit_failures": ("Groups that were not stored",),
    "forwarded_spans": ("Spans that were passed on, or never will be", "outcome"),
    "task_failures": ("Tasks that failed", "task"),
    "expired_rows": ("Rows that retention deleted", "table"),
    "freed_bytes": ("Bytes that a task freed in the file", "task"),
}

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = tuple(2**n for n in range(11))
# Likewise; in seconds where the name says so, else in powers of two.
_HISTOGRAMS: Mapping[str, tuple[str, ...]] = {
    "request_seconds": ("Time from a request's head to its answer", "signal", "transport"),
    "query_seconds": ("Time a metric took", "metric"),
    "commit_seconds": ("Time to commit a group",),
    "group_requests": ("Requests committed together",),
    "task_seconds": ("Time a task took", "task"),
}

# What is read when it is asked for, by the name that `watch` takes.
_WATCHED: Mapping[str, str] = {
    "waiting_requests": "Requests taken and not yet answered",
    "in_flight_bytes": "Decompressed bytes of the requests that arrive or are not yet answered",
    "policy_stale": "1 where the policy's file does not say what is in force, else 0",
    "storing": "1 where the store takes data, else 0",
    "connections": "Connections to the HTTP door of phones",
    "database_bytes": "Size of the database file",
    "free_bytes": "Bytes left on the disk of the database",
    "log_bytes": "Size of the database's log, which the next checkpoint moves into the file",
    "forward_waiting_seconds": "Age of the oldest span that waits to be passed on",
}


class Health:
    """Counters, gauges and histograms; safe to use from every thread.

    With `report` the work that is timed is also reported as spans.
    """

    def __init__(self, policy_version: str, report: Report | None = None) -> None:
        self._report = report
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._about = Info("limen", "Version and policy in force", registry=self.registry)
        self.under(policy_version)
        self._counters = {
            name: Counter(f"limen_{name}", text, labels, registry=self.registry)
            for name, (text, *labels) in _COUNTERS.items()
        }
        self._histograms = {
            name: Histogram(
                f"limen_{name}",
                text,
                labels,
                buckets=_SECONDS if name.endswith("_seconds") else _SIZES,
                registry=self.registry,
            )
            for name, (text, *labels) in _HISTOGRAMS.items()
        }
        self._last_commit = Gauge(
            "limen_last_commit_timestamp_seconds",
            "When a group was last committed, seconds since 1970",
            registry=self.registry,
        )
        self._watched = {
            name: Gauge(f"limen_{name}", text, registry=self.registry)
            for name, text in _WATCHED.items()
        }

        self._start_series()

        # Looking a series up costs more than counting in it.
        self._answers = cache(
            lambda signal, transport, encoding, code: (
                self._counters["requests"].labels(signal, transport, encoding, code),
                self._histograms["request_seconds"].labels(signal, transport),
            )
        )
        self._bodies = cache(
            lambda signal: (
                self._counters["received_bytes"].labels(signal),
                self._counters["decoded_bytes"].labels(signal),
            )
        )

    def _start_series(self) -> None:
        """Known series stand at zero from the start, so that a rate sees the first count."""
        for signal in ("traces", "logs"):
            for name in ("received_bytes", "decoded_bytes", "stored_records", "duplicate_records"):
                self._counters[name].labels(signal)
        self.forwarded()
        for task in get_args(Task):
            self._histograms["task_seconds"].labels(task)
            self._counters["task_failures"].labels(task)

    def under(self, policy_version: str) -> None:
        """The version of the policy that is in force from now on."""
        self._about.info({"version": limen_version(), "policy": policy_version})

    def watch(self, **read: Callable[[], float]) -> None:
        """Reads these gauges from now on by calling the functions."""
        for name, function in read.items():
            self._watched[name].set_function(function)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Every metric and its media type: OpenMetrics where `accept` names it, else text."""
        encode, media = choose_encoder(accept)
        return encode(self.registry), media

    def answered(
        self, signal: str, transport: Transport, encoding: str, code: str, seconds: float
    ) -> None:
        """An export request was answered with `code`, HTTP's number or gRPC's name."""
        answers, times = self._answers(signal, transport, encoding, code)
        answers.inc()
        times.observe(seconds)

    def asked(self, code: str) -> None:
        """The query API answered with `code`."""
        self._counters["api_requests"].labels(code).inc()

    def refused(self, door: Door, reason: str) -> None:
        """A request was refused; `reason` is one of ours."""
        self._counters["refusals"].labels(door, reason).inc()

    def taken(self, signal: str, sent_bytes: int, decoded_bytes: int) -> None:
        """A request waits to be stored."""
        received, decoded = self._bodies(signal)
        received.inc(sent_bytes)
        decoded.inc(decoded_bytes)

    def committed(
        self, seconds: float, *, requests: int, sent_bytes: int, records: int, duplicates: int
    ) -> None:
        """A group is on the disk."""
        self._histograms["commit_seconds"].observe(seconds)
        self._histograms["group_requests"].observe(requests)
        self._last_commit.set_to_current_time()
        if self._report:
            attributes = {
                "limen.group.requests": requests,
                "limen.group.bytes": sent_bytes,
                "limen.group.records": records,
                "limen.group.duplicates": duplicates,
            }
            self._report("commit", seconds, attributes, None)

    def stored(
        self,
        signal: str,
        *,
        records: int,
        duplicates: int,
        rejected: Mapping[str, int],
        redacted: Mapping[tuple[str, str, str], int],
    ) -> None:
        """What became of one signal's records in a group; `redacted` as the redactor tallies."""
        self._counters["stored_records"].labels(signal).inc(records)
        self._counters["duplicate_records"].labels(signal).inc(duplicates)
        for reason, count in rejected.items():
            self._counters["rejected_records"].labels(signal, reason).inc(count)
        done: Counts[tuple[str, str]] = Counts()
        for (_, detector, action), count in redacted.items():
            done[detector, action] += count
        for labels, count in done.items():
            self._counters["redacted_values"].labels(*labels).inc(count)

    def expired(self, table: str, rows: int) -> None:
        """Retention deleted rows of a table."""
        self._counters["expired_rows"].labels(table).inc(rows)

    def freed(self, task: Task, size: int) -> None:
        """A task made `size` bytes of the file free."""
        self._counters["freed_bytes"].labels(task).inc(size)

    def forwarded(self, *, delivered: int = 0, refused: int = 0, expired: int = 0) -> None:
        """Spans that another backend took, that it never will, and that it could not in time."""
        self._counters["forwarded_spans"].labels("delivered").inc(delivered)
        self._counters["forwarded_spans"].labels("refused").inc(refused)
        self._counters["forwarded_spans"].labels("expired").inc(expired)

    def commit_failed(self, seconds: float, error: BaseException) -> None:
        """A group could not be stored."""
        self._counters["commit_failures"].inc()
        if self._report:
            self._report("commit", seconds, {}, type(error).__name__)

    @contextmanager
    def query(self, metric: str) -> Iterator[None]:
        """Around a question to the store; `metric` is a name of ours."""
        with self._timed(
            "query", self._histograms["query_seconds"].labels(metric), {"limen.metric": metric}
        ):
            yield

    @contextmanager
    def task(self, name: Task) -> Iterator[None]:
        """Around a task of maintenance."""
        with (
            self._counters["task_failures"].labels(name).count_exceptions(),
            self._timed(name, self._histograms["task_seconds"].labels(name), {}),
        ):
            yield

    @contextmanager
    def _timed(
        self, span: str, histogram: Histogram, attributes: Mapping[str, str | int]
    ) -> Iterator[None]:
        began, error = time.perf_counter(), None
        try:
            yield
        except Exception as exc:
            error = type(exc).__name__
            raise
        finally:
            seconds = time.perf_counter() - began
            histogram.observe(seconds)
            if self._report:
                self._report(span, seconds, attributes, error)
