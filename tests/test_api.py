"""The query API on a real port."""

from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from collector.contract.arrow import from_ipc
from collector.contract.client import LimenClient
from collector.contract.errors import BadInput, CollectorUnreachable, NotFound
from collector.contract.records import Query
from collector.definitions import definitions
from collector.metrics import metrics
from tests.otlp import PHONE, request_span, traces
from tests.processes import RunningCollector, running_collector


@pytest.fixture(scope="module")
def filled(collector: RunningCollector) -> RunningCollector:
    spans = [request_span("accept"), request_span("accept"), request_span("fallback")]
    for release, sent in (("2.4.0", spans[:2]), ("2.5.0", spans[2:])):
        body = traces(*sent, resource={**PHONE, "service.version": release})
        httpx.post(
            collector.http + "/v1/traces",
            content=body.SerializeToString(),
            headers={"content-type": "application/x-protobuf"},
        ).raise_for_status()
    return collector


def get(collector: RunningCollector, path: str, **parameters: Any) -> httpx.Response:
    return httpx.get(collector.api + path, params=parameters)


def test_the_catalogue_has_every_metric_with_its_sql_and_units(filled: RunningCollector) -> None:
    with filled.client() as client:
        catalogue, answers = client.definitions()
    assert {metric["name"] for metric in catalogue} == metrics().keys()
    assert {answer["name"] for answer in answers} == definitions().keys()
    assert metrics().keys().isdisjoint(definitions())
    assert all(metric["sql"] for metric in catalogue)
    for found in (*catalogue, *answers):
        assert found["description"] and found["columns"]
        assert found["sql"] or found["command"]
        assert all(c["unit"] and c["description"] for c in found["columns"])
        # It is SQL as it stands, with no place in it that a question fills in.
        assert duckdb.extract_statements(found["sql"] or "select 1")


def test_one_metric_answers_alike_as_json_arrow_and_csv(filled: RunningCollector) -> None:
    path, asked = "/api/metrics/fallback_rate", {"by": "release"}
    document = get(filled, path, **asked).json()
    names = [column["name"] for column in document["columns"]]
    assert document.keys() == {"metric", "columns", "rows", "suppressed_rows", "completeness"}
    table = from_ipc(get(filled, path, format="arrow", **asked).content)
    assert table.column_names == names
    assert [list(row.values()) for row in table.to_pylist()] == document["rows"]
    csv = get(filled, path, format="csv", **asked)
    assert csv.headers["content-type"].startswith("text/csv")
    assert len(csv.text.splitlines()) == len(document["rows"]) + 1
    entries = get(filled, "/api/audit").json()["entries"]
    assert [
        (one["count"], one["detail"]) for one in entries if one["action"] == "data exported"
    ] == [(len(document["rows"]), {"what": "fallback_rate", "asked": {"by": ["release"]}})]


def test_several_metrics_are_answered_in_one_request_in_order(filled: RunningCollector) -> None:
    asked = [
        Query(metric="fallback_rate", where={"release": ("2.4.0",)}),
        Query(metric="fallback_rate", where={"release": ("2.5.0",)}),
        Query(metric="fallback_rate", where={"release": ("2.4.0", "2.5.0")}),
    ]
    with filled.client() as client:
        rates = [a.records()[0]["fallback_rate"] for a in client.metrics(asked)]
    assert rates == [0.0, 1.0, pytest.approx(1 / 3)]


@pytest.mark.parametrize(
    ("path", "parameters", "status", "says"),
    [
        ("/api/metrics/nope", {}, 404, "fallback_rate"),
        ("/api/metrics/fallback_rate", {"by": "shoes"}, 400, "no dimension 'shoes'"),
        ("/api/metrics/fallback_rate", {"where": "shoes=9"}, 400, "no dimension 'shoes'"),
        ("/api/metrics/fallback_rate", {"where": "release"}, 400, "DIMENSION=VALUE"),
        ("/api/metrics/fallback_rate", {"shoes": "9"}, 400, "no parameter 'shoes'"),
        ("/api/metrics/fallback_rate", {"from": "yesterday"}, 400, "RFC 3339"),
        ("/api/metrics/fallback_rate", {"from": "2026-11-01T00:00:00"}, 400, "RFC 3339"),
        ("/api/metrics/fallback_rate", {"from": "-1d", "to": "-2d"}, 400, "before"),
        ("/api/metrics/fallback_rate", {"format": "xml"}, 400, "json, arrow or csv"),
        ("/api/traces/zz", {}, 400, "32 hexadecimal digits"),
        ("/api/traces/" + "a" * 32, {}, 404, "no such trace"),
        ("/api/replays/nope", {}, 404, "no such replay run"),
        ("/api/metrics/fallback_rate", {"from": "9999-01-01T00:00:00Z"}, 400, "2116"),
        ("/api/metrics/requests", {"by": "release"}, 400, "single rows"),
        ("/api/nothing", {}, 404, "Not Found"),
    ],
)
def test_a_wrong_question_is_answered_with_what_would_be_right(
    filled: RunningCollector, path: str, parameters: dict[str, str], status: int, says: str
) -> None:
    answer = get(filled, path, **parameters)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (status, status)
    assert says in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/metrics", b"not json"),
        ("POST", "/api/metrics", b'{"queries": [{"shoes": 9}]}'),
        ("POST", "/api/metrics", b'{"queries": [{"metric": "latency", "form": "-1d"}]}'),
        ("POST", "/api/replays", b"{}"),
        ("POST", "/api/inputs/open", b'{"run": "x", "chunk": 0}'),
        ("PUT", "/api/replays/x/chunks/0", b"not arrow"),
        ("PUT", "/api/replays/x/sweeps/label", b"{}"),
    ],
)
def test_a_broken_body_is_a_bad_request(
    filled: RunningCollector, method: str, path: str, body: bytes
) -> None:
    answer = httpx.request(method, filled.api + path, content=body)
    assert answer.status_code == 400 and answer.json()["detail"]


def test_a_fault_is_answered_as_a_problem_and_logged_without_its_message(tmp_path: Path) -> None:
    # Longer than Python reads as a number, which the router does not expect.
    path = f"/api/replays/a/chunks/{'7' * 5000}"
    with running_collector(tmp_path) as running:
        answer = httpx.put(running.api + path, content=b"", trust_env=False)
        running.stop()
        assert running.process.stderr
        said = running.process.stderr.read()
    assert "a request failed: ValueError at " in said
    assert "Traceback" not in said and "7777" not in said and "digits" not in said
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "log says where" in answer.json()["detail"]


def test_a_request_by_another_name_than_this_machines_is_refused(
    filled: RunningCollector,
) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example"):
        answer = httpx.get(filled.api + "/api/status", headers={"host": host})
        assert answer.status_code == 400
    for host in ("localhost:4320", "127.0.0.1"):
        assert httpx.get(filled.api + "/api/status", headers={"host": host}).status_code == 200


def test_times_are_relative_or_with_a_zone(filled: RunningCollector) -> None:
    for since in ("-90s", "-15m", "-2h", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00+02:00"):
        row = get(filled, "/api/metrics/fallback_rate", **{"from": since}).json()["rows"][0]
        assert row[0] >= 3
    past = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}
    assert get(filled, "/api/metrics/fallback_rate", **past).json()["rows"][0][0] == 0


def test_status_says_how_much_there_is_and_that_no_tokens_are_set(
    filled: RunningCollector,
) -> None:
    with filled.client() as client:
        status = client.status()
    assert status["requests"] >= 3 and status["policy"] == "2026-11-01"
    assert "no tokens" in status["note"] and status["first_data"] <= status["last_data"]


def test_the_client_says_in_words_what_went_wrong(filled: RunningCollector) -> None:
    with filled.client() as client:
        with pytest.raises(NotFound, match="no metric"):
            client.metric(Query(metric="nope"))
        with pytest.raises(BadInput, match="no dimension"):
            client.metric(Query(metric="egress", by=("shoes",)))
    with (
        LimenClient("http://127.0.0.1:9") as nobody,
        pytest.raises(CollectorUnreachable, match="limen collector"),
    ):
        nobody.status()


def test_a_wrong_address_is_told_from_a_wrong_question(filled: RunningCollector) -> None:
    for no_address in ("127.0.0.1:4320", "http://[::1"):
        with pytest.raises(BadInput, match="is no address"):
            LimenClient(no_address).status()
    with (
        LimenClient(filled.http) as ingest,
        pytest.raises(CollectorUnreachable, match="no collector's query API"),
    ):
        ingest.status()
    with (
        LimenClient(filled.api) as proxied,
        pytest.raises(BadInput, match="api_hosts"),
    ):
        proxied._http.headers["host"] = "limen.example.com"
        proxied.status()
    with filled.client() as client, pytest.raises(NotFound):
        client.trace("../status")


def test_a_run_is_named_by_names_alone(filled: RunningCollector) -> None:
    asked = {"feature": "f", "model": "m@1", "model_digest": "", "runtime": "phones"}
    asked |= {"runtime_version": "", "source": "spans"}
    for name in ("feature", "model", "model_digest", "runtime", "runtime_version"):
        wrong = httpx.post(filled.api + "/api/replays", json=asked | {name: "<ada@example.com>"})
        assert wrong.status_code == 400 and wrong.json()["detail"].startswith(f"{name} is ")
        assert "ada" not in wrong.text
    assert httpx.post(filled.api + "/api/replays", json=asked).status_code == 200


def test_a_broken_arrow_stream_is_bad_input() -> None:
    for body in (b"", b"x" * 100):
        with pytest.raises(BadInput):
            from_ipc(body)


def test_the_openapi_document_has_every_route_in_words(filled: RunningCollector) -> None:
    document = get(filled, "/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["paths"].keys() >= {"/api/metrics/{name}", "/api/replays/{run}/chunks/{chunk}"}
    for path in document["paths"].values():
        assert all(operation["summary"] for operation in path.values())
    assert {"Answer", "Query", "Sweep"} <= document["components"]["schemas"].keys()
