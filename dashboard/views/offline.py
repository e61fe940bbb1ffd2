"""Offline: what still works without a network, and what did not."""

from collections.abc import Mapping

import streamlit as st

from collector.contract.records import Answer
from dashboard import panels, states
from dashboard.charts import rates
from dashboard.formats import count, interval, percent
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View

SIDES: Mapping[str, str] = {"release": "Release", "feature": "Feature", "os": "OS"}


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Offline", selection)
    blocked_only = {"decision": ("blocked",)}
    whole, days, blocked, *sides = questions.metrics(
        [
            selection.query("offline_coverage"),
            selection.query("offline_coverage", "release", "day"),
            selection.query("fallback_reasons", where=blocked_only),
            *(selection.query("offline_coverage", side) for side in SIDES),
        ]
    )
    if not whole.rows or not whole.records()[0]["offline_requests"]:
        states.no_result(questions, "offline requests")
        return
    _headline(whole)

    panels.heading("Offline coverage by day", questions, "offline_coverage")
    panels.chart(
        rates.by_day(
            [row for row in days.records() if row["offline_requests"]],
            "offline_coverage",
            "coverage_low",
            "coverage_high",
            whole=True,
        ),
        key="coverage-by-day",
        alt="Offline coverage by day, a line per release with its 95 % interval as a band",
    )
    panels.table_under(days, "Offline coverage by release and day")

    left, right = st.columns(2, gap="large")
    with left:
        panels.heading("Where it works offline", questions, "offline_coverage")
        for (name, title), tab, answer in zip(
            SIDES.items(), st.tabs(list(SIDES.values())), sides, strict=True
        ):
            with tab:
                _side(answer, name, title)
    with right:
        panels.heading("What blocked an answer", questions, "fallback_reasons")
        if blocked.rows:
            panels.chart(
                rates.reasons(blocked.records()),
                key="blocked-reasons",
                alt="Blocked requests by reason",
            )
            panels.table_under(blocked, "Blocked requests by reason")
        else:
            st.text("No request was blocked in this selection.")


def _headline(whole: Answer) -> None:
    row = whole.records()[0]
    with panels.tiles():
        panels.tile(
            "Offline requests",
            count(row["offline_requests"]),
            f"{count(row['served'])} answered by the device",
            "Requests made while the device had no network.",
        )
        panels.tile(
            "Coverage of everything",
            percent(row["offline_coverage"]),
            interval(row["coverage_low"], row["coverage_high"]),
            "Answered by the device, of all requests made without a network.",
        )
        panels.tile(
            "Coverage of attempted",
            percent(row["device_coverage"]),
            f"of {count(row['attempted_offline'])} attempted",
            "The same, of those whose plan was to try the device first.",
        )
        panels.tile(
            "Stranded",
            count(row["stranded"]),
            "blocked as offline, network reported",
            "Blocked as offline although the device reported a network; not in the coverage.",
        )


def _side(answer: Answer, name: str, title: str) -> None:
    panels.chart(
        rates.coverage(answer.records(), name),
        key=f"coverage-{name}",
        alt=f"Offline coverage by {title} with the 95 % interval, and of attempted requests",
    )
    panels.table_under(answer, f"Offline coverage by {title}")


OFFLINE = View(
    title="Offline", path="offline", icon=":material/wifi_off:", show=show, reader=Reader.LEAD
)
