"""What nobody may say: no value in answers, logs, errors and representations of objects."""

import collections.abc
import importlib
import json
import logging
import pkgutil
import traceback
import typing
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from pydantic import BaseModel, SecretStr
from streamlit.testing.v1 import AppTest

import collector
import replay
from collector.intake.payload import Payload
from collector.permissions.roles import Role
from collector.permissions.tokens import create_token
from tests.canaries.search import Search, forms
from tests.canaries.surfaces import files
from tests.conformance.test_json import document, pair
from tests.otlp import logged_input, now, request_span, traces
from tests.processes import JSON, PROTOBUF, RunningCollector, running_collector
from tests.store import POLICY, Store
from tests.wire import ATTRIBUTES, NAME, SPANS, STRING, attribute, field, request, varint

WORD = "zoltanvarkonyi"
MAIL = f"{WORD}@mail.example.org"
RAW = MAIL.encode()
# How Rust and Python write bytes that they could not read.
LISTED = (", ".join(map(str, WORD.encode())), str([hex(b) for b in WORD.encode()]))
SEARCH = Search([(form, 0) for form in forms(WORD)] + [(text.encode(), 0) for text in LISTED])

SPAN = request_span(limen_output_label=MAIL)
WHOLE = traces(SPAN).SerializeToString()
LIMIT = 2**20


def span(**fields: Any) -> bytes:
    return json.dumps(document(**fields)).encode()


# Path, media type, body, headers.
Sent = tuple[str, str, bytes, Mapping[str, str]]


def ingest(body: bytes, media: str = PROTOBUF, path: str = "/v1/traces", **more: str) -> Sent:
    return path, media, body, more


BODIES: Mapping[str, Sent] = {
    "JSON that breaks off": ingest(b'{"resourceSpans": [{"k": "' + RAW + b'"', JSON),
    "JSON that goes wrong": ingest(b'{"' + RAW + b'": ' + RAW + b"}", JSON),
    "a string for a body": ingest(json.dumps(MAIL).encode(), JSON),
    "a string for spans": ingest(json.dumps({"resourceSpans": MAIL}).encode(), JSON),
    "a string for a time": ingest(span(startTimeUnixNano=MAIL), JSON),
    "a string for a kind": ingest(span(kind=MAIL), JSON),
    "a string for an id": ingest(span(traceId=MAIL), JSON),
    "a string for a number": ingest(span(attributes=[pair("k", "doubleValue", MAIL)]), JSON),
    "a string for a whole number": ingest(span(attributes=[pair("k", "intValue", MAIL)]), JSON),
    "a string for a flag": ingest(span(attributes=[pair("k", "boolValue", MAIL)]), JSON),
    "a string for bytes": ingest(span(attributes=[pair("k", "bytesValue", MAIL)]), JSON),
    "an object for a string": ingest(span(name={MAIL: MAIL}), JSON),
    "JSON with bytes that are no text": ingest(span(name=MAIL).replace(RAW, RAW + b"\xff"), JSON),
    "JSON with half a character": ingest(span(name=MAIL + "\ud800"), JSON),
    "a body that breaks off": ingest(WHOLE[:-20]),
    "a body that begins wrongly": ingest(b"\xff" + WHOLE),
    "a string of 2^64 - 1": ingest(
        request(field(SPANS, field(NAME, RAW) + b"\x2a" + varint(2**64 - 1) + RAW))
    ),
    "a name with bytes that are no text": ingest(request(field(SPANS, field(NAME, RAW + b"\xff")))),
    "a key with bytes that are no text": ingest(
        request(field(SPANS, attribute(RAW + b"\xff", field(STRING, RAW + b"\xfe"))))
    ),
    "a value that is no value": ingest(request(field(SPANS, field(ATTRIBUTES, RAW)))),
    "text for protobuf": ingest(RAW * 20),
    "text for logs": ingest(RAW * 20, path="/v1/logs"),
    "text for metrics": ingest(RAW * 20, path="/v1/metrics"),
    "text for gzip": ingest(RAW, content_encoding="gzip"),
    "text for zstd": ingest(RAW, content_encoding="zstd"),
    "more than is taken": ingest(RAW * (LIMIT // len(RAW) + 1)),
    "a media type": ingest(WHOLE, MAIL),
    "a media type's parameter": ingest(WHOLE, f"{PROTOBUF}; charset={MAIL}"),
    "an encoding": ingest(WHOLE, content_encoding=MAIL),
    "a path": ingest(WHOLE, path=f"/v1/{MAIL}"),
    "a query": ingest(WHOLE, path=f"/v1/traces?user={MAIL}"),
    "a token": ingest(WHOLE, authorization=f"Bearer {MAIL}"),
    "another scheme": ingest(WHOLE, authorization=f"Basic {MAIL}"),
    "a trace parent": ingest(b"\xff", traceparent=MAIL, tracestate=f"a={MAIL}"),
    "an agent": ingest(b"\xff", user_agent=MAIL, referer=MAIL, cookie=f"a={MAIL}", origin=MAIL),
}

# What no client library sends.
STREAMS: Mapping[str, bytes] = {
    "no HTTP": RAW + b"\r\n\r\n",
    "a method": RAW.replace(b"@", b"") + b" / HTTP/1.1\r\n\r\n",
    "a version": b"GET / " + RAW + b"\r\n\r\n",
    "a header without a value": b"GET / HTTP/1.1\r\n" + RAW + b"\r\n\r\n",
    "a header with a zero": b"GET / HTTP/1.1\r\nhost: a\r\nx: " + RAW + b"\0\r\n\r\n",
    "a length": b"POST /v1/traces HTTP/1.1\r\ncontent-length: " + RAW + b"\r\n\r\n",
    "a chunk's length": (
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n" + RAW + b"\r\n"
    ),
    "a body that stops": (
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        b"content-length: 1000\r\n\r\n" + RAW
    ),
    "a head that is too long": b"GET / HTTP/1.1\r\nhost: a\r\n" + (b"x: " + RAW + b"\r\n") * 5000,
}

RUN = "/api/replays/" + MAIL
# Method, path, and what else is asked.
ASKED: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "a metric": ("GET", f"/api/metrics/{MAIL}", {}),
    "a parameter": ("GET", "/api/metrics/egress", {"params": {MAIL: "1"}}),
    "a dimension": ("GET", "/api/metrics/egress", {"params": {"by": MAIL}}),
    "a condition": ("GET", "/api/metrics/egress", {"params": {"where": MAIL}}),
    "a condition's dimension": ("GET", "/api/metrics/egress", {"params": {"where": f"{MAIL}=1"}}),
    "a condition's value": ("GET", "/api/metrics/egress", {"params": {"where": f"app={MAIL}"}}),
    "an hour": ("GET", "/api/metrics/egress", {"params": {"where": f"hour={MAIL}"}}),
    "a time": ("GET", "/api/metrics/egress", {"params": {"from": MAIL}}),
    "a format": ("GET", "/api/metrics/egress", {"params": {"format": MAIL}}),
    "a trace": ("GET", f"/api/traces/{MAIL}", {}),
    "a path": ("GET", f"/api/{MAIL}", {}),
    "a run": ("GET", RUN, {}),
    "a run's scores": ("GET", f"{RUN}/scores", {}),
    "a run's sweeps": ("GET", f"{RUN}/sweeps", {}),
    "a chunk of a run": ("PUT", f"{RUN}/chunks/1", {"content": RAW}),
    "seconds": ("PUT", f"{RUN}/chunks/1", {"params": {"seconds": MAIL}}),
    "broken JSON": ("POST", "/api/metrics", {"content": b'{"queries": [' + RAW}),
    "a field too many": ("POST", "/api/metrics", {"json": {"queries": [], MAIL: 1}}),
    "a field too many within": (
        "POST", "/api/metrics", {"json": {"queries": [{"metric": "egress", MAIL: 1}]}},
    ),
    "a wrong type": ("POST", "/api/metrics", {"json": {"queries": MAIL}}),
    "a wrong type within": (
        "POST", "/api/metrics", {"json": {"queries": [{"metric": "egress", "where": MAIL}]}},
    ),
    "a value's wrong type": (
        "POST",
        "/api/metrics",
        {"json": {"queries": [{"metric": "egress", "where": {MAIL: 1}}]}},
    ),
    "a name's wrong type": ("POST", "/api/replays", {"json": {"feature": {MAIL: MAIL}}}),
    "an installation": ("POST", "/api/installations/lookup", {"json": {"installation": MAIL}}),
    "an installation too many": ("POST", "/api/installations/lookup", {"json": {"id": MAIL}}),
    "a list of installations": (
        "POST", "/api/installations/lookup", {"json": {"installation": [MAIL]}},
    ),
    "inputs of a run": (
        "POST", "/api/inputs/open", {"json": {"run": MAIL, "chunk": 0, "reason": "a test"}},
    ),
    "a sweep": ("PUT", f"{RUN}/sweeps/label", {"json": {"run": MAIL}}),
    "keys in words": ("POST", "/api/backup", {"json": {"keys": MAIL}}),
    "a host": ("GET", "/api/status", {"headers": {"host": MAIL}}),
    "a token": ("GET", "/api/status", {"headers": {"authorization": f"Bearer {MAIL}"}}),
    "a media type": ("GET", "/metrics", {"headers": {"accept": MAIL}}),
}  # fmt: skip

_SERVICE = "/opentelemetry.proto.collector.trace.v1.TraceService"
CALLS: Mapping[str, tuple[str, bytes, Mapping[str, str]]] = {
    "text": (f"{_SERVICE}/Export", RAW * 20, {}),
    "a body that breaks off": (f"{_SERVICE}/Export", WHOLE[:-20], {}),
    "more than is taken": (f"{_SERVICE}/Export", RAW * (LIMIT // len(RAW) + 1), {}),
    "a method": (f"{_SERVICE}/{MAIL}", WHOLE, {}),
    "a service": (f"/{MAIL}/Export", WHOLE, {}),
    "metadata": (f"{_SERVICE}/Export", b"\xff", {"x-user": MAIL, "authorization": MAIL}),
}


def silent(content: bytes | str) -> bool:
    """Whether nothing of the secret stands in `content`."""
    return not SEARCH.owners(content.encode() if isinstance(content, str) else content)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every answer by what was asked, and what the collector said and left behind."""
    home = tmp_path_factory.mktemp("home")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    said: dict[str, bytes] = {}
    with (
        running_collector(home, max_body_bytes=LIMIT) as running,
        ThreadPoolExecutor() as listening,
    ):
        assert running.process.stdout is not None and running.process.stderr is not None
        streams = {"stdout": running.process.stdout, "stderr": running.process.stderr}
        words = {name: listening.submit(stream.read) for name, stream in streams.items()}
        for name, (path, media, body, headers) in BODIES.items():
            said[f"body: {name}"] = whole(running.post(body, media, path, **headers))
        for name, content in STREAMS.items():
            said[f"stream: {name}"] = exchanged(running, content)
        with httpx.Client(base_url=running.api, timeout=30, trust_env=False) as http:
            for name, (method, path, what) in ASKED.items():
                said[f"asked: {name}"] = whole(http.request(method, path, **what))
        said |= {f"call: {name}": call(running, *what) for name, what in CALLS.items()}
        said["a group that cannot be prepared"] = fail_to_prepare(running, home)
        create_token(home, Role.ADMIN, "")
        wrong = {"authorization": f"Bearer {MAIL}"}
        for address in (running.api + "/api/status", running.http + "/v1/traces"):
            method = "GET" if "api" in address else "POST"
            said[f"refused: {method}"] = whole(httpx.request(method, address, headers=wrong))
        assert running.stop() == 0
        said |= {name: word.result().encode() for name, word in words.items()}
    said["home"] = b"\0".join(files(home))
    return said


def whole(answer: httpx.Response) -> bytes:
    return b"%d %s %s" % (answer.status_code, str(answer.headers).encode(), answer.content)


def exchanged(running: RunningCollector, content: bytes) -> bytes:
    """What a bare connection is answered."""
    answer = b""
    with running.connect() as connection:
        connection.settimeout(1)
        try:
            connection.sendall(content)
            connection.shutdown(1)
            while part := connection.recv(65536):
                answer += part
        except OSError:
            pass
    return answer


def call(running: RunningCollector, method: str, body: bytes, metadata: Mapping[str, str]) -> bytes:
    with grpc.insecure_channel(running.grpc) as channel:
        try:
            found = channel.unary_unary(method)(body, timeout=30, metadata=tuple(metadata.items()))
        except grpc.RpcError as exc:
            trailing = [value for _, value in exc.trailing_metadata()]
            return b" ".join(
                part if isinstance(part, bytes) else str(part).encode()
                for part in (exc.code(), exc.details(), *trailing)
            )
    return bytes(found)


def fail_to_prepare(running: RunningCollector, home: Path) -> bytes:
    """The answer to an input whose key cannot be written."""
    (home / "keys" / "inputs.json.new").mkdir()
    logged = logged_input(SPAN, MAIL, limen_label=MAIL)
    answer = running.post(logged.SerializeToString(), path="/v1/logs")
    assert answer.status_code == 503
    return whole(answer)


NAMES = [
    *(f"body: {name}" for name in BODIES),
    *(f"stream: {name}" for name in STREAMS),
    *(f"asked: {name}" for name in ASKED),
    *(f"call: {name}" for name in CALLS),
    *("a group that cannot be prepared", "refused: GET", "refused: POST"),
    *("stdout", "stderr", "home"),
]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_sent_is_said(heard: dict[str, bytes], name: str) -> None:
    assert silent(heard[name]), heard[name][:2000]


def test_every_bad_request_was_heard_and_answered(heard: dict[str, bytes]) -> None:
    assert set(heard) == set(NAMES)
    unanswered = [n for n in NAMES if not heard[n] and n not in ("stdout", "call: metadata")]
    assert [n for n in unanswered if not n.startswith("stream: ")] == []
    assert b"a group could not be prepared: IsADirectoryError" in heard["stderr"]
    refused = [n for n in NAMES if n.startswith("body: ") and heard[n].startswith(b"4")]
    assert len(refused) > 25


def test_a_value_that_the_database_refuses_is_not_said(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even by whoever logs the whole exception, as asyncio does of one that nobody awaits."""
    store.refuse_labels()
    body = traces(request_span(limen_output_label=WORD)).SerializeToString()
    payload = Payload(signal="traces", body=body, sent_bytes=len(body), received=now())
    with caplog.at_level(logging.DEBUG):
        error = store.pipeline.submit(payload).exception(timeout=30)
    assert "a group could not be stored: ConversionException at " in caplog.text
    assert "could not be stored" in str(error)
    assert silent(caplog.text + "".join(traceback.format_exception(error)))


def modules(*packages: Any) -> Iterator[Any]:
    for package in packages:
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            yield importlib.import_module(found.name)


def records() -> list[type]:
    """The dataclasses and models of the collector and of replays."""
    found = {
        thing
        for module in modules(collector, replay)
        for thing in vars(module).values()
        if isinstance(thing, type)
        and thing.__module__ == module.__name__
        and (is_dataclass(thing) or issubclass(thing, BaseModel))
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def types_within(kind: Any) -> set[Any]:
    """`kind` and everything it is made of; of arrays of numbers nothing, of bytes their type."""
    origin = typing.get_origin(kind)
    if origin is np.ndarray:
        return {np.uint8} if np.dtype[np.uint8] in typing.get_args(kind) else set()
    if origin is collections.abc.Callable:
        return set()
    return {kind, origin}.union(*(types_within(part) for part in typing.get_args(kind)))


def holds_values(kind: Any) -> bool:
    """Whether something of this type may hold what a client sent, or a secret."""
    inside = types_within(kind)
    if inside & {bytes, object, Any, np.uint8, SecretStr}:
        return True
    return any(isinstance(part, type) and part.__module__.startswith("pyarrow") for part in inside)


def shown(kind: type) -> dict[str, Any]:
    """The fields that the representation of an object of this class has, with their types."""
    hints = typing.get_type_hints(kind)
    if is_dataclass(kind):
        return {f.name: hints[f.name] for f in fields(kind) if f.repr}
    assert issubclass(kind, BaseModel)
    return {name: hints[name] for name, field in kind.model_fields.items() if field.repr}


@pytest.mark.parametrize("kind", records(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_representation_shows_values(kind: type) -> None:
    values = {name for name, hint in shown(kind).items() if holds_values(hint)}
    # What hides itself, and what a program of ours reads of models and metrics.
    assert not {n for n in values if SecretStr not in types_within(shown(kind)[n])}


@pytest.mark.parametrize("error", [KeyError(MAIL), ValueError(MAIL), ZeroDivisionError(MAIL)])
def test_a_fault_of_a_page_says_what_to_do_and_no_value(
    error: Exception, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def page(error: Exception) -> None:
        from dashboard import states

        with states.guarded():
            raise error

    run = AppTest.from_function(page, args=(error,)).run()
    (box,) = (element.proto.body for element in run.get("html"))
    assert "This page could not be drawn" in box and type(error).__name__ in box
    assert not run.exception
    assert run.button[0].label == "Try again"
    assert all(silent(text) for text in (box, caplog.text, *capfd.readouterr()))
