"""Who may do what, on real ports: every route of every door by every role."""

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status
from starlette.routing import Route

from collector.backup import Backups
from collector.contract.config import MIN_CELL, Settings
from collector.contract.errors import BadInput, Forbidden, Unauthenticated
from collector.contract.records import Query
from collector.metrics import metrics
from collector.permissions.roles import ACCESS, Role, may_call
from collector.permissions.tokens import create_token, read_tokens, revoke_token
from collector.persons.erasures import Erasures
from collector.reload import Reload
from collector.server.api import QueryApi
from collector.server.ingest import IngestApi
from collector.store.maintenance import Maintenance
from collector.store.self_audit import SelfAudits
from tests.otlp import Span, logged_input, request_span, traces
from tests.processes import JSON, NO_TLS, RunningCollector, running_collector
from tests.store import LIMITS, POLICY, Store
from tests.test_inputs import REQUEST

ALL = "ingest lead oncall replay compliance admin"
ASKING = "lead oncall replay compliance admin"

# Whom each route answers; "anyone": without a token too. A new route fails without its line here.
EXPECTED: Mapping[str, str] = {
    "POST /v1/traces": "ingest admin",
    "POST /v1/logs": "ingest admin",
    "POST /v1/metrics": "ingest admin",
    "GET /healthz": "anyone",
    "GET /readyz": "anyone",
    "GET /api/openapi.json": "anyone",
    "GET /metrics": ASKING,
    "GET /api/status": ASKING,
    "GET /api/metrics": ASKING,
    "POST /api/metrics": ASKING,
    "GET /api/metrics/{name}": ASKING,
    "GET /api/traces/{trace}": "oncall admin",
    "GET /api/traces/{trace}/what-if": "oncall admin",
    "POST /api/installations/lookup": "oncall admin",
    "POST /api/installations/erase": "compliance admin",
    "GET /api/erasures": "compliance admin",
    "POST /api/installations/access": "compliance admin",
    "GET /api/audit": "compliance admin",
    "GET /api/audit/checkpoint": "compliance admin",
    "GET /api/audit/key": "compliance admin",
    "GET /api/audit/consistency": "compliance admin",
    "GET /api/audit/{number:int}/proof": "compliance admin",
    "GET /api/policy/suggestion": "compliance admin",
    "GET /api/placement": ASKING,
    "GET /api/self-audit": "compliance admin",
    "GET /api/releases/comparison": ASKING,
    "GET /api/policies": "compliance admin",
    "POST /api/policy/reload": "admin",
    "GET /api/findings": "compliance admin",
    "PUT /api/findings/{finding}/verdict": "compliance admin",
    "GET /api/declarations": "compliance admin",
    "POST /api/declarations": "compliance admin",
    "DELETE /api/declarations/{declaration}": "compliance admin",
    "GET /api/records/{kind}": "compliance admin",
    "POST /api/evidence": "compliance admin",
    "POST /api/inputs/open": "replay admin",
    "GET /api/replays": ASKING,
    "POST /api/replays": "replay admin",
    "GET /api/replays/{run}": ASKING,
    "PUT /api/replays/{run}/chunks/{chunk:int}": "replay admin",
    "GET /api/replays/{run}/scores": "oncall replay admin",
    "GET /api/replays/{run}/sweeps": ASKING,
    "PUT /api/replays/{run}/sweeps/{reference}": "replay admin",
    "GET /api/upkeep": "admin",
    "POST /api/compact": "admin",
    "POST /api/backup": "admin",
}
SERVICES: Mapping[str, str] = {
    f"/opentelemetry.proto.collector.{low}.v1.{high}Service/Export": "ingest admin"
    for low, high in (("trace", "Trace"), ("logs", "Logs"), ("metrics", "Metrics"))
}
CALLERS = (None, "unknown", *Role)
UNKNOWN = "limen_admin_" + "x" * 43
PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A token of each role, made before the first start; `home` is where."""
    home = tmp_path_factory.mktemp("home")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    made = {role.value: create_token(home, role, f"test {role}")[1] for role in Role}
    return {"home": str(home), "unknown": UNKNOWN, **made}


@pytest.fixture(scope="module")
def guarded(words: dict[str, str]) -> Iterator[RunningCollector]:
    with running_collector(Path(words["home"])) as running:
        yield running


def routes(store: Store) -> list[Route]:
    """The real routes of both HTTP doors."""
    ingest = IngestApi(
        store.pipeline,
        store.health,
        store.guard,
        admission=store.admission,
        limits=LIMITS,
        obstacle=lambda: None,
    ).app()
    maintenance = Maintenance(store.database, store.policy, store.health)
    asking = QueryApi(
        store,
        store.guard,
        {},
        maintenance=maintenance,
        backups=Backups(maintenance, store.home),
        erasures=Erasures(Settings(home=store.home), store.erasure, maintenance),
        reload=Reload(Settings(home=store.home), store, maintenance),
        self_audits=SelfAudits(store.database, store.reader, lambda: store.policy, ()),
        limits=LIMITS,
    ).app(())
    return [route for app in (ingest, asking) for route in app.routes if isinstance(route, Route)]


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"authorization": f"Bearer {token}"}


def test_every_route_is_expected_and_every_expectation_has_a_route(store: Store) -> None:
    found = {
        f"{method} {route.path}"
        for route in routes(store)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert found == EXPECTED.keys()
    assert found | SERVICES.keys() == ACCESS.keys()


def test_a_route_that_names_no_role_fails_at_start(store: Store) -> None:
    new = Route("/api/new", lambda request: None, methods=["GET"])
    with pytest.raises(KeyError, match="GET /api/new"):
        store.guard.over([new])


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """One client for the many requests."""
    with httpx.Client(trust_env=False, verify=NO_TLS) as client:
        yield client


@pytest.mark.parametrize("place", EXPECTED)
def test_each_role_may_call_what_is_its_own_and_nothing_else(
    guarded: RunningCollector, words: dict[str, str], http: httpx.Client, place: str
) -> None:
    method, path = place.split()
    door = guarded.api if path.startswith(("/api/", "/metrics")) else guarded.http
    path = re.sub(r"\{name\}", "fallback_rate", path)
    path = re.sub(r"\{\w+:int\}", "0", path)
    path = re.sub(r"\{\w+\}", "nope", path)
    allowed = EXPECTED[place].split()
    for caller in CALLERS:
        headers = bearer(None if caller is None else words[caller])
        may = allowed == ["anyone"] or caller in allowed
        # An answer without its body takes as long: it is asked for once, and by all who may not.
        methods = ("GET", "HEAD") if not may or caller == Role.ADMIN else ("GET",)
        for asked in methods if method == "GET" else (method,):
            answer = http.request(asked, door + path, headers=headers, content=b"{")
            if may:
                assert answer.status_code not in (401, 403), caller
                continue
            assert answer.status_code == (403 if caller in ALL.split() else 401), caller
            assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)
            if answer.status_code == 401:
                assert answer.headers["www-authenticate"].startswith("Bearer")
            if asked != "HEAD" and door == guarded.api:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["status"] == answer.status_code


def test_tokens_are_in_the_audit_log_by_their_ids(
    guarded: RunningCollector, words: dict[str, str], http: httpx.Client
) -> None:
    made = {(token.id, token.role.value) for token in read_tokens(Path(words["home"]))}
    noted: list[Any] = []
    until = time.monotonic() + 20
    while len(noted) < len(made) and time.monotonic() < until:
        time.sleep(0.1)
        answer = http.get(
            f"{guarded.api}/api/audit?limit=1000", headers=bearer(words["compliance"])
        )
        noted = [one for one in answer.json()["entries"] if one["action"] == "token made"]
    details = [one["detail"] for one in noted]
    assert {(one["token"], one["role"]) for one in details} == made and len(noted) == len(made)


@pytest.mark.parametrize("place", SERVICES)
def test_grpc_asks_for_the_same_tokens(
    guarded: RunningCollector, words: dict[str, str], place: str
) -> None:
    for caller in CALLERS:
        metadata = tuple(bearer(None if caller is None else words[caller]).items())
        with grpc.insecure_channel(guarded.grpc) as channel:
            call = channel.unary_unary(place)
            if caller in SERVICES[place].split():
                call(b"", metadata=metadata, timeout=30)
                continue
            with pytest.raises(grpc.RpcError) as refused:
                call(b"", metadata=metadata, timeout=30)
        known = caller in ALL.split()
        code = grpc.StatusCode.PERMISSION_DENIED if known else grpc.StatusCode.UNAUTHENTICATED
        assert refused.value.code() is code, caller
        assert "token" in refused.value.details()


@pytest.mark.parametrize("media", ["application/x-protobuf", "application/json"])
@pytest.mark.parametrize(
    ("caller", "status", "code"), [(None, 401, 16), ("unknown", 401, 16), ("lead", 403, 7)]
)
def test_a_refusal_of_data_is_a_status_in_the_requests_encoding(
    guarded: RunningCollector,
    words: dict[str, str],
    http: httpx.Client,
    media: str,
    caller: str | None,
    status: int,
    code: int,
) -> None:
    headers = bearer(None if caller is None else words[caller])
    answer = http.post(
        guarded.http + "/v1/traces", content=b"{}", headers=headers | {"content-type": media}
    )
    assert answer.status_code == status and answer.headers["content-type"] == media
    if media == "application/json":
        assert answer.json()["code"] == code and answer.json()["message"]
    else:
        found = Status.FromString(answer.content)
        assert found.code == code and found.message


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_the_case_of_header_and_scheme_is_free(
    guarded: RunningCollector, words: dict[str, str], http: httpx.Client, scheme: str, name: str
) -> None:
    headers = {**PROTOBUF, name: f"{scheme} {words['ingest']}"}
    body = traces(Span()).SerializeToString()
    assert http.post(guarded.http + "/v1/traces", content=body, headers=headers).is_success
    metadata = (("authorization", f"{scheme} {words['ingest']}"),)
    with grpc.insecure_channel(guarded.grpc) as channel:
        channel.unary_unary(next(iter(SERVICES)))(body, metadata=metadata, timeout=30)


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Basic {0}", "{0}", "Bearer {0}x", "Bearer x{0}", "Bearer é"]
)
def test_what_is_no_token_in_force_is_none(
    guarded: RunningCollector, words: dict[str, str], http: httpx.Client, value: str
) -> None:
    headers = {b"authorization": value.format(words["admin"]).encode()}
    assert http.get(guarded.api + "/api/status", headers=headers).status_code == 401


def test_a_large_body_without_a_token_is_refused_before_it_is_taken(
    guarded: RunningCollector,
) -> None:
    with httpx.Client(verify=NO_TLS) as phone:
        for _ in range(2):
            answer = phone.post(guarded.http + "/v1/traces", content=bytes(10**7), headers=PROTOBUF)
            assert answer.status_code == 401
    with grpc.insecure_channel(guarded.grpc) as channel:
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(next(iter(SERVICES)))(bytes(10**7), timeout=30)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


# Metrics that are not for leads, and who is told to have them instead.
WITHHELD: Mapping[str, str] = {
    "findings": "compliance",
    "ledger": "compliance",
    "flow_changes": "oncall",
    "offline_hours": "oncall, replay, compliance, admin may",
    "clock_skew": "oncall, replay, compliance, admin may",
    "requests": "oncall",
    "skewed_installations": "oncall",
    "differences": "oncall",
}
FOR_REVIEWERS = ("findings", "ledger")


def test_each_role_is_answered_every_metric_that_is_its_own(
    guarded: RunningCollector, words: dict[str, str]
) -> None:
    for role, names in (
        (Role.ONCALL, [name for name in metrics() if name not in FOR_REVIEWERS]),
        (Role.LEAD, [name for name in metrics() if name not in WITHHELD]),
        (Role.COMPLIANCE, [*FOR_REVIEWERS, "flow_changes"]),
    ):
        with guarded.client(words[role]) as client:
            answers = client.metrics([Query(metric=name) for name in names])
            allowed = {metric["name"] for metric in client.catalogue() if metric["allowed"]}
        assert [answer.metric for answer in answers] == names
        assert allowed >= set(names)


@pytest.mark.parametrize("name", WITHHELD)
def test_single_rows_are_for_whoever_is_on_call(
    guarded: RunningCollector, words: dict[str, str], http: httpx.Client, name: str
) -> None:
    refused = [Role.LEAD, Role.ONCALL] if name in FOR_REVIEWERS else [Role.LEAD]
    for role in refused:
        with guarded.client(words[role]) as client:
            (metric,) = [metric for metric in client.catalogue() if metric["name"] == name]
            assert not metric["allowed"]
            for asked in ([Query(metric=name)], [Query(metric="latency"), Query(metric=name)]):
                with pytest.raises(Forbidden, match=WITHHELD[name]):
                    client.metrics(asked)
        for form in ("json", "arrow", "csv"):
            answer = http.get(
                f"{guarded.api}/api/metrics/{name}?format={form}", headers=bearer(words[role])
            )
            assert answer.status_code == 403


def test_a_reviewer_reads_what_left_in_a_trace_and_not_its_spans(
    guarded: RunningCollector, words: dict[str, str]
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    with guarded.client(words["compliance"]) as compliance:
        asked = Query(metric="ledger", where={"trace": (trace,)})
        assert compliance.metric(asked).rows == []
        with pytest.raises(Forbidden, match="oncall, admin may"):
            compliance.trace(trace)


def test_status_says_the_role_of_who_asks(guarded: RunningCollector, words: dict[str, str]) -> None:
    with guarded.client(words["lead"]) as lead:
        status = lead.status()
    assert (status["role"], status["note"]) == ("lead", None)
    assert status["min_cell"] == MIN_CELL and "requests" not in status
    with guarded.client() as nobody, pytest.raises(Unauthenticated, match="LIMEN_TOKEN"):
        nobody.status()


def test_a_lead_is_answered_with_merged_cells_whatever_way_they_ask(
    guarded: RunningCollector, words: dict[str, str], http: httpx.Client
) -> None:
    asked = Query(metric="fallback_rate", since="-36h")
    with guarded.client(words["lead"]) as lead, guarded.client(words["oncall"]) as oncall:
        assert oncall.metric(asked).metric == "fallback_rate"
        with pytest.raises(BadInput, match="whole days"):
            lead.metric(asked)
        with pytest.raises(BadInput, match="whole days"):
            lead.placement(since="-36h")
        dimensions = {metric["name"]: metric["dimensions"] for metric in lead.catalogue()}
        assert "hour" not in dimensions["fallback_rate"]
        assert "hour" in {m["name"]: m["dimensions"] for m in oncall.catalogue()}["fallback_rate"]
        # What a role may not ask for is not explained to it either.
        for client, role in ((lead, Role.LEAD), (oncall, Role.ONCALL)):
            routes = {answer["route"] for answer in client.definitions()[1]}
            assert routes and all(may_call(role, route) for route in routes)
            assert "GET /api/findings" not in routes
    for form in ("json", "arrow", "csv"):
        url = f"{guarded.api}/api/metrics/fallback_rate?from=-36h&format={form}"
        answer = http.get(url, headers=bearer(words["lead"]))
        assert answer.status_code == 400 and "whole days" in answer.json()["detail"]


def ask(running: RunningCollector, token: str | None) -> int:
    headers = bearer(token)
    return httpx.get(running.api + "/api/status", headers=headers, verify=NO_TLS).status_code


def send(running: RunningCollector, token: str | None) -> int:
    return running.post(traces(request_span()).SerializeToString(), **bearer(token)).status_code


def test_tokens_made_and_ended_while_it_runs_count_at_once(tmp_path: Path) -> None:
    with running_collector(tmp_path) as running:
        assert (ask(running, None), send(running, None)) == (200, 200)
        _, lead = create_token(tmp_path, Role.LEAD, "")
        assert (ask(running, None), ask(running, lead), send(running, None)) == (401, 200, 200)
        ended, phones = create_token(tmp_path, Role.INGEST, "")
        assert (send(running, None), send(running, phones)) == (401, 200)
        revoke_token(tmp_path, ended.id)
        # The last of its kind is gone, and that opens nothing.
        assert (send(running, phones), send(running, None)) == (401, 401)
        assert send(running, create_token(tmp_path, Role.INGEST, "")[1]) == 200


def exchange(file: Path, content: bytes) -> None:
    """At once: a collector that looks meanwhile finds the one or the other."""
    new = file.with_suffix(".new")
    new.write_bytes(content)
    new.replace(file)


def test_tokens_that_cannot_be_read_close_the_doors_until_they_can(
    tmp_path: Path, http: httpx.Client
) -> None:
    _, admin = create_token(tmp_path, Role.ADMIN, "")
    file = tmp_path / "keys" / "tokens.json"
    before = file.read_bytes()
    with running_collector(tmp_path) as running:
        for harm in ("deleted", "damaged", "forbidden words", "a folder"):
            match harm:
                case "damaged":
                    exchange(file, before[:-20])
                case "forbidden words":
                    exchange(file, before.replace(b'"admin"', b'"root"'))
                case "deleted":
                    file.unlink()
                case "a folder":
                    file.unlink()
                    file.mkdir()
            for _ in range(2):
                doors = ask(running, admin), send(running, admin), send(running, None)
                assert doors == (503,) * 3, harm
                assert http.get(running.http + "/readyz").status_code == 503
                assert http.get(running.http + "/healthz").status_code == 200
            with (
                grpc.insecure_channel(running.grpc) as channel,
                pytest.raises(grpc.RpcError) as closed,
            ):
                channel.unary_unary(next(iter(SERVICES)))(b"", timeout=30)
            assert closed.value.code() is grpc.StatusCode.UNAVAILABLE
            if harm == "a folder":
                file.rmdir()
            exchange(file, before)
            assert (ask(running, admin), send(running, None)) == (200, 200)
        running.stop()
        assert running.process.stderr is not None
        said = [line for line in running.process.stderr if "tokens.json" in line]
        # Before it is a folder, and after, it is not there: that may be seen and said too.
        assert 4 <= len(said) <= 6
        assert all("restore it" in line for line in said[:3])


def test_nothing_of_a_token_is_kept_or_said(tmp_path: Path, http: httpx.Client) -> None:
    made = {role: create_token(tmp_path, role, "phones") for role in Role}
    secrets = [words.removeprefix(f"limen_{role}_") for role, (_, words) in made.items()]
    wrong = "limen_admin_" + "w" * 43
    with running_collector(tmp_path) as running:
        answers = [
            http.get(running.api + path, headers=bearer(token)).text
            for path in ("/api/status", "/api/traces/nope", "/api/nope", "/healthz")
            for token in (*(words for _, words in made.values()), wrong)
        ]
        for token in (wrong, made[Role.LEAD][1], made[Role.INGEST][1]):
            answers.append(str(send(running, token)))
        running.stop()
        assert running.process.stderr is not None and running.process.stdout is not None
        answers += [running.process.stderr.read(), running.process.stdout.read()]
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"tokens" in content for content in kept)
    shown = [repr(token) for token, _ in made.values()] + [repr(read_tokens(tmp_path))]
    for secret in (*secrets, "w" * 43):
        assert not any(secret.encode() in content for content in kept)
        assert not any(secret in text for text in (*answers, *shown))
    assert not any(
        token.sha256 in text for token, _ in made.values() for text in (*answers, *shown)
    )


def test_the_official_exporters_send_the_token_from_the_environment(
    guarded: RunningCollector, words: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    headers = f"authorization=Bearer%20{words['ingest']}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)
    exporters: list[Any] = [
        Http(endpoint=guarded.http + "/v1/traces"),
        Grpc(endpoint=guarded.grpc, insecure=True),
    ]
    for exporter in exporters:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with provider.get_tracer("test").start_as_current_span("route f") as span:
            trace = f"{span.get_span_context().trace_id:032x}"
        provider.shutdown()
        with guarded.client(words["oncall"]) as client:
            assert client.trace(trace)["spans"]


def test_a_json_request_with_a_token_is_taken(
    guarded: RunningCollector, words: dict[str, str]
) -> None:
    answer = guarded.post(b"{}", JSON, **bearer(words["ingest"]))
    assert (answer.status_code, answer.json()) == (200, {})


def test_the_audit_log_names_the_token_that_opened_inputs(
    guarded: RunningCollector, words: dict[str, str]
) -> None:
    body = logged_input(request_span(), b"x").SerializeToString()
    guarded.post(body, path="/v1/logs", **bearer(words["ingest"])).raise_for_status()
    with guarded.client(words["replay"]) as client:
        run = client.create_replay(REQUEST)
        assert len(client.open_inputs(run.run, 0, "a test")) == 1
    with guarded.client(words["compliance"]) as client:
        entries = client.audit_entries(0, 1000).to_pylist()
    (actor,) = {entry["actor"] for entry in entries if entry["action"] == "inputs opened"}
    known = {token.id: token.role for token in read_tokens(Path(words["home"]))}
    assert known[actor] is Role.REPLAY
