"""OTLP over HTTP on a real port: what is taken, what is refused and how."""

import gzip
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.otlp import Span, traces
from tests.processes import RunningCollector, running_collector

PROTOBUF = {"content-type": "application/x-protobuf"}


def test_a_gzip_body_of_several_members_is_one_body(collector: RunningCollector) -> None:
    body = traces(Span(), Span()).SerializeToString()
    before = collector.spans()
    halves = gzip.compress(body[:40]) + gzip.compress(body[40:])
    assert collector.post(halves, content_encoding="gzip").status_code == 200
    assert collector.spans() == before + 2


def test_a_phone_that_hangs_up_while_it_sends_is_no_error(tmp_path: Path) -> None:
    with running_collector(tmp_path) as running:
        address = urlsplit(running.http)
        for _ in range(3):
            with socket.create_connection((address.hostname, address.port)) as phone:
                phone.sendall(
                    b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n"
                    b"content-type: application/x-protobuf\r\n\r\nabc"
                )
        assert running.post(traces(Span()).SerializeToString()).status_code == 200
        running.stop()
        assert running.process.stderr is not None
        assert "Exception" not in running.process.stderr.read()


def test_the_two_doors_are_apart(collector: RunningCollector) -> None:
    body = traces(Span()).SerializeToString()
    wrong = httpx.post(collector.api + "/v1/traces", content=body, headers=PROTOBUF)
    assert wrong.status_code == 404
    astray = httpx.get(collector.http + "/api/status")
    assert astray.status_code == 404 and b"send to /v1/traces, /v1/logs" in astray.content
