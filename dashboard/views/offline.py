"""Offline: what still works without a network, and what did not."""

from collections.abc import Mapping
from datetime import UTC, datetime

import streamlit as st

from collector.contract.records import Answer
from dashboard import panels, states, tables, theme
from dashboard.charts import offline, rates
from dashboard.formats import count, inside, interval, percent
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View

SIDES: Mapping[str, str] = {
    "release": "Release",
    "feature": "Feature",
    "os": "OS",
    "device_model": "Device",
    "country": "Region",
}
# As many as a page can tell apart; the table has them all.
BARS, LINES = 12, 6
TARGETS: Mapping[str, str] = {
    "feature": "text",
    "verdict": "text",
    "target": "text",
    "offline_coverage": "ratio",
    "interval": "text",
    "offline_requests": "count",
    "served": "count",
}
VERDICTS: Mapping[bool | None, str] = {True: "met", False: "missed", None: "cannot be told yet"}


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Offline", selection)
    blocked_only = {"decision": ("blocked",)}
    hours = [selection.query("offline_hours")] if questions.may_ask("offline_hours") else []
    answers = questions.metrics(
        [
            selection.query("offline_coverage"),
            selection.query("offline_targets"),
            selection.query("offline_coverage", "release", "day"),
            selection.query("fallback_reasons", where=blocked_only),
            selection.query("offline_by_threshold", "feature"),
            selection.query("thresholds_in_use"),
            *hours,
        ]
    )
    whole = next(answers)
    if not whole.rows or not whole.records()[0]["offline_requests"]:
        states.no_result(questions, "offline requests")
        return
    _headline(whole)

    panels.heading("Critical features against their target", questions, "offline_targets")
    _targets(selection, next(answers))

    panels.heading("Offline coverage by day", questions, "offline_coverage")
    days = next(answers)
    panels.chart(
        rates.by_day(
            [row for row in days.records() if row["offline_requests"]],
            "offline_coverage",
            "coverage_low",
            "coverage_high",
            whole=True,
        ),
        key="coverage-by-day",
        alt="Offline coverage by day, a line per release with its 95% interval as a band",
        of=panels.told(selection, "offline_coverage"),
    )
    panels.table_under(days, "Offline coverage by release and day")

    _where_and_why(questions, selection, next(answers))

    panels.heading("At another threshold", questions, "offline_by_threshold", "thresholds_in_use")
    panels.not_narrowed(selection, "offline_by_threshold")
    _thresholds(selection, next(answers), next(answers))

    panels.heading("When there was no network", questions, "offline_hours")
    _hours(selection, next(answers, None))


def _where_and_why(questions: Questions, selection: Selection, blocked: Answer) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        panels.heading("Where it works offline", questions, "offline_coverage")
        # What nobody looks at is not asked: by some sides every request of the period is read.
        tabs = st.tabs(list(SIDES.values()), key="offline-side", on_change="rerun")
        for (name, title), tab in zip(SIDES.items(), tabs, strict=True):
            if tab.open:
                # By too many dimensions at once some roles are refused: in that tab alone.
                with tab, states.guarded():
                    answer = questions.metric(selection.query("offline_coverage", name))
                    _side(selection, answer, name, title)
    with right:
        panels.heading("What blocked an answer", questions, "fallback_reasons")
        if blocked.rows:
            panels.chart(
                rates.reasons(blocked.records()),
                key="blocked-reasons",
                alt="Blocked requests by reason",
                of=panels.told(selection, "fallback_reasons"),
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
            f"{count(row['served'])} answered",
            "Requests made while the device had no network, and how many of them it answered.",
        )
        panels.tile(
            "Offline coverage",
            percent(row["offline_coverage"]),
            interval(row["coverage_low"], row["coverage_high"]),
            "Answered by the device, of all requests made without a network.",
        )
        panels.tile(
            "Of attempted",
            percent(row["device_coverage"]),
            f"of {count(row['attempted_offline'])} attempted",
            "The same, of those whose plan was to try the device first.",
        )
        panels.tile(
            "Stranded",
            count(row["stranded"]),
            "not in the coverage",
            "Blocked as offline although the device reported a network.",
        )


def _targets(selection: Selection, answer: Answer) -> None:
    rows = answer.records()
    if not rows:
        st.text(
            "No feature of this selection is offline_critical in the policy. Where one must work "
            "without a network, say so there, with its offline_target."
        )
        return
    missed = [row for row in rows if row["met"] is False]
    if missed:
        states.notice(
            "Below the target",
            [
                f"{row['feature']}: {percent(row['offline_coverage'])} "
                f"{interval(row['coverage_low'], row['coverage_high'])}, surely below the "
                f"{percent(row['target'])} that the policy asks for."
                for row in missed
            ],
            theme.ERROR,
        )
    panels.chart(
        rates.targets(rows),
        key="targets",
        alt="Offline coverage of the critical features with the 95% interval, and their target",
        of=panels.told(selection, "offline_targets"),
    )
    if any(row["target"] is None for row in rows):
        st.caption("A target is missing where the policy gives the feature no offline_target.")
    panels.table(
        [
            {
                **row,
                "verdict": "no target" if row["target"] is None else VERDICTS[row["met"]],
                "target": "missing" if row["target"] is None else percent(row["target"]),
                "interval": interval(row["coverage_low"], row["coverage_high"]),
            }
            for row in rows
        ],
        TARGETS,
        name="Critical features, their target and their offline coverage",
    )


def _side(selection: Selection, answer: Answer, name: str, title: str) -> None:
    found = [row for row in answer.records() if row["offline_requests"]]
    panels.chart(
        rates.coverage(found[:BARS], name),
        key=f"coverage-{name}",
        alt=f"Offline coverage by {inside(title)} with the 95% interval, and of attempted requests",
        of=panels.told(selection, "offline_coverage"),
    )
    if len(found) > BARS:
        st.caption(f"The {BARS} with most offline requests of {len(found)}; the table has all.")
    panels.table_under(answer, f"Offline coverage by {title}")


def _thresholds(selection: Selection, answer: Answer, used: Answer) -> None:
    rows = answer.records()
    most = {row["feature"]: row["offline_requests"] for row in rows if row["coverage_max"]}
    if not most:
        st.text("At no threshold would the device have answered any of these requests.")
        return
    features = sorted(most, key=lambda name: -most[name])
    panels.chart(
        offline.by_threshold(rows, features[:LINES], used.records()),
        key="offline-by-threshold",
        alt="Share of offline requests that the device would answer by threshold, a line a feature",
        of=panels.told(selection, "offline_by_threshold"),
    )
    more = f" The {LINES} features with most such requests." if len(features) > LINES else ""
    st.caption(
        "By how sure phones were in the requests that they made without a network. The grey band "
        f"is what nobody reported a confidence of.{more}"
    )
    panels.table_under(answer, "Offline coverage by threshold and feature")
    if used.rows:
        columns = tables.ordered(used) | {"threshold": "score"}
        panels.rows_under(
            used.records(), columns, "Thresholds in use by feature", "Thresholds in use"
        )
    else:
        st.caption("No request of this selection says under which threshold it ran.")


def _hours(selection: Selection, answer: Answer | None) -> None:
    if answer is None:
        st.text("A lead sees whole days; hours are shown to others.")
        return
    today = datetime.now(UTC)
    panels.chart(
        offline.heatmap(answer.records(), (today - selection.length).date(), today.date()),
        key="offline-hours",
        alt="Requests made without a network, by day and by hour of the day in UTC",
        of=panels.told(selection, "offline_hours"),
    )
    st.caption("Days and hours are in UTC. Where a field is empty, no request was made offline.")
    panels.table_under(answer, "Offline requests by hour")


OFFLINE = View(
    title="Offline", path="offline", icon=":material/wifi_off:", show=show, reader=Reader.LEAD
)
