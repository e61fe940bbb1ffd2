"""One trace: what was decided and why, what if, phone and cloud on one axis, what left."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from collector.contract.errors import BadInput, NotFound
from dashboard import panels, sentences, states, tables, theme
from dashboard.charts.waterfall import SIDES, ordered, waterfall
from dashboard.formats import milliseconds, moment, words
from dashboard.questions import Questions
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

Rows = Sequence[Mapping[str, Any]]


def show_trace(questions: Questions, trace_id: str) -> None:
    st.title("Request", anchor=False)
    st.code(trace_id, language=None)
    try:
        found = questions.trace(trace_id)
    except (NotFound, BadInput):
        states.nothing(
            "such trace",
            "The link may be older than what is kept, or a digit is missing. "
            "A trace id has 32 hex digits.",
        )
        return
    for request in found["requests"]:
        _decision(request)
    if found["requests"]:
        show_what_if(questions, trace_id)
    spans: Rows = found["spans"]
    st.subheader("Phone and cloud", anchor=False)
    panels.chart(
        waterfall(spans),
        key="waterfall",
        alt="The spans of the trace on one time axis, coloured by device and cloud",
    )
    panels.rows_under(
        [{**span, "side": SIDES[side][0]} for span, _, side in ordered(spans)],
        SPANS,
        "The spans of the trace",
    )
    _departures(found["departures"])
    _attributes(spans)


def _decision(request: Mapping[str, Any]) -> None:
    colour = theme.DECISIONS.get(request["decision"], theme.UNKNOWN)
    states.notice(
        f"{words(request['feature'])} {words(request['release'])}: {words(request['decision'])}",
        [sentences.decision(request)],
        colour,
    )


def _departures(rows: Rows) -> None:
    st.subheader("What left the device", anchor=False)
    if not rows:
        st.text("Nothing that the trace tells of.")
        return
    for row in rows:
        if row["declared"] is False:
            states.notice(
                "Not declared by any policy",
                [f"Data went to {words(row['destination'])}."],
                theme.UNDECLARED,
            )
    tables.show(rows, DEPARTURES, name="What left the device in this trace")


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
