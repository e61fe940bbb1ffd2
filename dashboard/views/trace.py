"""One trace: what was decided and why, phone and cloud on one axis, what left, what if."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from collector.contract.errors import BadInput, NotFound
from dashboard import curl, panels, sentences, states, tables, theme
from dashboard.charts.arrivals import arrivals
from dashboard.charts.waterfall import SIDES, ordered, waterfall
from dashboard.formats import milliseconds, moment, words
from dashboard.questions import Questions
from dashboard.views.search import open_trace
from dashboard.views.what_if import show_what_if

SPANS: Mapping[str, str] = {
    "name": "text",
    "side": "text",
    "kind": "text",
    "status": "text",
    "offset_ms": "ms",
    "duration_ms": "ms",
    "start": "time",
    "received": "time",
    "app": "text",
    "release": "text",
    "late": "flag",
    "orphan": "flag",
    "time_believed": "flag",
}
NEIGHBOURS: Mapping[str, str] = {
    "time": "time",
    "feature": "text",
    "release": "text",
    "decision": "text",
    "reason": "optional",
    "confidence": "score",
    "threshold": "score",
    "duration_ms": "ms",
    "network": "text",
    "trace_id": "text",
}
DEPARTURES: Mapping[str, str] = {
    "destination": "text",
    "category": "set",
    "purpose": "text",
    "consent": "text",
    "cause": "text",
    "declared": "flag",
    "bytes": "bytes",
    "leg": "text",
    "region": "text",
    "measure": "text",
}

TITLES: Mapping[str, str] = {
    "duration_ms": "Waited",
    "measure": "Measured by",
    "trace_id": "Trace",
}

Rows = Sequence[Mapping[str, Any]]


def show_trace(questions: Questions, trace_id: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Request", anchor=False, width="content")
        st.code(trace_id, language=None, width="stretch", wrap_lines=True)
        panels.on_demand(questions, "trace")
        curl.button(curl.curl(questions.api, f"/api/traces/{trace_id}", {}))
    try:
        found = questions.trace(trace_id)
    except (NotFound, BadInput):
        states.absent(
            "No such trace",
            "It may be older than what is kept, or erased because its person asked; or a digit is "
            "missing: a trace id has 32 hex digits.",
        )
        return
    for request in found["requests"]:
        _decision(request)
    _undeclared(found["departures"])
    _spans(trace_id, found["spans"], found["skews"])
    _departures(found["departures"])
    if found["requests"]:
        show_what_if(questions, trace_id)
    _attributes(found["spans"])
    _neighbours(found["neighbours"])


def _spans(trace_id: str, spans: Rows, skews: Rows) -> None:
    st.subheader("Phone and cloud", anchor=False)
    for skew in skews:
        st.text(sentences.skew(skew))
    panels.chart(
        waterfall(spans, skews),
        key="waterfall",
        alt="The spans of the trace on one time axis, coloured by device and cloud",
        of=f"Trace {trace_id}",
    )
    rows = ordered(spans)
    st.caption("When its parts arrived, after the first span began by its own clock:")
    panels.chart(
        arrivals(rows),
        key="arrivals",
        alt="When the spans of phone and cloud were received",
        of=f"Trace {trace_id}",
    )
    panels.rows_under(
        [{**row.span, "side": SIDES[row.side][0], "orphan": row.orphan} for row in rows],
        SPANS,
        "The spans of the trace",
    )


def _decision(request: Mapping[str, Any]) -> None:
    colour = theme.DECISIONS.get(request["decision"], theme.UNKNOWN)
    states.notice(
        f"{words(request['feature'])} {words(request['release'])}: {words(request['decision'])}",
        [sentences.decision(request)],
        colour,
    )


def _undeclared(departures: Rows) -> None:
    found = [row["destination"] for row in departures if row["declared"] is False]
    if found:
        sent = [f"Data went to {words(host)}." for host in dict.fromkeys(found)]
        states.notice("Not declared by any policy", sent, theme.UNDECLARED)


def _departures(rows: Rows) -> None:
    st.subheader("What left the device", anchor=False)
    if not rows:
        st.text("Nothing that the trace tells of.")
        return
    tables.show(rows, DEPARTURES, titles=TITLES, name="What left the device in this trace")


def _attributes(spans: Rows) -> None:
    st.subheader("Attributes", anchor=False)
    position = st.selectbox(
        "Span",
        range(len(spans)),
        format_func=lambda i: (
            f"{words(spans[i]['name'])} · {milliseconds(spans[i]['duration_ms'])}"
        ),
    )
    span = spans[position]
    late = ", late" if span["late"] else ""
    st.text(f"Began {moment(span['start'])}, received {moment(span['received'])}{late}.")
    tables.show(
        [{"name": name, "value": words(value)} for name, value in span["attributes"].items()],
        {"name": "text", "value": "text"},
        name="The attributes of the chosen span",
    )


def _neighbours(rows: Rows) -> None:
    """What else the same installation asked; choosing one opens it."""
    st.subheader("Before and after, on the same installation", anchor=False)
    if not rows:
        st.text("No other request of this installation within a day, or it is not known.")
        return
    st.caption("The nearest five each, within a day. Choose a row to open its trace.")
    found = tables.chosen(
        rows,
        NEIGHBOURS,
        titles=TITLES,
        name="Requests of the same installation; choosing a row opens its trace",
        key=f"neighbours-{rows[0]['trace_id']}",
    )
    if found is not None:
        open_trace(found["trace_id"])
