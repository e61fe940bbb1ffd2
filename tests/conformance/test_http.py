"""OTLP over HTTP, rows H1 to H14: what is taken, and what is answered."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette

from collector.server.ingest import IngestApi
from tests.otlp import Span, logged_input, request_span, traces
from tests.processes import JSON, PROTOBUF, RunningCollector
from tests.store import LIMITS, Store
from tests.test_body import COMPRESS

PATHS = ("/v1/traces", "/v1/logs", "/v1/metrics")
BOTH = (PROTOBUF, JSON)
LIMIT = 64 * 2**20
DOCUMENT = {
    "resourceSpans": [
        {"scopeSpans": [{"spans": [{"traceId": "5b" * 16, "spanId": "ee" * 8, "name": "a"}]}]}
    ]
}


def status_of(answer: httpx.Response) -> Status:
    """The google.rpc.Status of a refusal, in the encoding that it says it has."""
    if answer.headers["content-type"] == JSON:
        return json_format.Parse(answer.content, Status())
    assert answer.headers["content-type"] == PROTOBUF
    return Status.FromString(answer.content)


def partial(answer: httpx.Response) -> Any:
    assert answer.status_code == 200
    return ExportTraceServiceResponse.FromString(answer.content).partial_success


@pytest.mark.parametrize("path", PATHS)
def test_h1_each_signal_has_its_path(collector: RunningCollector, path: str) -> None:
    assert collector.post(b"", path=path).status_code == 200
    assert collector.post(b"", path="/otlp" + path).status_code == 404
    # A redirect names the scheme that this door has, which behind a proxy is not the client's.
    assert collector.post(b"", path=path + "/").status_code == 404


def test_h2_protobuf_and_json_come_to_the_same_port(collector: RunningCollector) -> None:
    before = collector.spans()
    assert collector.post(traces(Span()).SerializeToString()).status_code == 200
    assert collector.post(json.dumps(DOCUMENT).encode(), JSON).status_code == 200
    assert collector.spans() == before + 2


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (PROTOBUF, PROTOBUF),
        (JSON, JSON),
        ("Application/X-Protobuf; charset=utf-8", PROTOBUF),
        ("application/json; charset=utf-8", JSON),
    ],
)
def test_h3_the_answer_has_the_content_type_of_the_request(
    collector: RunningCollector, path: str, sent: str, answered: str
) -> None:
    answer = collector.post(b"", sent, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, answered)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "zstd", "identity", ""])
def test_h4_bodies_come_plain_or_compressed(collector: RunningCollector, encoding: str) -> None:
    before = collector.spans()
    for media, body in (
        (PROTOBUF, traces(Span()).SerializeToString()),
        (JSON, json.dumps(DOCUMENT).replace("5b" * 16, "5c" * 16).encode()),
    ):
        sent = COMPRESS.get(encoding.lower(), bytes)(body)
        assert collector.post(sent, media, content_encoding=encoding).status_code == 200
    # The JSON one is the same span each time.
    assert collector.spans() - before in (1, 2)


@pytest.mark.parametrize("media", BOTH)
@pytest.mark.parametrize(("encoding", "says"), [("gzip", "not"), ("br", "send gzip, zstd or none")])
def test_h5_a_body_that_is_not_in_its_encoding_is_400(
    collector: RunningCollector, media: str, encoding: str, says: str
) -> None:
    answer = collector.post(b"{} plain text", media, content_encoding=encoding)
    assert answer.status_code == 400
    status = status_of(answer)
    assert status.code == 3 and says in status.message
    assert answer.headers.get("accept-encoding") == ("gzip, zstd" if encoding == "br" else None)


def test_h6_full_success_has_nothing_to_say(collector: RunningCollector) -> None:
    answer = collector.post(traces(Span()).SerializeToString())
    assert (answer.status_code, answer.content) == (200, b"")
    answer = collector.post(json.dumps(DOCUMENT).encode(), JSON)
    assert (answer.status_code, answer.content) == (200, b"{}")


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (PROTOBUF, b""),
        (PROTOBUF, traces().SerializeToString()),
        (JSON, b""),
        (JSON, b"{}"),
        (JSON, b'{"resourceSpans": []}'),
        (JSON, b'{"resourceSpans": [{"scopeSpans": [{"spans": []}]}]}'),
    ],
)
def test_h7_an_empty_request_is_a_success(
    collector: RunningCollector, media: str, body: bytes
) -> None:
    answer = collector.post(body, media)
    assert (answer.status_code, answer.content) == (200, b"{}" if media == JSON else b"")


def test_h8_what_is_rejected_is_counted_and_the_rest_is_there(collector: RunningCollector) -> None:
    before = collector.spans()
    spans = [Span() for _ in range(511)]
    said = partial(collector.post(traces(*spans, Span(trace_id=b"short")).SerializeToString()))
    assert said.rejected_spans == 1 and "ids" in said.error_message
    assert collector.spans() == before + 511
    wrong = json.dumps(DOCUMENT).replace("ee" * 8, "ee").encode()
    assert collector.post(wrong, JSON).json()["partialSuccess"]["rejectedSpans"] == "1"
    dropped = logged_input(request_span(), b"x", limen_consent_state="denied")
    answer = collector.post(dropped.SerializeToString(), path="/v1/logs")
    assert answer.status_code == 200 and b"no consent" in answer.content


@pytest.mark.parametrize("media", BOTH)
def test_h9_a_warning_rejects_nothing_and_says_something(
    collector: RunningCollector, media: str
) -> None:
    answer = collector.post(b"", media, "/v1/metrics")
    assert answer.status_code == 200 and b"not stored" in answer.content
    bad = traces(Span(name="MARK")).SerializeToString().replace(b"MARK", b"\xff\xfe\xfd\xfc")
    said = partial(collector.post(bad))
    assert said.rejected_spans == 0 and "UTF-8" in said.error_message


def test_h10_only_what_can_never_be_stored_is_rejected(collector: RunningCollector) -> None:
    day = 24 * 3600 * 10**9
    odd = [
        Span(start=1),
        Span(start=2**63 + 5),
        Span(start=Span().start - 400 * day),
        Span(start=Span().start + 400 * day),
        Span(duration=-7),
        Span(name=""),
        Span(attributes={"": 1, "limen.confidence": "high"}),
        Span(parent=bytes(8)),
    ]
    before = collector.spans()
    answer = collector.post(traces(*odd, resource={}).SerializeToString())
    assert (answer.status_code, answer.content) == (200, b"")
    assert collector.spans() == before + len(odd)


@pytest.mark.parametrize("media", BOTH)
@pytest.mark.parametrize(
    ("status", "code", "method", "path", "body"),
    [
        (400, 3, "POST", "/v1/traces", b"\xff\xff"),
        (404, 5, "POST", "/v1/nothing", b""),
        (405, 12, "PUT", "/v1/traces", b""),
        (413, 3, "POST", "/v1/logs", bytes(LIMIT + 1)),
    ],
)
def test_h11_a_refusal_is_a_status_in_the_encoding_of_the_request(
    collector: RunningCollector,
    media: str,
    status: int,
    code: int,
    method: str,
    path: str,
    body: bytes,
) -> None:
    answer = httpx.request(
        method, collector.http + path, content=body, headers={"content-type": media}, timeout=60
    )
    said = status_of(answer)
    assert answer.headers["content-type"] == media
    assert (answer.status_code, said.code) == (status, code) and said.message


def ask(app: Starlette, method: str, path: str, body: bytes = b"") -> httpx.Response:
    """The answer of an app in this process."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://limen") as client:
            headers = {"content-type": PROTOBUF}
            return await client.request(method, path, content=body, headers=headers)

    return asyncio.run(send())


def failing_app(store: Store) -> tuple[Starlette, bytes]:
    """An app whose every part fails, and a request that its table refuses."""

    def broken() -> str | None:
        raise ValueError("ada-lovelace")

    store.refuse_labels()
    span = Span(attributes={"limen.output.label": "ada-lovelace"})
    app = IngestApi(
        store.pipeline,
        store.health,
        store.guard,
        admission=store.admission,
        limits=LIMITS,
        obstacle=broken,
    ).app()
    return app, traces(span).SerializeToString()


def test_h12_our_own_fault_is_503_so_that_the_client_keeps_its_data(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    app, body = failing_app(store)
    for answer in (ask(app, "POST", "/v1/traces", body), ask(app, "GET", "/readyz")):
        assert (answer.status_code, status_of(answer).code) == (503, 14)
        assert b"ada" not in answer.content
    assert caplog.text and "ada" not in caplog.text


@pytest.mark.parametrize(
    ("media", "body", "field"),
    [
        (PROTOBUF, b"\x0a\x20cut", ""),
        (JSON, b"{", ""),
        (JSON, b'{"resourceSpans": 7}', "resourceSpans"),
        (
            JSON,
            json.dumps(DOCUMENT).replace('"a"', "17").encode(),
            "resourceSpans[0].scopeSpans[0].spans[0].name",
        ),
    ],
)
def test_h13_what_cannot_be_decoded_is_400_and_says_where(
    collector: RunningCollector, media: str, body: bytes, field: str
) -> None:
    answer = collector.post(body, media)
    assert answer.status_code == 400
    said, request = status_of(answer), BadRequest()
    assert said.details[0].Unpack(request)
    assert request.field_violations[0].field == field
    assert request.field_violations[0].description == said.message
    assert "17" not in said.message


def test_h14_what_may_be_sent_again_says_when(store: Store) -> None:
    app, body = failing_app(store)
    waits = {
        int(ask(app, method, path, body).headers["retry-after"])
        for method, path in (("POST", "/v1/traces"), ("GET", "/readyz"))
        for _ in range(20)
    }
    # Spread, so that clients refused together do not return together.
    assert min(waits) >= 1 and len(waits) > 1
