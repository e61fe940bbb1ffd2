"""Answers as files for spreadsheets: every row, no formula, and in the audit log."""

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pytest

from collector.contract.errors import BadInput, Overloaded
from collector.contract.records import PAGE_ROWS, Query
from collector.intake.free_space import FreeSpace
from collector.store.csv_files import CsvFiles, harmless
from tests.otlp import now, request_span, traces
from tests.store import Store

DAY = 24 * 3600 * 10**9


@pytest.fixture
def filled(store: Store) -> Store:
    """Departures of twenty days, more than a page has."""
    spans = []
    for number in range(PAGE_ROWS + 100):
        asked = request_span("fallback", start=now() - number % 20 * DAY - number)
        size = {"http_request_body_size": 1 + number * 7919 % 1009}
        spans += [asked, asked.child("CLIENT", server_address="adkit.example", **size)]
    store.take(traces(*spans))
    return store


def read(store: Store, **how: Any) -> list[dict[str, str]]:
    asked = {"metric": "ledger", "since": "-40d", "where": {"destination": ("adkit.example",)}}
    content = b"".join(store.csv_files.make(Query(**{**asked, **how}), "token-1").chunks())
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_a_file_has_every_row_in_the_order_asked_for_and_is_logged(filled: Store) -> None:
    newest = read(filled)
    assert len(newest) == len({row["trace_id"] for row in newest}) == PAGE_ROWS + 100
    times = [row["time"] for row in newest]
    assert times == sorted(times, reverse=True)
    assert [row["time"] for row in read(filled, order="time")] == sorted(times)
    sizes = [int(row["bytes"]) for row in read(filled, order="-bytes")]
    assert sizes == sorted((int(row["bytes"]) for row in newest), reverse=True)
    where = {
        "destination": ("adkit.example", "a@b.example", "+49 170 1234567"),
        "trace": (newest[3]["trace_id"],),
    }
    assert read(filled, where=where) == [newest[3]]
    assert read(filled, where={"destination": ("nobody",)}) == []
    logged = filled.rows("select * from audit where action = 'data exported' order by number")
    assert [row["count"] for row in logged] == [600, 600, 600, 1, 0]
    assert {row["actor"] for row in logged} == {"token-1"}
    told = [json.loads(row["detail"]) for row in logged]
    assert {one["what"] for one in told} == {"ledger"}
    assert told[2]["asked"] == {
        "from": "-40d", "order": "-bytes", "where": {"destination": ["adkit.example"]},
    }  # fmt: skip
    assert told[3]["asked"]["where"] == {
        "destination": ["adkit.example", "(not told)", "(not told)"], "trace": ["(not told)"],
    }  # fmt: skip


def test_nothing_is_handed_out_that_is_not_whole(filled: Store) -> None:
    with pytest.raises(BadInput, match="a file has every row"):
        read(filled, offset=500)
    full = FreeSpace(filled.home, 2**62)
    with pytest.raises(Overloaded, match="no room for the file"):
        CsvFiles(filled.reader, filled.audit_log, filled.home, full).make(
            Query(metric="ledger"), None
        )
    assert filled.rows("select * from audit where action = 'data exported'") == []


def test_a_spreadsheet_finds_no_formula() -> None:
    batch = pa.record_batch({"a": ["=1+1", "-x", "plain", None], "b": [-1, 2, 3, 4]})
    assert harmless(batch).to_pydict() == {
        "a": ["'=1+1", "'-x", "plain", None], "b": [-1, 2, 3, 4],
    }  # fmt: skip
