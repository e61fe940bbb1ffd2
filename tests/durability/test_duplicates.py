"""What comes more than once is stored once: at once, hours and days later, over restarts."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.durability.phones import stored
from tests.otlp import Span, now, request_span, traces
from tests.store import Store

HOUR = 3600 * 10**9


def check(home: Path, spans: list[Span]) -> None:
    found = stored(home)
    assert found.keys() == {(span.trace_id, span.span_id) for span in spans}
    assert found.total() == len(spans)


def test_a_batch_that_ten_clients_send_at_once_is_stored_once(tmp_path: Path) -> None:
    batches = [[request_span() for _ in range(5)] for _ in range(4)]
    with Store(tmp_path) as store, ThreadPoolExecutor(10) as clients:
        for _ in range(3):
            requests = [traces(*batch) for batch in batches] * 10
            list(clients.map(store.take, requests))
    check(tmp_path, [span for batch in batches for span in batch])


@pytest.mark.parametrize("hours", [18, 7 * 24])
def test_a_batch_sent_again_after_hours_or_days_is_stored_once(tmp_path: Path, hours: int) -> None:
    began = now() - hours * HOUR
    old = [request_span(start=began + n) for n in range(6)]
    recent = [request_span() for _ in range(6)]
    with Store(tmp_path) as store:
        # Half of it was taken at the time; the phone comes back with all of it.
        store.take(traces(*old[:3]), received=began)
        store.take(traces(*recent))
        store.database.checkpoint()
        store.take(traces(*old))
    with Store(tmp_path) as store:
        store.take(traces(*old, *recent))
    check(tmp_path, old + recent)


def test_batches_that_overlap_by_half_are_stored_once(tmp_path: Path) -> None:
    spans = [request_span() for _ in range(12)]
    with Store(tmp_path) as store:
        store.take(*(traces(*spans[at : at + 4]) for at in range(0, 10, 2)))
        for at in range(8, -1, -2):
            store.take(traces(*spans[at : at + 4]))
    check(tmp_path, spans)
