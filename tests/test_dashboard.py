"""The dashboard's words, selections, figures and command, without a browser."""

import argparse
import shlex
import socket
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from collector.contract.certificate import Limits
from collector.contract.errors import BadInput
from collector.contract.findings import CODES
from collector.contract.records import (
    Calibration,
    CalibrationBin,
    ReplayRun,
    Sweep,
    SweepPoint,
)
from collector.permissions.roles import SINGLE_ROWS
from dashboard import curl, sentences
from dashboard.charts import curve, door, rates, reliability
from dashboard.charts.different import shares
from dashboard.commands import free_port, register, streamlit_command
from dashboard.questions import SEE_TRACES
from dashboard.selection import PERIODS, Selection
from dashboard.undeclared import undeclared
from dashboard.views import thresholds
from dashboard.views.registry import VIEWS

REQUEST: Mapping[str, Any] = {
    "feature": "image_classify",
    "release": "2.5.0",
    "placement": "hybrid",
    "decision": "accept",
    "reason": None,
    "confidence": 0.91,
    "threshold": 0.75,
    "model": "digit_reader@2",
    "network": "wifi",
    "os": "Android 14",
    "device_model": "Pixel 8",
    "answered_by": "device",
    "duration_ms": 12.0,
    "audit_sampled": False,
}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            {}, "The device answered: digit_reader@2 was 0.910 sure, not below the threshold of "
            "0.750. It took 12 ms on Pixel 8 (Android 14), on network wifi.",
            id="accept",
        ),
        pytest.param(
            {"confidence": 0.75}, "not below the threshold of 0.750", id="at-the-threshold"
        ),
        pytest.param(
            {"decision": "fallback", "reason": "low_confidence", "confidence": 0.61},
            "The device asked the cloud, low confidence: digit_reader@2 was 0.610 sure, below",
            id="fallback",
        ),
        pytest.param(
            {"decision": "fallback", "reason": "load_error", "confidence": None},
            "The device asked the cloud, load error. It took",
            id="fallback-without-a-model",
        ),
        pytest.param(
            {"decision": "blocked", "reason": "offline", "network": "unavailable"},
            "No answer was possible, offline: digit_reader@2 was 0.910 sure",
            id="blocked",
        ),
        pytest.param({"network": "unavailable"}, "with no network.", id="no-network"),
        pytest.param({"decision": "cloud"}, "The cloud answered, as planned", id="cloud"),
        pytest.param({"decision": "error"}, "No answer: something failed.", id="error"),
        pytest.param({"threshold": None}, "the threshold is unknown", id="no-threshold"),
        pytest.param({"duration_ms": None}, "It took unknown", id="no-duration"),
        pytest.param({"audit_sampled": True}, "as an audit.", id="audit"),
    ],
)  # fmt: skip
def test_a_decision_is_explained(facts: Mapping[str, Any], expected: str) -> None:
    assert expected in sentences.decision({**REQUEST, **facts})


def point(threshold: float, **facts: Any) -> SweepPoint:
    values = {
        "accepted": 900,
        "device_share": 0.9,
        "fallback_rate": 0.1,
        "error_rate": 0.02,
        "egress_change": 0.0,
        "egress": 37.2,
    }
    return SweepPoint(threshold=threshold, **{**values, **facts})


def test_a_threshold_is_said_beside_the_one_in_use() -> None:
    now, other = point(0.7), point(0.8, device_share=0.8, error_rate=None, egress=74.4)
    assert sentences.point(now, now).startswith("At 0.700, the current threshold")
    raised = sentences.point(other, now)
    assert raised.startswith("Raised to 0.800 from 0.700, the device would answer 80.0%")
    assert "80.0% of requests, nobody knows how many wrong, instead of" in raised
    assert "instead of 90.0%, 2.0% of them wrong; 10.0% would fall back" in raised
    assert raised.endswith("Per request, 74.4 B would leave the device instead of 37.2 B.")
    assert sentences.point(now, other).startswith("Lowered to 0.700 from 0.800")
    assert sentences.point(other, None).startswith("At 0.800 the device would answer")


@pytest.mark.parametrize(
    ("egress", "words"),
    [(None, "is unknown"), (0.0, "0 B would leave the device instead of 37.2 B.")],
)
def test_the_egress_is_said_beside_that_of_the_threshold_in_use(
    egress: float | None, words: str
) -> None:
    assert words in sentences.point(point(0.8, egress=egress), point(0.7))


def sweep(**facts: Any) -> Sweep:
    values: dict[str, Any] = {
        "run": "r1",
        "reference": "label",
        "cases": 1000,
        "current": 0.7,
        "points": (point(0.7), point(0.8)),
        "recommended": point(0.8),
        "reason": "the error stays below 2 %",
    }
    return Sweep(**{**values, **facts})


def test_without_a_recommendation_it_says_so() -> None:
    assert sentences.recommendation(sweep()) == "Recommended: 0.800"
    assert sentences.recommendation(sweep(recommended=None)) == "No recommendation"


def test_thresholds_that_coincide_share_one_mark() -> None:
    assert curve.marks(sweep(), 0.8) == {0.7: ["current"], 0.8: ["recommended", "chosen"]}
    assert curve.marks(sweep(current=None, recommended=None), 0.5) == {0.5: ["chosen"]}


def test_every_point_of_a_sweep_is_in_the_curve() -> None:
    figure = curve.curve(sweep(), 0.7)
    assert [list(line.x) for line in figure.data] == [[0.7, 0.8]] * 3


def test_where_no_answer_is_known_the_error_is_unknown_and_the_curve_says_so() -> None:
    known = point(0.8)
    blind = point(0.5, evidence=False, error_rate=0.001)
    assert sentences.error(blind) is None
    assert "of requests, nobody knows how many wrong" in sentences.point(blind, known)
    half = sweep(points=(blind, known), current=None)
    assert curve.unknown_below(half) == 0.5
    assert curve.unknown_below(sweep()) is None
    figure = curve.curve(half, 0.8)
    (line,) = [line for line in figure.data if line.name == "Error among device answers"]
    assert list(line.y) == [None, 0.02]
    assert [text.text for text in figure.layout.annotations if "known" in text.text] == [
        "no answer is known here"
    ]


def test_two_runs_are_compared_where_their_errors_are_known() -> None:
    half = sweep(points=(point(0.5, evidence=False), point(0.8, device_share=0.6)))
    first, second = curve.beside(half, sweep(), ("a@1", "a@2")).data
    assert (list(first.x), list(first.y), first.name) == ([0.6], [0.02], "a@1")
    assert (len(second.x), second.name) == (2, "a@2")


def test_a_reliability_diagram_has_a_point_a_bin_as_large_as_its_cases() -> None:
    bins = (
        CalibrationBin(low=0.4, high=0.6, cases=10, confidence=0.5, accuracy=0.4),
        CalibrationBin(low=0.8, high=1.0, cases=90, confidence=0.9, accuracy=0.95),
    )
    found = Calibration(
        dimension=None, value=None, cases=100, installations=20, ece=0.055, bins=bins
    )
    _, model = reliability.reliability(found).data
    assert (list(model.x), list(model.y)) == ([0.5, 0.9], [0.4, 0.95])
    assert list(model.marker.size) == [10, 90]
    assert "90.0% sure, 95.0% right, 90 cases" in model.text


def test_a_run_of_scores_alone_says_so_in_its_line() -> None:
    run = ReplayRun(
        run="r1", feature="ocr", model="m@1", model_digest="d", runtime="litert",
        runtime_version="2", created="2026-11-01T00:00:00Z", since="", until="", inputs=1,
        failed=0, seconds=0.0, chunks=(), done=(), source="spans",
    )  # fmt: skip
    assert " · scores only · " in sentences.run_line(run)
    assert "scores only" not in sentences.run_line(run.model_copy(update={"source": "inputs"}))


CATALOGUE = {
    "fallback_rate": {"dimensions": ["app", "release", "feature", "day"]},
    "completeness": {"dimensions": ["app", "release"]},
}


def test_a_selection_narrows_only_what_a_metric_can_follow() -> None:
    chosen = Selection(
        period="24 hours", values={"release": ("2.5.0",), "feature": ("ocr",)}, catalogue=CATALOGUE
    )
    query = chosen.query("fallback_rate", "day", where={"app": ("fieldnotes",)})
    assert (query.since, query.by) == ("-24h", ("day",))
    assert query.where == {"release": ("2.5.0",), "feature": ("ocr",), "app": ("fieldnotes",)}
    assert chosen.ignored_by("fallback_rate") == ()
    assert chosen.query("completeness").where == {"release": ("2.5.0",)}
    assert chosen.ignored_by("completeness") == ("feature",)


def different(dimension: str, value: str, explains: float, **facts: Any) -> dict[str, Any]:
    shares = {"share_selected": 0.7, "share_others": 0.1, "installations": 3, "chance": False}
    return {"dimension": dimension, "value": value, "explains": explains, **shares, **facts}


def test_what_explains_is_said_in_words_and_drawn_by_its_shares() -> None:
    rows = {"device_model": [different("device_model", "<b>Pixel</b>", 0.4)]}
    assert sentences.differences(rows) == [
        "Device model explains 40.0%: <b>Pixel</b> is 70.0% of the selected and 10.0% of the "
        "others (3 installations)."
    ]
    assert "Nothing tells" in sentences.differences({})[0]
    figure = shares(rows)
    assert {drawn.name: list(drawn.x) for drawn in figure.data} == {
        "Of the others": [0.1],
        "Of the selected": [0.7],
    }
    assert "<b>Pixel" not in figure.to_json()


def test_a_question_as_curl_is_quoted_and_holds_no_token() -> None:
    asked = Selection(period="24 hours", catalogue=CATALOGUE).query(
        "fallback_rate", where={"app": ("it's; rm -rf", "b")}
    )
    command = curl.of_metric("http://127.0.0.1:4320", asked)
    words = shlex.split(command.replace("\\\n", " "))
    assert words[3] == "http://127.0.0.1:4320/api/metrics/fallback_rate"
    assert words[5] == "Authorization: Bearer $LIMEN_TOKEN"
    assert words[6:] == [
        "--data-urlencode", "from=-24h",
        "--data-urlencode", "where=app=it's; rm -rf",
        "--data-urlencode", "where=app=b",
    ]  # fmt: skip


def flow(**facts: Any) -> dict[str, Any]:
    return {
        "destination": "inference.example.com",
        "category": "image",
        "purpose": "app_functionality",
        "consent": "granted",
        "cause": "fallback",
        "declared": True,
        "transfers": 3,
        "bytes": 1000,
        **facts,
    }


def released(**facts: Any) -> dict[str, Any]:
    known = {"feature": "image_classify", "release": "2.5.0", "unknown_bytes_transfers": 0}
    return flow(**{**known, "declared": False, **facts})


def test_an_undeclared_flow_is_one_line_whatever_its_requests_were_for() -> None:
    rows = [
        released(cause="fallback", bytes=2_000, transfers=3),
        released(cause="design", consent="unknown", bytes=None, transfers=2),
        released(cause="audit", bytes=500, transfers=1, unknown_bytes_transfers=1),
        released(declared=True, bytes=9_000),
        released(declared=None, bytes=9_000),
    ]
    (found,) = undeclared(rows)
    assert (found["bytes"], found["transfers"], found["unknown_bytes_transfers"]) == (2_500, 6, 1)
    assert sentences.departure(found) == (
        "image_classify in 2.5.0 sent 2.5 kB (image) in 6 transfers, 1 of them of unknown size."
    )
    assert rows[0]["bytes"] == 2_000


@pytest.mark.parametrize("name", ["feature", "release", "destination", "category"])
def test_undeclared_flows_that_differ_to_a_reviewer_stay_apart(name: str) -> None:
    assert len(undeclared([released(), released(**{name: "other"})])) == 2


def test_an_undeclared_flow_that_nobody_measured_is_of_unknown_size() -> None:
    rows = [released(bytes=None, cause=cause, unknown_bytes_transfers=3) for cause in "ab"]
    (found,) = undeclared(rows)
    assert found["bytes"] is None
    assert "sent unknown (image) in 6 transfers, 6 of them" in sentences.departure(found)


def test_coverage_is_shown_of_everything_and_of_attempted_where_anything_was_offline() -> None:
    row = {
        "os": "Android 14",
        "offline_requests": 10,
        "offline_coverage": 0.8,
        "coverage_low": 0.7,
        "coverage_high": 0.9,
        "device_coverage": 0.85,
    }
    figure = rates.coverage([row, {**row, "os": "iOS 18", "offline_requests": 0}], "os")
    found = {drawn.name: list(drawn.x) for drawn in figure.data if drawn.name}
    assert found == {"Of everything": [0.8], "Of attempted": [0.85]}


@pytest.mark.parametrize(
    ("coverage", "high", "in_bar", "beside"),
    [(0.8, 0.9, "80.0%", None), (0.0, 0.03, "", 0.03), (0.0, None, "", 0.0)],
)
def test_a_coverage_has_its_number_however_short_its_bar(
    coverage: float, high: float | None, in_bar: str, beside: float | None
) -> None:
    row = {
        "os": "Android 14",
        "offline_requests": 10,
        "offline_coverage": coverage,
        "coverage_low": 0.0,
        "coverage_high": high,
        "device_coverage": None,
    }
    bar, *others = rates.coverage([row], "os").data
    assert bar.text == (in_bar,)
    words = [(other.x[0], other.text) for other in others if other.mode == "text"]
    assert words == ([] if beside is None else [(beside, (" 0.0%",))])


def test_releases_stand_newest_first_as_people_sort_them() -> None:
    rows = [{"release": name} for name in ("2.9.0", "2.10.0", "unknown", "2.10.0-rc1")]
    assert rates.releases(rows) == ["2.10.0", "2.10.0-rc1", "2.9.0", "unknown"]


def test_what_was_done_at_the_door_has_a_row_an_action_with_a_scale_of_its_own() -> None:
    rows = [
        {"day": "2026-11-03", "action": "drop", "values": 7},
        {"day": "2026-11-03", "action": "keep", "values": 90_000},
        {"day": "2026-11-04", "action": "keep", "values": 80_000},
    ]
    figure = door.by_day(rows, date(2026, 10, 29), date(2026, 11, 4))
    assert [(bar.name, list(bar.y)) for bar in figure.data] == [
        ("Kept", [90_000, 80_000]),
        ("Dropped", [7]),
    ]
    kept, dropped = figure.layout.yaxis, figure.layout.yaxis2
    assert kept.domain[0] > dropped.domain[1] and kept.range[1] > 90_000 and dropped.range[1] < 20
    assert figure.layout.xaxis.range == ("2026-10-28T12:00:00", "2026-11-04T12:00:00")


@pytest.mark.parametrize("code", CODES)
def test_every_finding_is_said_with_what_mends_it(code: str) -> None:
    row = {"app": "fieldnotes", "release": None, "field": "key", "place": "span"}
    said = sentences.finding({**row, "code": code, "occurrences": 1, "detector": "jwt"})
    assert said == "fieldnotes unknown: key (span), 1 time, found by jwt."
    assert sentences.MENDING[code].endswith(".")


def test_limits_that_were_asked_for_are_said_and_no_others() -> None:
    assert sentences.limits(Limits(max_error=0.02, min_offline=0.9, max_egress=2e3)) == (
        "Asked for, together: at most 2.0% of the device's answers wrong, at least 90.0% answered "
        "offline, at most 2.0 kB a request leaving; with 95.0% confidence."
    )


def test_the_length_of_a_period_is_that_of_its_question() -> None:
    lengths = [Selection(period=name).length.total_seconds() / 3600 for name in PERIODS]
    assert lengths == [24, 168, 336, 720, 2160]


def test_spans_are_offered_to_those_who_may_see_them() -> None:
    assert set(SEE_TRACES) == SINGLE_ROWS


def test_the_title_and_address_of_every_page_are_its_own() -> None:
    assert len({view.title for view in VIEWS}) == len({view.path for view in VIEWS}) == len(VIEWS)


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    return parser.parse_args(["dashboard", *words])


def test_a_port_in_use_is_named_with_the_flag_that_mends_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        args = parse("--port", str(port))
        with pytest.raises(BadInput, match=f"port {port}.*--port"):
            args.run(args)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--host", "0.0.0.0", "--port", "0"), "no TLS.*0.0.0.0"),
        (("--port", "99999"), "--port 99999"),
        (("--port", "-1"), "--port -1"),
    ],
    ids=["not-loopback", "too-high", "negative"],
)
def test_an_address_that_cannot_be_is_refused(words: tuple[str, ...], message: str) -> None:
    args = parse(*words)
    with pytest.raises(BadInput, match=message):
        args.run(args)


def test_a_dashboard_makes_not_everybody_an_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMEN_TOKEN", "limen_admin_abc")
    args = parse("--port", "0")
    with pytest.raises(BadInput, match="signs in with a token of their own") as refused:
        args.run(args)
    assert "limen_admin_abc" not in str(refused.value)


def test_port_zero_takes_a_free_one() -> None:
    assert free_port("127.0.0.1", 0) > 0


def test_nothing_phones_home_and_no_error_is_shown_raw() -> None:
    command = streamlit_command("127.0.0.1", 8501, ["limen.example.com"])
    assert "--browser.gatherUsageStats=false" in command
    assert "--client.showErrorDetails=none" in command
    assert "--server.allowedHosts=limen.example.com" in command


def test_the_slider_keeps_thresholds_that_read_apart_and_the_ones_that_matter() -> None:
    found = thresholds.by_label(
        sweep(
            points=(point(0.7), point(0.9951), point(0.9952), point(0.9953)),
            recommended=point(0.9952),
        )
    )
    assert {text: p.threshold for text, p in found.items()} == {"0.700": 0.7, "0.995": 0.9952}
