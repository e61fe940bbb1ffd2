"""Rollups: whatever is rolled up, every question has the same answer as from the spans alone."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.protobuf.message import Message

from collector.compliance.observed import When
from collector.contract.errors import NotFound
from collector.contract.records import Query
from collector.contract.releases import Comparison
from collector.metrics import get_metric
from collector.store import rollups, sightings
from collector.store.compliance import Scope
from collector.store.maintenance import Maintenance
from collector.store.reader import rfc3339
from collector.store.rollups import Rollups
from collector.store.schema import DEFINITIONS, ROLLED_UP
from collector.store.unsealed import PART_CALLS, Besides, end_of
from tests.otlp import PHONE, Span, consent, now, request_span, traces
from tests.store import POLICY, Store, policy_from
from tests.test_erasure import erase

HOUR = 3600 * 10**9
DAY = 24 * HOUR
SENT = {
    "server_address": "api.example.com",
    "http_request_body_size": 100,
    "limen_purpose": "app_functionality",
    "limen_data_categories": ["image"],
}
SENT_BY = "day, received, app, environment, release, os, kind, differs"
SENDERS_BY = "day, received, sender, app, environment, release, os, kind"
CONTEXTS_BY = (
    "day, received, app, environment, feature, release, os, device_model, country, network, model,"
    " model_size, size_budget, placement, placement_inferred, decision, reason, blocked_reason,"
    " threshold, threshold_version, runtime, delegate, answered_by"
)
OFFLINE_BY = f"{CONTEXTS_BY}, confidence_step, sure_step"
WAITS_BY = f"{CONTEXTS_BY}, wait_step"
COUNTS = (
    "n", "numbered", "in_10s", "in_1min", "in_10min", "in_1h", "in_6h", "in_1d", "in_7d",
    "believed", "ahead", "no_device_model", "no_country", "no_installation", "no_duration",
    "no_runtime", "no_delegate", "no_confidence",
)  # fmt: skip
OF_REQUESTS = (
    "kind in (select number from rollup_kinds where facts.from_request and not facts.passed_on)"
)


def maintenance(store: Store) -> Maintenance:
    return Maintenance(store.database, store.policy, store.health)


def departed(store: Store) -> list[dict[str, Any]]:
    """All that any metric knows of what left."""
    ever = f"0, {now() + DAY}, null"
    return store.rows(f"select * from departures({ever}) where trace_id is not null order by all")


def answered(store: Store, turn: int) -> list[Any]:
    """What is asked of requests and of what left, over days and parts of them, by what is rolled up
    or not: some questions always, a fifth of the others in turn."""
    asked: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
        ("completeness", ("hour", "device_model"), {"since": "-100h"}),
        ("lost_requests", ("hour", "device_model"), {"since": "-100h"}),
        ("clock_skew", ("release", "day"), {}),
    ]
    others: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
        ("completeness", ("release", "day"), {}),
        ("transfers", ("feature", "release"), {"since": "-100h"}),
        ("fallback_rate", (), {"since": "-100h"}),
        ("fallback_rate", ("feature", "placement"), {"environment": "production"}),
        ("offline_coverage", ("release", "day"), {}),
        ("fallback_reasons", ("network", "feature"), {}),
        ("release_health", ("network", "model"), {}),
        ("release_intervals", ("day", "model"), {}),
        ("release_intervals", ("country", "device_model"), {}),
        ("latency", ("model", "decision"), {"since": "-100h"}),
        ("arrival", ("os",), {}),
        ("lost_requests", ("release",), {}),
        ("unknown_values", ("release",), {"feature": "image_classify"}),
        ("release_models", ("day",), {}),
        ("feature_use", ("release",), {}),
        ("thresholds_in_use", (), {}),
        ("offline_by_threshold", ("model",), {}),
        ("offline_hours", ("release",), {"since": "-100h"}),
        ("skewed_installations", (), {"since": "-100h"}),
        ("fallback_rate", ("device_model", "runtime", "day"), {"since": "-100h"}),
        ("latency", ("country", "reason"), {}),
        ("offline_coverage", ("delegate",), {"device_model": "Pixel 8"}),
    ]
    asked += others[turn % 5 :: 5]
    told: list[Any] = [store.ask(metric, *by, **where) for metric, by, where in asked]
    stored = store.reader.status()["requests"]
    # Of days in part and of whole ones.
    since = "-100h" if turn % 2 else "-5d"
    told.append(different(store, since))
    return [*told, stored, *(observed(store, since) if turn % 3 == 2 else [compared(store)])]


def different(store: Store, since: str) -> list[Any]:
    """What is counted of the requests that the device did not answer, and of the others."""
    selected = {"decision": ("fallback", "blocked", "error")}
    table = store.reader.table(Query(metric="differences", since=since, selected=selected))
    counts = table.select(["dimension", "value", "selected", "others", "installations"])
    return sorted(counts.to_pylist(), key=lambda row: (row["dimension"], row["value"]))


def compared(store: Store) -> Any:
    """What a comparison says, as far as floating point is exact; None where there are no two."""
    try:
        found = store.releases.compare("2.5.0", "2.4.0", None, None, {})
    except NotFound:
        return None
    return rounded(found)


def rounded(found: Comparison) -> Any:
    return json.loads(found.model_dump_json(), parse_float=lambda number: round(float(number), 9))


def observed(store: Store, since: str) -> list[Any]:
    """What a check finds."""
    dated = store.compliance.review(Scope(since=since), dated=True)
    check = store.compliance.check(Scope(since=since))
    assert check.findings == dated.check.findings
    return [check.coverage, check.findings, dated.seen, dated.when]


@contextmanager
def nothing_covered(store: Store) -> Iterator[None]:
    """As if nothing were rolled up."""
    kept = {table: store.database.read(f"from {table}") for table in (*ROLLED_UP, "rollup_state")}
    with store.database.write() as transaction:
        for table in kept:
            transaction._cursor.execute(f"delete from {table}")
    yield
    with store.database.write() as transaction:
        for table, rows in kept.items():
            transaction.name(fresh=rows)
            transaction._cursor.execute(f"insert into {table} by name from fresh")


def covered(store: Store) -> int:
    """How many departures are answered from the rollup."""
    (row,) = store.rows(
        "select count(*) as n from rollup_departures d "
        "anti join unrolled(null) u on u.trace_id = d.trace_id"
    )
    n: int = row["n"]
    return n


def same_answers(store: Store, turn: int) -> None:
    found, told, clocks = departed(store), answered(store, turn), copied(store)
    assert summed(store, "rollup_sent", SENT_BY) == summed(store, "rolled_singly", SENT_BY)
    senders = summed(store, "rollup_senders", SENDERS_BY)
    assert senders == summed(store, f"rolled_singly where {OF_REQUESTS}", SENDERS_BY)
    contexts, waits = (
        f"rolled_contexts(['rollup_{sums}', 'fresh_{sums}'], {now() + DAY}, 0)"
        for sums in ("contexts", "context_waits")
    )
    for by, some in ((CONTEXTS_BY, ""), (OFFLINE_BY, " where network = 'unavailable'")):
        one_by_one = summed(store, f"requests{some}", by, COUNTS)
        assert summed(store, f"{contexts}{some}", by, COUNTS) == one_by_one
    waited = summed(store, "requests where wait_step is not null", WAITS_BY, ("n",))
    assert summed(store, waits, WAITS_BY, ("n",)) == waited
    with nothing_covered(store):
        assert (departed(store), copied(store)) == (found, clocks)
        for again, before in zip(answered(store, turn), told, strict=True):
            assert again == before
    # A gap that the period's beginning cuts is counted once, and by both.
    lost = {(row["hour"], row["device_model"]): row["lost"] for row in told[1]}
    assert all(
        lost[row["hour"], row["device_model"]] == row["expected"] - row["received"]
        for row in told[0]
    )


def copied(store: Store) -> list[list[dict[str, Any]]]:
    """What spans say of clocks."""
    return [store.rows(f"from {what} order by all") for what in ("clocks", "served")]


def summed(
    store: Store, table: str, by: str, counts: Sequence[str] = ("n", "bytes")
) -> list[dict[str, Any]]:
    """The `counts` of a table by all that it is summed by."""
    sums = ", ".join(f"sum({count}) as {count}" for count in counts)
    return store.rows(
        f"select {by}, {sums} from {table} group by all having sum(n) <> 0 order by all"
    )


class Fleet:
    """Phones that send traces in parts, in any order, some of them days late."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._held: list[tuple[Span, dict[str, Any]]] = []

    def spans(self, traces_: int) -> list[tuple[Span, dict[str, Any]]]:
        for number in range(traces_):
            self._held += self._trace(number)
        self._random.shuffle(self._held)
        cut = self._random.randint(len(self._held) // 2, len(self._held))
        sent, self._held = self._held[:cut], self._held[cut:]
        return sent

    def consent(self) -> Message:
        """Some phone, or one that is not known yet, says what it consents to, by now or before."""
        draw = self._random
        phone = dict(PHONE) | {"app.installation.id": f"phone-{draw.randrange(4)}"}
        return consent(
            draw.choice(["granted", "withdrawn", "denied"]),
            now() - draw.randrange(12 * DAY),
            phone,
            purpose=draw.choice(["app_functionality", "analytics"]),
            version=draw.choice(["1", "2"]),
        )

    def _trace(self, number: int) -> Iterator[tuple[Span, dict[str, Any]]]:
        draw = self._random
        phone = dict(PHONE) | {
            "app.installation.id": f"phone-{draw.randrange(3)}",
            "service.instance.id": f"launch-{draw.randrange(2)}",
            "service.version": draw.choice(["2.4.0", "2.5.0"]),
        }
        start = now() - draw.randrange(9 * DAY)
        decision = draw.choice(["fallback", "cloud", "accept", "blocked"])
        request = request_span(
            decision,
            start=start,
            limen_audit_sampled=True,
            limen_sequence=draw.randrange(12),
            limen_placement=draw.choice(["hybrid", None]),
            limen_feature=draw.choice(["image_classify", "doc_classify"]),
            network_connection_type=draw.choice(["wifi", "unavailable", None]),
            limen_confidence=draw.choice([0.2, 0.9, None]),
            limen_threshold=draw.choice([0.7, 0.8, None]),
            limen_model_name=draw.choice(["reader", None]),
            limen_model_size=draw.choice([5_000, 6_000]),
        )
        request.duration = draw.choice([0, 5, 60, 900]) * 10**6
        yield request, phone
        if draw.random() < 0.3:
            again = {"limen_sequence": draw.randrange(12), "start": start + DAY}
            yield request_span(decision, **again), phone
        outer = request.child(
            "CLIENT", **SENT, limen_consent_state=draw.choice(["granted", "denied", None])
        )
        yield outer, phone
        if draw.random() < 0.5:
            inner = outer.child(
                "CLIENT", server_address="api.example.com", http_response_status_code=200
            )
            yield inner, phone
            outer = inner
        if draw.random() < 0.5:
            served = outer.child("SERVER", http_request_body_size=100, limen_retained=True)
            served.start -= draw.choice([0, 0, 1, 3]) * DAY
            cloud = {"service.name": "cloud"}
            yield served, cloud
            yield served.child("CLIENT", server_address="llm.example.net"), cloud
        if draw.random() < 0.2:
            other = dict(PHONE) | {"app.installation.id": "phone-other"}
            others = request.child("CLIENT", **SENT)
            yield others, other
            yield others.child("SERVER"), {"service.name": "cloud"}


@pytest.mark.parametrize("seed", range(2))
def test_answers_are_the_same_whatever_is_rolled_up(
    store: Store, tmp_path: Path, seed: int
) -> None:
    fleet = Fleet(seed)
    for step in range(4):
        for late in range(3):
            sent = [traces(span, resource=phone) for span, phone in fleet.spans(2)]
            store.take(*sent, fleet.consent(), received=now() - late * DAY)
        if step == 1:
            # Launches are left with what they did for other features.
            kept = policy_from(POLICY + "[features.doc_classify]\nretention_days = 7\n", tmp_path)
            Maintenance(store.database, kept, store.health).retain(now() + 6 * DAY)
        if step == 2:
            erase(store, "phone-1")
            same_answers(store, seed)
        if step == 3:
            maintenance(store).retain(now() + (store.policy.retention_days - 1) * DAY)
            same_answers(store, seed + 1)
        if step != 1:
            while maintenance(store).roll_up():
                pass
            assert covered(store) > 0
        same_answers(store, seed + step)


@pytest.mark.parametrize("at_once", [PART_CALLS, 4])
def test_questions_between_two_steps_of_a_rollup_have_the_same_answers(
    store: Store, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(rollups, "PART_CALLS", at_once)
    fleet, between = Fleet(7), list[Any]()

    def told() -> list[Any]:
        everything = [departed(store), copied(store), *answered(store, 2)]
        return everything + [
            summed(store, "rollup_sent", SENT_BY) == summed(store, "rolled_singly", SENT_BY)
        ]

    for late in range(3):
        sent = [traces(span, resource=phone) for span, phone in fleet.spans(3)]
        store.take(*sent, fleet.consent(), received=now() - late * DAY)
        if late == 0:
            maintenance(store).roll_up()
    before = told()
    monkeypatch.setattr(store.database.turns, "give_way", lambda: between.append(told()))
    behind = Rollups(store.database)
    while behind.run():
        pass
    assert len(between) >= (3 if at_once > 4 else 6) and covered(store) > 0
    for answers in (*between, told()):
        assert answers == before


def test_a_slice_ends_with_a_transaction_and_has_one_at_least(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "SLICE_ROWS", 4)
    for spans in (3, 1, 3, 6, 1):
        store.take(traces(*(request_span() for _ in range(spans))))
    behind, counted = Rollups(store.database), []
    while behind.due():
        more = behind.run()
        [sums] = store.database.read("select sum(n)::int as n from rollup_requests", {}).to_pylist()
        counted.append((sums["n"], more))
    assert counted == [(4, True), (7, True), (13, True), (14, False)]


def test_a_late_span_is_seen_at_once_and_covered_again_by_the_next_run(store: Store) -> None:
    request = request_span("fallback")
    sent = request.child("CLIENT", **SENT)
    store.take(traces(sent))
    assert not maintenance(store).roll_up()
    assert (covered(store), departed(store)[0]["cause"]) == (1, "unknown")
    store.take(traces(request))
    assert (covered(store), departed(store)[0]["cause"]) == (0, "fallback")
    maintenance(store).roll_up()
    assert (covered(store), departed(store)[0]["cause"]) == (1, "fallback")


def test_late_spans_find_their_traces_in_days_far_apart(store: Store) -> None:
    requests = [request_span("fallback", start=now() - days * DAY) for days in (28, 16, 13, 1)]
    for request in requests:
        store.take(traces(request.child("CLIENT", **SENT)), received=request.start)
    maintenance(store).roll_up()
    assert [row["cause"] for row in departed(store)] == ["unknown"] * 4
    store.take(traces(*requests))
    for _ in range(2):
        assert [row["cause"] for row in departed(store)] == ["fallback"] * 4
        maintenance(store).roll_up()
    assert covered(store) == 4


def test_what_is_near_is_looked_for_once_in_every_stretch_of_time(store: Store) -> None:
    hours = ((1, 30), (2, 3), (49, 50), (80, 90), (81, 100), (200, 201))
    rows = ", ".join(f"({first * HOUR}, {last * HOUR})" for first, last in hours)
    few = f"with few(earliest, latest) as (values {rows})"
    found = store.rows(f"{few} select * from windows('few', {10 * HOUR}) order by first")
    expected = [(-9, 60), (70, 110), (190, 211)]
    assert [(row["first"] / HOUR, row["last"] / HOUR) for row in found] == expected


def test_what_left_is_told_anew_from_when_its_consent_changed(store: Store) -> None:
    def seen() -> dict[str, tuple[bool, int]]:
        left = store.compliance.review(Scope(since="-5d")).seen
        return {one.consent: (one.granted_later, one.transfers) for one in left if one.asked}

    for number in range(3):
        request = request_span("fallback", start=now() - (3 - number) * HOUR)
        store.take(traces(request, request.child("CLIENT", **SENT)))
    maintenance(store).roll_up()
    assert seen() == {"unknown": (False, 3)}
    # The first that is granted tells of what left before, another only of what left after it.
    for said, hour, told in (
        ("granted", 1.5, {"unknown": (True, 2), "granted": (False, 1)}),
        ("withdrawn", 0.5, {"unknown": (True, 2), "granted": (False, 1)}),
        ("granted", 2.5, {"unknown": (True, 1), "granted": (False, 2)}),
    ):
        store.take(consent(said, now() - int(hour * HOUR)))
        assert seen() == told
        maintenance(store).roll_up()
        assert seen() == told and covered(store) == 3


@pytest.mark.parametrize("windows", [(1,), (HOUR, 12 * HOUR), ()])
def test_when_it_left_first_and_last_is_found_wherever_in_a_day_that_was(
    store: Store, monkeypatch: pytest.MonkeyPatch, windows: tuple[int, ...]
) -> None:
    monkeypatch.setattr(sightings, "WINDOWS", (*windows, DAY))
    begins = (now() // DAY - 3) * DAY
    sent = [
        *(("often.example", 20 * 60 * 10**9 * number) for number in (0, 1, 2, 30, 100, 150, 215)),
        *(("seldom.example", DAY + hour * HOUR) for hour in (1, 11, 12, 13)),
        *(("early.example", DAY + minute * 60 * 10**9) for minute in (1, 2, 3, 4)),
        ("once.example", 2 * DAY + 12 * HOUR),
    ]
    for host, after in random.Random(len(windows)).sample(sent, len(sent)):
        request = request_span("fallback", start=begins + after)
        store.take(traces(request, request.child("CLIENT", **SENT | {"server_address": host})))
    maintenance(store).roll_up()
    late = request_span("fallback", start=begins + 3 * DAY)
    store.take(traces(late, late.child("CLIENT", **SENT | {"server_address": "seldom.example"})))
    by_host: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(departed(store), key=lambda row: row["time"]):
        by_host.setdefault(row["destination"], []).append(row)
    review = store.compliance.review(Scope(since="-5d"), dated=True)
    assert {
        one.destination: (one.transfers, review.when[one.number])
        for one in review.seen
        if one.asked
    } == {
        host: (
            len(rows),
            When(
                rows[0]["time"],
                rows[-1]["time"],
                tuple(row["trace_id"].hex() for row in rows[:3]),
            ),
        )
        for host, rows in by_host.items()
    }


def test_a_period_may_end_where_it_cuts_a_day(store: Store) -> None:
    """All but one are rolled up; whole days come from sums, the rest one by one."""
    begins = now() - now() % DAY - 3 * DAY
    times = [begins + hours * HOUR for hours in range(1, 61, 7)]
    for at in [*times[:4], *times[5:], times[4]]:
        if at == times[4]:
            maintenance(store).roll_up()
        request = request_span("fallback", start=at)
        store.take(traces(request, request.child("CLIENT", **SENT)), received=at)

    def told(since: int, until: str) -> list[int]:
        within = {"since": rfc3339(since), "until": until}
        asked = [Query(metric=name, **within) for name in ("transfers", "fallback_rate")]
        sent, made = (store.reader.table(one).to_pylist() for one in asked)
        transfers = sum(row["transfers"] for row in sent if row["destination"] != "telemetry")
        review = store.compliance.review(Scope(**within), dated=True)
        check = review.check
        seen = [one for one in review.seen if one.destination != "telemetry"]
        left = sum(one.transfers for one in seen)
        last = max(review.when[one.number].last for one in seen)
        assert last == max(at for at in times if until == "now" or rfc3339(at) < until)
        return [transfers, made[0]["attempted"], left, check.coverage[0].requests]

    for since in (begins, begins + 2 * HOUR):
        after = [at for at in times if at >= since]
        assert told(since, "now") == [len(after)] * 4
        for count in (2, 5):
            assert told(since, rfc3339(after[count])) == [count] * 4
    with store.database.snapshot() as read:
        ends = {at: end_of(read, at + 1, now()) for at in times}
    # Where nothing is stored after it the day is whole.
    assert [at for at, end in ends.items() if end % DAY == 0] == [
        at for at in times if at // DAY != (at + 7 * HOUR) // DAY or at == times[-1]
    ]


@pytest.mark.parametrize(("metric", "walk"), [("transfers", "Rec CTE"), ("completeness", "Window")])
def test_what_is_not_rolled_up_is_walked_through_once_for_all_questions(
    store: Store, metric: str, walk: str
) -> None:
    request = request_span("fallback", limen_sequence=1)
    store.take(traces(request, request.child("CLIENT", **SENT), request_span(limen_sequence=4)))
    since, until = now() - DAY, now() + DAY
    statement = get_metric(metric).statement(since, until, now(), ("release",))

    def asked(read: Callable[..., pa.Table]) -> tuple[bool, list[Any]]:
        plan = str(read(f"explain {statement.sql}", statement.values).to_pylist())
        return walk in plan, read(statement.sql, statement.values).to_pylist()

    with store.database.snapshot() as read:
        besides = Besides(read, (since, until), part_calls=2)
        besides.keep(statement.sql)
        walks, found = asked(read)
        besides.keep(statement.sql)
        assert (walks, asked(read)) == (False, (False, found))
    assert any(
        row.get("destination") == "api.example.com" or row.get("expected") == 4 for row in found
    )


@pytest.mark.parametrize("rolled_up", [False, True])
def test_what_is_fresh_is_kept_where_it_is_asked_for(store: Store, rolled_up: bool) -> None:
    store.take(traces(request := request_span("fallback"), request.child("CLIENT", **SENT)))
    if rolled_up:
        maintenance(store).roll_up()
    fresh = {name for name in DEFINITIONS if name.startswith("fresh_")} - {"fresh_gaps"}
    kept = "select table_name from duckdb_tables() where temporary"
    for name in fresh:
        with store.database.snapshot() as read:
            Besides(read, (0, now() + DAY)).ask(f"from {name}", {})
            assert name in read(kept, {}).column(0).to_pylist()


def test_spans_of_a_trace_that_lie_days_apart_stand_for_themselves(store: Store) -> None:
    request = request_span("fallback", start=now() - 5 * DAY)
    near, far = (request.child("CLIENT", **SENT) for _ in range(2))
    near.start, far.start = request.start + DAY, request.start + 3 * DAY
    store.take(traces(near, far))
    maintenance(store).roll_up()
    store.take(traces(request))
    for _ in range(2):
        assert [row["cause"] for row in departed(store)] == ["fallback", "unknown"]
        with nothing_covered(store):
            assert [row["cause"] for row in departed(store)] == ["fallback", "unknown"]
        maintenance(store).roll_up()


def test_what_other_rules_rolled_up_is_made_anew(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        request = request_span("fallback")
        store.take(traces(request, request.child("CLIENT", **SENT)))
        maintenance(store).roll_up()
        found = departed(store)
        with store.database.write() as transaction:
            transaction.run("clear_rollup_state")
            transaction.run("set_rollup_state", last=now(), rules="others", drawn=65536)
    with Store(tmp_path) as store:
        assert (covered(store), departed(store)) == (0, found)
        maintenance(store).roll_up()
        assert (covered(store), departed(store)) == (1, found)


def test_a_compacted_file_is_as_covered_as_before(store: Store) -> None:
    request = request_span("fallback")
    store.take(traces(request, request.child("CLIENT", **SENT)))
    maintenance(store).roll_up()
    found = departed(store)
    maintenance(store).compact(now())
    assert (covered(store), departed(store)) == (1, found)
    for table, by in (("rollup_sent", SENT_BY), ("rollup_senders", SENDERS_BY)):
        assert summed(store, table, by) == summed(store, "rolled_singly", by) != []


def test_a_trace_that_is_too_large_does_not_keep_others_waiting(tmp_path: Path) -> None:
    calls = [request_span("fallback")]
    for _ in range(6_000):
        calls.append(calls[-1].child("CLIENT", **SENT))
    # Some of these are not in the same half as the large one.
    others = [request_span("fallback").child("CLIENT", **SENT) for _ in range(40)]
    with Store(tmp_path, memory_bytes=40 * 10**6) as store:
        store.take(traces(*calls, *others))
        assert not maintenance(store).roll_up()
        assert 0 < covered(store) <= len(others)
        store.take(traces(others[0].child("SERVER")))
        maintenance(store).roll_up()
        assert 0 < covered(store) <= len(others)


def send(store: Store, phones: range) -> None:
    """Two requests of each, and what they send, to a cloud that says when it had one of it."""
    sent = []
    for number in phones:
        own = dict(PHONE) | {"app.installation.id": f"phone-{number}"}
        decision = "fallback" if number % 3 else "accept"
        # Every other phone has a session for each of its requests.
        sessions = [f"{number} {at * (number % 2)}" for at in range(2)]
        made = [request_span(decision, session_id=session) for session in sessions]
        size = {"server_address": "api.example.com", "http_request_body_size": number % 50}
        calls = [one.child("CLIENT", **size) for one in made]
        sent.append(traces(*made, *calls, resource=own))
        sent.append(traces(calls[0].child("SERVER"), resource={"service.name": "cloud"}))
    store.take(*sent)


def test_of_many_installations_a_sample_says_how_sure_a_rate_is(store: Store) -> None:
    rollups = Rollups(store.database, sample=100)
    for phones in (range(200), range(200, 400)):
        send(store, phones)
        rollups.run()
    (sampled,), (ends,) = store.ask("fallback_rate"), store.ask("release_intervals")
    held = store.rows(
        "select installation, sum(n) as n, count(distinct session) as sessions"
        " from rollup_phones group by all"
    )
    assert 100 < len(held) < 300 and {row["n"] for row in held} == {2}
    # By country and device model too.
    (by_device,) = store.ask("release_intervals", "device_model")
    assert {name: by_device[name] for name in ends} == ends
    (seen,), (clocks,) = store.compliance.check(Scope()).coverage, store.ask("clock_skew")
    with nothing_covered(store):
        (exact,), (all_ends,) = store.ask("fallback_rate"), store.ask("release_intervals")
        (all_of_it,) = store.compliance.check(Scope()).coverage
        (all_clocks,) = store.ask("clock_skew")
    assert not all_of_it.estimated and all_of_it.installations_in_words == "400"
    assert (all_of_it.sessions, all_of_it.requests, seen.requests) == (600, 800, 800)
    weight = seen.installations / len(held)
    assert seen.estimated and weight in (2, 4)
    clock_counts = ("installations", "spans", "calls", "measured")
    assert [all_clocks[name] for name in clock_counts] == [400, 1600, 400, 400]
    told = weight * len(held)
    assert [clocks[name] for name in clock_counts] == [told, 4 * told, told, told]
    assert store.rows("select count(*) as n from rollup_served") == [{"n": len(held)}]
    for n, low, high, each in (
        (seen.installations, seen.installations_low, seen.installations_high, [1] * len(held)),
        (seen.sessions, seen.sessions_low, seen.sessions_high, [row["sessions"] for row in held]),
    ):
        assert n == weight * sum(each)
        half = 1.96 * (weight * (weight - 1) * sum(sessions**2 for sessions in each)) ** 0.5
        assert (high - low) / 2 == pytest.approx(half, rel=0.05) and low < n < high
    assert seen.installations_in_words.startswith(f"about {seen.installations:,} (")
    bounds = ("fallback_low", "fallback_high")
    assert {k: sampled[k] for k in exact if k not in bounds} == {
        k: exact[k] for k in exact if k not in bounds
    }
    for bound in bounds:
        off = sampled[bound] - sampled["fallback_rate"]
        assert off == pytest.approx(exact[bound] - exact["fallback_rate"], rel=0.3)
    low, high = ends["egress_low"], ends["egress_high"]
    width = all_ends["egress_high"] - all_ends["egress_low"]
    assert (high - low, low + high) == (
        pytest.approx(width, rel=0.3),
        pytest.approx(all_ends["egress_low"] + all_ends["egress_high"]),
    )
    send(store, range(400, 420))
    assert store.ask("fallback_rate")[0]["requests"] == 840


def test_a_comparison_over_many_installations_rests_on_a_sample_and_says_so(store: Store) -> None:
    sent = []
    for number in range(400):
        newer, some = number % 2, number % 4 < 2
        about = {"app.installation.id": f"phone-{number}", "service.version": f"2.{newer}.0"}
        threshold, made = (0.8 if newer else 0.6), []
        for sure in (0.5, 0.7, 0.9) if some else (0.9, 0.9, 0.9):
            asked = {"limen_confidence": sure, "limen_threshold": threshold}
            decision = "accept" if sure >= threshold else "fallback"
            made.append(request_span(decision, limen_fallback_reason="low_confidence", **asked))
        sent.append(traces(*made, resource=dict(PHONE) | about))
    rollups = Rollups(store.database, sample=250)
    for half in (sent[:300], sent[300:]):
        store.take(*half)
        rollups.run()
    found = store.releases.compare("2.1.0", "2.0.0", None, None, {})
    with nothing_covered(store):
        exact = store.releases.compare("2.1.0", "2.0.0", None, None, {})
    assert (found.weight, exact.weight, exact.sample) == (2, 1, None)
    assert found.sample is not None and "one in 2 installations" in found.sample
    rate, whole_rate = found.rates[0], exact.rates[0]
    assert (rate.before.rate, rate.after.rate) == (whole_rate.before.rate, whole_rate.after.rate)
    ends = (rate.low, rate.high, whole_rate.low, whole_rate.high)
    low, high, lowest, highest = (end for end in ends if end is not None)
    assert high - low == pytest.approx(highest - lowest, rel=0.3)
    assert found.split is not None and exact.split is not None
    assert found.split.change == pytest.approx(exact.split.change) == pytest.approx(1 / 6)
    parts, whole = (
        {part.factor: part.change for part in one.parts} for one in (found.split, exact.split)
    )
    assert whole["threshold"] == pytest.approx(1 / 6)
    assert parts == pytest.approx(whole, abs=0.1)
