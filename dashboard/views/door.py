"""What became of the values that arrived, and what should not have been among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from collector.contract.findings import CODES, UNKNOWN
from collector.contract.records import Answer, Query
from dashboard import panels, sentences, states, tables, theme
from dashboard.charts import door
from dashboard.formats import count
from dashboard.questions import Questions
from dashboard.selection import Selection

REVIEWER = "compliance"
SHOUTED = 5
TILES: Mapping[str, str] = {
    "keep": "Values that fit the form of an attribute which the conventions or the policy name.",
    "hash": "Identifiers, and what the policy hashes: stored as a keyed hash only.",
    "mask": "Kept text out of which something personal or secret was cut.",
    "drop": "Values that nothing names or that do not fit: not stored, only counted.",
}
FIELDS: Mapping[str, str] = {
    "field": "text",
    "action": "text",
    "detector": "text",
    "values": "count",
    "policy": "text",
}
FINDINGS: Mapping[str, str] = {
    "code": "text",
    "field": "text",
    "place": "text",
    "detector": "text",
    "app": "text",
    "release": "text",
    "occurrences": "count",
    "distinct_values": "count",
    "first_seen": "time",
    "last_seen": "time",
}
TITLES: Mapping[str, str] = {
    "detector": "By",
    "distinct_values": "Different, about",
    "occurrences": "Times",
}

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Door:
    """What is told of it, all together, by day and by field; found: None where the role may not."""

    whole: Answer
    days: Answer
    fields: Answer
    found: Answer | None = None


def asked(questions: Questions, selection: Selection) -> list[Query]:
    """What is asked for a `Door`."""
    queries = [
        selection.query("door"),
        selection.query("door", "day"),
        selection.query("redaction"),
    ]
    return [*queries, _found(selection)] if questions.may_ask("findings") else queries


def shout(told: Door) -> None:
    """What telemetry should not hold, before everything else."""
    rows = () if told.found is None else told.found.records()
    for code in CODES:
        lines = [sentences.finding(row) for row in rows if row["code"] == code]
        if lines and code != UNKNOWN:
            more = ["There are more; the table below has them all."] * (len(lines) > SHOUTED)
            sentence = sentences.MENDING[code]
            title = f"Dropped at the door: {CODES[code]}"
            states.notice(title, [*lines[:SHOUTED], *more, sentence], theme.ERROR)


def show_door(questions: Questions, selection: Selection, told: Door) -> None:
    """Redaction by day and field, keys that were dropped, and what was found."""
    panels.heading("What was done at the door", questions, "door")
    st.caption("What telemetry holds goes through the collector's door before it is stored.")
    panels.not_narrowed(selection, "redaction")
    done = {row["action"]: row["values"] for row in told.whole.records()}
    with panels.tiles("tiles-door"):
        for action, meaning in TILES.items():
            panels.tile(door.ACTIONS[action], count(done.get(action, 0)), "values", meaning)
    today = datetime.now(UTC)
    panels.chart(
        door.by_day(told.days.records(), (today - selection.length).date(), today.date()),
        key="door",
        alt="Values by the day they arrived, a row of bars for each thing done to them",
        of=panels.told(selection, "door"),
    )
    st.caption("By the day of arrival. Each row has a scale of its own.")
    panels.table_under(told.days, "Values by day and what was done to them")

    panels.heading("By field", questions, "redaction")
    _fields(told.fields.records())

    panels.heading("What should not have been there", questions, "findings")
    panels.not_narrowed(selection, "findings")
    if told.found is None:
        states.withheld(
            "Findings are for others",
            REVIEWER,
            "They name fields as apps wrote them, in which a person may be named too.",
        )
    elif told.found.rows:
        _findings(questions, selection, told.found.records())
    else:
        st.text(
            "Nothing that telemetry should not hold, and no attribute that nobody names, was seen "
            "in this selection. Look again after the next release of an app."
        )


def _found(selection: Selection) -> Query:
    return selection.query("findings", "app", "release")


def _fields(rows: Rows) -> None:
    actions = [action for action in door.ACTIONS if any(row["action"] == action for row in rows)]
    chosen = st.segmented_control(
        "Done",
        ["All", *(door.ACTIONS[action] for action in actions)],
        default="All",
        required=True,
        key="done",
        bind="query-params",
        label_visibility="collapsed",
    )
    tables.show(
        [
            {**row, "action": name}
            for action, name in reversed(list(door.ACTIONS.items()))
            for row in rows
            if row["action"] == action and chosen in ("All", name)
        ],
        FIELDS,
        titles=TITLES,
        name="What was done, by field, detector and version of the policy",
    )
    st.caption(
        "By: allowlist (nothing says to keep it there), form (that of its attribute, which it fits "
        "or not), "
        "identifier, policy, upstream (a Collector in front), or the detector that found something."
    )


def _findings(questions: Questions, selection: Selection, rows: Rows) -> None:
    if any(row["code"] == UNKNOWN for row in rows):
        st.text(f"An unknown attribute is {CODES[UNKNOWN]}. {sentences.MENDING[UNKNOWN]}")
        st.code("limen policy suggest", language="bash", wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        panels.download(
            "Download as CSV",
            lambda: questions.metric_csv(_found(selection)),
            "found-at-the-door.csv",
            "text/csv",
        )
        st.caption("The download has every column, and is noted in the audit log.")
    tables.show(rows, FINDINGS, titles=TITLES, name="What was found, by app and release")
