"""Data quality: how much of the telemetry arrived, how late, by which clocks, and what it does not
say; and what became of its values at the door."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import streamlit as st

from collector.contract.attributes import INSTALLATION, LAUNCH, SEQUENCE
from dashboard import links, panels, states, tables, theme
from dashboard.charts import quality
from dashboard.formats import count, interval, label, percent
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View
from dashboard.views.door import Door, asked, shout, show_door
from dashboard.views.search import PSEUDONYM

COMPLETE: Mapping[str, str] = {
    "release": "text",
    "completeness": "ratio",
    "interval": "text",
    "received": "count",
    "expected": "count",
    "lost": "count",
    "lost_singly": "count",
    "lost_few": "count",
    "lost_many": "count",
    "longest": "count",
    "installations": "count",
    "losing": "count",
    "requests": "count",
    "numbered": "count",
    "open": "flag",
}
CLOCKS: Mapping[str, str] = {
    "release": "text",
    "installations": "count",
    "measured": "count",
    "over_1s": "count",
    "over_1min": "count",
    "over_1h": "count",
    "ahead": "count",
    "median_skew_ms": "lapse",
    "p95_skew_ms": "lapse",
    "uncertainty_ms": "lapse",
    "spans": "count",
    "not_believed": "count",
}
SKEWED: Mapping[str, str] = {
    "installation": "text",
    "app": "text",
    "release": "text",
    "device_model": "text",
    "skew_ms": "lapse",
    "uncertainty_ms": "lapse",
    "calls": "count",
    "upper_bound_ms": "lapse",
    "spans": "count",
    "not_believed": "count",
    "last_received": "time",
}
CLOCK_TITLES: Mapping[str, str] = {
    "over_1s": "Over 1 s",
    "over_1min": "Over 1 min",
    "over_1h": "Over 1 h",
    "median_skew_ms": "Median skew",
    "p95_skew_ms": "p95 of its size",
    "uncertainty_ms": "Right within",
    "skew_ms": "Skew",
    "upper_bound_ms": "Skew at most",
    "not_believed": "Spans not believed",
}

# Asked of the whole, and by release.
ARRIVED = ("completeness", "lost_requests", "arrival")
UNKNOWN = ("unknown_values", "unknown_departures")

Rows = Sequence[Mapping[str, Any]]


def show(questions: Questions, selection: Selection) -> None:
    panels.title(
        "Data quality",
        selection,
        questions,
        *("completeness", "lost_requests", "arrival", "unknown_values"),
    )
    of_door = asked(questions, selection)
    clocks = [selection.query("clock_skew", "release"), selection.query("skewed_installations")]
    clocks = [query for query in clocks if questions.may_ask(query.metric)]
    answers = questions.metrics(
        [
            *of_door,
            *(selection.query(metric) for metric in (*ARRIVED, *UNKNOWN)),
            *(selection.query(metric, "release") for metric in ARRIVED),
            *clocks,
            *(selection.query(metric, "release") for metric in UNKNOWN),
        ]
    )
    door = Door(*islice(answers, len(of_door)))
    if not door.whole.rows:
        states.no_result(questions, "telemetry")
        return
    shout(door)
    rows = (answer.records() for answer in answers)
    complete, lost, arrival, *unknown = islice(rows, len(ARRIVED) + len(UNKNOWN))
    if lost and lost[0]["requests"]:
        _headline(
            {**complete[0], **lost[0], **arrival[0]}, [found[0] for found in unknown if found]
        )
        _completeness(questions, selection, _together(next(rows), next(rows)))
        _arrival(questions, selection, next(rows))
        _clocks(questions, selection, *islice(rows, len(clocks)))
        _unknown(questions, selection, next(rows), next(rows))
    else:
        states.no_result(questions, "requests")
    show_door(questions, selection, door)


def _together(complete: Rows, lost: Rows) -> Rows:
    """Both metrics by release."""
    known = {row["release"]: row for row in complete}
    rows = [{**row, **known[row["release"]]} for row in lost if row["release"] in known]
    return tables.with_interval(rows, "interval", "completeness_low", "completeness_high")


def _headline(whole: Mapping[str, Any], unknown: Rows) -> None:
    with panels.tiles():
        panels.tile(
            "Completeness",
            percent(whole["completeness"]),
            interval(whole["completeness_low"], whole["completeness_high"]),
            "Requests received of those the phones numbered; the rest is lost telemetry.",
        )
        panels.tile(
            "Lost requests",
            count(whole["lost"]),
            f"of {count(whole['expected'])}",
            "Of the numbers between the first and the last of each launch, those missing. What "
            "silence hides, as a phone that never came back, is not in it.",
        )
        panels.tile(
            "Losing phones",
            count(whole["losing"]),
            f"of {count(whole['installations'])}",
            "Installations with a gap, of those that number their requests.",
        )
        panels.tile(
            "Late",
            count(whole["late"]),
            "over an hour",
            "Requests received more than an hour after the start that their phone says.",
        )
        panels.tile(
            "Wrong clock",
            count(whole["not_believed"]),
            f"{count(whole['ahead'])} slightly ahead",
            "Requests whose phone says a start over 30 days before or 10 minutes after their "
            "receipt. Every page counts them at the time received.",
        )
        most = max(unknown, key=lambda row: row["share"] or 0)
        panels.tile(
            "Most unknown",
            percent(most["share"]),
            label(most["attribute"]) if most["unknown"] else "nothing",
            "The attribute that the largest share of the requests, or of the departures, that "
            "could say it does not say.",
        )


def _completeness(questions: Questions, selection: Selection, rows: Rows) -> None:
    panels.heading("How much arrived", questions, "completeness", "lost_requests")
    panels.not_narrowed(selection, "completeness")
    told = [row for row in rows if row["expected"]]
    if not told:
        st.text(
            f"No request says {INSTALLATION}, {LAUNCH} and {SEQUENCE}. Without a number per launch "
            "nobody can tell what was lost."
        )
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.caption("Of the requests that phones numbered, those received; with the 95% interval.")
        panels.chart(
            quality.completeness(told),
            key="completeness",
            alt="Completeness by release with its 95% interval",
            of=panels.told(selection, "completeness"),
        )
    with right:
        st.caption("Lost requests by how many are missing in a row: many together are a batch that "
                   "could not be sent.")  # fmt: skip
        if any(row["lost"] for row in told):
            panels.chart(
                quality.stacked(told, quality.LOST),
                key="lost",
                alt="Lost requests by release and by how many are missing in a row",
                of=panels.told(selection, "lost_requests"),
            )
        else:
            st.text("Nothing is missing between the first and the last request of any launch.")
    panels.rows_under(rows, COMPLETE, "Completeness by release")
    if any(row["open"] for row in rows):
        st.caption("Open: the period ends less than seven days ago, so late data may still come.")


def _arrival(questions: Questions, selection: Selection, rows: Rows) -> None:
    panels.heading("How late it arrived", questions, "arrival")
    panels.chart(
        quality.arrived(rows),
        key="arrival",
        alt="Share of requests received by some time after their start, a line per release",
        of=panels.told(selection, "arrival"),
    )
    units = {name: "ratio" for name in quality.AGES}
    counts = dict.fromkeys(("requests", "late", "ahead", "not_believed"), "count")
    panels.rows_under(rows, {"release": "text", **counts, **units}, "Arrival by release")
    st.caption(
        "The share of requests that had arrived by then. A phone whose clock is behind seems to "
        "send late, and one whose clock is ahead before the request began. What never reaches the "
        "top has a clock that is not believed."
    )


def _clocks(
    questions: Questions, selection: Selection, rows: Rows | None = None, phones: Rows = ()
) -> None:
    """By release, None: not for this role; and `phones` one by one."""
    panels.heading("Whose clocks are off", questions, "clock_skew", "skewed_installations")
    if rows is None:
        states.withheld(
            "Measured skews are for others",
            "compliance",
            "A skew is that of one phone's calls, and cannot be told of ten phones together. How "
            "many requests have a clock that is ahead or not believed stands above.",
        )
        return
    panels.not_narrowed(selection, "clock_skew")
    if any(row["over_1s"] for row in rows):
        panels.chart(
            quality.nested(rows, quality.OVER),
            key="skew",
            alt="Installations whose clock is over a second, a minute and an hour off, by release",
            of=panels.told(selection, "clock_skew"),
        )
    else:
        st.text("Every clock that calls could measure agrees with the cloud's within a second.")
    panels.table(rows, CLOCKS, titles=CLOCK_TITLES, name="Clock skew by release")
    st.caption(
        "Measured where a phone's span and the cloud's span below it are both there, by median and "
        "installation; positive: the phone is behind. Nothing is corrected by it."
    )
    if phones:
        _skewed(phones)


def _skewed(rows: Rows) -> None:
    """The phones themselves, for whoever may see single ones; choosing one opens its requests."""
    st.caption("The most skewed phones. Choose a row to see its requests.")
    found = tables.chosen(
        rows,
        SKEWED,
        titles=CLOCK_TITLES,
        name="Phones whose clock is over a second off or not believed, the most skewed first",
        key="skewed-list",
        height=260,
    )
    if found is not None:
        links.go("requests", **{PSEUDONYM: found["installation"]})


def _unknown(questions: Questions, selection: Selection, requests: Rows, departures: Rows) -> None:
    panels.heading("What nobody says", questions, "unknown_values", "unknown_departures")
    left, right = st.columns(2, gap="large")
    for place, rows, kind in ((left, requests, "requests"), (right, departures, "departures")):
        with place:
            if not any(row["unknown"] for row in rows):
                st.text(f"Nothing is unknown of the {kind} in this selection.")
                continue
            st.caption(f"Share of the {kind} that do not say it, of those that could.")
            panels.chart(
                quality.unknown(rows, theme.mode(st.context.theme.type).text),
                key=f"unknown-{kind}",
                alt=f"Share of unknown values of {kind}, by attribute and release",
                of=panels.told(selection, "unknown_values"),
            )
            shown = {"attribute": "text", "release": "text", "share": "ratio", "unknown": "count"}
            base = "requests" if kind == "requests" else "transfers"
            panels.rows_under(rows, {**shown, base: "count"}, f"Unknown of {kind}")
    st.caption("Unknown stays unknown: nothing is guessed for it, and no rate leaves it out.")


QUALITY = View(
    title="Data quality",
    path="quality",
    also="door",
    icon=":material/monitor_heart:",
    show=show,
    reader=Reader.EVERYBODY,
)
