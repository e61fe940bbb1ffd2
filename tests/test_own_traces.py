"""The collector's own spans: to another Limen, and to nobody unless asked."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import HttpUrl

from collector.contract.errors import BadInput
from collector.contract.records import Query
from collector.permissions.roles import Role
from collector.permissions.tokens import create_token
from collector.self_telemetry.own_traces import own_traces
from tests.otlp import Span, traces
from tests.processes import STOP_SECONDS, running_collector
from tests.store import POLICY, Store, policy_from

URL = "LIMEN_OWN_TRACES_URL"
KEPT = """
[attributes]
"limen.group.requests" = "keep"
"limen.group.bytes" = "keep"
"limen.group.records" = "keep"
"limen.group.duplicates" = "keep"
"limen.metric" = "keep"
[[hosts]]"""


def test_the_work_of_one_collector_is_seen_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [tmp_path / "one", tmp_path / "other"]
    for home in homes:
        home.mkdir()
    policy = policy_from(POLICY.replace("[[hosts]]", KEPT, 1), homes[1])
    _, token = create_token(homes[1], Role.INGEST, "the collector beside it")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization=Bearer%20{token}")
    body = traces(Span(attributes={"limen.output.label": "secret-17"}), Span()).SerializeToString()
    with running_collector(homes[1]) as other:
        monkeypatch.setenv(URL, other.http)
        with running_collector(homes[0]) as one:
            assert [one.post(body).status_code for _ in range(2)] == [200, 200]
            with one.client() as client:
                client.metric(Query(metric="egress"))
            # A stop sends what is left.
            assert one.stop() == 0
        other.stop()
    with Store(homes[1], policy) as store:
        rows = store.rows(
            "select name, app, kind, status, release, duration, attributes from spans order by time"
        )
        named = [row["name"] for row in rows]
        assert {row["app"] for row in rows} == {"limen"}
        assert {(row["kind"], row["status"]) for row in rows} == {("INTERNAL", "UNSET")}
        assert all(row["release"] and row["duration"] > 0 for row in rows)
        assert sorted(named) == ["commit", "commit", "query", "query", "retention"]
        assert [dict(row["attributes"]) for row in rows if row["name"] == "commit"] == [
            {
                "limen.group.requests": "1",
                "limen.group.bytes": str(len(body)),
                "limen.group.records": records,
                "limen.group.duplicates": duplicates,
            }
            for records, duplicates in (("2", "0"), ("0", "2"))
        ]
        asked = [dict(row["attributes"]) for row in rows if row["name"] == "query"]
        assert asked == [{"limen.metric": "egress"}, {"limen.metric": "completeness"}]
        assert "secret-17" not in str(rows)


def test_an_endpoint_that_is_not_there_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, f"http://127.0.0.1:{_free_port()}")
    with running_collector(tmp_path) as running:
        assert running.post(traces(Span()).SerializeToString()).status_code == 200
        assert running.stop() == 0


def test_a_collector_does_not_send_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = _free_port()
    monkeypatch.setenv(URL, f"http://localhost:{port}/")
    command = [sys.executable, "-m", "limen", "collector", "--home", str(tmp_path)]
    command += ["--http", f"127.0.0.1:{port}", "--grpc", "127.0.0.1:0", "--api", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STOP_SECONDS)
    assert done.returncode == 2 and "is this collector itself" in done.stderr
    assert not (tmp_path / "limen.duckdb").exists()


def test_without_an_endpoint_nothing_of_the_sdk_is_loaded() -> None:
    script = (
        "import sys, collector.server.run as run\n"
        "with run.own_traces(None, 1) as report: assert report is None\n"
        "loaded = [n for n in sys.modules if n.startswith(('opentelemetry.sdk', 'requests',"
        " 'opentelemetry.exporter'))]\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_missing_exporter_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    with (
        pytest.raises(BadInput, match="limen.traces"),
        own_traces(HttpUrl("http://127.0.0.1:4328"), 4318),
    ):
        pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
