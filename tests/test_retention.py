"""Retention: whole days go when the policy says so, a feature's sooner, and each run says what."""

import json
import logging
import threading
from pathlib import Path

import pytest

from collector.contract.policy import Policy
from collector.store.maintenance import Maintenance
from collector.store.retention import Retention, limits
from tests.otlp import logged_input, now, request_span, traces
from tests.store import POLICY, Store, policy_from
from tests.test_inputs import REQUEST

HOUR = 3600 * 10**9
DAY = 24 * HOUR
MIDNIGHT = now() // DAY * DAY

SHORTER = POLICY.replace(
    "[features.image_classify]",
    "[features.barcode_scan]\n[features.image_classify]\nretention_days = 7",
    1,
)


def maintenance(store: Store) -> Maintenance:
    return Maintenance(store.database, store.policy, store.health)


def one(store: Store, sql: str) -> object:
    (row,) = store.rows(sql)
    (value,) = row.values()
    return value


@pytest.mark.parametrize("time_of_day", [0, DAY - 1])
def test_today_and_the_days_the_policy_names_are_kept_whole(time_of_day: int) -> None:
    (limit,) = limits(Policy(retention_days=30, input_days=10), MIDNIGHT + time_of_day)
    assert limit.telemetry == MIDNIGHT - 30 * DAY
    assert limit.inputs == MIDNIGHT - 10 * DAY


def test_a_day_received_goes_as_a_whole(store: Store) -> None:
    for hour in range(-2, 2):
        store.take(traces(request_span()), received=MIDNIGHT + hour * HOUR)
    assert not maintenance(store).retain(MIDNIGHT + 30 * DAY - 1).total()
    gone = maintenance(store).retain(MIDNIGHT + 30 * DAY)
    assert gone["span_facts"] == gone["batches"] == 2
    assert one(store, "select min(received_time) from spans") == MIDNIGHT


def test_a_feature_is_kept_shorter_with_its_inputs_and_their_replays(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(SHORTER, tmp_path)) as store:
        asked = request_span(decision="fallback")
        unnamed = asked.child("CLIENT", server_address="api.example.com")
        other = request_span(limen_feature="barcode_scan")
        store.take(traces(asked, unnamed, other), logged_input(asked, b"body"))
        store.replays.create(REQUEST)
        gone = maintenance(store).retain(now() + 8 * DAY)
        assert {table: rows for table, rows in gone.items() if rows} == {
            "span_facts": 1,
            "input_pieces": 1,
            "inputs": 1,
            "replays": 1,
        }
        # What does not say the feature stays as long as everything else.
        left = store.rows("select feature from spans order by feature nulls first")
        assert [row["feature"] for row in left] == [None, "barcode_scan"]


def test_each_run_that_deleted_something_says_what(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(20):
        store.take(traces(*(request_span() for _ in range(200))))
    store.database.checkpoint()
    held = store.database.space().used
    maintenance(store).retain(now())
    assert not caplog.messages and one(store, "select count(*) from audit") == 1

    maintenance(store).retain(now() + 31 * DAY)
    freed = held - store.database.space().used
    assert freed > 0
    (row,) = store.rows("select action, detail from audit where number > 0")
    assert row["action"] == "retention"
    said = json.loads(str(row["detail"]))
    assert said["freed_bytes"] == freed
    assert said["reusable_bytes"] == store.database.space().reusable
    assert said["rows"]["span_facts"] == 4000 and said["rows"]["batches"] == 20
    (line,) = caplog.messages
    assert "rows deleted" in line and f"{freed / 2**20:.1f} MiB freed" in line
    exposed = store.health.exposition("")[0].decode()
    assert 'limen_expired_rows_total{table="span_facts"} 4000.0' in exposed
    assert f'limen_freed_bytes_total{{task="retention"}} {float(freed)}' in exposed


def test_writes_are_taken_between_the_slices(store: Store) -> None:
    for hour in range(12):
        store.take(traces(request_span()), received=MIDNIGHT + hour * HOUR)
    done = threading.Event()
    taken: list[int] = []

    def write() -> None:
        while not done.is_set() or not taken:
            taken.extend(r.rejected for r in store.take(traces(request_span())))

    writing = threading.Thread(target=write)
    writing.start()
    try:
        gone = maintenance(store).retain(MIDNIGHT + 31 * DAY)
    finally:
        done.set()
        writing.join()
    assert gone["span_facts"] >= 12
    assert one(store, "select count(*) from spans") == 12 + len(taken) - gone["span_facts"]


def test_stopping_ends_it_after_the_slice_at_hand(store: Store) -> None:
    for hour in range(3):
        store.take(traces(request_span()), received=MIDNIGHT + hour * HOUR)
    stopping = Retention(store.database, store.policy, store.health, between=lambda: True)
    assert stopping.run(MIDNIGHT + 31 * DAY)["span_facts"] == 1
    assert maintenance(store).retain(MIDNIGHT + 31 * DAY)["span_facts"] == 2
