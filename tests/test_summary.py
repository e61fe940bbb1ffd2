"""What a demo says at its end: the bytes that left the phones, all of them and nothing else."""

from collections.abc import Mapping
from typing import Any

import httpx

from demo.summary import summarise
from tests.otlp import PHONE, Span, request_span, traces
from tests.phones import CLOUD
from tests.processes import RunningCollector

NAMELESS = {name: found for name, found in PHONE.items() if name != "app.installation.id"}


def post(collector: RunningCollector, *spans: Span, resource: Mapping[str, Any] = PHONE) -> None:
    answer = httpx.post(
        f"{collector.http}/v1/traces",
        content=traces(*spans, resource=resource).SerializeToString(),
        headers={"content-type": "application/x-protobuf"},
    )
    assert answer.status_code == 200


def sent(below: Span, size: int, host: str) -> Span:
    return below.child("CLIENT", server_address=host, http_request_body_size=size)


def test_every_byte_that_left_a_phone_counts_and_none_that_a_back_end_passed_on(
    collector: RunningCollector,
) -> None:
    request = request_span("fallback")
    asked = sent(request, 100, "api.example.com")
    post(collector, request, asked)
    served = asked.child("SERVER")
    post(collector, served, sent(served, 7, "model.example.com"), resource=CLOUD)
    orphan = sent(request_span(), 20, "ads.example")
    orphan.attributes = {**orphan.attributes, "limen.feature": "image_classify"}
    post(collector, orphan, resource=NAMELESS)
    with collector.client() as client:
        found = summarise(client, [], [], seconds=1.0, ledger=None)
    assert (found.egress_bytes, found.undeclared_bytes) == (120, 20)
