"""One collector in front of another, both killed and started again while spans arrive."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.otlp import PHONE, Span, request_span, traces
from tests.processes import RunningCollector, running_collector
from tests.store import POLICY, Store

pytestmark = pytest.mark.end_to_end

PROTOBUF = {"content-type": "application/x-protobuf"}
IDS = "select trace_id, span_id, parent_span_id, start_time, decision from spans order by all"


def home(path: Path) -> Path:
    path.mkdir()
    (path / "policy.toml").write_text(POLICY, "utf-8")
    return path


def send(collector: RunningCollector, spans: list[Span]) -> None:
    with httpx.Client(base_url=collector.http, headers=PROTOBUF, trust_env=False) as http:
        for span in spans:
            body = traces(span, span.child("CLIENT")).SerializeToString()
            http.post("/v1/traces", content=body).raise_for_status()


def wait_for(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_what_one_collector_stores_reaches_the_next_over_kills_of_both(tmp_path: Path) -> None:
    front, back = home(tmp_path / "front"), home(tmp_path / "back")
    spans = [request_span() for _ in range(90)]
    with running_collector(back) as second:
        place = second.http
        settings = f'forward_url = "{place}"\nforward_headers = "authorization=Bearer%20secret"\n'
        (tmp_path / "limen.toml").write_text(settings, "utf-8")
        with running_collector(front, folder=tmp_path) as first:
            send(first, spans[:30])
            wait_for(lambda: second.spans() > 0)
            send(first, spans[30:40])
            first.process.kill()
            first.process.wait(30)
        second.process.kill()
        second.process.wait(30)
    with running_collector(front, folder=tmp_path) as first:
        send(first, spans[40:80])
        with running_collector(back, "--http", place.removeprefix("http://")) as second:
            send(first, spans[80:])
            wait_for(lambda: second.spans() == 2 * len(spans))
        first.stop()
        assert first.process.stderr is not None
        said = first.process.stderr.read()
    assert f"spans are passed on to {place}\n" in said
    assert "takes spans again" in said and "Traceback" not in said
    assert "secret" not in said and PHONE["app.installation.id"] not in said
    with Store(front) as here, Store(back) as there:
        assert here.rows(IDS) == there.rows(IDS)
        assert len(here.rows(IDS)) == 2 * len(spans)
