"""Retention: what is older than the policy keeps it is gone, from every table."""

import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from collector.contract.arrow import SCORES
from collector.contract.errors import Overloaded
from collector.contract.records import Spent, Sweep
from collector.store import maintenance as upkeep
from collector.store.maintenance import Maintenance
from collector.store.schema import ddl
from tests.otlp import logged_input, now, request_span, traces
from tests.store import POLICY, Store, policy_from
from tests.test_inputs import REQUEST

DAY = 24 * 3600 * 10**9
KEPT = ("spans", "batches", "inputs", "replays", "replay_chunks", "replay_scores")


def counts(store: Store) -> dict[str, int]:
    return {
        name: store.rows(f"select count(*) as n from {name}")[0]["n"] for name in (*KEPT, "sweeps")
    }


def fill(store: Store) -> None:
    """A span, an input and a replay of it."""
    request = request_span()
    store.take(traces(request), logged_input(request, b"body"))
    run = store.replays.create(REQUEST)
    case = store.replays.open_inputs(run.run, 0, "a test").column("case")
    rows = {name: [None] for name in SCORES.names} | {"case": case.to_pylist()[:1]}
    store.replays.save_chunk(run.run, 0, pa.table(rows, schema=SCORES), Spent())
    sweep = {"run": run.run, "reference": "label", "cases": 0, "current": None, "points": ()}
    store.replays.save_sweep(Sweep.model_validate(sweep | {"recommended": None, "reason": ""}))


def test_each_table_is_kept_as_long_as_the_policy_says(tmp_path: Path) -> None:
    text = POLICY.replace("[[hosts]]", "retention_days = 30\ninput_days = 10\n[[hosts]]", 1)
    with Store(tmp_path, policy_from(text, tmp_path)) as store:
        fill(store)
        maintenance = Maintenance(store.database, store.policy, store.health)
        maintenance.retain(now() + 9 * DAY)
        assert all(counts(store).values())
        maintenance.retain(now() + 11 * DAY)
        assert [n for n, count in counts(store).items() if count] == ["spans", "batches"]
        maintenance.retain(now() + 31 * DAY)
        assert not any(counts(store).values())


def test_of_those_who_ask_after_the_rollup_at_most_one_is_answered_between_two_steps(
    store: Store,
) -> None:
    store.take(traces(request_span("fallback")))
    turns, found = store.database.turns, []
    upkeep = Maintenance(store.database, store.policy, store.health)
    rollup = threading.Thread(target=upkeep.roll_up)
    readers = [
        threading.Thread(
            target=lambda: found.extend(store.rows("select commit_number from rollup_state"))
        )
        for _ in range(8)
    ]
    # Somebody is being answered.
    with turns.answering:
        rollup.start()
        while not turns.taken:
            time.sleep(0.01)
        for reader in readers:
            reader.start()
        while turns.waiting < len(readers):
            time.sleep(0.01)
    for one in (rollup, *readers):
        one.join()
    covered = store.rows("select max(commit_number) as commit_number from span_facts")
    # It has four steps.
    assert len(readers) - found.count(*covered) <= 3


def test_whoever_has_the_turn_lets_one_by_who_waits(store: Store) -> None:
    turns, answered = store.database.turns, []
    readers = [
        threading.Thread(target=lambda: answered.append(store.rows("select 1"))) for _ in range(2)
    ]
    with turns.take():
        turns.give_way()
        for reader in readers:
            reader.start()
        while turns.waiting < len(readers):
            time.sleep(0.01)
        store.rows("select 1")
        assert not answered
        turns.give_way()
        while not answered:
            store.rows("select 1")
        assert turns.waiting == len(readers) - 1
    for reader in readers:
        reader.join()
    assert len(answered) == len(readers)


def test_the_log_is_moved_into_the_file_once_it_holds_so_many_spans(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LOOK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(upkeep, "LARGEST_LOG_SPANS", 20)
    with Maintenance(store.database, store.policy, store.health):
        store.take(*(traces(request_span()) for _ in range(20)))
        time.sleep(0.1)
        assert store.database.log_spans() == 20 and store.database.log_bytes() > 0
        store.take(traces(request_span()))
        while store.database.log_spans():
            time.sleep(0.01)
    assert counts(store)["spans"] == 21


def test_upkeep_runs_beside_a_busy_store_and_stops(store: Store) -> None:
    with Maintenance(store.database, store.policy, store.health):
        store.take(*(traces(request_span()) for _ in range(20)))
    assert counts(store)["spans"] == 20


def test_a_stop_ends_what_upkeep_reads_and_nothing_is_lost(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    asked = request_span("fallback")
    store.take(traces(asked, asked.child("CLIENT", server_address="api.example.com")))
    left = store.ask("transfers", destination="api.example.com")
    # Without an end, but that any question has.
    store.database._write_cursor.execute(
        "create or replace macro unrolled(last) as table"
        " select 'x'::blob as trace_id, x as earliest, y as latest"
        " from range(1000000) a(x), range(1000000) b(y) where hash(x, y) = 1"
    )
    with Maintenance(store.database, store.policy, store.health) as maintenance:
        while maintenance._task != "rollup":
            time.sleep(0.01)
    assert "rollup was given up: the collector stops" in caplog.text
    assert "longer than" not in caplog.text
    with pytest.raises(Overloaded, match="compaction was given up: the collector stops"):
        maintenance._one.release()
        maintenance.compact(now())
    store.database._write_cursor.execute(ddl("unrolled"))
    again = Maintenance(store.database, store.policy, store.health)
    again.roll_up()
    again.compact(now())
    assert store.ask("transfers", destination="api.example.com") == left
    assert left[0]["transfers"] == 1 and counts(store)["spans"] == 2


def test_no_fault_ends_the_upkeep(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("LOOK_EVERY_SECONDS", "PAUSE_SECONDS"):
        monkeypatch.setattr(upkeep, name, 0.01)
    looked = threading.Semaphore(0)

    def denied() -> int:
        looked.release()
        raise PermissionError("ada-lovelace-17")

    with Maintenance(store.database, store.policy, store.health):
        monkeypatch.setattr(store.database, "log_bytes", denied)
        assert all(looked.acquire(timeout=30) for _ in range(3))
    assert "maintenance: PermissionError at" in caplog.text
    assert "ada-lovelace" not in caplog.text
