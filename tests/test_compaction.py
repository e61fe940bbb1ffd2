"""Compaction: a file without what was deleted, made while data keeps arriving."""

import threading
from pathlib import Path

import pytest

from collector.contract.errors import Overloaded
from collector.contract.records import Query
from collector.metrics import metrics
from collector.store.maintenance import Maintenance
from tests.otlp import PHONE, Span, logged_input, now, request_span, traces
from tests.store import POLICY, Store, policy_from
from tests.test_maintenance import DAY, fill

METRICS = tuple(metrics())


def maintenance(store: Store) -> Maintenance:
    return Maintenance(store.database, store.policy, store.health)


def tables(store: Store) -> dict[str, list[dict[str, object]]]:
    names = [
        row["name"]
        for row in store.rows("select table_name as name from duckdb_tables() order by 1")
        if row["name"] not in ("audit", "span_sources", "span_contexts")
    ]
    return {name: store.rows(f"select * from {name} order by all") for name in names}


def bytes_under(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_every_row_and_answer_is_as_before(store: Store) -> None:
    fill(store)
    asked = request_span("fallback", limen_sequence=3)
    store.take(traces(asked, asked.child("CLIENT", server_address="api.example.com")))
    asked_all = [Query(metric=metric, since="-40d") for metric in METRICS]
    rows, answers = tables(store), [store.reader.table(one) for one in asked_all]
    done = maintenance(store).compact(now())
    assert done.spans == len(rows["span_facts"]) == 3
    assert tables(store) == rows
    assert [store.reader.table(one) for one in asked_all] == answers
    assert [row["action"] for row in store.rows("select action from audit")][-1] == "compaction"


def test_what_is_rolled_up_lies_in_the_order_of_time_after_it(store: Store) -> None:
    for hours in (3, 1, 4, 1, 5):
        request = request_span("fallback", start=now() - hours * DAY // 24)
        store.take(traces(request, request.child("CLIENT", server_address="api.example.com")))
        maintenance(store).roll_up()
    lie = "select list(time order by rowid) as times from rollup_departures"
    ((before,),) = (row.values() for row in store.rows(lie))
    maintenance(store).compact(now())
    ((after,),) = (row.values() for row in store.rows(lie))
    assert before != sorted(before) and after == sorted(before)


def test_no_deleted_byte_is_left_under_the_home_folder(store: Store) -> None:
    canary = "canary-release-7f3a"
    feature, host = "canary_feature", "canary.example"
    text = request_span(limen_feature=feature, limen_output_label="canary-label")
    call = text.child("CLIENT", server_address=host)
    resource = {**PHONE, "service.version": canary}
    store.take(traces(text, call, resource=resource), received=now() - 40 * DAY)
    store.take(traces(request_span()))
    store.database.checkpoint()
    written = (canary, feature, host, "canary-label")
    for word in written:
        assert word.encode() in bytes_under(store.home), word
    maintenance(store).retain(now())
    maintenance(store).compact(now())
    left = bytes_under(store.home)
    for word in written:
        assert word.encode() not in left, word
    assert store.rows("select count(*) as n from spans") == [{"n": 1}]


def test_what_is_acknowledged_meanwhile_is_there_once(store: Store) -> None:
    for _ in range(30):
        store.take(traces(*(request_span() for _ in range(100))))
    done = threading.Event()
    sent: list[bytes] = []

    def write(number: int) -> None:
        while not done.is_set():
            resource = {**PHONE, "service.version": f"{number}.{len(sent)}.0"}
            span = request_span()
            store.take(traces(span, resource=resource), traces(span))
            sent.append(span.span_id)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(3):
            before = len(sent)
            maintenance(store).compact(now())
            while len(sent) < before + 20:
                done.wait(0.01)
    finally:
        done.set()
        for writer in writers:
            writer.join()
    stored = [row["span_id"] for row in store.rows("select span_id from spans")]
    assert len(stored) == len(set(stored)) == 3000 + len(sent)
    assert set(sent) <= set(stored)


def test_after_it_the_writer_knows_what_was_left_behind(store: Store) -> None:
    old = request_span(limen_feature="barcode_scan")
    store.take(traces(old), received=now() - 40 * DAY)
    maintenance(store).retain(now())
    maintenance(store).compact(now())
    for table in ("span_sources", "span_contexts", "releases"):
        assert store.rows(f"select count(*) as n from {table}") == [{"n": 0}]
    store.take(traces(request_span(limen_feature="barcode_scan")))
    assert store.rows("select feature from spans") == [{"feature": "barcode_scan"}]
    assert store.rows("select release from releases") == [{"release": "2.4.0"}]


def test_questions_are_answered_during_it(store: Store) -> None:
    store.take(traces(*(request_span() for _ in range(500))))
    answered: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answered.append(len(store.ask("fallback_rate")))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(3):
            maintenance(store).compact(now())
    finally:
        done.set()
        asking.join()
    assert answered and set(answered) == {1}


def test_without_room_for_the_copy_nothing_is_done(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.take(traces(Span()))
    monkeypatch.setattr("collector.store.copying.SPARE_BYTES", 2**62)
    file = store.database.path.stat().st_ino
    with pytest.raises(Overloaded, match=r"MiB are free: make room"):
        maintenance(store).compact(now())
    assert store.database.path.stat().st_ino == file
    assert not store.database.copy_path.exists()


def test_where_the_copy_cannot_take_its_place_the_old_file_is_opened_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.take(traces(request_span()))
    file = store.database.path.stat().st_ino

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as failing:
        failing.setattr("collector.store.database.os.replace", fail)
        with pytest.raises(Overloaded, match="could not take the place"):
            maintenance(store).compact(now())
    assert not store.pipeline.healthy
    with pytest.raises(Overloaded):
        store.rows("select 1")
    store.take(traces(request_span()))
    assert store.rows("select count(*) as n from spans") == [{"n": 2}]
    assert store.database.path.stat().st_ino == file
    assert not store.database.copy_path.exists()


def test_one_task_at_a_time_and_none_after_the_end(store: Store) -> None:
    with maintenance(store) as kept:
        pass
    with pytest.raises(Overloaded, match="stopping is under way"):
        kept.compact(now())


def test_inputs_still_open_after_it(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(POLICY, tmp_path)) as store:
        asked = request_span()
        store.take(traces(asked), logged_input(asked, b"body"))
        maintenance(store).compact(now())
    with Store(tmp_path, policy_from(POLICY, tmp_path)) as store:
        (row,) = store.rows(
            "select sealed, installation, span_id from inputs join input_pieces using (number)"
        )
        assert store.vault.open(*row.values()).content == b"body"


@pytest.mark.parametrize(
    ("last_hour", "now_hour", "due"), [(2, 2, False), (2, 3, True), (4, 26, False), (4, 27, True)]
)
def test_it_is_due_once_a_day_at_its_hour(
    store: Store, last_hour: int, now_hour: int, due: bool
) -> None:
    kept = Maintenance(store.database, store.policy, store.health, compact_hour=3)
    hour = 3600 * 10**9
    midnight = now() // DAY * DAY
    assert kept._due(midnight + last_hour * hour, midnight + now_hour * hour) is due
    assert not maintenance(store)._due(0, now())
