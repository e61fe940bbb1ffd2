"""Small cells: nothing of fewer than k installations is told, nor found from what is told."""

import itertools
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.contract.certificate import Certificate, Guarantee, Limits
from collector.contract.config import MIN_CELL, load_settings
from collector.contract.errors import BadInput, NotFound
from collector.contract.records import Calibration, Fidelity, Query, Sweep
from collector.metrics import metrics
from collector.metrics.cells import CELLS, MOST_LEVELS, OTHER, mergeable
from collector.store.cells import settled
from collector.store.reader import rfc3339, whole_days
from collector.store.sweep_cells import told_sweep
from tests.otlp import PHONE, Span, now, request_span, traces
from tests.store import POLICY, Store, policy_from

DAY = 24 * 3600 * 10**9
DAYS = 6
APPS = ("alpha", "beta", "gamma")
PHONES = CELLS["fallback_rate"]
assert PHONES is not None
LEVELS = PHONES.levels
QUESTIONS = [
    named for size in range(MOST_LEVELS + 1) for named in itertools.combinations(LEVELS, size)
]

Row = dict[str, Any]


def midnight() -> int:
    return settled(now())


def fleet(rng: random.Random, app: str, start: int) -> Iterator[ExportTraceServiceRequest]:
    """A day of an app: some phones, each of some kind, common or rare."""
    for number in range(rng.choice((0, 4, 9, 10, 11, 30, 80, 160))):
        kind = {
            **PHONE,
            "service.name": app,
            "deployment.environment.name": rng.choices(("production", "staging"), (9, 1))[0],
            "app.installation.id": f"{app}-{number}",
            "service.version": rng.choices(("2.0", "2.1", "3.0"), (8, 4, 1))[0],
            "os.version": rng.choices(("13", "14", "15"), (5, 5, 1))[0],
            "device.model.identifier": rng.choices(("x", "y", None), (6, 2, 1))[0],
            "geo.country.iso_code": rng.choices(("DE", "FR"), (4, 1))[0],
        }
        spans: list[Span] = []
        for _ in range(rng.choice((1, 1, 1, 2))):
            decision = rng.choice(("accept", "accept", "fallback", "blocked"))
            span = request_span(
                decision,
                start=start + rng.randrange(DAY - 10**9),
                limen_feature=rng.choices(("scan", "read"), (3, 1))[0],
                limen_fallback_reason=rng.choice(("low_confidence", "memory", "thermal")),
                limen_model_name=rng.choices(("m1", "m2"), (5, 1))[0],
                limen_confidence=rng.random(),
                limen_threshold=0.75 if kind["service.version"] == "3.0" else 0.7,
                network_connection_type="wifi" if number % 4 else "unavailable",
                limen_sequence=len(spans),
            )
            spans.append(span)
            if decision == "fallback":
                sent = {"server_address": "api.example.com", "http_request_body_size": 7}
                spans.append(span.child("CLIENT", **sent, limen_consent_state="granted"))
        yield traces(*spans, resource=kind)


@pytest.fixture(scope="module")
def fleets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Every day of every app is a fleet of its own: cells are never merged across them."""
    rng = random.Random(20261128)
    home = tmp_path_factory.mktemp("home")
    policy = policy_from(f"{POLICY}[features.scan]\noffline_critical = true\n", home)
    with Store(home, policy) as store:
        for day, app in itertools.product(range(1, DAYS + 1), APPS):
            request = ExportTraceServiceRequest()
            for part in fleet(rng, app, midnight() - day * DAY):
                request.MergeFrom(part)
            store.take(request, received=midnight() - day * DAY + DAY - 1)
        yield store


def told(store: Store, *named: str) -> list[dict[str, Any]]:
    """The requests that a question by `named` is answered from, with their cells."""
    merged = store.reader.cells.merged("fallback_rate", named, now())
    columns = ", ".join(("span_id", "installation", "day", "app", "environment", *LEVELS))
    sql = merged.over(f"select {columns} from requests")
    bounds = {"from": midnight() - DAYS * DAY, "to": midnight()}
    found: list[dict[str, Any]] = store.database.read(sql, {**bounds, **merged.values}).to_pylist()
    return found


def phones(rows: Iterable[Row]) -> int:
    return len({row["installation"] for row in rows})


def cells(rows: Iterable[Row], names: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found


def test_every_question_is_answered_from_the_same_blocks_of_at_least_k(fleets: Store) -> None:
    finest = {row["span_id"]: row for row in told(fleets, LEVELS[-1])}
    blocks = cells(finest.values(), ("day", "app", "environment", *LEVELS))
    assert len(blocks) > 30 and min(map(phones, blocks.values())) >= MIN_CELL
    assert any(OTHER in block for block in blocks) and any(OTHER not in b[3:6] for b in blocks)
    for depth, level in enumerate(LEVELS, 1):
        rows = told(fleets, level)
        assert {row["span_id"] for row in rows} == finest.keys()
        for row in rows:
            for name in LEVELS[:depth]:
                assert row[name] == finest[row["span_id"]][name]


def hidden(sets: Iterable[frozenset[bytes]], owner: Mapping[bytes, bytes], k: int) -> int:
    """How many groups of fewer than `k` installations two of `sets` tell, alone or by difference.

    A set is of span ids; one within another tells what is left of that.
    """
    place = {span: 1 << n for n, span in enumerate(owner)}
    number = {one: 1 << n for n, one in enumerate(dict.fromkeys(owner.values()))}
    masks = {sum(place[span] for span in one) for one in sets}
    of = {place[span]: number[one] for span, one in owner.items()}

    def few(mask: int) -> bool:
        found = 0
        while mask:
            low = mask & -mask
            found |= of[low]
            mask ^= low
        return found.bit_count() < k

    pairs = itertools.permutations(masks, 2)
    left = {one & ~other for one, other in pairs if one & other == other}
    return sum(few(mask) for mask in masks | left)


PERIODS = ((0, DAYS), (0, DAYS - 1), (1, DAYS), (2, 3))


def sets_of(rows: Sequence[Row], least: int) -> Iterator[frozenset[bytes]]:
    """The cells of at least `least` installations of every question about one app: by dimensions,
    by filters (which choose among them), over periods that overlap, and their totals."""
    days = sorted({row["day"] for row in rows})
    for (first, last), named in itertools.product(PERIODS, QUESTIONS):
        within = [row for row in rows if row["day"] in days[first:last]]
        for part in cells(within, named).values():
            if phones(part) >= least:
                yield frozenset(row["span_id"] for row in part)


@pytest.mark.parametrize("app", APPS)
def test_no_difference_of_two_answers_tells_of_fewer_than_k(fleets: Store, app: str) -> None:
    rows = [row for row in told(fleets, LEVELS[-1]) if row["app"] == app]
    owner = {row["span_id"]: row["installation"] for row in rows}
    assert hidden(sets_of(rows, 0), owner, MIN_CELL) == 0


def test_hiding_small_cells_alone_would_tell_them_by_difference(fleets: Store) -> None:
    columns = ", ".join(("span_id", "installation", "day", *LEVELS))
    rows = fleets.rows(f"select {columns} from requests where app = 'alpha'")
    owner = {row["span_id"]: row["installation"] for row in rows}
    assert hidden(sets_of(rows, MIN_CELL), owner, MIN_CELL) > 0


def ask(store: Store, metric: str, *by: str, since: str = "-6d", **where: str) -> list[Row]:
    values = {name: (value,) for name, value in where.items()}
    asked = Query(metric=metric, since=since, by=by, where=values)
    found: list[Row] = store.reader.table(asked, merged=True).to_pylist()
    return found


@pytest.mark.parametrize("number", range(1, len(QUESTIONS), 5))
def test_an_answer_counts_its_cells_and_a_filter_chooses_among_them(
    fleets: Store, number: int
) -> None:
    named = QUESTIONS[number]
    rows = told(fleets, named[-1])
    expected = cells(rows, named)
    value = next(iter(expected))[0]
    whole = ask(fleets, "fallback_rate", *named)
    assert {tuple(row[n] for n in named): row["requests"] for row in whole} == {
        cell: len(part) for cell, part in expected.items()
    }
    assert all(phones(part) >= MIN_CELL for part in expected.values())
    chosen = ask(fleets, "fallback_rate", *named[1:], **{named[0]: value})
    assert {row["requests"] for row in chosen} <= {row["requests"] for row in whole}
    of = [row for row in rows if row[named[0]] == value]
    assert sum(row["requests"] for row in chosen) == len(of)


@pytest.mark.parametrize("metric", [name for name, cells in CELLS.items() if cells])
def test_every_row_of_every_metric_is_of_at_least_k(fleets: Store, metric: str) -> None:
    """Its rows by all that is not a fact of a system, against the installations behind them."""
    of = CELLS[metric]
    assert of is not None
    by = (*of.levels[:MOST_LEVELS], "day", "app", "environment")
    merged = fleets.reader.cells.merged(metric, by, now())
    source = "requests" if of.source == "requests" else "merged_departures"
    sql = merged.over(f"select installation, day, app, environment, * from {source}")
    values = {"from": midnight() - DAYS * DAY, "to": midnight(), **merged.values}
    used = {name: value for name, value in values.items() if f"${name}" in sql}
    rows = fleets.rows(sql, used)
    if of.source == "departures":
        rows = [row for row in rows if OTHER not in (row["app"], row["environment"])]
    parts = cells(rows, (*of.apart, *by))
    assert parts and min(map(phones, parts.values())) >= MIN_CELL
    columns = mergeable(metric, metrics()[metric].dimensions)
    answered = ask(fleets, metric, *(name for name in by if name in columns))
    counted: dict[Any, int] = defaultdict(int)
    for row in answered:
        counted[row.get("attribute")] += row.get("requests", 0)
    assert counted and max(counted.values()) <= len(rows)


def test_how_many_of_a_merged_cell_have_no_name_is_not_told(fleets: Store) -> None:
    """What is merged with others may be fewer than k, and without a name as well."""
    asked = [row for row in ask(fleets, "unknown_values", "release", "feature", "device_model")
             if row["attribute"] == "device_model"]  # fmt: skip
    merged = told(fleets, "release", "feature", "device_model")
    hidden = {row["span_id"] for row in merged if row["device_model"] == OTHER}
    nameless = fleets.rows("select span_id from requests where device_model = 'unknown'")
    assert hidden & {row["span_id"] for row in nameless}
    assert OTHER in {row["device_model"] for row in asked}
    assert all(row["share"] == (row["device_model"] == "unknown") for row in asked)


def test_what_no_phone_is_in_stays_and_says_nothing_of_whose_it_was(fleets: Store) -> None:
    everything = fleets.ask("egress", since=rfc3339(midnight() - DAYS * DAY))
    rows = ask(fleets, "egress", "app", "release")
    for name in ("transfers", "bytes"):
        assert sum(row[name] or 0 for row in rows) == sum(row[name] or 0 for row in everything)
    assert {row["destination"] for row in rows} == {"api.example.com", "telemetry"}
    assert {row["consent"] for row in rows} == {OTHER}
    assert {row["consent"] for row in everything} >= {"granted"}
    told = [row.pop("installations") for row in rows]
    assert None in told and all(n % MIN_CELL == 0 for n in told if n is not None)
    assert rows == ask(fleets, "transfers", "app", "release")


def test_installations_are_told_in_steps_of_k(fleets: Store) -> None:
    exact = {row["release"]: row["installations"] for row in fleets.ask("release_health")}
    rows = ask(fleets, "release_health")
    assert OTHER in {row["release"] for row in rows}
    for row in rows:
        assert row["installations"] % MIN_CELL == 0 and 0 < row["adoption"] <= 1
    assert any(number % MIN_CELL for number in exact.values())


def test_the_same_question_has_the_same_answer_and_says_how_many_cells_are_merged(
    fleets: Store,
) -> None:
    asked = Query(metric="fallback_rate", since="-6d", by=("release", "day"))
    first, second = (fleets.reader.answer(asked, merged=True) for _ in range(2))
    assert first == second
    rows = first.records()
    assert first.suppressed_rows == sum(row["release"] == OTHER for row in rows) > 0


def phone(number: int, release: str = "2.4.0") -> dict[str, Any]:
    return {**PHONE, "app.installation.id": f"phone-{number}", "service.version": release}


def requests(store: Store, numbers: Iterable[int], start: int, received: int, **more: Any) -> None:
    spans = [(request_span(start=start, **more), phone(number)) for number in numbers]
    store.take(*(traces(span, resource=kind) for span, kind in spans), received=received)


def test_a_fleet_of_fewer_than_k_is_in_no_answer(store: Store) -> None:
    yesterday = midnight() - DAY
    requests(store, range(MIN_CELL - 1), yesterday, yesterday + 1)
    assert ask(store, "fallback_rate")[0]["requests"] == 0
    assert ask(store, "release_health") == ask(store, "latency") == []
    requests(store, [MIN_CELL], yesterday, yesterday + 1)
    assert ask(store, "fallback_rate")[0]["requests"] == MIN_CELL


def test_few_that_are_sure_are_not_told_among_those_whose_confidence_is_unknown(
    store: Store,
) -> None:
    yesterday = midnight() - DAY
    requests(store, range(3), yesterday, yesterday + 1, limen_confidence=1.0)
    requests(store, range(3, 15), yesterday, yesterday + 1, limen_confidence=None)
    assert ask(store, "confidence") == []
    requests(store, range(15, 25), yesterday, yesterday + 1, limen_confidence=1.0)
    assert [(row["bucket"], row["requests"]) for row in ask(store, "confidence")] == [(0.95, 13)]


def test_today_and_what_arrived_today_are_seen_tomorrow(store: Store) -> None:
    yesterday = midnight() - DAY
    requests(store, range(MIN_CELL), yesterday, yesterday + 1)
    requests(store, range(MIN_CELL, 2 * MIN_CELL), yesterday, midnight() + 1)
    requests(store, range(MIN_CELL), now(), now())
    assert ask(store, "fallback_rate")[0]["requests"] == MIN_CELL
    assert store.ask("fallback_rate")[0]["requests"] == 3 * MIN_CELL


def test_a_day_that_is_left_out_is_no_gap_in_what_phones_numbered(store: Store) -> None:
    days = [midnight() - n * DAY for n in (3, 2, 1)]
    for sequence, (start, numbers) in enumerate(
        zip(days, (range(12), range(3), range(12)), strict=True)
    ):
        requests(store, numbers, start, start + 1, limen_sequence=sequence)
    assert ask(store, "completeness")[0]["completeness"] == 1.0


NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
AT = int(NOON.timestamp()) * 10**9


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (None, None, (21, 28)),
        ("-3d", None, (25, 28)),
        ("-48h", "-1d", (26, 27)),
        ("2026-11-20T00:00:00Z", "now", (20, 28)),
        ("2026-11-20T01:00:00+01:00", "2026-11-22T00:00:00Z", (20, 22)),
    ],
)
def test_bounds_are_days_that_are_over(
    since: str | None, until: str | None, days: tuple[int, int]
) -> None:
    found = [datetime.fromisoformat(rfc3339(ns)).day for ns in whole_days(since, until, AT)]
    assert tuple(found) == days


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("-36h", None, "from: this role asks for whole days.*2026-11-28T00:00:00"),
        ("-7d", "2026-11-27T06:00:00Z", "to: this role asks for whole days"),
        ("-7d", "2026-11-29T00:00:00Z", "days that are over; the last ended at 2026-11-28"),
        ("2026-11-28T00:00:00Z", None, "from must be before to"),
        ("yesterday", None, "RFC 3339"),
    ],
)
def test_other_bounds_are_refused_in_words(since: str, until: str | None, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        whole_days(since, until, AT)


@pytest.mark.parametrize(
    ("metric", "by", "message"),
    [
        ("fallback_rate", ("hour",), "no dimension 'hour'; it has app"),
        ("fallback_rate", LEVELS[:4], "at most 3 of release, feature, os"),
        ("release_health", LEVELS[1:4], "columns of release_health counted"),
        ("fallback_reasons", ("release",), "it has app, environment, decision, reason, day"),
    ],
)
def test_what_would_part_cells_further_is_refused_in_words(
    store: Store, metric: str, by: tuple[str, ...], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        ask(store, metric, *by)


def test_advice_counts_no_request_of_a_merged_feature(store: Store) -> None:
    yesterday = midnight() - DAY
    requests(store, range(30), yesterday, yesterday + 1)
    requests(store, range(3), yesterday, yesterday + 1, limen_feature="rare")
    requests(store, range(12), yesterday, yesterday + 1, limen_feature="common")
    every, told = (
        {advice.feature for advice in store.placements.advise(None, "-2d", None, merged=merged)}
        for merged in (False, True)
    )
    assert every == {"image_classify", "rare", "common"}
    # It takes in the next smallest, else the total would tell it.
    assert told == {"image_classify"}
    with pytest.raises(NotFound, match="there is image_classify"):
        store.placements.advise("rare", "-2d", None, merged=True)


def test_advice_of_a_release_of_few_is_none_and_says_nothing_of_what_they_sent(
    store: Store,
) -> None:
    yesterday = midnight() - DAY
    usage = {f"gen_ai.usage.{side}_tokens": 4 for side in ("input", "output")}
    for release, numbers in (("2.0", range(30)), ("2.1", range(30, 61)), ("3.0", range(61, 64))):
        for n in numbers:
            request = request_span("fallback", start=yesterday)
            sent = {"server_address": "api.example.com", "http_request_body_size": 2 * n}
            call = request.child("CLIENT", limen_feature="image_classify", **sent)
            call.attributes = {**call.attributes, **usage}
            store.take(traces(request, call, resource=phone(n, release)), received=yesterday + 1)

    def cost(merged: bool, **where: str) -> list[str]:
        narrowed = {name: (value,) for name, value in where.items()}
        found = store.placements.advise(None, "-2d", None, narrowed, merged=merged)
        return [reason.found for one in found for reason in one.reasons if reason.factor == "cost"]

    def asked(requests: int, size: int, tokens: str = " and 8 tokens") -> list[str]:
        return [f"{requests} requests asked the cloud, {size} B{tokens} a call"]

    assert cost(False, release="3.0") == asked(3, 124)
    # It takes in the next smallest.
    assert cost(True, release="3.0") == cost(True, release="2.0") == []
    # Tokens are in no cells.
    assert cost(True, release="2.1") == asked(31, 90, "")
    assert cost(True, app="fieldnotes") == cost(True) == asked(64, 63, "")
    assert cost(False) == asked(64, 63)


def test_releases_are_compared_by_the_same_blocks(store: Store) -> None:
    yesterday = midnight() - DAY
    for release, numbers in (("2.0", range(25)), ("2.1", range(25, 44)), ("3.0", range(44, 48))):
        spans = [(request_span(start=yesterday), phone(n, release)) for n in numbers]
        store.take(*(traces(s, resource=kind) for s, kind in spans), received=yesterday + 1)
    whole = store.releases.compare(None, None, "-2d", None, {})
    assert (whole.release, whole.against) == ("3.0", "2.1")
    # 3.0 is of too few, and 2.1 goes with it.
    with pytest.raises(NotFound, match="no two releases to compare then; there is 2.0, other"):
        store.releases.compare(None, None, "-2d", None, {}, merged=True)
    found = store.releases.compare("other", "2.0", "-2d", None, {}, merged=True)
    before, after = found.rates[2].before, found.rates[2].after
    assert (before.requests, before.installations) == (25, 20)
    assert (after.requests, after.installations) == (23, 20)
    with pytest.raises(BadInput, match="no dimension 'network'"):
        store.releases.compare("other", "2.0", "-2d", None, {"network": ("wifi",)}, merged=True)


def steps(words: str) -> list[int]:
    """The numbers of installations that a sentence names."""
    return [int(found.replace(",", "")) for found in re.findall(r"([\d,]+) installations", words)]


def test_a_lead_is_told_of_which_whole_days_there_is_data(store: Store) -> None:
    for days in (5, 3):
        store.take(traces(request_span(start=now() - days * DAY)))
    today = settled(now())
    told = store.reader.status(merged=True)
    assert told["first_data"] == rfc3339(today - 5 * DAY)
    assert told["last_data"] == rfc3339(today - 2 * DAY)
    store.take(traces(request_span()))
    assert store.reader.status(merged=True)["last_data"] == rfc3339(today)


def test_a_comparison_tells_a_lead_no_more_than_the_blocks_do(fleets: Store) -> None:
    """Its counts are those of the same cells as every other answer, its installations and all that
    is made of their number in steps of k, its words those of cells; so nothing of fewer than k."""
    app, exact = APPS[0], 0
    rows = [row for row in told(fleets, LEVELS[-1]) if row["app"] == app]
    of = {release: len(part) for (release,), part in cells(rows, ("release",)).items()}
    names = {row[level] for row in rows for level in LEVELS}
    assert len(of) > 2 and OTHER in of
    for against, release in itertools.pairwise(sorted(of)):
        found = fleets.releases.compare(release, against, "-6d", None, {"app": (app,)}, merged=True)
        errors = found.rates[2]
        assert (errors.after.requests, errors.before.requests) == (of[release], of[against])
        for rate in found.rates:
            counted = (rate.before.installations, rate.after.installations, rate.installations)
            assert all(number % MIN_CELL == 0 for number in counted)
            assert all(number % MIN_CELL == 0 for number in steps(rate.missing or ""))
            # Some of fewer than k are not called none.
            none = None in (rate.before.rate, rate.after.rate)
            assert none or not (rate.missing or "").startswith("0 ")
        assert found.split is None or {one.value for one in found.split.where} <= names
        if OTHER not in (release, against):
            whole = fleets.releases.compare(release, against, "-6d", None, {"app": (app,)})
            exact += sum(rate.installations % MIN_CELL > 0 for rate in whole.rates)
    assert exact


def guarantee(dimension: str | None, value: str | None, sampled: int) -> Guarantee:
    return Guarantee(
        dimension=dimension, value=value, installations=sampled, sampled=sampled, tests=(),
        start=0, passed=0, threshold=None, reason="too few",
    )  # fmt: skip


def diagram(dimension: str | None, value: str | None, cases: int) -> Calibration:
    return Calibration(
        dimension=dimension, value=value, cases=cases, installations=cases, ece=0.0, bins=()
    )


def swept(installations: int) -> Sweep:
    parts = (("os", "Android", 60), ("os", "iOS", 25), ("release", "2.0", 70), ("release", "3", 30))
    certificate = Certificate(
        made="2026-11-01T00:00:00Z", expires="2026-12-01T00:00:00Z", run="r", source="inputs",
        feature="f", model="m@1", model_digest="sha256:0", since="", until="", reference="label",
        limits=Limits(), speaks_for="", in_force=None, left_out="", evidence_from=None,
        data_digest="", seed=0, held_out=0.0, versions={},
        overall=guarantee(None, None, installations),
        segments=tuple(guarantee(*part) for part in parts),
    )  # fmt: skip
    return Sweep(
        run="r", reference="label", cases=100, current=None, points=(), recommended=None, reason="",
        calibration=(diagram(None, None, 100), *(diagram(*part) for part in parts)),
        fidelity=(
            Fidelity(runtime="litert", delegate="cpu", os="iOS", cases=1, agreed=1, share=1.0),
            Fidelity(runtime="litert", delegate="gpu", os="iOS", cases=9, agreed=4, share=4 / 9),
        ),
        certificate=certificate,
    )  # fmt: skip


def test_a_sweep_tells_no_segment_that_leaves_a_few_over() -> None:
    """Of 100 installations 85 are in the segments of `os`: 15 would be found by difference."""
    told = told_sweep(swept(100), MIN_CELL)
    assert told is not None and told.certificate is not None
    left = [(None, None), ("os", "Android"), ("release", "2.0"), ("release", "3")]
    assert [(part.dimension, part.value) for part in told.calibration] == left
    assert [(part.dimension, part.value) for part in told.certificate.segments] == left[1:]
    assert [(one.cases, one.agreed, one.os) for one in told.fidelity] == [(10, 5, OTHER)]


def test_a_sweep_of_fewer_than_k_is_not_told() -> None:
    assert told_sweep(swept(MIN_CELL - 1), MIN_CELL) is None
    assert told_sweep(swept(100).model_copy(update={"certificate": None}), MIN_CELL) is None


def test_k_is_a_setting_with_a_floor() -> None:
    assert load_settings({}, environment={"LIMEN_MIN_CELL": "25"}).min_cell == 25
    with pytest.raises(BadInput, match="min_cell.*greater than or equal to 5"):
        load_settings({}, environment={"LIMEN_MIN_CELL": "4"})
