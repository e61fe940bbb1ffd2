"""What repeats from span to span is stored once, and every question finds it again."""

from pathlib import Path

import pytest

from collector.contract.errors import Overloaded
from tests.otlp import PHONE, Span, request_span, traces
from tests.store import Store

TABLES = ("span_facts", "span_sources", "span_contexts")


def counts(store: Store) -> tuple[int, ...]:
    return tuple(store.rows(f"select count(*) as n from {name}")[0]["n"] for name in TABLES)


def test_spans_alike_share_their_source_and_context(store: Store) -> None:
    store.take(traces(*(request_span(limen_confidence=n / 10) for n in range(10))))
    store.take(traces(request_span()), traces(request_span()))
    assert counts(store) == (12, 1, 1)


def test_a_difference_makes_another_of_its_kind_only(store: Store) -> None:
    store.take(traces(request_span()))
    store.take(traces(request_span(), resource={**PHONE, "os.version": "15"}))
    assert counts(store) == (2, 2, 1)
    store.take(traces(request_span("fallback")))
    store.take(traces(request_span(limen_threshold=0.7)))
    assert counts(store) == (4, 2, 3)


def test_a_value_in_one_column_is_not_the_same_in_another(store: Store) -> None:
    one = Span(attributes={"limen.model.name": "a", "limen.model.version": "b"})
    other = Span(attributes={"limen.model.name": "b", "limen.model.version": "a"})
    store.take(traces(one, other))
    rows = store.rows("select model_name, model_version from spans order by span_id")
    assert [(r["model_name"], r["model_version"]) for r in rows] == [("a", "b"), ("b", "a")]


def test_they_are_found_again_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        with Store(tmp_path) as store:
            store.take(traces(request_span()), traces(Span(), resource={}))
            found = counts(store)
    assert found == (4, 2, 2)


def test_a_transaction_that_failed_leaves_no_number_behind(store: Store) -> None:
    cursor = store.database._write_cursor
    cursor.execute("alter table span_facts alter column output_label type integer")
    broken = Span(attributes={"limen.output.label": "x", "limen.model.name": "m"})
    with pytest.raises(Overloaded):
        store.take(traces(broken))
    store.take(traces(Span(attributes={"limen.model.name": "m"})))
    assert [r["model_name"] for r in store.rows("select model_name from spans")] == ["m"]


def test_every_transaction_has_a_higher_number(tmp_path: Path) -> None:
    found: list[int] = []
    for _ in range(2):
        with Store(tmp_path) as store:
            for _ in range(3):
                store.take(traces(Span()))
            rows = store.rows("select commit_number as n from spans order by received_time")
            found = [row["n"] for row in rows]
    assert len(set(found)) == 6 and found == sorted(found)
