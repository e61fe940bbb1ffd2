"""OTLP over HTTP, rows H15 to H23: limits, connections, browsers, health."""

import gzip
import threading
from pathlib import Path

import httpx
import pytest
from google.rpc.status_pb2 import Status

from collector.contract.config import Settings
from tests.otlp import Span, traces
from tests.processes import JSON, PROTOBUF, RunningCollector, running_collector

LIMIT = 64 * 2**20
ORIGIN = "https://app.example.com"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (bytes(LIMIT + 1), "identity"),
        ([bytes(2**20)] * 65, "identity"),
        (gzip.compress(bytes(LIMIT + 1), 1), "gzip"),
    ],
    ids=["declared", "chunked", "decompressed"],
)
def test_h15_a_body_over_the_limit_is_413(
    collector: RunningCollector, body: bytes | list[bytes], encoding: str
) -> None:
    sent = iter(body) if isinstance(body, list) else body
    for path in ("/v1/traces", "/v1/metrics"):
        answer = collector.post(sent, path=path, content_encoding=encoding)
        assert answer.status_code == 413
        assert "larger than" in Status.FromString(answer.content).message
        if isinstance(body, list):
            break
    assert collector.post(bytes(0)).status_code == 200


def test_h16_answers_stay_small_however_much_is_rejected(collector: RunningCollector) -> None:
    many = traces(*[Span(trace_id=b"x")] * 100_000).SerializeToString()
    deep = b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": [{"value": '
    deep += b'{"arrayValue": {"values": [' * 20 + b'{"intValue": "' + b"9" * 10_000
    deep += b'"}' + b"]}}" * 20 + b"}]}]}]}]}"
    for answer in (collector.post(many), collector.post(deep, JSON)):
        assert answer.status_code in (200, 400)
        assert 0 < len(answer.content) < 4096


def test_h17_answers_are_compressed_only_if_asked(collector: RunningCollector) -> None:
    for accepted in ("identity", "gzip"):
        answer = collector.post(b"", path="/v1/metrics", accept_encoding=accepted)
        assert answer.headers.get("content-encoding", "identity") in ("identity", accepted)
        assert b"not stored" in answer.content


def test_h18_other_methods_are_405_and_other_content_types_415(
    collector: RunningCollector,
) -> None:
    for path in ("/v1/traces", "/v1/logs", "/v1/metrics"):
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            answer = httpx.request(method, collector.http + path)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
            assert "use POST" in Status.FromString(answer.content).message
        for media in ("text/plain", "", "application/x-protobuf2", "application/grpc"):
            answer = collector.post(b"hi", media, path)
            assert answer.status_code == 415
            assert "protobuf" in Status.FromString(answer.content).message


def test_h19_a_request_sent_again_is_stored_once(collector: RunningCollector) -> None:
    before = collector.spans()
    body = traces(Span(), Span()).SerializeToString()
    for _ in range(3):
        assert collector.post(body).content == b""
    assert collector.spans() == before + 2


def test_h20_a_connection_serves_many_requests_and_many_are_served_at_once(
    collector: RunningCollector,
) -> None:
    before = collector.spans()

    def send() -> None:
        with httpx.Client(headers={"content-type": PROTOBUF}, trust_env=False) as client:
            for _ in range(5):
                body = traces(Span()).SerializeToString()
                answer = client.post(collector.http + "/v1/traces", content=body, timeout=60)
                assert answer.status_code == 200
                assert answer.headers.get("connection", "keep-alive") == "keep-alive"

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collector.spans() == before + 100


def test_h21_the_default_ports_are_4318_and_4317_on_this_machine() -> None:
    settings = Settings()
    assert (str(settings.http), str(settings.grpc)) == ("127.0.0.1:4318", "127.0.0.1:4317")


def test_h22_a_page_may_send_from_a_browser_only_if_its_origin_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMEN_CORS_ORIGINS", f"https://a.example,{ORIGIN}")
    ask = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,traceparent",
    }
    with running_collector(tmp_path) as running:

        def preflight(origin: str) -> httpx.Response:
            return httpx.options(running.http + "/v1/traces", headers=ask | {"origin": origin})

        allowed = preflight(ORIGIN)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == ORIGIN
        for origin in ("https://evil.example", ORIGIN + ".evil.example", "null"):
            refused = preflight(origin)
            assert refused.status_code == 400
            assert "access-control-allow-origin" not in refused.headers
        for body in (b"", b"\xff"):
            answer = running.post(body, origin=ORIGIN)
            assert answer.headers["access-control-allow-origin"] == ORIGIN
    monkeypatch.delenv("LIMEN_CORS_ORIGINS")
    assert not Settings().cors_origins


def test_h23_health_and_readiness_are_asked_on_the_same_port(collector: RunningCollector) -> None:
    for path in ("/healthz", "/readyz"):
        assert httpx.get(collector.http + path).status_code == 200
