"""Requests: the newest ones, narrowed until the one in question is there, and that one's trace."""

from collections.abc import Mapping

import streamlit as st

from collector.contract.attributes import BLOCKED_REASONS, DECISIONS, FALLBACK_REASONS, NETWORKS
from dashboard import panels, states, tables
from dashboard.formats import count
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View
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
    "model": "text",
    "late": "flag",
    "trace_id": "text",
}
TITLES: Mapping[str, str] = {"duration_ms": "Waited", "device_model": "Device", "trace_id": "Trace"}
NARROW: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "decision": ("Decision", DECISIONS),
    "reason": ("Reason", tuple(dict.fromkeys((*FALLBACK_REASONS, *BLOCKED_REASONS)))),
    "network": ("Network", NETWORKS),
}
TRACE = "trace"


def show(questions: Questions, selection: Selection) -> None:
    trace_id = st.query_params.get(TRACE)
    if trace_id:
        if st.button("All requests", icon=":material/arrow_back:", type="tertiary"):
            del st.query_params[TRACE]
            st.rerun()
        show_trace(questions, trace_id)
        return
    panels.title("Requests", selection)
    _list(questions, selection)


def _list(questions: Questions, selection: Selection) -> None:
    chosen: dict[str, tuple[str, ...]] = {}
    places = st.columns([2, 3, 2, 3])
    for place, (name, (title, options)) in zip(places, NARROW.items(), strict=False):
        found = place.multiselect(title, options, placeholder="All", key=name, bind="query-params")
        if found:
            chosen[name] = tuple(found)
    with places[-1]:
        wanted = st.text_input("Open a trace", placeholder="32 hex digits", key="wanted")
    if wanted:
        _open(wanted.strip().lower())
    answer = questions.metrics([selection.query("requests", where=chosen)])[0]
    rows = answer.records()
    if not rows:
        states.no_result(questions, "requests", tuple(NARROW))
        return
    panels.heading(f"The newest {count(len(rows))}", questions, "requests")
    st.caption("Choose a row to open its trace.")
    event = st.dataframe(
        tables.styled(rows, COLUMNS, TITLES),
        hide_index=True,
        height=560,
        column_config={"Reason": st.column_config.Column(width=120)},
        on_select="rerun",
        selection_mode="single-row",
        key="request-list",
        alt="The newest requests; choosing a row opens its trace",
    )
    if event.selection.rows:
        _open(rows[event.selection.rows[0]]["trace_id"])


def _open(trace_id: str) -> None:
    st.query_params[TRACE] = trace_id
    st.rerun()


REQUESTS = View(
    title="Requests",
    path="requests",
    icon=":material/list_alt:",
    show=show,
    reader=Reader.ONCALL,
    role="oncall",
)
