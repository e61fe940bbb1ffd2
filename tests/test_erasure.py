"""Erasing an installation: nothing of it can be asked for, no byte is left, nobody else changes."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector.contract.attributes import INSTALLATION
from collector.contract.config import Settings
from collector.contract.errors import BadInput, Overloaded
from collector.contract.persons import Erased
from collector.contract.records import Spent, Sweep
from collector.metrics import metrics
from collector.persons.erasures import Erasures
from collector.store import erasure
from collector.store.backlog import Backlog
from collector.store.compliance import Scope
from collector.store.erasure import ERASED
from collector.store.maintenance import Maintenance
from collector.store.reader import rfc3339
from collector.store.rollups import Rollups
from collector.store.schema import TABLES
from tests.otlp import PHONE, Span, logged_input, now, request_span, traces
from tests.store import POLICY, Store, policy_from
from tests.test_inputs import REQUEST

GONE, STAYS = "phone-gone-4c1f", "phone-stays"
FEATURE = "image_classify"
# Each is sent by the erased installation alone, in a place of its own.
VALUES = {
    "service.version": "9.8.7-only",
    "device.model.identifier": "OnlyModel,1",
    "app.installation.id": GONE,
    "service.instance.id": "launch-only",
    "only_key.of_resource": "dropped",
}
LABEL, HOST, PHRASE, STEP = "only-label", "only-host.net", b"only-content", "/step"
EXTRA = POLICY.replace("[[hosts]]", '[attributes]\n"checkout.step" = "keep"\n[[hosts]]', 1)
KEPT_TABLES = {
    "schema_version", "releases", "policies", "policy_features", "policy_flows", "policy_hosts",
    "span_sources", "span_contexts", "input_cuts", "replays", "audit", "tombstones", "erasures",
    "declarations", "verdicts", "rollup_kinds", "rollup_state", "folded_requests", "folded_days",
    "told_state",
}  # fmt: skip


def service(store: Store, **settings: Any) -> Erasures:
    return Erasures(
        Settings(home=store.home, **settings),
        store.erasure,
        Maintenance(store.database, store.policy, store.health, compact_hour=3),
    )


def erase(store: Store, identifier: str = GONE, *, compact: bool = False) -> Erased:
    return service(store).run(identifier, "token-1", compact=compact)


def phone(identifier: str) -> dict[str, Any]:
    return {**PHONE, INSTALLATION: identifier}


def send(store: Store, resource: dict[str, Any], label: str, **host: str) -> list[Span]:
    """A fallback whose cloud has a span too, with its input; all in one group of requests."""
    asked = request_span("fallback", limen_output_label=label, checkout_step=label + STEP)
    asked.trace_id, asked.span_id = os.urandom(16), os.urandom(8)
    call = asked.child("CLIENT", server_address=host.get("host", "api.example.com"))
    call.span_id = os.urandom(8)
    cloud = call.child("SERVER", limen_output_label=label)
    cloud.span_id = os.urandom(8)
    served = traces(cloud, resource={"service.name": "cloud"})
    store.take(
        traces(asked, call, resource=resource),
        served,
        logged_input(asked, PHRASE + label.encode(), resource=resource),
    )
    return [asked, call, cloud]


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Store]:
    """A store with two installations, sweeps and scores of both, under two keys."""
    with Store(tmp_path, policy_from(EXTRA, tmp_path)) as store:
        for number in range(3):
            send(store, phone(STAYS), f"label-{number}")
            send(store, {**PHONE, **VALUES}, LABEL, host=HOST)
        run = store.replays.create(REQUEST)
        numbers = [row["number"] for row in store.rows("select number from inputs order by 1")]
        scores = [scored(number) for number in numbers]
        store.replays.save_chunk(run.run, 0, pa.Table.from_pylist(scores), Spent())
        store.replays.save_sweep(sweep(run.run, len(numbers)))
        yield store


def scored(number: int) -> dict[str, Any]:
    return {
        "case": number, "predicted": "7", "confidence": number / 64, "scores": [number / 64],
        "failure": None,
    }  # fmt: skip


def sweep(run: str, cases: int) -> Sweep:
    return Sweep(
        run=run, reference="label", cases=cases, current=0.7, points=(), recommended=None, reason=""
    )


def tables(store: Store) -> dict[str, list[dict[str, Any]]]:
    return {name: store.rows(f"select * from {name} order by all") for name in TABLES}


def of_others(store: Store) -> dict[str, list[dict[str, Any]]]:
    """The rows of whoever is not erased, of the tables that hold installations."""
    other = [pseudonym for _, pseudonym in store.pseudonyms.all(INSTALLATION, STAYS)]
    held = store.rows("select number, trace_id, installation from inputs")
    numbers = {row["number"] for row in held if row["installation"] in other}
    ids = {row["trace_id"] for row in held if row["installation"] in other}
    found = tables(store)
    return {
        "span_facts": [row for row in found["span_facts"] if row["trace_id"] in ids],
        "inputs": [row for row in found["inputs"] if row["installation"] in other],
        "batches": [row for row in found["batches"] if row["installation"] in other],
        "replay_scores": [row for row in found["replay_scores"] if row["number"] in numbers],
        # That its sweeps are gone stands with a run.
        "replays": [{**row, "sweeps_erased": None} for row in found["replays"]],
    }


def answers(store: Store, names: list[str]) -> dict[str, list[dict[str, Any]]]:
    """What metrics say of the others' release; adoption is its share of all installations."""
    found = {name: store.ask(name, release="2.4.0") for name in names}
    for row in (*found["release_health"], *found["release_intervals"]):
        for column in [name for name in row if name.startswith("adoption")]:
            del row[column]
    return found


def secrets_of(store: Store) -> dict[str, list[bytes]]:
    """Every value that only the erased installation had, as it would stand in a file."""
    words = [LABEL, HOST, LABEL + STEP, *(VALUES[n] for n in list(VALUES)[:2]), "only_key"]
    made = [one for _, one in store.pseudonyms.all(INSTALLATION, GONE)]
    made += [one for _, one in store.pseudonyms.all("service.instance.id", "launch-only")]
    held = store.rows(
        "select trace_id, span_id from spans where trace_id in "
        f"(select trace_id from spans where release = '{VALUES['service.version']}')"
    )
    sealed = store.rows(
        "select sealed from inputs i join input_pieces using (number) join spans s using (span_id) "
        f"where s.release = '{VALUES['service.version']}'"
    )
    return {
        "stored": [*map(str.encode, words), *made, made[0].hex().encode()],
        "ids": [row[name] for row in held for name in ("trace_id", "span_id")],
        "sealed": [row["sealed"][:24] for row in sealed],
        "never": [GONE.encode(), b"launch-only", PHRASE],
    }


def bytes_under(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_every_table_is_erased_or_holds_nobody() -> None:
    assert set(TABLES) == KEPT_TABLES | ERASED and not KEPT_TABLES & ERASED


def test_no_question_finds_it_and_nobody_elses_numbers_change(filled: Store) -> None:
    store = filled
    before = of_others(store)
    release = VALUES["service.version"]
    with_release = [name for name in metrics() if "release" in metrics()[name].dimensions]
    others = answers(store, with_release)
    receipt = erase(store)
    assert of_others(store) == before
    assert answers(store, with_release) == others
    for name in with_release:
        by = () if metrics()[name].single_rows else ("release",)
        assert release not in {row.get("release") for row in store.ask(name, *by)}
    assert {row["destination"] for row in store.ask("egress")} == {"api.example.com", "telemetry"}
    (found,) = store.installations.find(GONE).pseudonyms
    assert (found.spans, found.inputs, found.exports) == (0, 0, 0)
    (run,) = store.replays.all()
    assert (run.inputs, run.failed) == (3, 0) and len(store.replays.scores(run.run)) == 3
    assert store.replays.sweeps(run.run) == [] and run.sweeps_erased is not None
    everything = json.dumps({n: store.ask(n) for n in metrics()}, default=str)
    for word in (release, LABEL, HOST, "only_key", "OnlyModel"):
        assert word not in everything
    assert receipt.deleted == {
        "sweeps": 1, "replay_scores": 3, "input_pieces": 3,
        "inputs": 3, "consents": 0, "span_facts": 9, "batches": 6,
    }  # fmt: skip
    assert (receipt.traces, receipt.keys_destroyed, receipt.bytes_gone) == (3, 1, None)
    assert GONE not in receipt.model_dump_json()


def test_the_receipt_says_where_a_destroyed_key_ends_what_can_be_told(store: Store) -> None:
    assert erase(store, "nobody").attributable_since is None
    first = store.pseudonyms.periods[0]
    following = store.pseudonyms.begin_next(first.since + 30 * 24 * 3600 * 10**9, 30)
    store.pseudonyms.destroy([first])
    receipt = erase(store, "nobody else")
    assert following and receipt.attributable_since == rfc3339(following.since)


def test_now_leaves_no_byte_of_it(filled: Store) -> None:
    store = filled
    secrets = secrets_of(store)
    store.database.checkpoint()
    held = bytes_under(store.home)
    assert [one for one in secrets["stored"] if one not in held] == []
    assert len(secrets["ids"]) == 18 and any(one in held for one in secrets["ids"])
    assert len(secrets["sealed"]) == 3 and all(one in held for one in secrets["sealed"])
    before = of_others(store)
    receipt = erase(store, compact=True)
    assert receipt.bytes_gone and receipt.bytes_gone > receipt.unreachable
    left = bytes_under(store.home)
    for kind, values in secrets.items():
        assert [one for one in values if one in left] == [], kind
    assert of_others(store) == before
    assert [one.receipt for one in service(store).all()] == [receipt.receipt]


def test_what_is_sent_of_it_later_is_refused_and_said(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        asked, _, cloud = send(store, phone(GONE), LABEL)
        erase(store)
    for restarted in range(2):
        with Store(tmp_path) as store:
            late, other = request_span(), request_span()
            of_its_trace = cloud.child("SERVER", limen_output_label=LABEL)
            shared = asked.child("INTERNAL")
            taken = store.take(
                traces(late, resource=phone(GONE)),
                traces(of_its_trace, resource={"service.name": "cloud"}),
                traces(other, shared, resource=phone(STAYS)),
                logged_input(late, PHRASE, resource=phone(GONE)),
            )
            assert [one.rejected for one in taken] == [1, 1, 0, 1], restarted
            assert ["erased" in one.message for one in taken] == [True, True, False, True]
            spans = store.rows("select span_id from spans")
            assert {row["span_id"] for row in spans} >= {other.span_id, shared.span_id}
            assert store.rows("select count(*) as n from inputs") == [{"n": 0}]
            sources = store.rows("select distinct installation from batches")
            stays = [one for _, one in store.pseudonyms.all(INSTALLATION, STAYS)]
            assert {row["installation"] for row in sources} <= {None, *stays}
            said = store.health.exposition("")[0].decode()
            assert 'limen_rejected_records_total{reason="erased",signal="traces"} 2.0' in said
            keys = json.loads((tmp_path / "keys" / "inputs.json").read_text())
            assert keys == {}
            if restarted:
                # Under a key of pseudonyms that is yet to come, too.
                following = store.pseudonyms.begin_next(now(), 1)
                assert following
                again = traces(request_span(), resource=phone(GONE))
                assert store.take(again, received=following.since + 1)[0].rejected == 1


def test_what_was_on_its_way_when_it_was_erased_is_not_stored(store: Store) -> None:
    """Groups that were prepared before, and commit after it."""
    asked = request_span()
    cloud = traces(asked, resource={"service.name": "cloud"})
    store.take(logged_input(asked, PHRASE, resource=phone(GONE)), cloud)
    write = store.pipeline._writer.write
    held, go = threading.Event(), threading.Event()

    def wait_and_write(parts: Any) -> Any:
        held.set()
        assert go.wait(20)
        return write(parts)

    store.pipeline._writer.write = wait_and_write  # type: ignore[method-assign]
    late = request_span()
    taken: list[Any] = []
    sending = threading.Thread(
        target=lambda: taken.extend(
            store.take(
                traces(late, resource=phone(GONE)),
                logged_input(late, PHRASE, resource=phone(GONE)),
            )
        )
    )
    sending.start()
    assert held.wait(20)
    receipt = erase(store)
    go.set()
    sending.join()
    assert (receipt.deleted["inputs"], receipt.keys_destroyed) == (1, 1)
    assert [one.rejected for one in taken] == [1, 1]
    for table in ("span_facts", "inputs"):
        (row,) = store.rows(f"select count(*) as n from {table}")
        # Nobody's span in the trace of its input is deleted with it.
        assert row["n"] == 0, table
    assert (store.home / "keys" / "inputs.json").read_text() == "{}"


def test_a_replay_that_goes_on_saves_nothing_of_it(filled: Store) -> None:
    store = filled
    run = store.replays.create(REQUEST.model_copy(update={"model": "other@1"}))
    numbers = [row["number"] for row in store.rows("select number from inputs order by 1")]
    erase(store)
    store.replays.save_chunk(
        run.run, 0, pa.Table.from_pylist([scored(number) for number in numbers]), Spent()
    )
    (kept,) = [one for one in store.replays.all() if one.run == run.run]
    assert kept.inputs == 3 and len(store.replays.scores(run.run)) == 3
    with pytest.raises(BadInput, match="6 cases and its run 3 by now: sweep again"):
        store.replays.save_sweep(sweep(run.run, len(numbers)))
    store.replays.save_sweep(sweep(run.run, 3))


def test_a_sweep_of_spans_that_were_erased_since_is_not_kept(store: Store) -> None:
    model = {"limen_model_name": "any", "limen_model_version": "1"}
    for who, said in ((GONE, 0.9), (STAYS, 0.8), (STAYS, None)):
        span = request_span(**model, limen_confidence=said)
        store.take(traces(span, resource=phone(who)))
    asked = {"model": "any@1", "model_digest": "", "source": "spans"}
    run = store.replays.create(REQUEST.model_copy(update=asked)).run
    store.replays.save_sweep(sweep(run, 2))
    erase(store)
    with pytest.raises(BadInput, match="2 cases and its run 1 by now: sweep again"):
        store.replays.save_sweep(sweep(run, 2))
    store.replays.save_sweep(sweep(run, 1))


def test_of_runs_over_spans_the_sweeps_go_that_it_may_be_in(filled: Store) -> None:
    store = filled
    over_spans = REQUEST.model_copy(update={"source": "spans", "model_digest": ""})
    run = store.replays.create(over_spans).run
    store.replays.save_sweep(sweep(run, 0))
    send(store, phone("came-later"), "later")
    for other in ("nobody", "came-later"):
        erase(store, other)
        assert len(store.replays.sweeps(run)) == 1
    erase(store)
    assert store.replays.sweeps(run) == []


def test_a_trace_that_others_share_stays_theirs(store: Store) -> None:
    mine, theirs = request_span(), None
    theirs = mine.child("INTERNAL", limen_feature=FEATURE, limen_decision="accept")
    cloud = mine.child("SERVER")
    store.take(
        traces(mine, resource=phone(GONE)),
        traces(theirs, resource=phone(STAYS)),
        traces(cloud, resource={"service.name": "cloud"}),
    )
    assert erase(store).deleted["span_facts"] == 2
    assert store.rows("select span_id from spans") == [{"span_id": theirs.span_id}]


def test_what_is_out_of_reach_is_named(store: Store) -> None:
    maintenance = Maintenance(store.database, store.policy, store.health)
    backlog = Backlog(store.database)
    maintenance.backup(now(), keys=False).close()
    send(store, phone(STAYS), "a")
    send(store, phone(GONE), "b")
    assert backlog.next(5) is not None
    backlog.passed()
    backlog.save()
    made = now()
    maintenance.backup(made, keys=False).close()
    store.evidence.make(Scope(), None)
    # An aggregate names nobody's trace.
    store.audit_log.exported("egress", 1, None)
    place = store.rows("select span_id from forwarding")[0]["span_id"]
    done = service(store, forward_url="https://backend.example:4318/v1").run(
        GONE, None, compact=False
    )
    assert done.backups == (rfc3339(made),)
    (export,) = done.exports
    assert export.startswith("evidence of ")
    assert done.forwarded_to == "backend.example:4318" and done.forwarded_spans == 2
    assert done.bytes_gone_due and done.bytes_gone_due > done.unreachable
    # The place that passing on has come to is no span of it any more, and nothing waits twice.
    ids = {row["span_id"] for row in store.rows("select span_id from spans")}
    left = store.rows("select span_id from forwarding")[0]["span_id"]
    assert place not in ids and (left in ids or left == b"")
    assert Backlog(store.database).next(10) is None


def test_one_of_which_nothing_is_stored_is_refused_from_then_on(store: Store) -> None:
    done = erase(store, "nobody-yet")
    assert not any(done.deleted.values()) and done.backups == ()
    assert store.take(traces(request_span(), resource=phone("nobody-yet")))[0].rejected == 1


def test_one_that_cannot_be_written_erases_nothing(store: Store) -> None:
    store.take(traces(request_span()))
    store.database._write_cursor.execute("drop table erasures")
    with pytest.raises(Overloaded):
        erase(store, "phone-1")
    assert store.rows("select count(*) as n from spans") == [{"n": 1}]
    assert not store.tombstones
    assert store.take(traces(request_span()))[0].rejected == 0


def test_what_lies_scattered_goes_in_parts_of_which_each_is_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "GROUP_ROWS", 3)
    monkeypatch.setattr(erasure, "PART_GROUPS", 2)
    for number in range(5):
        send(store, phone(GONE), f"{LABEL}-{number}")
    send(store, phone(STAYS), LABEL)
    # Its input came, its spans never did.
    store.take(logged_input(request_span(), PHRASE, resource=phone(GONE)))
    Rollups(store.database).run()

    def left() -> list[int]:
        rows = [f"count(*) as n from {name}" for name in ("span_facts", "rollup_departures")]
        sums = [f"sum(n) as n from {name}" for name in ("rollup_sent", "rollup_requests")]
        return [store.rows(f"select {one}")[0]["n"] for one in (*rows, *sums)]

    assert left() == [18, 6, 6, 6]
    checkpoint = store.database.checkpoint
    delete = store.erasure._delete
    deleted: list[int] = []

    def delete_two(*asked: Any) -> None:
        if len(deleted) == 2:
            raise Overloaded("no room")
        delete(*asked)
        deleted.append(asked[2].spans.num_rows)

    with monkeypatch.context() as failing:
        failing.setattr(store.erasure, "_delete", delete_two)
        with pytest.raises(Overloaded, match="a part of it is erased.* the rest: no room"):
            erase(store)
    # Two traces went twice, in numbers that agree; and nothing of it is taken any more.
    assert (deleted, left()) == ([6, 6], [6, 2, 2, 2])
    assert store.erasure.receipts() == []
    noted = store.rows("select action, count from audit order by number desc limit 2")
    # The first has the trace of the input too.
    assert [tuple(row.values()) for row in noted] == [
        ("part of an installation erased", count) for count in (2, 3)
    ]
    late = traces(request_span(), resource=phone(GONE))
    assert store.take(late)[0].rejected == 1
    moved: list[None] = []
    monkeypatch.setattr(store.database, "checkpoint", lambda: moved.append(checkpoint()))
    done = erase(store)
    assert (left(), moved) == ([3, 1, 1, 1], [])
    # Its inputs named the traces of all six until now.
    assert (done.traces, done.deleted["span_facts"], done.deleted["inputs"]) == (6, 3, 6)


def test_every_part_is_looked_for_anew_where_something_came_before_the_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "GROUP_ROWS", 3)
    monkeypatch.setattr(erasure, "PART_GROUPS", 1)
    for resource in (STAYS, GONE, GONE, GONE):
        send(store, phone(resource), LABEL)
    Rollups(store.database).run()
    find, came = store.erasure._find, list[Any]()

    def find_and_get(*asked: Any) -> Any:
        found = find(*asked)
        if not came:
            came.extend(store.take(traces(request_span(), resource=phone(GONE))))
        return found

    monkeypatch.setattr(store.erasure, "_find", find_and_get)
    # Else places that are known stay true, and what was found twice would be taken away twice.
    monkeypatch.setattr(store.database, "checkpoint", lambda: None)
    done = erase(store)
    assert (len(came), done.traces, done.deleted["span_facts"]) == (1, 4, 10)
    assert store.rows("select count(*) as n from span_facts") == [{"n": 3}]
    for table in ("rollup_sent", "rollup_requests", "rollup_contexts", "rollup_context_waits"):
        assert store.rows(f"select sum(n) as n from {table}") == [{"n": 1}], table


def test_what_comes_while_it_is_looked_for_goes_with_it(store: Store) -> None:
    """Another trace, a span of the cloud, an input; and where spans are moved meanwhile."""
    rollups, find = Rollups(store.database), store.erasure._find

    def left() -> list[int]:
        rows = [f"count(*) as n from {name}" for name in ("span_facts", "inputs")]
        sums = [f"sum(n) as n from {name}" for name in ("rollup_sent", "rollup_requests")]
        asked = [*rows, *sums, "count(*) as n from rollup_departures"]
        return [store.rows(f"select {one}")[0]["n"] for one in asked]

    def sent(number: int) -> list[Callable[[], object]]:
        own, late = phone(f"phone-{number}"), request_span()
        _, call, _ = send(store, own, LABEL)
        return [
            lambda: store.take(traces(late, resource=own)),
            lambda: store.take(traces(call.child("SERVER"), resource={"service.name": "cloud"})),
            lambda: store.take(logged_input(late, PHRASE, resource=own)),
            store.database.checkpoint,
        ]

    coming = [sent(number)[number] for number in range(4)]
    send(store, phone(STAYS), LABEL)
    rollups.run()
    assert left() == [15, 5, 5, 5, 5]
    meanwhile: list[Callable[[], object]] = []
    looked: list[Any] = []

    def find_and_get(*asked: Any) -> Any:
        found = find(*asked)
        looked.append(found)
        while meanwhile:
            meanwhile.pop()()
        return found

    store.erasure._find = find_and_get  # type: ignore[assignment, method-assign]
    for number, come in enumerate(coming):
        looked.clear()
        meanwhile.append(come)
        erase(store, f"phone-{number}")
        assert left() == [3 * (4 - number), *[4 - number] * 4]
        # Once more where not all of it was found, or where it was.
        assert len(looked) == 2
    (kept,) = store.rows("select installation from inputs")
    assert kept["installation"] == store.pseudonym(STAYS)


def test_what_comes_while_it_is_tried_in_vain_is_stored_as_ever(store: Store) -> None:
    store.take(traces(request_span()))
    (before,) = store.rows("select distinct installation from spans")
    delete, write = store.erasure._delete, store.pipeline._writer.write
    prepared = threading.Event()
    taken: list[Any] = []
    late = traces(request_span())
    sending = threading.Thread(target=lambda: taken.extend(store.take(late)))

    def say_and_write(parts: Any) -> Any:
        prepared.set()
        return write(parts)

    def delete_and_fail(*asked: Any) -> Any:
        delete(*asked)
        sending.start()
        assert prepared.wait(20)
        raise Overloaded("no room")

    store.pipeline._writer.write = say_and_write  # type: ignore[method-assign]
    store.erasure._delete = delete_and_fail  # type: ignore[assignment, method-assign]
    with pytest.raises(Overloaded, match="no room"):
        erase(store, "phone-1")
    sending.join()
    assert [one.rejected for one in taken] == [0]
    assert store.rows("select distinct installation from spans") == [before]
    assert store.rows("select count(*) as n from spans") == [{"n": 2}]


def test_the_audit_log_says_that_and_not_whose(filled: Store) -> None:
    done = erase(filled)
    (entry,) = filled.rows("select * from audit where action = 'installation erased'")
    assert (entry["actor"], entry["count"]) == ("token-1", sum(done.deleted.values()))
    assert json.loads(entry["detail"]) == {"receipt": done.receipt}
