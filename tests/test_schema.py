"""The schema carries its version: older files are brought forward, newer ones refused."""

import shutil
from pathlib import Path

import duckdb
import pytest

from collector.contract.errors import StoreUnusable
from collector.metrics import metrics
from collector.permissions.tokens import Tokens, read_tokens
from collector.store.database import Database
from collector.store.schema import TABLES, VERSION
from tests.otlp import Span, logged_input, now, request_span, traces
from tests.processes import running_collector
from tests.store import Store

# The tables that schema 2 changed, as version 1 made them.
FIRST = Path(__file__).parent / "schema_1"
KEPT = {
    "spans": "* exclude (commit_number, key_id, source, context, trace, sdk_language)",
    "batches": "* exclude (commit_number, key_id, policy_version, redactions, findings)",
    "inputs": "* exclude (commit_number, key_id, policy_version, draw, size, piece)",
    "replays": "* exclude (chunk_inputs, source, sweeps_erased)",
    "replay_chunks": "* exclude (opening, preparing, inferring, saving)",
}
REDACTIONS = (
    "select received_time, policy_version, unnest(redactions, recursive := true) from batches"
)
# Those that are still as they were, or made so by `as_first`; all others came later or changed.
STAYED = {
    "schema_version", "releases", "policy_features", "policy_flows", "policy_hosts",
    "replay_scores", "sweeps", "audit",
}  # fmt: skip
METRICS = tuple(metrics())
DAY = 24 * 3600 * 10**9


def fill(store: Store) -> None:
    fallback = request_span("fallback", limen_confidence=0.4, limen_sequence=1)
    sent = fallback.child("CLIENT", server_address="api.example.com")
    store.take(
        traces(fallback, sent, request_span(limen_sequence=4), Span()),
        traces(request_span("blocked", limen_blocked_reason="offline"), resource={}),
        # A clock that is not believed.
        traces(request_span(start=now() - 900 * DAY)),
        *(logged_input(request_span(), b"body") for _ in range(5)),
    )


def answers(store: Store) -> list[object]:
    """But the policy of requests, of which version 1 kept only the first of each group's."""
    own = {"policy": None}
    return [
        [row | own if row.get("destination") == "telemetry" else row for row in store.ask(metric)]
        for metric in METRICS
    ]


def as_first(path: Path) -> None:
    """Turns a file of today's schema into one of version 1 with the same spans."""
    with duckdb.connect(str(path)) as connection:
        for name, columns in KEPT.items():
            stored = "inputs join input_pieces p using (number)" if name == "inputs" else name
            connection.execute(f"create temp table kept_{name} as select {columns} from {stored}")
        connection.execute(f"create temp table kept_redactions as {REDACTIONS}")
        connection.execute("drop view requests; drop view sources; drop view spans")
        connection.execute("create table kept_audit as select time, action, detail from audit")
        connection.execute("drop table audit; alter table kept_audit rename to audit")
        for name in set(TABLES) - STAYED:
            connection.execute(f"drop table {name}")
        for name in (*KEPT, "redactions"):
            connection.execute((FIRST / f"{name}.sql").read_text("utf-8"))
            connection.execute(f"insert into {name} by name select * from kept_{name}")
        connection.execute((FIRST / "requests.sql").read_text("utf-8"))
        connection.execute("delete from schema_version; insert into schema_version values (1)")


def test_a_file_of_version_1_answers_as_before(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        fill(store)
        before = answers(store)
    as_first(tmp_path / "limen.duckdb")
    with Store(tmp_path) as store:
        assert answers(store) == before
        # Of what was in force before digests were kept only the version is known.
        assert [one.digest for one in store.policies.all()] == [store.policy.digest, None]
        assert {one.version for one in store.policies.all()} == {store.policy.version}
        (row,) = store.rows("select max(version) as version from schema_version")
        assert row["version"] == VERSION
        draws = store.rows(
            "select count(distinct draw) as n from inputs where draw between 0 and 1"
        )
        assert draws == [{"n": 5}]
        count = store.rows("select count(*) as n from spans")[0]["n"]
        store.take(traces(request_span()))
        assert store.rows("select count(*) as n from spans")[0]["n"] == count + 1


def test_a_copy_of_a_span_from_before_is_known(tmp_path: Path) -> None:
    old = [request_span(), request_span(start=now() - 900 * DAY)]
    with Store(tmp_path) as store:
        store.take(traces(*old))
    as_first(tmp_path / "limen.duckdb")
    with Store(tmp_path) as store:
        store.take(traces(*old))
        assert store.rows("select count(*) as n from spans")[0]["n"] == 2


def test_a_home_from_before_tokens_starts_without_any_and_only_once(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.take(traces(request_span()))
    as_first(tmp_path / "limen.duckdb")
    (tmp_path / "keys" / "tokens.json").unlink()
    with running_collector(tmp_path) as collector:
        assert collector.spans() == 1
    assert read_tokens(tmp_path) == ()
    (tmp_path / "keys" / "tokens.json").unlink()
    with pytest.raises(StoreUnusable, match="tokens.json is missing"):
        Tokens.at(tmp_path, tmp_path / "limen.duckdb")


def test_views_and_macros_are_made_anew_where_others_made_them(tmp_path: Path) -> None:
    path = tmp_path / "limen.duckdb"

    def spans_after(change: str) -> list[dict[str, object]]:
        with duckdb.connect(str(path)) as connection:
            connection.execute(change)
        database = Database(path, query_seconds=20)
        found: list[dict[str, object]] = database.read(
            "select count(*) as n from spans"
        ).to_pylist()
        database.close()
        return found

    Database(path, query_seconds=20).close()
    # What is known to be ours is left as it is.
    other = "create or replace view spans as select 1 as one"
    assert spans_after(other) == [{"n": 1}]
    assert spans_after("create or replace macro defined_by() as 'an older one'") == [{"n": 0}]
    assert spans_after(f"{other}; drop macro defined_by") == [{"n": 0}]


def test_a_newer_file_is_refused_with_both_versions_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "limen.duckdb"
    Database(path, query_seconds=20).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("insert into schema_version values (99)")
    with pytest.raises(StoreUnusable, match=f"schema 99 .* up to {VERSION}: install the Limen"):
        Database(path, query_seconds=20)


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "limen.duckdb"
    with Store(tmp_path) as store:
        fill(store)
    as_first(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table span_facts (in_the_way integer)")
    copy = tmp_path / "copy.duckdb"
    shutil.copy(path, copy)
    with pytest.raises(StoreUnusable, match="as it was"):
        Database(path, query_seconds=20)
    for file in (path, copy):
        with duckdb.connect(str(file), read_only=True) as connection:
            found = connection.execute("select count(*), max(version) from spans, schema_version")
            assert found.fetchone() == (6, 1)
