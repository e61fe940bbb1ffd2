"""Requests: the newest ones, narrowed until the one in question is there; what is different in
the failing ones; and one request's trace."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import curl, downloads, panels, states, tables
from dashboard.formats import count
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View
from dashboard.views.different import show_different
from dashboard.views.search import FILTERS, TRACE, open_trace, search
from dashboard.views.trace import show_trace

COLUMNS: Mapping[str, str] = {
    "time": "time",
    "feature": "text",
    "release": "text",
    "decision": "text",
    "reason": "optional",
    "confidence": "score",
    "threshold": "score",
    "duration_ms": "ms",
    "network": "text",
    "os": "text",
    "device_model": "text",
    "late": "flag",
}
TITLES: Mapping[str, str] = {"duration_ms": "Waited", "device_model": "Device"}
# Of the longest words, which may stand further down than columns are measured by.
WIDTHS: Mapping[str, int] = {"reason": 132, "network": 86}
NEWEST, DIFFERENT = "Newest", "What is different"


def show(questions: Questions, selection: Selection) -> None:
    trace_id = st.query_params.get(TRACE)
    if trace_id:
        if st.button("All requests", icon=":material/arrow_back:", type="tertiary"):
            del st.query_params[TRACE]
            st.rerun()
        show_trace(questions, trace_id)
        return
    live = panels.title("Requests", selection, live=True)
    newest = questions.metric(selection.query("requests")).records()
    chosen = search(questions, newest)
    side = st.segmented_control(
        "Show",
        [NEWEST, DIFFERENT],
        default=NEWEST,
        required=True,
        key="show",
        bind="query-params",
        label_visibility="collapsed",
    )
    if side == DIFFERENT:
        show_different(questions, selection, chosen)
        return

    states.followed(live, lambda: _list(questions, selection, chosen))


def _list(
    questions: Questions, selection: Selection, chosen: Mapping[str, tuple[str, ...]]
) -> None:
    asked = selection.query("requests", where=chosen)
    rows: list[dict[str, Any]] = questions.metric(asked).records()
    if not rows:
        states.no_result(questions, "requests", FILTERS)
        return
    panels.heading(f"The newest {count(len(rows))}", questions, "requests")
    with st.container(horizontal=True, vertical_alignment="center"):
        # To the left: the table's own buttons come up to the right.
        downloads.audited(questions, asked, "requests.csv", len(rows))
        curl.button(curl.of_metric(questions.api, asked))
        st.caption("Choose a row to open its trace. The download has every column.")
    found = tables.chosen(
        rows,
        COLUMNS,
        titles=TITLES,
        name="The newest requests; choosing a row opens its trace",
        key="request-list",
        height=560,
        widths=WIDTHS,
    )
    if found is not None:
        open_trace(found["trace_id"])


REQUESTS = View(
    title="Requests",
    path="requests",
    icon=":material/list_alt:",
    show=show,
    reader=Reader.ONCALL,
    role="oncall",
)
