"""What the database finds wrong is told apart: too large a question, or a fault of ours."""

from collections.abc import Callable

import pytest

from collector.contract.errors import Failed, Overloaded
from collector.server.errors import status_of
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
