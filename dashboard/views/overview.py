"""Overview: the releases side by side, for the engineering lead."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import streamlit as st

from collector.contract.records import Answer
from dashboard import links, panels, states, tables, verdict
from dashboard.charts import rates
from dashboard.formats import OTHER, UNKNOWN, count, interval, milliseconds, percent
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View

_RELEASE_COLUMNS: Mapping[str, str] = {
    "release": "text",
    "installations": "count",
    "adoption": "ratio",
    "requests": "count",
    "fallback_rate": "ratio",
    "fallback_interval": "text",
    "offline_coverage": "ratio",
    "error_rate": "ratio",
    "p95_ms": "ms",
    "egress_bytes_per_request": "bytes",
    "completeness": "ratio",
}
_RELEASE_TITLES: Mapping[str, str] = {
    "fallback_interval": "95% interval",
    "p95_ms": "p95",
    "egress_bytes_per_request": "Egress per request",
}


def show(questions: Questions, selection: Selection) -> None:
    metrics = ("fallback_rate", "offline_coverage", "latency", "completeness", "comparison")
    live = panels.title("Overview", selection, questions, *metrics, live=True)

    states.followed(live, lambda: _content(questions, selection))


def _content(questions: Questions, selection: Selection) -> None:
    answers = questions.metrics(
        [
            selection.query("fallback_rate"),
            selection.query("offline_coverage"),
            selection.query("latency"),
            selection.query("completeness"),
            selection.query("release_health"),
            selection.query("completeness", "release"),
            selection.query("fallback_rate", "release", "day"),
            selection.query("fallback_reasons"),
            selection.query("volume", "app"),
        ]
    )
    fallback = next(answers)
    total = fallback.records()[0] if fallback.rows else None
    if total is None or not total["requests"]:
        states.no_result(questions, "requests")
        return
    _headline(total, *islice(answers, 3), period=f"last {selection.period}")
    panels.not_narrowed(selection, "latency")
    place = st.container()

    panels.heading("Releases", questions, "release_health", "completeness")
    health = next(answers)
    panels.table(
        _releases(health, next(answers)), _RELEASE_COLUMNS, titles=_RELEASE_TITLES,
        name="Releases side by side",
    )  # fmt: skip
    panels.not_narrowed(selection, "completeness")

    left, right = st.columns([3, 2], gap="large")
    with left:
        panels.heading("Fallback rate by day", questions, "fallback_rate")
        days = next(answers)
        panels.chart(
            rates.by_day(days.records(), "fallback_rate", "fallback_low", "fallback_high"),
            key="fallback-by-day",
            alt="Fallback rate by day, a line per release with its 95% interval as a band",
            of=panels.told(selection, "fallback_rate"),
        )
        panels.table_under(days, "Fallback rate by release and day")
    with right:
        panels.heading("Why the cloud was needed", questions, "fallback_reasons")
        panels.not_narrowed(selection, "fallback_reasons")
        reasons = next(answers)
        if reasons.rows:
            panels.chart(
                rates.reasons(reasons.records()),
                key="fallback-reasons",
                alt="Requests by reason, coloured by whether the cloud answered or could not",
                of=panels.told(selection, "fallback_reasons"),
            )
            panels.table_under(reasons, "Reasons of fallback and block")
        else:
            st.text("Every request in this selection was answered on the device.")
    # The rest of the page does not wait for it.
    with place, states.guarded():
        _verdict(questions, selection, rates.releases(health.records()), len(next(answers).rows))


def _verdict(
    questions: Questions, selection: Selection, releases: Sequence[str], apps: int
) -> None:
    """The newest release against the one before it: whether it is safe."""
    told = [name for name in releases if name not in (UNKNOWN, OTHER)]
    if apps > 1:
        st.caption("Choose an app beside, to see its newest release held against the one before.")
    elif len(told) < 2:
        st.caption("There is no second release in this selection to hold the newest against.")
    else:
        with st.spinner("Holding the newest release against the one before …"):
            found = questions.compare(told[0], told[1], selection)
        verdict.show(found)
        links.link("release", "Why, and how sure", newer=found.release, older=found.against)


def _headline(
    total: Mapping[str, Any], offline: Answer, latency: Answer, complete: Answer, *, period: str
) -> None:
    coverage = offline.records()[0]
    received = complete.records()[0] if complete.rows else {}
    waits = {row["answered_by"]: row for row in latency.records()}
    with panels.tiles():
        panels.tile("Requests", count(total["requests"]), period, "Requests in the period.")
        panels.tile(
            "Fallback rate",
            percent(total["fallback_rate"]),
            interval(total["fallback_low"], total["fallback_high"]),
            "Of the requests that tried the device first, the share that asked the cloud instead.",
        )
        panels.tile(
            "Offline coverage",
            percent(coverage["offline_coverage"]),
            interval(coverage["coverage_low"], coverage["coverage_high"]),
            "Of the requests made without a network, the share the device answered itself.",
        )
        for who in ("device", "cloud"):
            wait = waits.get(who, {})
            panels.tile(
                f"p95, {who}",
                milliseconds(wait.get("p95_ms")),
                f"median {milliseconds(wait.get('p50_ms'))}",
                f"How long people waited for an answer of the {who}: 95 of 100 at most this.",
            )
        panels.tile(
            "Completeness",
            percent(received.get("completeness")),
            "open" if received.get("open") else "closed",
            "Requests received of those the phones numbered; the rest is lost telemetry. Open: the "
            "period ends less than seven days ago, so late data may still come.",
        )


def _releases(health: Answer, complete: Answer) -> Sequence[Mapping[str, Any]]:
    known = {row["release"]: row["completeness"] for row in complete.records()}
    rows = tables.with_interval(
        health.records(), "fallback_interval", "fallback_low", "fallback_high"
    )
    newest_first = {release: place for place, release in enumerate(rates.releases(rows))}
    rows.sort(key=lambda row: newest_first[row["release"]])
    return [{**row, "completeness": known.get(row["release"])} for row in rows]


OVERVIEW = View(
    title="Overview",
    path="overview",
    also="overview",
    icon=":material/space_dashboard:",
    show=show,
    reader=Reader.LEAD,
)
