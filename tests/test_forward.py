"""Passing spans on: to a backend that takes them, fails, refuses, hangs or is not there."""

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from collector.contract.errors import BadInput
from collector.forward import forwarder as forwarding
from collector.forward.backend import Backend
from collector.forward.forwarder import SPANS, Forwarder
from collector.permissions.roles import Role
from collector.permissions.tokens import create_token
from collector.store.backlog import Backlog
from collector.store.maintenance import Maintenance
from tests.otlp import PHONE, Span, now, request_span, traces
from tests.processes import running_collector
from tests.receiver import Receiver, Reply
from tests.store import Store
from tests.test_maintenance import DAY
from tests.test_tls import certificate


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(forwarding, "FIRST_WAIT_SECONDS", 0.2)


def forwarder(
    store: Store, url: str, headers: Mapping[str, str] | None = None, ca: Path | None = None
) -> Forwarder:
    return Forwarder(Backlog(store.database), store.health, Backend(url, headers or {}, ca))


def counted(store: Store, outcome: str) -> float | None:
    labels = {"outcome": outcome}
    return store.health.registry.get_sample_value("limen_forwarded_spans_total", labels)


def ids(*spans: Span) -> list[bytes]:
    return sorted(span.span_id for span in spans)


def test_what_comes_after_the_first_start_is_passed_on_once_and_nothing_before(
    store: Store,
) -> None:
    store.take(traces(request_span()))
    later = [request_span() for _ in range(3)]
    with Receiver().serving() as receiver:
        with forwarder(store, receiver.url):
            store.take(traces(later[0]))
            receiver.wait_for(lambda: counted(store, "delivered") == 1)
        store.take(traces(later[1]), traces(later[2]))
        with forwarder(store, f"{receiver.url}/v1/traces/"):
            receiver.wait_for(lambda: counted(store, "delivered") == 3)
        with forwarder(store, f"{receiver.url}/otlp?tenant=a"):
            store.take(traces(last := request_span()))
            receiver.wait_for(lambda: counted(store, "delivered") == 4)
    assert sorted(receiver.taken()) == ids(*later, last)
    paths = [request.path for request in receiver.requests]
    assert set(paths) == {"/v1/traces", "/otlp/v1/traces?tenant=a"}


def test_a_large_commit_is_passed_on_in_parts_once_each(store: Store) -> None:
    spans = [request_span() for _ in range(2 * SPANS + SPANS // 2)]
    with Receiver().serving() as receiver, forwarder(store, receiver.url):
        store.take(traces(*spans))
        receiver.wait_for(lambda: len(receiver.taken()) >= len(spans))
    assert sorted(receiver.taken()) == ids(*spans)
    assert max(len(request.spans()) for request in receiver.requests) == SPANS


@pytest.mark.parametrize(
    "replies",
    [
        (Reply(status=503), Reply(status=502)),
        (Reply(status=429, headers={"retry-after": "1"}),),
        (Reply(status=401),),
        (Reply(status=404),),
        (Reply(status=301, headers={"location": "http://127.0.0.1:9/"}),),
    ],
    ids=lambda replies: "-".join(str(reply.status) for reply in replies),
)
def test_what_the_backend_may_take_later_waits_and_is_said_once(
    store: Store, caplog: pytest.LogCaptureFixture, replies: tuple[Reply, ...]
) -> None:
    span = request_span()
    with Receiver(*replies).serving() as receiver:
        with forwarder(store, receiver.url, {"authorization": "Bearer secret"}):
            store.take(traces(span))
            receiver.wait_for(lambda: counted(store, "delivered") == 1)
    assert receiver.taken() == [span.span_id]
    assert all(r.headers["authorization"] == "Bearer secret" for r in receiver.requests)
    first, *rest = [record.getMessage() for record in caplog.records]
    assert f"answers {replies[0].status}" in first and receiver.url in first
    assert len(rest) == 1 and "takes spans again" in rest[0]
    assert "secret" not in caplog.text and PHONE["app.installation.id"] not in caplog.text
    between = receiver.requests[1].at - receiver.requests[0].at
    assert between >= float(replies[0].headers.get("retry-after", "0.16"))


@pytest.mark.parametrize("status", [400, 500])
def test_what_the_backend_refuses_is_counted_said_and_not_sent_again(
    store: Store, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    refused, taken = request_span(), request_span()
    with Receiver(Reply(status=status)).serving() as receiver:
        with forwarder(store, receiver.url):
            store.take(traces(refused))
            receiver.wait_for(lambda: len(receiver.requests) == 1)
            store.take(traces(taken))
            receiver.wait_for(lambda: counted(store, "delivered") == 1)
    assert receiver.taken() == [taken.span_id]
    assert counted(store, "refused") == 1
    (said,) = [record.getMessage() for record in caplog.records]
    assert f"will not take 1 spans, it answers {status}" in said


def test_what_comes_and_goes_is_said_now_and_then(
    store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = [Reply(status=status) for status in (503, 400, 503, 400, 503, 400)]
    with Receiver(*replies).serving() as receiver, forwarder(store, receiver.url):
        for refused in (1, 2, 3):
            store.take(traces(request_span()))
            receiver.wait_for(lambda: counted(store, "refused") == refused)  # noqa: B023
        said = [record.getMessage() for record in caplog.records]
        assert ["wait" in said[0], "again" in said[1], "1 spans" in said[2]] == [True] * 3
        assert len(said) == 3
        monkeypatch.setattr(forwarding, "SAY_ANEW_SECONDS", 0.0)
        receiver.wait_for(lambda: "will not take 2 spans" in caplog.text)


def test_what_the_backend_rejects_in_part_is_counted_and_said(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(Reply(rejected=2)).serving() as receiver, forwarder(store, receiver.url):
        store.take(traces(*(request_span() for _ in range(5))))
        receiver.wait_for(lambda: counted(store, "delivered") == 3)
    assert counted(store, "refused") == 2
    assert "will not take 2 spans, it took the others" in caplog.text


def test_a_request_that_is_too_large_is_sent_in_parts_and_one_span_given_up(store: Store) -> None:
    spans = [request_span() for _ in range(20)]

    def judge(size: int) -> Reply:
        return Reply(status=413) if size > 3 else Reply()

    with Receiver(judge=judge).serving() as receiver, forwarder(store, receiver.url):
        store.take(traces(*spans))
        receiver.wait_for(lambda: len(set(receiver.taken())) == len(spans))
        receiver.replies.append(Reply(status=413))
        store.take(traces(request_span()))
        receiver.wait_for(lambda: counted(store, "refused") == 1)
    assert sorted(receiver.taken()) == ids(*spans)


def test_a_backend_that_is_not_there_yet_gets_what_waited(store: Store) -> None:
    span = request_span()
    with Receiver().serving() as receiver:
        port = int(receiver.url.rpartition(":")[2])
    with forwarder(store, receiver.url) as running:
        store.take(traces(span))
        receiver.wait_for(lambda: running.waiting_seconds() > 0)
        with receiver.serving(port):
            receiver.wait_for(lambda: bool(receiver.taken()))
            receiver.wait_for(lambda: running.waiting_seconds() == 0)
    assert receiver.taken() == [span.span_id]


def test_it_stops_at_once_while_the_backend_hangs_and_sends_again_after(store: Store) -> None:
    span = request_span()
    with Receiver(Reply(seconds=20)).serving() as receiver:
        with forwarder(store, receiver.url):
            store.take(traces(span))
            receiver.wait_for(lambda: len(receiver.requests) == 1)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        with forwarder(store, receiver.url):
            receiver.wait_for(lambda: len(receiver.requests) == 2)
            receiver.wait_for(lambda: counted(store, "delivered") == 1)
    assert [s.span_id for r in receiver.requests for s in r.spans()] == [span.span_id] * 2


def change(store: Store, sql: str, *values: object) -> None:
    with store.database.write() as transaction:
        transaction._cursor.execute(sql, values)


def test_what_is_erased_while_it_waits_is_not_sent(store: Store) -> None:
    erased, kept = request_span(), request_span()
    with Receiver(Reply(status=503)).serving() as receiver, forwarder(store, receiver.url):
        store.take(traces(erased), traces(kept))
        receiver.wait_for(lambda: len(receiver.requests) == 1)
        change(store, "delete from span_facts where span_id = ?", erased.span_id)
        receiver.wait_for(lambda: bool(receiver.taken()))
    assert receiver.taken() == [kept.span_id]


def test_a_fault_of_our_own_is_said_by_its_place_and_tried_again(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    span = request_span()
    with Receiver().serving() as receiver:
        backlog = Backlog(store.database)
        store.take(traces(span))
        change(store, "update span_contexts set kind = 'NONSENSE'")
        with Forwarder(backlog, store.health, Backend(receiver.url, {})):
            receiver.wait_for(lambda: bool(caplog.records))
            change(store, "update span_contexts set kind = 'CLIENT'")
            receiver.wait_for(lambda: bool(receiver.taken()))
    assert receiver.taken() == [span.span_id]
    assert "ValueError at " in caplog.text and "NONSENSE" not in caplog.text


def test_what_expires_before_it_was_sent_is_counted_and_said(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver().serving() as receiver, forwarder(store, receiver.url):
        store.take(traces(request_span(), request_span()))
        receiver.wait_for(lambda: counted(store, "delivered") == 2)
    backlog = Backlog(store.database)
    store.take(traces(request_span(), request_span(), request_span()))
    maintenance = Maintenance(store.database, store.policy, store.health, backlog)
    maintenance.retain(now() + 29 * DAY)
    assert counted(store, "expired") == 0
    maintenance.retain(now() + 31 * DAY)
    assert counted(store, "expired") == 3
    assert "3 spans deleted that were not passed on" in caplog.text


def test_a_backend_with_tls_and_tokens_is_trusted_by_its_authority(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chain, key = certificate(tmp_path)
    home = tmp_path / "backend"
    _, secret = create_token(home, Role.INGEST, "front")
    headers = {"authorization": f"Bearer {secret}"}
    with running_collector(home, tls_certificate=chain, tls_key=key) as backend:
        with forwarder(store, backend.http, headers):
            store.take(traces(request_span()))
            Receiver().wait_for(lambda: "not trusted" in caplog.text)
        with forwarder(store, backend.http, {}, chain):
            Receiver().wait_for(lambda: "answers 401" in caplog.text)
        with forwarder(store, backend.http, headers, chain):
            Receiver().wait_for(lambda: counted(store, "delivered") == 1)
    assert "set forward_ca" in caplog.text and secret not in caplog.text


def test_certificates_that_cannot_be_read_are_said_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="forward_ca"):
        Backend("https://tempo.example.com", {}, tmp_path / "nowhere.pem")
