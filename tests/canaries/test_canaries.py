"""Secrets in every place of OTLP, over every transport, are afterwards found nowhere."""

import base64
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from collector.contract.attributes import ATTRIBUTES
from tests.canaries import surfaces
from tests.canaries.kinds import EVASIONS, INVISIBLE, KINDS, full_width
from tests.canaries.places import (
    KEPT,
    OF_SOMEBODY,
    POLICY,
    START,
    TRANSPORTS,
    Canaries,
    Canary,
    fill,
    logs,
    traces,
)
from tests.canaries.search import Search, forms
from tests.end_to_end.browser import INSTALL, chromium, executable
from tests.end_to_end.processes import dashboard
from tests.otlp import PHONE, Span, request_span
from tests.otlp import traces as sent
from tests.processes import JSON, RunningCollector, running_collector
from tests.receiver import Receiver
from tests.test_body import COMPRESS

# What is no secret, is kept and must be found: else the search proves nothing.
CONTROL = "words that are kept"
SURFACES = (
    "answers to senders",
    "home while it runs",
    "home after it stopped",
    "values in the database",
    "standard output and error",
    "answers of the API",
    "opened inputs",
    "backup",
    "spans passed on",
    "own spans",
)
PAGES = "pages"
STORED = ("home while it runs", "values in the database", "answers of the API", "spans passed on")
DOCUMENT = Path(__file__).parents[2] / "docs" / "privacy.md"

Allowed = Callable[[Canary], bool]

# By the names they have in the document.
LIMITS: Mapping[str, Allowed] = {
    "A value split over two attributes": lambda canary: canary.place == "two attributes",
    "Names of persons": lambda canary: canary.kind == "name",
    "Phone numbers without their country": (
        lambda canary: canary.kind == "phone national" and canary.place.startswith(KEPT)
    ),
    "Addresses of houses": lambda canary: canary.kind == "address",
    "Numbers are kept as numbers": lambda canary: canary.place == START,
    "Ids and digests are what an app makes of them": lambda canary: canary.place == OF_SOMEBODY,
}


def of_control(canary: Canary) -> bool:
    return canary.place == "control"


def of_input(canary: Canary) -> bool:
    return canary.place == "input body"


# What whoever opens a logged input asks for.
OPENED: Mapping[str, tuple[Allowed, ...]] = {"opened inputs": (of_input,)}


@dataclass
class Found:
    """What was found where."""

    canaries: Canaries
    search: Search
    at: dict[str, set[Canary]] = field(default_factory=dict)

    def look(self, surface: str, contents: Iterable[bytes]) -> None:
        owners: set[int] = set()
        for content in contents:
            owners |= self.search.owners(content)
        self.at[surface] = {self.canaries.sent[owner] for owner in owners}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """One collector that was sent everything, and all that came out of it."""
    home = tmp_path_factory.mktemp("home")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    (home / "tmp").mkdir()
    canaries, trace_ids = Canaries(seed=4), [secrets.token_bytes(16) for _ in TRANSPORTS]
    canaries.add(Canary("control", "none", "plain", "all"), (CONTROL,))
    requests = [
        (traces(canaries, transport, trace), logs(canaries, transport))
        for transport, trace in zip(TRANSPORTS, trace_ids, strict=True)
    ]
    metrics = ExportMetricsServiceRequest()
    fill(metrics, "", lambda place: canaries.secret(f"metrics.{place}", "email", "plain", "all"))
    found = Found(canaries, canaries.search())
    with (
        pytest.MonkeyPatch.context() as patch,
        Receiver().serving() as passed_on,
        Receiver().serving() as own,
    ):
        patch.setenv("TMPDIR", str(home / "tmp"))
        with (
            # Ends after the collector: its threads read until the streams end.
            ThreadPoolExecutor() as listening,
            running_collector(home, forward_url=passed_on.url, own_traces_url=own.url) as running,
        ):
            assert running.process.stdout is not None and running.process.stderr is not None
            streams = running.process.stdout, running.process.stderr
            said = [listening.submit(stream.read) for stream in streams]
            control = Span(attributes={KEPT: CONTROL}, trace_id=trace_ids[0])
            newer = sent(request_span(), resource={**PHONE, "service.version": "2.5.0"})
            answers = [
                running.post(request.SerializeToString()).content
                for request in (sent(control), newer)
            ]
            for (spans, records), send in zip(requests, SEND, strict=True):
                answers += [*send(running, "traces", spans), *send(running, "logs", records)]
            answers += send_protobuf(running, "metrics", metrics)
            found.look("answers to senders", answers)
            found.look("home while it runs", surfaces.files(home))
            ask(running, trace_ids, found)
            stored = running.spans()
            passed_on.wait_for(lambda: len(passed_on.taken()) == stored)
            assert running.stop() == 0
            found.look("standard output and error", (words.result().encode() for words in said))
        for surface, receiver in (("spans passed on", passed_on), ("own spans", own)):
            assert receiver.requests
            found.look(surface, (request.body for request in receiver.requests))
    found.look("home after it stopped", surfaces.files(home))
    copy = tmp_path_factory.mktemp("copy") / "copy.duckdb"
    found.look("values in the database", surfaces.values(home / "limen.duckdb", copy))
    return found


def ask(running: RunningCollector, trace_ids: list[bytes], found: Found) -> None:
    """Every question, by a program and by somebody at the pages."""
    with surfaces.Asking(running, trace_ids) as asking:
        found.look("answers of the API", asking.all())
        found.look("opened inputs", asking.inputs)
        found.look("backup", surfaces.members(asking.backup))
    if executable():
        with dashboard(running.api) as url, chromium() as browser:
            found.look(PAGES, surfaces.pages(browser, url))


def send_protobuf(running: RunningCollector, signal: str, request: Message) -> list[bytes]:
    body = COMPRESS["gzip"](request.SerializeToString())
    answer = running.post(body, path=f"/v1/{signal}", content_encoding="gzip")
    assert answer.status_code == 200, answer.content
    return [answer.content, str(answer.headers).encode()]


def send_json(running: RunningCollector, signal: str, request: Message) -> list[bytes]:
    text = MessageToJson(request, indent=None).replace("@", "\\u0040")
    answer = running.post(text.encode(), JSON, path=f"/v1/{signal}")
    assert answer.status_code == 200, answer.content
    return [answer.content, str(answer.headers).encode()]


def send_grpc(running: RunningCollector, signal: str, request: Message) -> list[bytes]:
    stub: Any = {"traces": TraceServiceStub, "logs": LogsServiceStub}[signal]
    with grpc.insecure_channel(running.grpc, compression=grpc.Compression.Gzip) as channel:
        return [stub(channel).Export(request, timeout=60).SerializeToString()]


SEND: tuple[Callable[[RunningCollector, str, Message], list[bytes]], ...] = (
    send_protobuf,
    send_json,
    send_grpc,
)


@pytest.mark.parametrize("surface", [*SURFACES, PAGES])
def test_no_secret_comes_out(found: Found, surface: str) -> None:
    if surface == PAGES and surface not in found.at:
        if os.environ.get("CI"):
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    by_design = (*LIMITS.values(), of_control, *OPENED.get(surface, ()))
    out = {c for c in found.at[surface] if not any(allowed(c) for allowed in by_design)}
    assert not out, f"{len(out)} of {len(found.canaries.sent)}: {sorted(out)[:20]}"


def test_what_comes_out_by_design_is_documented_and_nothing_else_is() -> None:
    text = DOCUMENT.read_text("utf-8").partition("## Known limits")[2].partition("\n## ")[0]
    assert re.findall(r"^- \*\*(.+?)\.?\*\*", text, re.MULTILINE) == list(LIMITS)


@pytest.mark.parametrize("limit", LIMITS)
def test_a_documented_limit_is_still_one(found: Found, limit: str) -> None:
    assert any(LIMITS[limit](canary) for canary in found.at["values in the database"])


@pytest.mark.parametrize("surface", STORED)
def test_what_is_no_secret_is_found_where_secrets_are_looked_for(
    found: Found, surface: str
) -> None:
    assert any(of_control(canary) for canary in found.at[surface])


def test_a_consented_input_is_there_when_it_is_opened_and_nowhere_else(found: Found) -> None:
    bodies = {c for c in found.canaries.sent if of_input(c)}
    assert len(bodies & found.at["opened inputs"]) > len(bodies) / 2


def test_every_place_that_can_hold_text_was_sent_to(found: Found) -> None:
    """What a careless walk over the descriptors would miss."""
    spans, records = "resource_spans.scope_spans.spans", "resource_logs.scope_logs.log_records"
    sent_to = {canary.place for canary in found.canaries.sent}
    assert sent_to >= {
        f"{spans}.name",
        f"{spans}.trace_state",
        f"{spans}.status.message",
        f"{spans}.events.name",
        f"{spans}.events.attributes.key",
        f"{spans}.links.trace_state",
        f"{spans}.links.attributes.string",
        f"{spans}.attributes.list in map in list",
        "resource_spans.schema_url",
        "resource_spans.resource.entity_refs.id_keys",
        "resource_spans.scope_spans.scope.attributes.bytes",
        f"{records}.severity_text",
        f"{records}.event_name",
        "log_records.body.map key",
        *(attribute.name for attribute in ATTRIBUTES),
    }
    for kind in KINDS:
        assert len({c.place for c in found.canaries.sent if c.kind == kind}) > len(ATTRIBUTES)
    assert {c.evasion for c in found.canaries.sent} >= EVASIONS.keys()


MARK = "Xk29fLq83mZ"


@pytest.mark.parametrize(
    "stored",
    [
        *(MARK, MARK.lower(), MARK.upper(), MARK.encode().hex(), MARK.encode().hex().upper()),
        *(full_width(MARK), INVISIBLE.join(MARK)),
        *(base64.b64encode(b"x" * n + MARK.encode() + b"?\xff" * n).decode() for n in range(6)),
    ],
)
@pytest.mark.parametrize("offset", range(9))
def test_a_form_of_a_secret_is_found_wherever_it_stands(stored: str, offset: int) -> None:
    search = Search((form, 7) for form in forms(MARK))
    assert search.owners(b"\0" * offset + stored.encode() + b"\0" * 20) == {7}
    assert search.owners(b"\0" * offset + MARK.encode("utf-16-le")) == {7}
    assert search.owners(b"\0" * offset + stored.encode()[:-4].swapcase()) == set()


def test_digits_are_found_as_a_number_too() -> None:
    search = Search((form, 7) for form in forms("4111-1111-1111-1111"))
    assert search.owners(b"abc" + (4111111111111111).to_bytes(8, "little")) == {7}
