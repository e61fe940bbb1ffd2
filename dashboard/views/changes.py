"""What a release sends that another does not: the privacy difference between the two."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import curl, links, panels, sentences, states, theme
from dashboard.charts.rates import releases
from dashboard.questions import Questions
from dashboard.selection import Selection

REVIEWER = "compliance"
OWN = "telemetry"
SHOWN = 5
_COLUMNS: Mapping[str, str] = {
    "change": "text",
    "feature": "text",
    "destination": "text",
    "category": "set",
    "purpose": "text",
    "consent": "set",
    "cause": "set",
    "declared": "flag",
    "transfers": "count",
    "expected": "count",
    "other_transfers": "count",
}
_MORE: Mapping[str, str] = {
    "requests": "count",
    "other_requests": "count",
    "leg": "text",
    "region": "text",
    "role": "text",
}

Rows = Sequence[Mapping[str, Any]]


def show_changes(questions: Questions, selection: Selection, released: Rows) -> None:
    """`released` are the rows of `egress` by release: the releases to choose from."""
    panels.heading("What a release added or removed", questions, "flow_changes")
    known = releases(released)
    if len(known) < 2:
        st.text("Only one release sent anything in this selection.")
        return
    if not questions.may_ask("flow_changes"):
        states.withheld(
            "Differences between releases are for others",
            REVIEWER,
            "What one release sends and the other does not may come from very few phones.",
        )
        return
    links.missed_release(known)
    left, right = st.columns(2)
    newer = left.selectbox("Release", known, key="newer", bind="query-params")
    others = [name for name in known if name != newer]
    older = right.selectbox("Against", others, key="older", bind="query-params")
    asked = selection.query(
        "flow_changes", where={"release": (newer, older)}, selected={"release": (newer,)}
    )
    rows = [row for row in questions.metric(asked).records() if row["destination"] != OWN]
    _in_words(rows, newer, older)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Transfers of each. Expected: how often {newer} would have sent it, per request as "
            f"{older}. What is gone and was hardly expected may just not have been seen yet.",
            width="stretch",
        )
        curl.button(curl.of_metric(questions.api, asked))
    panels.table(
        rows,
        _COLUMNS,
        titles={
            "transfers": f"In {newer}",
            "other_transfers": f"In {older}",
            "requests": f"Requests of {newer}",
            "other_requests": f"Requests of {older}",
        },
        name=f"What {newer} sends against {older}",
        more=_MORE,
    )


def _in_words(rows: Rows, newer: str, older: str) -> None:
    for change, title, none in (
        ("added", f"Only {newer} sends", f"{newer} sends nothing that {older} did not."),
        ("removed", f"Only {older} sends", f"{newer} sends all that {older} did."),
    ):
        found = [row for row in rows if row["change"] == change]
        if found:
            undeclared = any(row["declared"] is False for row in found)
            more = ["There are more; the table has them all."] * (len(found) > SHOWN)
            states.notice(
                title,
                [*map(sentences.flow_change, found[:SHOWN]), *more],
                theme.UNDECLARED if undeclared else theme.NEUTRAL,
            )
        else:
            st.text(none)
