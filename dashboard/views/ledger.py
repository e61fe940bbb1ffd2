"""Ledger: every departure by itself, newest first, for the reviewer."""

from collections.abc import Mapping

import streamlit as st

from dashboard import links, panels, states, tables
from dashboard.formats import count
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View
from dashboard.views.egress import OWN

COLUMNS: Mapping[str, str] = {
    "time": "time",
    "app": "text",
    "release": "text",
    "feature": "text",
    "destination": "text",
    "declared": "flag",
    "category": "set",
    "purpose": "text",
    "consent": "text",
    "bytes": "bytes",
    "bytes_received": "bytes",
    "cause": "text",
    "leg": "text",
    "owner": "text",
    "role": "text",
    "region": "text",
    "retained": "flag",
    "trained_on": "flag",
    "consent_from": "optional",
    "consent_version": "optional",
    "consent_since": "time",
    "measure": "text",
    "policy": "text",
    "trace_id": "text",
}
TITLES: Mapping[str, str] = {
    "bytes": "Left",
    "bytes_received": "Arrived",
    "consent_from": "Consent said by",
    "consent_version": "Notice",
    "policy": "Let in under policy",
    "trace_id": "Trace",
}
NARROW: Mapping[str, str] = {
    "destination": "Destination",
    "category": "Category",
    "cause": "Cause",
    "leg": "Leg",
}


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Ledger", selection)
    st.text("A row for each time data left a phone, or a back end passed it on.")
    chosen = _narrowed(questions, selection)
    query = selection.query("ledger", where=chosen)
    rows = questions.metrics([query])[0].records() if all(chosen.values()) else []
    if not rows:
        states.no_result(questions, "departures", tuple(NARROW))
        return
    panels.heading(f"The newest {count(len(rows))}", questions, "ledger")
    with st.container(horizontal=True, vertical_alignment="center"):
        panels.download(
            "Download as CSV", lambda: questions.metric_csv(query), "ledger.csv", "text/csv"
        )
        st.caption("Choose a row to open its trace. A download is noted in the audit log.")
    panels.no_other_download("ledger-list")
    event = st.dataframe(
        tables.styled(rows, COLUMNS, TITLES),
        hide_index=True,
        height=560,
        on_select="rerun",
        selection_mode="single-row",
        key="ledger-list",
        alt="The newest departures; choosing a row opens its trace",
    )
    traces = [rows[at]["trace_id"] for at in event.selection.rows]
    if traces and traces[0]:
        links.go("requests", trace=traces[0])


def _narrowed(questions: Questions, selection: Selection) -> dict[str, tuple[str, ...]]:
    """What the page's own filters are set to, of what the period knows.

    Limen's own telemetry would hide all else; no destination where nothing else left.
    """
    seen = questions.metrics([selection.query("egress")])[0].records()
    chosen: dict[str, tuple[str, ...]] = {}
    for place, (name, title) in zip(st.columns(len(NARROW)), NARROW.items(), strict=True):
        known = sorted({row[name] for row in seen if row[name] is not None})
        options = list(dict.fromkeys([*known, *st.query_params.get_all(name)]))
        found = place.multiselect(title, options, placeholder="All", key=name, bind="query-params")
        if found:
            chosen[name] = tuple(found)
    own = st.toggle("With Limen's own telemetry", key="own", bind="query-params")
    if not own and "destination" not in chosen:
        chosen["destination"] = tuple({row["destination"] for row in seen} - {OWN})
    return chosen


LEDGER = View(
    title="Ledger",
    path="ledger",
    icon=":material/receipt_long:",
    show=show,
    reader=Reader.COMPLIANCE,
    role="compliance",
)
