"""Logged inputs: only with consent and policy, sealed, and the key outside the database."""

import json
import random
import stat
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from collector.contract.arrow import SCORES
from collector.contract.config import DATABASE
from collector.contract.errors import BadInput, NotFound, StoreUnusable
from collector.contract.records import ReplayRequest, ReplayRun, Spent, Sweep
from collector.keys import Keys, write_private
from collector.store import replays
from collector.store.maintenance import Maintenance
from collector.store.vault import KEY_GONE, SEAL_BROKEN, Vault
from tests.otlp import PHONE, Span, logged_input, now, request_span, traces
from tests.store import POLICY, Store, policy_from

BODY = b"a very recognisable input body"
REQUEST = ReplayRequest(
    feature="image_classify",
    model="digit_reader@1",
    model_digest="sha256:" + "0" * 64,
    runtime="litert",
    runtime_version="2",
)


def drops(store: Store) -> dict[str, int]:
    rows = store.ask("redaction")
    return {r["detector"]: r["values"] for r in rows if r["field"] == "limen.input"}


def chunk(store: Store, run: ReplayRun) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.replays.open_inputs(run.run, 0, "a test").to_pylist()
    return found


def test_a_consented_input_can_be_opened_with_the_facts_of_its_request(store: Store) -> None:
    request = request_span(
        "fallback", limen_confidence=0.4, limen_output_label="3", limen_threshold=0.7
    )
    sent = request.child("CLIENT", http_request_body_size=64, server_address="api.example.com")
    served = sent.child("SERVER", limen_output_label="8")
    store.take(traces(request, sent), traces(served, resource={"service.name": "cloud"}))
    store.take(logged_input(request, BODY, limen_label="8"))
    run = store.replays.create(REQUEST)
    assert (run.chunks, run.done) == ((0,), ())
    (case,) = chunk(store, run)
    assert case == case | {
        "input": BODY,
        "failure": None,
        "truth": "8",
        "decision": "fallback",
        "device_label": "3",
        "device_confidence": 0.4,
        "threshold": 0.7,
        "cloud_label": "8",
        "egress_bytes": 64,
        "release": "2.4.0",
        "os": "Android 14",
        "audit_sampled": False,
        "installation": store.pseudonym("phone-1"),
    }


def test_the_clouds_answer_is_found_below_nested_client_spans(store: Store) -> None:
    request = request_span("fallback")
    outer = request.child("CLIENT", gen_ai_operation_name="chat")
    inner = outer.child("CLIENT", http_request_body_size=70)
    served = inner.child("SERVER", limen_output_label="7")
    store.take(traces(request, outer, inner, served), logged_input(request, BODY))
    (case,) = chunk(store, store.replays.create(REQUEST))
    assert (case["cloud_label"], case["egress_bytes"]) == ("7", 70)


def test_a_text_input_is_taken_as_its_utf8(store: Store) -> None:
    store.take(logged_input(request_span(), "grüß"))
    assert chunk(store, store.replays.create(REQUEST))[0]["input"] == "grüß".encode()


@pytest.mark.parametrize(
    ("why", "request_"),
    [
        ("no consent", logged_input(request_span(), BODY, limen_consent_state="denied")),
        ("no consent", logged_input(request_span(), BODY, limen_consent_state=None)),
        ("policy", logged_input(request_span(), BODY, limen_feature="other")),
        ("size", logged_input(request_span(), b"x" * 1_000_001)),
        ("size", logged_input(request_span(), b"")),
        ("no request", logged_input(Span(trace_id=b""), BODY)),
        ("no request", logged_input(Span(trace_id=bytes(16)), BODY)),
        ("no request", logged_input(Span(), BODY, resource={"service.name": "x"})),
    ],
)
def test_any_other_is_dropped_counted_and_said_and_never_on_the_disk(
    store: Store, why: str, request_: Any
) -> None:
    receipt = store.take(request_)[0]
    assert receipt.rejected == 1 and why in receipt.message
    assert drops(store) == {why: 1}
    assert store.rows("select count(*) as n from inputs") == [{"n": 0}]


@pytest.mark.parametrize("own", ["revoked", "DENIED", False, "", ["denied"], None, 7])
def test_a_record_speaks_for_itself_whatever_its_resource_consents_to(
    store: Store, own: Any
) -> None:
    resource = {**PHONE, "limen.consent.state": "granted", "limen.feature": "image_classify"}
    receipt = store.take(logged_input(request_span(), BODY, resource, limen_consent_state=own))[0]
    assert "no consent" in receipt.message
    assert store.rows("select count(*) as n from inputs") == [{"n": 0}]


def test_what_a_record_carries_that_is_not_kept_is_tallied(store: Store) -> None:
    record = logged_input(
        request_span(), BODY, limen_consent_state="yes please", user_email="a@b.c"
    )
    store.take(record)
    found = {(r["field"], r["action"]): r["values"] for r in store.ask("redaction")}
    assert found["limen.consent.state", "drop"] == 1
    assert found["(unnamed attributes)", "drop"] == 1


def test_what_the_policy_drops_is_dropped_from_inputs_too(tmp_path: Path) -> None:
    text = POLICY + '[attributes]\n"limen.label" = "drop"\n"service.name" = "drop"\n'
    with Store(tmp_path, policy_from(text, tmp_path)) as store:
        store.take(logged_input(request_span(), BODY, limen_label="Jane Doe"))
        assert store.rows("select truth from inputs") == [{"truth": None}]
        assert store.rows("select app from batches") == [{"app": None}]


def test_the_same_input_twice_in_one_request_is_stored_once(store: Store) -> None:
    record = logged_input(request_span(), BODY)
    twice = type(record)()
    twice.MergeFrom(record)
    twice.MergeFrom(record)
    store.take(twice)
    assert store.rows("select count(*) as n from inputs") == [{"n": 1}]


def test_records_without_any_attribute_or_none_at_all_are_taken(store: Store) -> None:
    bare = logged_input(request_span(), BODY, resource={})
    del bare.resource_logs[0].scope_logs[0].log_records[0].attributes[:]
    assert [r.rejected for r in store.take(type(bare)(), bare)] == [0, 1]


def test_a_log_record_that_is_not_an_input_is_not_stored(store: Store) -> None:
    request = logged_input(request_span(), BODY)
    request.resource_logs[0].scope_logs[0].log_records[0].event_name = "chat"
    store.take(request)
    assert drops(store) == {"not an input": 1}


def test_no_byte_of_an_input_is_in_the_home_folder(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.take(logged_input(request_span(), BODY))
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert files
        assert not any(BODY[:16] in path.read_bytes() for path in files)
    assert not any(BODY[:16] in path.read_bytes() for path in tmp_path.rglob("*.*"))


def test_an_input_sent_again_is_stored_once(store: Store) -> None:
    record = logged_input(request_span(), BODY)
    store.take(record)
    store.take(record)
    assert store.rows("select count(*) as n from inputs") == [{"n": 1}]


def test_opening_is_written_to_the_audit_log_with_its_reason(store: Store) -> None:
    store.take(logged_input(request_span(), BODY))
    run = store.replays.create(REQUEST)
    with pytest.raises(BadInput, match="reason"):
        store.replays.open_inputs(run.run, 0, " ")
    opened = "select * from audit where action = 'inputs opened'"
    assert store.rows(opened) == []
    chunk(store, run)
    (entry,) = store.rows(opened)
    assert entry["action"] == "inputs opened"
    assert (entry["count"], entry["reason"]) == (1, "a test")


def test_an_input_without_its_key_or_damaged_is_a_case_with_its_reason(tmp_path: Path) -> None:
    phones = [{**PHONE, "app.installation.id": name} for name in ("erased", "damaged", "whole")]
    with Store(tmp_path) as store:
        store.take(*(logged_input(request_span(), BODY, phone) for phone in phones))
        names = [store.pseudonym(str(phone["app.installation.id"])) for phone in phones]
    keys = tmp_path / "keys" / "inputs.json"
    left = json.loads(keys.read_bytes())
    del left[names[0].hex()]
    keys.write_text(json.dumps(left))
    with duckdb.connect(str(tmp_path / DATABASE)) as connection:
        connection.execute(
            "update input_pieces set sealed = sealed[:20] || sealed[22:] || sealed[21:21] "
            "where number in (select number from inputs where installation = ?)",
            [names[1]],
        )
    with Store(tmp_path) as store:
        cases = {one["installation"]: one for one in chunk(store, store.replays.create(REQUEST))}
        found = [(cases[name]["input"], cases[name]["failure"]) for name in names]
        assert found == [(None, KEY_GONE), (None, SEAL_BROKEN), (BODY, None)]


def test_an_input_sealed_for_one_phone_or_span_opens_for_no_other(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys.json")
    sealed = vault.seal(BODY, b"phone-a", b"span-one")
    vault.seal(BODY, b"phone-b", b"span-one")
    assert vault.open(sealed, b"phone-a", b"span-one").content == BODY
    assert vault.open(sealed, b"phone-b", b"span-one") == (None, SEAL_BROKEN)
    assert vault.open(sealed, b"phone-a", b"span-two") == (None, SEAL_BROKEN)
    assert vault.open(sealed[:-1], b"phone-a", b"span-one") == (None, SEAL_BROKEN)
    assert vault.open(b"", b"phone-a", b"span-one") == (None, SEAL_BROKEN)


def test_keys_survive_a_restart_are_private_and_not_in_a_repr(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "inputs.json"
    vault = Vault(path)
    sealed = vault.seal(BODY, b"phone-a", b"span-one")
    vault.save()
    assert Vault(path).open(sealed, b"phone-a", b"span-one").content == BODY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    Keys.make(tmp_path)
    keys = Keys.at(tmp_path)
    Keys.make(tmp_path)
    assert Keys.at(tmp_path).derive("x") == keys.derive("x") != keys.derive("y")
    secret = (tmp_path / "keys" / "master.key").read_bytes()
    assert stat.S_IMODE((tmp_path / "keys" / "master.key").stat().st_mode) == 0o600
    shown = repr((keys, vault))
    assert secret.hex() not in shown and str(secret) not in shown


def test_a_key_is_pruned_when_nothing_it_seals_is_stored_or_under_way(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    vault = Vault(path)
    sealed = {who: vault.seal(BODY, who, b"span-one") for who in (b"phone-a", b"phone-b")}
    vault.save()
    # What was sealed just now may not be committed yet.
    assert vault.prune(()) == 0
    vault = Vault(path)
    under_way = vault.seal(BODY, b"phone-c", b"span-one")
    assert vault.prune([b"phone-a"]) == 1
    for kept in (vault, Vault(path)):
        assert kept.open(sealed[b"phone-a"], b"phone-a", b"span-one").content == BODY
        assert kept.open(sealed[b"phone-b"], b"phone-b", b"span-one").failure == KEY_GONE
        assert kept.open(under_way, b"phone-c", b"span-one").content == BODY


def test_a_lost_master_key_is_said_and_not_replaced(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.take(traces(request_span()))
    (tmp_path / "keys" / "master.key").unlink()
    with pytest.raises(StoreUnusable, match="backup"):
        Store(tmp_path)
    assert not (tmp_path / "keys" / "master.key").exists()


@pytest.mark.parametrize("damage", [b"", b"{", b'["a"]', b'{"zz": "AA=="}', b'{"61": 1}'])
def test_a_damaged_key_file_is_said_and_not_overwritten(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "keys.json"
    write_private(path, damage)
    with pytest.raises(StoreUnusable, match="damaged"):
        Vault(path)
    assert path.read_bytes() == damage


def test_a_run_asked_for_again_in_the_same_words_goes_on_where_it_stopped(store: Store) -> None:
    store.take(*(logged_input(request_span(), BODY) for _ in range(3)))
    run = store.replays.create(REQUEST)
    assert store.replays.create(REQUEST).run == run.run
    scores = _scores(store, run)
    store.replays.save_chunk(run.run, 0, scores, Spent(opening=1.0, inferring=0.5))
    done = store.replays.get(run.run)
    assert (done.done, done.inputs, done.failed, done.seconds) == ((0,), 3, 0, 1.5)
    assert (done.cases, done.spent.opening, done.spent.inferring) == (3, 1.0, 0.5)
    assert store.replays.create(REQUEST).run != run.run
    assert [r.run for r in store.replays.all()][-1] == run.run


def test_a_run_without_any_input_has_no_scores_and_is_not_made_twice(store: Store) -> None:
    run = store.replays.create(REQUEST)
    assert store.replays.scores(run.run).num_rows == 0
    assert store.replays.create(REQUEST).run == run.run
    store.take(logged_input(request_span(), BODY))
    after = store.replays.create(REQUEST)
    assert after.run != run.run and after.cases == 1


def test_a_chunk_saved_twice_is_there_once(store: Store) -> None:
    store.take(logged_input(request_span(), BODY, limen_label="7"))
    run = store.replays.create(REQUEST)
    for _ in range(2):
        store.replays.save_chunk(run.run, 0, _scores(store, run), Spent())
    (row,) = store.replays.scores(run.run).to_pylist()
    assert (row["predicted"], row["confidence"], row["truth"]) == ("7", 0.9, "7")
    assert row["scores"] == pytest.approx([0.9, 0.1])
    assert "input" not in row and "sealed" not in row


def test_a_chunk_or_run_that_is_not_there_is_named(store: Store) -> None:
    store.take(logged_input(request_span(), BODY))
    run = store.replays.create(REQUEST)
    with pytest.raises(NotFound, match="no chunk 9"):
        store.replays.save_chunk(run.run, 9, _scores(store, run), Spent())
    with pytest.raises(NotFound, match="no such replay run"):
        store.replays.get("nope")
    with pytest.raises(BadInput, match="columns"):
        store.replays.save_chunk(run.run, 0, _scores(store, run).drop_columns("scores"), Spent())


def test_some_cases_alone_are_opened_and_audited_like_a_chunk(store: Store) -> None:
    bodies = [b"input %d" % number for number in range(6)]
    store.take(*(logged_input(request_span(), body) for body in bodies))
    run = store.replays.create(REQUEST).run
    opened = store.replays.open_cases(run, [4, 1, 99], "to look at them", "token-7")
    assert opened.column("input").to_pylist() == [bodies[1], bodies[4]]
    (entry,) = store.rows("select * from audit where action = 'inputs opened'")
    assert (entry["actor"], entry["reason"], entry["count"]) == ("token-7", "to look at them", 2)
    with pytest.raises(BadInput, match="reason"):
        store.replays.open_cases(run, [1], "")


def test_many_large_inputs_are_opened_copied_and_expire_within_the_memory_of_the_store(
    tmp_path: Path,
) -> None:
    memory = 64 * 2**20
    with Store(tmp_path, memory_bytes=memory) as store:
        bodies = [random.Random(n).randbytes(500_000) for n in range(150)]
        for first in range(0, len(bodies), 25):
            part = bodies[first : first + 25]
            store.take(*(logged_input(request_span(), body) for body in part))
        assert sum(map(len, bodies)) > memory
        run = store.replays.create(REQUEST)
        opened = store.replays.open_inputs(run.run, run.chunks[3], "a test").to_pylist()
        assert opened and all(row["input"] == bodies[row["case"]] for row in opened)
        upkeep = Maintenance(store.database, store.policy, store.health)
        upkeep.compact(now())
        (last,) = store.replays.open_cases(run.run, [149], "a test").to_pylist()
        assert last["input"] == bodies[149]
        upkeep.retain(now() + 40 * 24 * 3600 * 10**9)
        assert store.rows("select count(*) as n from input_pieces") == [{"n": 0}]


def test_a_chunk_holds_no_more_than_so_many_bytes_of_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "CHUNK_BYTES", 5_000)
    with Store(tmp_path) as store:
        store.take(*(logged_input(request_span(), b"x" * 1_000) for _ in range(21)))
        run = store.replays.create(REQUEST)
        assert run.chunks == tuple(range(6)) and run.cases == 21
        chunks = [store.replays.open_inputs(run.run, n, "a test") for n in run.chunks]
        assert [len(chunk) for chunk in chunks] == [4, 4, 4, 4, 4, 1]
        for chunk, opened in zip(run.chunks, chunks, strict=True):
            store.replays.save_chunk(run.run, chunk, _blank(opened), Spent())
        assert store.replays.get(run.run).done == run.chunks
        assert store.replays.scores(run.run).column("case").to_pylist() == list(range(21))


def test_a_single_input_larger_than_a_chunk_is_a_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "CHUNK_BYTES", 10)
    with Store(tmp_path) as store:
        store.take(*(logged_input(request_span(), b"x" * 1_000) for _ in range(3)))
        assert store.replays.create(REQUEST).chunks == (0, 1, 2)


def test_of_an_input_that_went_since_it_was_opened_no_score_is_saved(store: Store) -> None:
    store.take(*(logged_input(request_span(), BODY) for _ in range(3)))
    run = store.replays.create(REQUEST).run
    opened = store.replays.open_inputs(run, 0, "a test")
    store.database._write_cursor.execute("delete from inputs where number <> 1")
    store.replays.save_chunk(run, 0, _blank(opened), Spent())
    assert store.rows("select number from replay_scores") == [{"number": 1}]
    store.database._write_cursor.execute("delete from inputs")
    store.replays.save_chunk(run, 0, _blank(opened), Spent())


def test_the_latest_sweep_of_each_reference_stands(store: Store) -> None:
    store.take(logged_input(request_span(), BODY))
    run = store.replays.create(REQUEST).run
    for reference, reason in (("label", "old"), ("label", "new"), ("audit", "other")):
        store.replays.save_sweep(_sweep(run, reference, reason))
    assert [(s.reference, s.reason) for s in store.replays.sweeps(run)] == [
        ("audit", "other"),
        ("label", "new"),
    ]


def test_a_feature_whose_policy_forbids_logging_keeps_nothing(tmp_path: Path) -> None:
    policy = policy_from(POLICY.replace("log_inputs = true", "log_inputs = false"), tmp_path)
    with Store(tmp_path, policy) as store:
        assert store.take(logged_input(request_span(), BODY, PHONE))[0].rejected == 1


def test_an_input_is_logged_by_the_policy_its_release_shipped_under(tmp_path: Path) -> None:
    text = POLICY.replace("threshold = 0.75", "threshold = 0.75\nlog_inputs = false")
    with Store(tmp_path, policy_from(text, tmp_path)) as store:
        for version, rejected in (("2.4.9", 0), ("2.5.0", 1), (None, 1), ("2.5.0-rc1", 0)):
            phone = {k: v for k, v in {**PHONE, "service.version": version}.items() if v}
            receipt = store.take(logged_input(request_span(), BODY, phone))[0]
            assert receipt.rejected == rejected, version
            assert ("policy" in receipt.message) == bool(rejected)


def test_a_case_knows_the_threshold_that_the_policy_has_for_its_release(store: Store) -> None:
    for version in ("2.4.9", "2.10.0"):
        phone = {**PHONE, "service.version": version}
        request = request_span()
        store.take(traces(request, resource=phone), logged_input(request, BODY, phone))
    cases = chunk(store, store.replays.create(REQUEST))
    assert {case["release"]: case["policy_threshold"] for case in cases} == {
        "2.4.9": 0.7,
        "2.10.0": 0.75,
    }


def _scores(store: Store, run: ReplayRun) -> Any:
    cases = store.replays.open_inputs(run.run, 0, "a test").column("case")
    n = len(cases)
    return pa.table(
        {
            "case": cases,
            "predicted": ["7"] * n,
            "confidence": [0.9] * n,
            "scores": [[0.9, 0.1]] * n,
            "failure": pa.nulls(n, pa.string()),
        }
    )


def _blank(opened: Any) -> Any:
    rows = {name: [None] * len(opened) for name in SCORES.names}
    return pa.table(rows | {"case": opened.column("case")}, schema=SCORES)


def _sweep(run: str, reference: str, reason: str) -> Sweep:
    return Sweep(
        run=run,
        reference=reference,
        cases=0,
        current=None,
        points=(),
        recommended=None,
        reason=reason,
    )
