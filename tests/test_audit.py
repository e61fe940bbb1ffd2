"""The audit log: numbered entries under one tree, whatever fails, restarts or came before."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.permissions.roles import Role
from collector.permissions.token_notes import TokenNotes
from collector.permissions.tokens import Token, Tokens, create_token, revoke_token
from collector.store.audit import frontier_of
from collector.store.maintenance import Maintenance
from collector.tlog.entries import COLLECTOR, Entry
from collector.tlog.merkle import Frontier
from tests.otlp import now
from tests.store import Store
from tests.test_schema import as_first


def logged(store: Store) -> list[dict[str, Any]]:
    return store.rows("select * from audit order by number")


def tree(rows: list[dict[str, Any]]) -> Frontier:
    """Made anew of what is logged; every hash that is stored is checked on the way."""
    found = Frontier()
    for row in rows:
        hashes = row.pop("hashes")
        found, completed = found.append(Entry(**row).leaf())
        assert hashes == b"".join(completed)
    return found


def note(store: Store, times: int) -> None:
    for number in range(times):
        with store.database.write() as transaction:
            transaction.note("something", by="abc", why="a test", count=number, more=[1])


def test_entries_are_numbered_and_stand_under_one_tree(store: Store) -> None:
    note(store, 5)
    with store.database.write() as transaction:
        transaction.note("several", by=None)
        transaction.note("at once", time=7)
    rows = logged(store)
    assert [row["number"] for row in rows] == list(range(8))
    first = (rows[0]["action"], json.loads(rows[0]["detail"])["version"])
    assert first == ("policy put in force", store.policy.version)
    assert (rows[4]["actor"], rows[4]["reason"], rows[4]["count"]) == ("abc", "a test", 3)
    assert json.loads(rows[4]["detail"]) == {"more": [1]}
    assert [row["actor"] for row in rows[6:]] == [None, COLLECTOR]
    assert rows[7]["time"] == 7
    assert len({row["salt"] for row in rows}) == 8
    assert tree(rows) == store.database._audited == frontier_of(store.database._connection)


def test_what_was_undone_leaves_no_entry(store: Store) -> None:
    note(store, 3)
    with pytest.raises(ZeroDivisionError), store.database.write() as transaction:
        transaction.note("never")
        raise ZeroDivisionError
    note(store, 2)
    assert [row["action"] for row in logged(store)][1:] == ["something"] * 5
    assert tree(logged(store)) == store.database._audited


def test_it_goes_on_after_a_compaction_and_a_restart(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        note(store, 3)
        Maintenance(store.database, store.policy, store.health).compact(now())
        note(store, 1)
    with Store(tmp_path) as store:
        note(store, 1)
        actions = [row["action"] for row in logged(store)]
        assert actions[1:] == ["something"] * 3 + ["compaction"] + ["something"] * 2
        assert tree(logged(store)) == store.database._audited


def test_the_log_of_before_is_taken_over_in_order(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        note(store, 3)
        before = [(row["time"], row["action"], row["detail"]) for row in logged(store)]
    as_first(tmp_path / "limen.duckdb")
    with Store(tmp_path) as store:
        rows = logged(store)
        assert [(row["time"], row["action"], row["detail"]) for row in rows[:4]] == before
        assert tree(rows) == store.database._audited


def token_notes(store: Store, tokens: Tokens) -> list[tuple[Any, ...]]:
    """What is noted of tokens, once whoever looks has looked twice."""
    notes = TokenNotes(store.database, tokens)
    notes.look()
    notes.look()
    rows = [row for row in logged(store) if row["action"].startswith("token ")]
    assert all(row["actor"] is None for row in rows)
    return [(row["action"], *json.loads(row["detail"]).values()) for row in rows]


def test_tokens_are_noted_once_whether_the_collector_ran_or_not(tmp_path: Path) -> None:
    first, words = create_token(tmp_path, Role.LEAD, "Ada")

    def made(token: Token) -> tuple[Any, ...]:
        return ("token made", token.created.isoformat(), token.role, token.id)

    with Store(tmp_path) as store:
        tokens = Tokens(tmp_path)
        assert token_notes(store, tokens) == [made(first)]
        second, _ = create_token(tmp_path, Role.ADMIN, "")
        assert token_notes(store, tokens) == [made(first), made(second)]
    ended = revoke_token(tmp_path, first.id)
    with Store(tmp_path) as store:
        assert ended.revoked is not None
        assert token_notes(store, Tokens(tmp_path)) == [
            made(first),
            made(second),
            ("token revoked", ended.revoked.isoformat(), "lead", first.id),
        ]
        for secret in ("Ada", words, first.sha256):
            assert secret not in str(logged(store))
        (tmp_path / "keys" / "tokens.json").unlink()
        assert len(token_notes(store, Tokens(tmp_path))) == 3
