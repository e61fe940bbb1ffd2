"""A start that was cut short can be made again."""

from pathlib import Path

from collector.contract.config import DATABASE
from collector.keys import Keys
from collector.permissions.tokens import Tokens
from tests.otlp import Span, traces
from tests.store import Store


def test_a_first_start_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    # What a kill leaves behind before the database has its name: tokens and key are made first.
    (tmp_path / "limen.duckdb.new").write_bytes(b"half a database")
    Tokens.at(tmp_path, tmp_path / DATABASE)
    Keys.make(tmp_path)
    key = (tmp_path / "keys" / "master.key").read_bytes()
    with Store(tmp_path) as store:
        store.take(traces(Span()))
    assert (tmp_path / "keys" / "master.key").read_bytes() == key
    assert not (tmp_path / "limen.duckdb.new").exists()
