"""What the collector counts about itself: exactly, and never by what a client chose."""

import gzip
import json
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from collector.contract.errors import Overloaded
from collector.contract.records import Query
from collector.intake.payload import Payload
from collector.metrics import metrics
from collector.self_telemetry.health import Health
from collector.store.maintenance import Maintenance
from tests.otlp import PHONE, Span, logged_input, request_span, traces
from tests.processes import JSON, PROTOBUF, RunningCollector, running_collector
from tests.store import POLICY, Store

SERVICE = "/opentelemetry.proto.collector.{}Service/Export"
TRACES = SERVICE.format("trace.v1.Trace")

Series = dict[tuple[str, ...], float]


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """A collector that nobody else sends to."""
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(tmp_path) as running:
        yield running


def scrape(collector: RunningCollector) -> Series:
    """Every sample: its name and label values, in the order of the labels' names → its value."""
    text = httpx.get(collector.api + "/metrics", trust_env=False).text
    return {
        (sample.name, *dict(sorted(sample.labels.items())).values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(series: Series, name: str) -> dict[tuple[str, ...], float]:
    """The samples of one counter that are not zero, by their label values."""
    return {
        labels: n
        for (found, *rest), n in series.items()
        if found == f"limen_{name}" and n
        for labels in [tuple(rest)]
    }


def send(
    collector: RunningCollector, path: str, body: bytes, media: str = PROTOBUF, **headers: str
) -> int:
    return collector.post(body, media, f"/v1/{path}", **headers).status_code


def call(collector: RunningCollector, method: str, body: bytes) -> grpc.StatusCode:
    with grpc.insecure_channel(collector.grpc) as channel:
        try:
            channel.unary_unary(method)(body, timeout=30)
        except grpc.RpcError as exc:
            code: grpc.StatusCode = exc.code()
            return code
    return grpc.StatusCode.OK


def test_every_counter_says_exactly_what_was_sent(own: RunningCollector) -> None:
    known = traces(*(Span() for _ in range(3)), Span(trace_id=b"short")).SerializeToString()
    odd = traces(Span(attributes={"limen.confidence": 7.0, "user.email": "a@b.c"}))
    zipped = gzip.compress(odd.SerializeToString())
    span = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}
    span["name"] = "route"
    as_json = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    given = logged_input(request_span(), b"pixels").SerializeToString()
    denied = logged_input(request_span(), b"x", limen_consent_state="denied").SerializeToString()
    by_grpc = traces(Span(), Span()).SerializeToString()
    unread = ExportMetricsServiceRequest().SerializeToString()

    assert [send(own, "traces", known) for _ in range(2)] == [200, 200]
    assert send(own, "traces", zipped, content_encoding="gzip") == 200
    assert send(own, "traces", as_json, JSON) == 200
    assert [send(own, "logs", body) for body in (given, denied)] == [200, 200]
    assert send(own, "metrics", unread) == 200
    assert send(own, "traces", b"\xff\xff") == 400
    assert send(own, "logs", b"hi", "text/plain") == 415
    assert send(own, "elsewhere", b"") == 404
    assert httpx.get(own.http + "/v1/traces", trust_env=False).status_code == 405
    assert call(own, TRACES, by_grpc) == grpc.StatusCode.OK
    assert call(own, TRACES, b"\xff\xff") == grpc.StatusCode.INVALID_ARGUMENT
    assert call(own, SERVICE.format("metrics.v1.Metrics"), unread) == grpc.StatusCode.OK
    with own.client() as client:
        table = client.metric(Query(metric="redaction")).records()
    found = scrape(own)

    assert counted(found, "requests_total") == {
        ("200", "protobuf", "traces", "http"): 3,
        ("200", "json", "traces", "http"): 1,
        ("400", "protobuf", "traces", "http"): 1,
        ("405", "other", "traces", "http"): 1,
        ("200", "protobuf", "logs", "http"): 2,
        ("415", "other", "logs", "http"): 1,
        ("200", "protobuf", "metrics", "http"): 1,
        ("404", "protobuf", "none", "http"): 1,
        ("OK", "protobuf", "traces", "grpc"): 1,
        ("INVALID_ARGUMENT", "protobuf", "traces", "grpc"): 1,
        ("OK", "protobuf", "metrics", "grpc"): 1,
    }
    assert counted(found, "request_seconds_count") == {
        ("traces", "http"): 6,
        ("logs", "http"): 3,
        ("metrics", "http"): 1,
        ("none", "http"): 1,
        ("traces", "grpc"): 2,
        ("metrics", "grpc"): 1,
    }
    assert counted(found, "refusals_total") == {
        ("http", "bad_input"): 1,
        ("http", "unsupported_media"): 1,
        ("http", "not_found"): 1,
        ("http", "method_not_allowed"): 1,
        ("grpc", "bad_input"): 1,
    }
    assert counted(found, "stored_records_total") == {("traces",): 3 + 1 + 1 + 2, ("logs",): 1}
    assert counted(found, "duplicate_records_total") == {("traces",): 3}
    assert counted(found, "rejected_records_total") == {
        ("ids", "traces"): 2,
        ("no consent", "logs"): 1,
    }
    redacted = {
        # Installation and launch of four requests, the installation of two inputs.
        ("hash", "identifier"): 4 * 2 + 2,
        ("drop", "form"): 1,
        # What logs do not keep of two resources, a body, and what nobody names.
        ("drop", "allowlist"): 2 * 3 + 1 + 1,
        ("drop", "no consent"): 1,
        # Attributes, and the names of spans: of copies and those with impossible ids too.
        ("keep", "form"): 32 + 12,
    }
    assert counted(found, "redacted_values_total") == redacted
    for (action, detector), values in redacted.items():
        same = (r for r in table if (r["detector"], r["action"]) == (detector, action))
        assert sum(r["values"] for r in same) == values
    sent = 2 * len(known) + len(zipped) + len(as_json) + len(by_grpc) + 2 * len(b"\xff\xff")
    assert counted(found, "received_bytes_total") == {
        ("traces",): sent,
        ("logs",): len(given) + len(denied),
    }
    assert counted(found, "decoded_bytes_total")["logs",] == len(given) + len(denied)
    assert counted(found, "group_requests_sum") == {(): 7}
    groups = counted(found, "group_requests_count")[()]
    assert 1 <= groups <= 7 and counted(found, "commit_seconds_count") == {(): groups}
    assert not counted(found, "commit_failures_total")
    # The answer says how complete its period is, which is a question too.
    assert counted(found, "query_seconds_count") == {("redaction",): 1, ("completeness",): 1}
    assert counted(found, "api_requests_total") == {("200",): 1}


def test_what_can_be_read_at_any_time_is_right(own: RunningCollector) -> None:
    began = time.time()
    assert send(own, "traces", traces(Span()).SerializeToString()) == 200
    found = scrape(own)
    assert counted(found, "storing") == {(): 1}
    assert not counted(found, "waiting_requests") and not counted(found, "in_flight_bytes")
    assert began - 1 <= counted(found, "last_commit_timestamp_seconds")[()] <= time.time()
    database = own.home / "limen.duckdb"
    assert counted(found, "database_bytes") == {(): database.stat().st_size}
    log = database.with_name("limen.duckdb.wal").stat().st_size
    assert counted(found, "log_bytes") == {(): log} and log > 0
    assert [labels[1:] for labels in found if labels[0] == "limen_info"] == [
        ("2026-11-01", "0.1.0")
    ]
    deadline = time.monotonic() + 30
    while not counted(scrape(own), "task_seconds_count"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert counted(scrape(own), "task_seconds_count") == {("retention",): 1}


def test_what_waits_and_what_fails_is_counted(store: Store) -> None:
    body = traces(Span()).SerializeToString()
    with store.database._writing:
        future = store.pipeline.submit(
            Payload(signal="traces", body=body, sent_bytes=5, received=time.time_ns())
        )
        assert value(store, "waiting_requests") == 1
    future.result(timeout=30)
    store.database._write_cursor.execute("drop table batches")
    with pytest.raises(Overloaded, match="could not be stored"):
        store.take(traces(Span()))
    assert value(store, "commit_failures_total") == 1
    assert value(store, "storing") == 0
    assert value(store, "commit_seconds_count") == 1


def value(store: Store, name: str) -> float | None:
    return store.health.registry.get_sample_value(f"limen_{name}")


def test_nothing_that_a_client_chooses_makes_a_series(own: RunningCollector) -> None:
    def whatever(word: str) -> None:
        """One of everything that a client may choose, with `word` in it."""
        attributes = {word: word, "limen.feature": word, "limen.decision": word, "user.id": word}
        attributes |= {"limen.confidence": word, "network.connection.type": word}
        odd = traces(
            Span(name=word, attributes=attributes),
            Span(trace_id=b"short"),
            resource={**PHONE, "service.name": word, "app.installation.id": word},
        ).SerializeToString()
        assert send(own, "traces", odd, x_word=word, user_agent=word) == 200
        assert send(own, "traces", b"{", JSON) == 400
        assert send(own, "traces", b"", f"text/{word}") == 415
        for name in ("limen_feature", "limen_consent_state"):
            unfit: dict[str, Any] = {name: word}
            assert send(own, "logs", logged_input(Span(), b"x", **unfit).SerializeToString()) == 200
        assert send(own, word, b"") == 404
        assert httpx.request("PROPFIND", own.http + "/v1/logs").status_code == 405
        assert httpx.request(word.upper(), own.http + "/v1/logs").status_code == 400
        assert call(own, TRACES, odd) == grpc.StatusCode.OK
        assert call(own, TRACES, b"\xff" + word.encode()) == grpc.StatusCode.INVALID_ARGUMENT
        assert call(own, f"/{word}/{word}", b"") == grpc.StatusCode.UNIMPLEMENTED
        assert httpx.get(f"{own.api}/{word}").status_code == 404
        assert httpx.get(f"{own.api}/api/metrics/{word}").status_code == 404
        assert httpx.get(f"{own.api}/api/metrics/egress?by={word}").status_code == 400
        assert httpx.get(f"{own.api}/api/traces/{word}").status_code == 400
        assert httpx.get(f"{own.api}/api/metrics/egress?where=app={word}").status_code == 200
        assert httpx.get(own.api + "/metrics", headers={"host": word}).status_code == 400

    for metric in metrics():
        assert httpx.get(f"{own.api}/api/metrics/{metric}").status_code == 200
    whatever("abc")
    scrape(own)
    before = scrape(own).keys()
    for word in ("shoe", "zebra-crossing", "x" * 200):
        whatever(word)
    assert scrape(own).keys() == before


def test_text_or_openmetrics_as_the_scraper_asks(own: RunningCollector) -> None:
    plain = httpx.get(own.api + "/metrics", trust_env=False)
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    other = httpx.get(own.api + "/metrics", headers=accept, trust_env=False)
    assert other.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    parse: Any = openmetrics_families
    names = {family.name for family in parse(other.text)}
    assert {"limen", "limen_requests", "limen_commit_seconds"} <= names


def test_names_follow_prometheus_and_each_says_what_it_is() -> None:
    for family in Health("1").registry.collect():
        assert family.documentation
        if family.name.startswith("limen_") and family.type == "histogram":
            assert family.name.endswith(("_seconds", "_requests"))


def test_a_phone_that_hangs_up_is_counted_apart(own: RunningCollector) -> None:
    address = urlsplit(own.http)
    with socket.create_connection((address.hostname, address.port)) as phone:
        phone.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n"
            b"content-type: application/x-protobuf\r\n\r\nabc"
        )
    deadline = time.monotonic() + 30
    while not (answered := counted(scrape(own), "requests_total")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert answered == {("499", "protobuf", "traces", "http"): 1}
    assert not counted(scrape(own), "refusals_total")


def test_a_task_that_fails_is_counted_and_timed(store: Store) -> None:
    maintenance = Maintenance(store.database, store.policy, store.health)
    maintenance.retain(time.time_ns())
    store.database._write_cursor.execute("drop table sweeps")
    with pytest.raises(Overloaded):
        maintenance.retain(time.time_ns())
    labels = {"task": "retention"}
    sample = store.health.registry.get_sample_value
    assert sample("limen_task_failures_total", labels) == 1
    assert sample("limen_task_seconds_count", labels) == 2


def test_each_engine_counts_for_itself(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with Store(tmp_path / "a") as one, Store(tmp_path / "b") as other:
        one.take(traces(Span()))
        assert value(one, "group_requests_sum") == 1
        assert value(other, "group_requests_sum") == 0
