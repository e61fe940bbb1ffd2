"""What is different in the selected requests: dimensions ranked by how much they explain."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import curl, panels, sentences, states, theme
from dashboard.charts import different
from dashboard.formats import count, label
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views.search import FILTERS

FAILING: Mapping[str, tuple[str, ...]] = {"decision": ("blocked", "error")}
OUTCOMES = ("decision", "reason")
SHOWN = 6
_COLUMNS: Mapping[str, str] = {
    "dimension": "text",
    "explains": "ratio",
    "chance": "flag",
    "value": "text",
    "share_selected": "ratio",
    "share_others": "ratio",
    "selected_rate": "ratio",
    "selected": "count",
    "others": "count",
    "installations": "count",
}
_TITLES: Mapping[str, str] = {
    "chance": "By chance",
    "share_selected": "Of the selected",
    "share_others": "Of the others",
    "selected_rate": "Selected of these",
}

Rows = Sequence[Mapping[str, Any]]


def show_different(
    questions: Questions, selection: Selection, chosen: Mapping[str, tuple[str, ...]]
) -> None:
    """`chosen`, or the failing ones where nothing is, against all else in the selection."""
    selected = chosen or FAILING
    asked = selection.query("differences", selected=selected)
    answer = questions.metric(asked).records()
    if not answer or not answer[0]["all_selected"]:
        states.no_result(questions, "such requests", FILTERS)
        return
    rows = [row for row in answer if row["dimension"] not in _outcomes(selected)]
    panels.heading("What is different", questions, "differences")
    whole = answer[0]
    said = (
        f"Selected: {sentences.chosen(selected)}, {count(whole['all_selected'])} requests. "
        f"Held against the other {count(whole['all_others'])} in this selection."
    )
    st.text(said)
    telling = _telling(rows)
    states.notice("In words", sentences.differences(telling), theme.NEUTRAL)
    if telling:
        panels.chart(
            different.shares(telling),
            key="differences",
            alt="Shares of values among the selected requests and among the others, "
            "by dimension, the one that explains most first",
            of=f"{panels.told(selection, 'differences')} · {said}",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Explains: how much of the variance of being selected lies between the values. "
            "It goes together with it, and need not be the cause.",
            width="stretch",
        )
        curl.button(curl.of_metric(questions.api, asked))
    panels.table(
        [{**row, "dimension": label(row["dimension"])} for row in rows],
        _COLUMNS,
        titles=_TITLES,
        name="Every dimension, how much it explains, and the shares of its values",
    )


def _outcomes(selected: Mapping[str, tuple[str, ...]]) -> set[str]:
    """What was selected by tells nothing more, nor an outcome of another outcome."""
    return {*selected, *(OUTCOMES if not selected.keys().isdisjoint(OUTCOMES) else ())}


def _telling(rows: Rows) -> dict[str, Rows]:
    """The rows of the dimensions that explain anything, the most first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["explains"] and not row["chance"]:
            found.setdefault(row["dimension"], []).append(row)
    return dict(list(found.items())[:SHOWN])
