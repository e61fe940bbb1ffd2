"""From bytes to committed rows: groups, duplicates, refusals."""

import random
import time
from pathlib import Path

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.contract.errors import BadInput, Overloaded
from collector.decode import _TRACES
from collector.intake.payload import Payload
from collector.store.writer import Part
from tests.otlp import PHONE, Span, now, request_span, traces
from tests.store import Store
from tests.wire import ATTRIBUTES, SPANS, field, request, varint

HOUR = 3600 * 10**9


def payload(body: bytes) -> Payload:
    return Payload(signal="traces", body=body, sent_bytes=len(body), received=now())


def count(store: Store) -> int:
    found: int = store.rows("select count(*) as n from spans")[0]["n"]
    return found


def test_what_was_answered_is_in_the_file_after_a_restart(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.take(*(traces(Span(), Span()) for _ in range(20)))
    with Store(tmp_path) as store:
        assert count(store) == 40


def test_an_empty_request_is_taken(store: Store) -> None:
    assert store.take(ExportTraceServiceRequest())[0].rejected == 0
    assert count(store) == 0


def test_only_the_broken_request_of_a_group_is_refused(store: Store) -> None:
    good = [traces(Span()).SerializeToString() for _ in range(30)]
    bodies = [*good[:15], b"\xff not protobuf", *good[15:]]
    futures = [store.pipeline.submit(payload(body)) for body in bodies]
    refused = [future.exception(timeout=30) for future in futures]
    assert [isinstance(error, BadInput) for error in refused] == [b not in good for b in bodies]
    assert count(store) == 30


def test_truncated_or_random_bytes_are_refused_or_taken_and_never_stop_the_pipeline(
    store: Store,
) -> None:
    whole = traces(*(request_span() for _ in range(3))).SerializeToString()
    rng = random.Random(7)
    bodies = [whole[:cut] for cut in range(0, len(whole), 7)]
    bodies += [rng.randbytes(rng.randrange(200)) for _ in range(100)]
    for body in bodies:
        error = store.pipeline.submit(payload(body)).exception(timeout=30)
        assert error is None or isinstance(error, BadInput)
    before = count(store)
    store.take(traces(Span()))
    assert count(store) == before + 1


def test_what_the_decoder_panics_on_is_refused_and_never_stops_the_pipeline(store: Store) -> None:
    # A panic of Rust's is no Exception: the thread would end, and all who wait with it.
    body = request(field(SPANS, field(ATTRIBUTES, b"\x0a" + varint(2**64 - 1))))
    with pytest.raises(BaseException, match="slice index"):
        _TRACES.list_to_record_batch([body])  # type: ignore[attr-defined]
    good = traces(Span()).SerializeToString()
    futures = [store.pipeline.submit(payload(one)) for one in (good, body, good)]
    assert isinstance(futures[1].exception(timeout=30), BadInput)
    assert futures[0].result(timeout=30) == futures[2].result(timeout=30)


def test_a_span_is_stored_once_however_often_it_comes(store: Store) -> None:
    spans = [Span() for _ in range(5)]
    twice_in_one = traces(*spans, *spans)
    store.take(twice_in_one, twice_in_one)
    store.take(traces(*spans[:3], Span()))
    assert count(store) == 6


def test_the_first_copy_of_a_span_wins(store: Store) -> None:
    first = request_span("fallback")
    later = Span(
        trace_id=first.trace_id,
        span_id=first.span_id,
        start=first.start,
        attributes={"limen.feature": "image_classify", "limen.decision": "accept"},
    )
    store.take(traces(first))
    store.take(traces(later))
    assert [r["decision"] for r in store.rows("select decision from spans")] == ["fallback"]


def test_a_copy_that_comes_days_late_or_after_a_restart_is_still_one(tmp_path: Path) -> None:
    old = [request_span(start=now() - 50 * HOUR) for _ in range(4)]
    with Store(tmp_path) as store:
        store.take(traces(*old, Span()))
    with Store(tmp_path) as store:
        store.take(traces(*old, Span()))
        assert count(store) == 6


def test_the_same_span_id_at_another_time_is_another_span(store: Store) -> None:
    one = Span(span_id=b"\xffsame-ne")
    store.take(traces(one, Span(span_id=b"\xffsame-ne", start=one.start + 1)))
    assert count(store) == 2


def test_a_full_queue_asks_the_client_to_come_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.pipeline._arrived, "maxsize", 1)
    with pytest.raises(Overloaded), store.database._writing:
        for _ in range(50):
            store.pipeline.submit(payload(traces(Span()).SerializeToString()))


def test_a_failing_store_keeps_the_client_its_data_and_the_log_free_of_values(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "ada-lovelace-17"
    # DuckDB's message would quote the value.
    store.refuse_labels()
    with pytest.raises(Overloaded) as refused:
        store.take(traces(Span(attributes={"limen.output.label": secret})))
    assert not store.pipeline.healthy
    assert "could not be stored" in caplog.text
    assert secret not in caplog.text + str(refused.value)
    store.take(traces(Span()))
    assert store.pipeline.healthy and count(store) == 1


def test_a_database_whose_connection_is_gone_is_opened_anew(store: Store) -> None:
    store.take(traces(Span()))
    store.database._write_cursor.close()
    store.database._connection.close()
    with pytest.raises(Overloaded):
        store.take(traces(Span()))
    assert not store.pipeline.healthy
    store.take(traces(Span()))
    assert store.pipeline.healthy and count(store) == 2


def test_a_request_that_is_given_up_while_it_waits_stops_nothing(store: Store) -> None:
    body = traces(Span()).SerializeToString()
    with store.database._writing:
        futures = [store.pipeline.submit(payload(body)) for _ in range(4)]
        futures += [store.pipeline.submit(payload(b"\xff\xff"))]
        assert all(future.cancel() for future in futures)
    store.take(traces(Span()))
    assert store.pipeline.healthy and count(store) == 2


def test_a_fault_where_groups_are_parted_is_answered_and_stops_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [traces(Span()).SerializeToString(), b"\xff\xff", traces(Span()).SerializeToString()]
    with monkeypatch.context() as faulty:
        faulty.setattr(Part, "late", lambda _: 1 // 0)
        futures = [store.pipeline.submit(payload(body)) for body in bodies]
        found = [type(future.exception(timeout=30)) for future in futures]
    assert found == [Overloaded, BadInput, Overloaded]
    store.take(traces(Span()))
    assert count(store) == 1


def test_what_cannot_be_counted_is_answered_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as faulty:
        faulty.setattr(store.health, "_report", lambda *_: 1 // 0)
        store.take(traces(Span()))
    assert "could not be counted: ZeroDivisionError" in caplog.text
    store.take(traces(Span()))
    assert count(store) == 2


def test_nothing_is_taken_that_would_wait_behind_the_end(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.take(traces(Span()))
    with pytest.raises(Overloaded, match="stopping"):
        store.take(traces(Span()))


def test_each_request_is_noted_with_its_size_and_source(store: Store) -> None:
    request = traces(Span(), Span(trace_id=bytes(16)))
    store.take(request, traces(Span(), resource={}))
    batches = store.rows("select * from batches order by app nulls last")
    assert batches[0]["body_bytes"] == request.ByteSize()
    assert (batches[0]["records"], batches[0]["rejected"]) == (1, 1)
    assert batches[0]["installation"] == store.pseudonym(PHONE["app.installation.id"])
    assert batches[1]["app"] is None


def test_every_row_knows_the_policy_that_let_it_in(store: Store) -> None:
    store.take(traces(Span()))
    assert store.rows("select policy_version from spans")[0]["policy_version"] == "2026-11-01"


def waiting_together(store: Store, *requests: Message) -> None:
    """Takes `requests` as one group."""
    with store.database._writing:
        # A first one occupies the writer while the others gather.
        futures = [store.pipeline.submit(payload(traces(Span()).SerializeToString()))]
        while not store.pipeline._arrived.empty():
            time.sleep(0.001)
        futures += [store.pipeline.submit(payload(r.SerializeToString())) for r in requests]
    for future in futures:
        future.result(timeout=30)


def test_late_spans_are_stored_in_a_group_of_their_own(store: Store) -> None:
    on_time, late = Span(name="on_time"), Span(name="late", start=now() - 2 * HOUR)
    email = {"user.email": "ada@example.com"}
    waiting_together(
        store,
        traces(on_time, Span(name="on_time", attributes=email)),
        traces(late, Span(name="with_late", attributes=email)),
        traces(Span(name="on_time")),
    )
    rows = store.rows("select name, commit_number as n from spans where name not like 'route%'")
    groups = {
        name: {r["n"] for r in rows if r["name"] == name}
        for name in ("on_time", "late", "with_late")
    }
    assert groups["on_time"].isdisjoint(groups["late"])
    # A request is committed whole, and what it held is counted once.
    assert groups["with_late"] == groups["late"]
    (dropped,) = store.rows(
        "select sum(r.occurrences) as n from (select unnest(redactions) as r from batches)"
        " where r.field = '(unnamed attributes)'"
    )
    assert dropped["n"] == 2
    assert store.rows("select count(*) as n from batches")[0]["n"] == 4


def test_copies_in_one_group_are_one_span_whether_late_or_not(store: Store) -> None:
    on_time, late = Span(), Span(start=now() - 30 * HOUR)
    waiting_together(store, traces(late, on_time), traces(on_time), traces(late), traces(late))
    waiting_together(store, traces(on_time, Span()), traces(late))
    assert count(store) == 5


def test_late_spans_alone_do_not_wait_for_others(store: Store) -> None:
    for _ in range(3):
        store.take(traces(Span(start=now() - 2 * HOUR)))
    assert count(store) == 3


def test_a_start_beyond_any_clock_is_stored_once(store: Store) -> None:
    odd = [Span(start=2**63 + 5), Span(start=1), Span(start=2**63 - 1), Span()]
    for _ in range(2):
        store.take(traces(*odd))
    assert count(store) == 4


def test_small_requests_that_come_during_a_commit_are_one_group(store: Store) -> None:
    waiting_together(store, *(traces(Span(name="together")) for _ in range(30)))
    (row,) = store.rows(
        "select count(*) as spans, count(distinct commit_number) as commits from spans "
        "where name = 'together'"
    )
    assert row == {"spans": 30, "commits": 1}
