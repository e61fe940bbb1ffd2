"""One release held against another: from what is stored, over the API, by the command."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import numpy as np
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from streamlit.testing.v1 import AppTest

import limen
from collector.contract.client import LimenClient
from collector.contract.errors import BadInput, NotFound
from collector.contract.records import Query
from collector.contract.releases import Comparison, points
from dashboard.formats import interval, percent
from tests.otlp import PHONE, Span, request_span, traces
from tests.processes import running_collector
from tests.store import POLICY, Store

CONFIDENCES = (0.95, 0.9, 0.72, 0.4)


def asked(model: str, threshold: float | None, confidence: float | None, **more: object) -> Span:
    """A request that the phone decided by its threshold, without a network never in the cloud."""
    sure = confidence is not None and threshold is not None and confidence >= threshold
    online = more.get("network_connection_type") != "unavailable"
    decision = "accept" if sure else "fallback" if online else "blocked"
    return request_span(
        decision,
        limen_confidence=confidence,
        limen_threshold=threshold,
        limen_fallback_reason="low_confidence" if decision == "fallback" else None,
        limen_blocked_reason="offline" if decision == "blocked" else None,
        limen_model_name="reader",
        limen_model_version=model,
        limen_model_size=12_000_000 if threshold == 0.75 else 250_000,
        **more,
    )


def phones(
    release: str, name: str, number: int, requests: Callable[[], Sequence[Span]], **resource: str
) -> ExportTraceServiceRequest:
    """As many phones, `name`-0, -1 …, that each made these requests."""
    found = ExportTraceServiceRequest()
    for phone in range(number):
        about = {"service.version": release, "app.installation.id": f"{name}-{phone}"}
        more = {key.replace("_", "."): value for key, value in resource.items()}
        found.MergeFrom(traces(*requests(), resource={**PHONE, **about, **more}))
    return found


def two_releases(each: int = 60) -> list[ExportTraceServiceRequest]:
    """The same requests under 0.70 and under 0.75; a quarter of them offline."""

    def made(threshold: float) -> list[Span]:
        away = asked("1", threshold, 0.72, network_connection_type="unavailable")
        return [*(asked("1", threshold, sure) for sure in CONFIDENCES), away]

    return [
        phones("2.4.0", "old", each, lambda: made(0.70)),
        phones("2.5.0", "new", each, lambda: made(0.75)),
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as found:
        yield found


def one() -> list[Span]:
    return [asked("1", 0.7, 0.9)]


def planned(**more: object) -> list[Span]:
    return [request_span("cloud", limen_placement="cloud", **more)]


def parts(found: Comparison) -> dict[str, float]:
    assert found.split is not None
    return {part.factor: part.change for part in found.split.parts}


def compare(store: Store, release: str | None = None, against: str | None = None) -> Comparison:
    return store.releases.compare(release, against, None, None, {})


def test_the_newest_is_held_against_the_one_before_it_and_the_rates_are_the_metrics(
    store: Store,
) -> None:
    store.take(*two_releases(), phones("2.10.0", "next", 3, one))
    found = compare(store, "2.5.0")
    assert (found.release, found.against) == ("2.5.0", "2.4.0")
    assert compare(store).release == "2.10.0" and compare(store).against == "2.5.0"
    known = {row["release"]: row for row in store.ask("release_health")}
    fallback, offline, errors = found.rates
    for rate, name in ((fallback, "fallback_rate"), (offline, "offline_coverage")):
        assert rate.before.rate == known["2.4.0"][name]
        assert rate.after.rate == known["2.5.0"][name]
    assert (fallback.before.installations, fallback.before.requests) == (60, 300)
    assert (fallback.finding, offline.finding) == ("worse", "worse")
    assert (errors.finding, errors.change) == ("open", 0.0)
    assert found.sentence.startswith("2.5.0 against 2.4.0: fallback +20.0 points [+")
    assert "offline coverage -100.0 points" in found.sentence
    assert [m.after for m in found.models] == ["reader@1"]


def test_the_intervals_are_by_installation_and_hold_their_figures(store: Store) -> None:
    """Coverage as its own metric has it; p95 and bytes against numpy."""
    random = np.random.default_rng(2)
    waits, sent = (
        np.zeros((80, 5)),
        random.integers(0, 50, (80, 5)) * random.integers(1, 8, (80, 1)),
    )
    slow = ExportTraceServiceRequest()
    for phone in range(80):
        waits[phone] = random.gamma(2.0, 20.0) * random.uniform(0.5, 1.5, 5)
        spans = []
        for wait, size in zip(waits[phone], sent[phone], strict=True):
            request = request_span("fallback")
            request.duration = int(wait * 1e6)
            leaves = {"server_address": "api.example.com", "http_request_body_size": int(size)}
            spans += [request, request.child("CLIENT", **leaves)]
        about = {"service.version": "3.0.0", "app.installation.id": f"p{phone}"}
        slow.MergeFrom(traces(*spans, resource={**PHONE, **about}))
    store.take(slow, *two_releases(9))
    health = {row["release"]: row for row in store.ask("release_health")}
    sure = {row["release"]: row for row in store.ask("release_intervals")}
    for release, row in sure.items():
        assert row["adoption_low"] < health[release]["adoption"] < row["adoption_high"]
        assert row["error_low"] == 0.0 < row["error_high"] < 0.35
    for row in store.ask("offline_coverage", "release"):
        mine = [sure[row["release"]][name] for name in ("coverage_low", "coverage_high")]
        assert mine == pytest.approx([row["coverage_low"], row["coverage_high"]])
    slowest = sure["3.0.0"]
    drawn = random.integers(0, 80, (2000, 80))
    bytes_each = sent.sum(1)[drawn].sum(1) / 400
    middle = (slowest["egress_low"] + slowest["egress_high"]) / 2
    assert middle == pytest.approx(health["3.0.0"]["egress_bytes_per_request"])
    assert slowest["egress_high"] - middle == pytest.approx(1.96 * float(bytes_each.std()), rel=0.1)
    p95 = np.quantile(waits[drawn].reshape(2000, -1), 0.95, axis=1)
    ends = [slowest["p95_low_ms"], slowest["p95_high_ms"]]
    assert ends == pytest.approx(list(np.quantile(p95, [0.025, 0.975])), rel=0.15)


def test_what_a_threshold_did_is_told_from_the_confidence_on_the_spans(store: Store) -> None:
    """Offline requests blocked by it are no fallbacks; the network's share stayed."""
    store.take(*two_releases())
    found = parts(compare(store))
    assert found.pop("threshold") == pytest.approx(0.2, abs=1e-12)
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-12)
    back = parts(compare(store, "2.4.0", "2.5.0"))
    assert back["threshold"] == pytest.approx(-0.2, abs=1e-12)


def test_without_a_confidence_what_the_threshold_did_is_unknown_and_stands_under_the_model(
    store: Store,
) -> None:
    def blind() -> list[Span]:
        return [request_span("accept", limen_threshold=0.7)]

    def worse() -> list[Span]:
        return [request_span("accept", limen_threshold=0.8), asked("2", 0.8, None)]

    store.take(phones("1.0", "old", 60, blind), phones("1.1", "new", 60, worse))
    found = compare(store)
    assert parts(found)["model"] == pytest.approx(0.5)
    assert parts(found)["threshold"] == pytest.approx(0.0)
    assert found.split is not None
    (unsure,) = [part.unsure for part in found.split.parts if part.factor == "threshold"]
    assert unsure is not None and unsure.startswith("100.0% of requests have no confidence")


def test_a_feature_without_a_model_and_one_of_one_release_alone_are_no_obstacle(
    store: Store,
) -> None:
    def old() -> list[Span]:
        return [*planned(limen_feature="summarize"), *one()]

    def new() -> list[Span]:
        return [*old(), request_span("fallback", limen_feature="added")]

    store.take(phones("1.0", "old", 55, old), phones("1.1", "new", 55, new))
    found = compare(store)
    assert parts(found)["only in one release"] == pytest.approx(0.5)
    assert {m.feature: (m.before, m.after) for m in found.models} == {
        "image_classify": ("reader@1", "reader@1")
    }


def test_nothing_attempted_is_unknown_and_not_split(store: Store) -> None:
    store.take(phones("1.0", "old", 55, planned), phones("1.1", "new", 55, planned))
    found = compare(store)
    assert found.split is None
    assert [(r.before.rate, r.change) for r in found.rates[:2]] == [(None, None)] * 2
    assert "fallback: too early to say, 0 installations of the older release" in found.sentence


def test_a_phone_in_both_releases_is_one_installation(store: Store) -> None:
    store.take(phones("1.0", "phone", 10, one), phones("1.1", "phone", 10, one))
    assert compare(store).rates[0].installations == 10


def test_what_cannot_be_compared_is_said_with_what_can(store: Store) -> None:
    store.take(*two_releases(2))
    for release, against, where, kind, message in (
        ("9.9", None, {}, NotFound, "release of that name then; there is 2.4.0, 2.5.0"),
        ("2.4.0", None, {}, NotFound, "no two releases to compare"),
        ("2.5.0", "2.5.0", {}, BadInput, "the same"),
        (None, None, {"os": ("iOS 1",)}, NotFound, "there is none"),
        (None, None, {"release": ("2.5.0",)}, BadInput, "named by release and against"),
        (None, None, {"decision": ("accept",)}, BadInput, "no dimension 'decision'"),
    ):
        with pytest.raises(kind, match=message):
            store.releases.compare(release, against, None, None, where)


def test_releases_of_two_apps_are_not_mixed(store: Store) -> None:
    store.take(*two_releases(2), phones("1.0", "p", 1, one, service_name="b"))
    with pytest.raises(BadInput, match="there are b, fieldnotes: name one"):
        compare(store)
    narrowed = store.releases.compare(None, None, None, None, {"app": ("fieldnotes",)})
    assert narrowed.release == "2.5.0"


def page(api: str, values: Mapping[str, tuple[str, ...]]) -> AppTest:
    """The page Release as drawn for these filters."""

    def draw(api: str, values: dict[str, tuple[str, ...]]) -> None:
        from dashboard.questions import Caller, Questions
        from dashboard.selection import Selection
        from dashboard.views.release import RELEASE

        questions = Questions(Caller(api))
        RELEASE.show(questions, Selection(values=values, catalogue=questions.catalogue()))

    return AppTest.from_function(draw, args=(api, values), default_timeout=60).run()


def drawn_tables(drawn: AppTest) -> dict[str, list[dict[str, str]]]:
    """The rows of each table but those of definitions, by the title of its first column."""
    found = [frame.value for frame in drawn.dataframe]
    return {
        table.columns[0]: table.to_dict("records") for table in found if "Unit" not in table.columns
    }


def boxes(drawn: AppTest) -> str:
    return " ".join(found.proto.body for found in drawn.get("html"))


def test_the_api_the_command_and_the_page_say_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(tmp_path) as running, LimenClient(running.api) as client:
        for request in two_releases():
            running.post(request.SerializeToString())
        where = {"app": ("fieldnotes",), "os": ("Android 14", "iOS 18")}
        found = client.compare("2.5.0", "2.4.0", "-1d", "now", where)
        assert found == client.compare()
        with pytest.raises(NotFound, match="there is 2.4.0, 2.5.0"):
            client.compare("3.0.0")
        path = f"{running.api}/api/releases/comparison"
        assert httpx.get(path, params={"colour": "blue"}).status_code == 400
        api = ("--api", running.api)
        assert limen.main(["release", "--json", *api]) == 1
        assert json.loads(capsys.readouterr().out) == found.model_dump(mode="json")
        assert limen.main(["release", "2.4.0", "--against", "2.5.0", *api]) == 1
        said = capsys.readouterr().out
        assert "2.4.0 against 2.5.0: fallback -20.0 points" in said
        assert "fallback rate" in said and "better" in said
        assert "together" in said and "-20.0" in said.splitlines()[-1]
        shown(running.api, client)


def shown(api: str, client: LimenClient) -> None:
    drawn = page(api, {})
    assert not drawn.exception
    found = client.compare()
    assert all(clause[1:] in boxes(drawn) for clause in found.clauses)
    tables = drawn_tables(drawn)
    assert list(tables) == ["Figure", "Part", "Feature", "Rate"]
    health = {
        row["release"]: row for row in client.metric(Query(metric="release_health")).records()
    }
    (fallback,) = [row for row in tables["Figure"] if row["Figure"] == "Fallback rate"]
    for release, row in health.items():
        shown = interval(row["fallback_low"], row["fallback_high"])
        assert fallback[release] == f"{percent(row['fallback_rate'])} {shown}"
    # Shown without the apostrophe that keeps a spreadsheet from running it.
    assert [row["Points"] for row in tables["Part"]][-1] == "'+20.0" and len(tables["Part"]) == 8
    assert tables["Feature"] == [
        {
            "Feature": "image_classify",
            "2.4.0": "reader@1, 250 kB of 10.0 MB",
            "2.5.0": "reader@1, 12.0 MB of 10.0 MB: too large",
        }
    ]
    assert [row["Finding"] for row in tables["Rate"]] == ["Worse", "Worse", "Can be chance"]
    assert "installations" in tables["Rate"][0]["Sample"]
    alone = page(api, {"release": ("2.5.0",)})
    assert "No second release yet" in boxes(alone)
    assert list(drawn_tables(alone)) == ["Figure", "Feature"]
    nothing = page(api, {"feature": ("unseen",)})
    assert "No requests in this selection" in boxes(nothing)


def test_a_change_that_is_hardly_one_keeps_its_sign() -> None:
    said = [points(change) for change in (0.094, -0.0002, -0.00001, 1e-15, 0.0, None)]
    assert said == ["+9.4", "-0.02", "-0.00", "+0.0", "+0.0", "unknown"]
