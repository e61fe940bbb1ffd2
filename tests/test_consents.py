"""A departure is judged by the consent of its own time, whenever anything of it arrives."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.otlp import PHONE, Span, consent, now, request_span, traces
from tests.store import Store
from tests.test_departures import API, client
from tests.test_erasure import erase

HOUR = 3600 * 10**9


def departure(start: int, **more: Any) -> tuple[Span, Span]:
    request = request_span("fallback", start=start)
    return request, client(request, **more)


def ledger(store: Store) -> list[dict[str, Any]]:
    rows = store.ask("ledger")
    return [row for row in reversed(rows) if row["destination"] != "telemetry"]


def rfc3339(ns: int) -> str:
    return datetime.fromtimestamp(ns // 10**9, UTC).isoformat()


def test_the_ledger_says_all_that_is_known_of_a_departure(store: Store) -> None:
    request, sent = departure(now(), limen_consent_version="3")
    served = sent.child("SERVER", http_request_body_size=90, limen_retained=True)
    served.attributes = {**served.attributes, "limen.trained_on": False}
    store.take(traces(request, sent), traces(served, resource={"service.name": "cloud"}))
    (row,) = ledger(store)
    assert row == row | {
        "app": "fieldnotes",
        "release": "2.4.0",
        "feature": "image_classify",
        "leg": "device",
        "cause": "fallback",
        "destination": "api.example.com",
        "owner": "Example Ltd",
        "role": "first_party",
        "region": "eu-west-1",
        "category": "image",
        "purpose": "app_functionality",
        "consent": "granted",
        "consent_from": "span",
        "consent_version": "3",
        "consent_since": None,
        "declared": True,
        "bytes": 100,
        "bytes_received": 90,
        "measure": "http.request.body.size",
        "retained": True,
        "trained_on": False,
        "policy": "2026-11-01",
        "trace_id": request.trace_id.hex(),
    }


def test_our_own_telemetry_has_its_line(store: Store) -> None:
    store.take(traces(request_span()))
    (row,) = store.ask("ledger")
    assert (row["destination"], row["owner"], row["retained"]) == ("telemetry", "Limen", True)
    assert row["bytes"] == row["bytes_received"] > 0 and row["trace_id"] is None


@pytest.mark.parametrize("late", [False, True], ids=["in order", "history first"])
def test_the_state_is_that_of_the_departures_own_time(store: Store, late: bool) -> None:
    start = now() - 10 * HOUR
    history = [
        consent("granted", start + HOUR, version="1"),
        consent("withdrawn", start + 3 * HOUR, version="1"),
        consent("granted", start + 5 * HOUR, version="2"),
    ]
    sends = [
        traces(*departure(start + hours * HOUR, limen_consent_state=None)) for hours in (0, 2, 4, 6)
    ]
    for request in history + sends if late else sends + history:
        store.take(request)
    rows = ledger(store)
    assert [row["consent"] for row in rows] == ["unknown", "granted", "withdrawn", "granted"]
    assert [row["declared"] for row in rows] == [None, True, False, True]
    assert [row["consent_version"] for row in rows] == [None, "1", "1", "2"]
    assert rows[3]["consent_from"] == "history"
    assert rows[3]["consent_since"][:19] == rfc3339(start + 5 * HOUR)[:19]
    later = store.rows(
        "select granted_later as l from departures(0, 4611686018427387904, null) order by time"
    )
    assert [row["l"] for row in later][:4] == [True, False, False, False]


def test_consent_to_another_purpose_or_of_another_phone_is_none(store: Store) -> None:
    start = now() - HOUR
    store.take(
        consent("granted", start - HOUR, purpose="analytics"),
        consent("granted", start - HOUR, {**PHONE, "app.installation.id": "phone-2"}),
        traces(*departure(start, limen_consent_state=None)),
    )
    (row,) = ledger(store)
    assert (row["consent"], row["consent_from"]) == ("unknown", None)
    found = store.rows(
        "select granted_otherwise as o, granted_later as l"
        " from departures(0, 4611686018427387904, null)"
        " where destination <> 'telemetry'"
    )
    assert found == [{"o": True, "l": False}]


@pytest.mark.parametrize(
    ("said", "since", "history", "expected"),
    [
        # The span does not say since when: what permits less.
        ("granted", None, "withdrawn", ("withdrawn", "history")),
        ("denied", None, "granted", ("denied", "span")),
        ("granted", None, "granted", ("granted", "history")),
        ("unknown", None, "granted", ("granted", "history")),
        # It does: the newer word.
        ("granted", -1, "withdrawn", ("granted", "span")),
        ("granted", -3, "withdrawn", ("withdrawn", "history")),
        ("withdrawn", -3, "granted", ("granted", "history")),
    ],
)
def test_the_newer_of_span_and_history_speaks(
    store: Store, said: str, since: int | None, history: str, expected: tuple[str, str]
) -> None:
    start = now() - HOUR
    changed = None if since is None else rfc3339(start + since * HOUR)
    more = {"limen.consent.changed_at": changed} if changed else {}
    request, sent = departure(start, limen_consent_state=said)
    sent.attributes = {**sent.attributes, **more}
    store.take(consent(history, start - 2 * HOUR), traces(request, sent))
    (row,) = ledger(store)
    assert (row["consent"], row["consent_from"]) == expected


def test_what_a_back_end_passes_on_is_judged_by_the_consent_of_the_phone(store: Store) -> None:
    start = now() - HOUR
    request, sent = departure(start)
    served = sent.child("SERVER")
    onward = served.child("CLIENT", **{**API, "limen_consent_state": "granted"})
    store.take(
        consent("withdrawn", start - HOUR),
        traces(request, sent),
        traces(served, onward, resource={"service.name": "cloud"}),
    )
    assert {row["leg"]: row["consent"] for row in ledger(store)} == {
        "device": "withdrawn",
        "onward": "withdrawn",
    }


def test_what_is_told_again_is_kept_once_with_its_own_time_however_old(store: Store) -> None:
    given = now() - 900 * 24 * HOUR
    for _ in range(2):
        store.take(consent("granted", given, version="1"), consent("granted", given, version="1"))
    store.take(consent("granted", given, version="2"))
    rows = store.rows("select time, state, version from consents order by version")
    assert [(row["time"], row["version"]) for row in rows] == [(given, "1"), (given, "2")]


def test_a_time_still_to_come_is_when_it_was_received(store: Store) -> None:
    for time in (now() + 24 * HOUR, 0, 2**64 - 1):
        store.take(consent("granted", time, version=str(time)[:10]), received=5 * HOUR)
    assert store.rows("select distinct time from consents") == [{"time": 5 * HOUR}]


@pytest.mark.parametrize(
    "request_",
    [
        consent(None, 1),
        consent("unknown", 1),
        consent("perhaps", 1),
        consent("granted", 1, purpose=None),
        consent("granted", 1, purpose="fun"),
        consent("granted", 1, {"service.name": "x"}),
    ],
)
def test_an_entry_that_does_not_say_whose_what_or_how_is_dropped_and_said(
    store: Store, request_: Any
) -> None:
    receipt = store.take(request_)[0]
    assert (receipt.rejected, receipt.message) == (1, "not stored: incomplete consent")
    assert store.rows("select count(*) as n from consents") == [{"n": 0}]
    (row,) = [row for row in store.ask("redaction") if row["field"] == "limen.consent"]
    assert (row["detector"], row["values"]) == ("incomplete consent", 1)


def test_the_history_goes_with_retention(store: Store) -> None:
    from collector.store.retention import Retention

    store.take(consent("granted", 1), received=now() - 40 * 24 * HOUR)
    store.take(consent("withdrawn", 2))
    gone = Retention(store.database, store.policy, store.health, lambda: False).run(now())
    assert gone["consents"] == 1
    assert store.rows("select state from consents") == [{"state": "withdrawn"}]


def test_an_erased_installation_has_no_history_and_gets_none(store: Store) -> None:
    other = {**PHONE, "app.installation.id": "phone-2"}
    store.take(consent("granted", 1), consent("granted", 1, other))
    assert erase(store, "phone-1").deleted["consents"] == 1
    receipt = store.take(consent("granted", 2))[0]
    assert (receipt.rejected, receipt.message) == (1, "not stored: erased")
    assert [row["installation"] for row in store.rows("select installation from consents")] == [
        store.pseudonym("phone-2")
    ]
