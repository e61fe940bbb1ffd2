"""What the database finds wrong is told apart: too large a question, or a fault of ours."""

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.contract.config import DATABASE
from collector.contract.errors import Failed, Overloaded
from collector.server.errors import status_of
from collector.store.database import Database
from tests.store import Store

WRONG = "select error('ada-' || 'lovelace-17') from range(3)"
# 16 GB of text in one value.
HUGE = "select string_agg(repeat('x', 1000000), '' order by i) as text from range(16000) t(i)"


@pytest.mark.parametrize("way", ["read", "snapshot", "batches"])
def test_only_what_is_too_large_is_to_ask_for_less(
    store: Store, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    def in_snapshot(sql: str) -> None:
        with store.database.snapshot() as read:
            read(sql, {})

    def in_batches(sql: str) -> None:
        with store.database.snapshot() as read:
            list(read.batches(sql, {}))

    ask: Callable[[str], object] = {
        "read": store.database.read,
        "snapshot": in_snapshot,
        "batches": in_batches,
    }[way]
    with pytest.raises(Overloaded, match="ask for less"):
        ask(HUGE)
    assert "a question failed" not in caplog.text
    with pytest.raises(Failed) as failed:
        ask(WRONG)
    assert status_of(failed.value) == 500
    assert f"asked at {__file__}:" in caplog.text
    for said in (str(failed.value), caplog.text):
        assert "lovelace" not in said and "select" not in said
    assert store.rows("select 1 as one") == [{"one": 1}]


def test_what_memory_cannot_change_says_how_to_mend_that(store: Store) -> None:
    with (
        pytest.raises(Overloaded, match="raise database_memory_bytes"),
        store.database.write() as transaction,
    ):
        transaction._cursor.execute(f"create table huge as {HUGE}")
    assert store.rows("select 1 as one") == [{"one": 1}]


def test_what_is_held_of_a_person_is_looked_for_as_long_as_it_takes(tmp_path: Path) -> None:
    endless = "select sum(i % 7) as n from range(100000000000) t(i)"
    database = Database(tmp_path / DATABASE, query_seconds=0.2)
    with pytest.raises(Overloaded, match=r"longer than 0\.2 s"), database.snapshot() as read:
        read(endless, {})
    with pytest.raises(Overloaded, match=r"longer than 0\.6 s"), database.snapshot(0.6) as read:
        read(endless, {})
    database.close()
