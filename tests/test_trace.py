"""What is told of one trace: its spans, what its calls show of the clocks, the requests around."""

import pytest

from tests.otlp import PHONE, now, request_span, traces
from tests.store import Store
from tests.test_departures import CLOUD, client

SECOND = 10**9
MS = 10**6
OTHER = {**PHONE, "app.installation.id": "phone-2"}


def test_the_requests_of_the_same_installation_around_it_are_told_in_order(store: Store) -> None:
    begin = now() - 3600 * SECOND
    spans = [request_span("accept", start=begin + n * SECOND) for n in range(14)]
    far = request_span("accept", start=begin - 2 * 24 * 3600 * SECOND)
    store.take(traces(*spans, far), traces(request_span(start=begin), resource=OTHER))
    found = store.reader.trace(spans[6].trace_id.hex())["neighbours"]
    assert [row["trace_id"] for row in found] == [
        spans[n].trace_id.hex() for n in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11)
    ]
    assert (found[0]["feature"], found[0]["decision"]) == ("image_classify", "accept")


def test_a_request_of_no_known_installation_has_no_neighbours(store: Store) -> None:
    nobody = {k: v for k, v in PHONE.items() if k != "app.installation.id"}
    spans = [request_span(), request_span()]
    store.take(traces(*spans, resource=nobody))
    assert store.reader.trace(spans[0].trace_id.hex())["neighbours"] == []


@pytest.mark.parametrize("behind", [0, 3 * SECOND, -3600 * SECOND])
def test_a_call_shows_the_skew_of_the_clocks_and_rewrites_nothing(
    store: Store, behind: int
) -> None:
    request = request_span("fallback", start=now() - 60 * SECOND)
    sent = client(request)
    sent.duration = 100 * MS
    served = sent.child("SERVER")
    served.start, served.duration = sent.start + 20 * MS + behind, 60 * MS
    store.take(traces(request, sent), traces(served, resource=CLOUD))
    found = store.reader.trace(request.trace_id.hex())
    (skew,) = found["skews"]
    assert skew == {
        "span_id": sent.span_id.hex(),
        "skew_ms": pytest.approx(behind / MS),
        "uncertainty_ms": 20.0,
    }
    offsets = {span["kind"]: span["offset_ms"] for span in found["spans"]}
    assert offsets["SERVER"] - offsets["CLIENT"] == pytest.approx(20 + behind / MS)
