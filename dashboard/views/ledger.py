"""Ledger: every departure by itself, a page at a time, for the reviewer."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from collector.contract.records import PAGE_ROWS, Query
from dashboard import downloads, links, panels, sentences, states, tables, theme
from dashboard.formats import BY_UNIT, count, label, words
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
# What a page has room for; the row that is chosen, and the file, have all.
LISTED = (
    "time", "app", "release", "feature", "destination", "declared", "category", "purpose",
    "consent", "cause", "bytes",
)  # fmt: skip
TITLES: Mapping[str, str] = {
    "bytes": "Left",
    "bytes_received": "Arrived",
    "consent_from": "Consent said by",
    "consent_version": "Notice",
    "measure": "Measured by",
    "policy": "Let in under policy",
    "trace_id": "Trace",
}
NARROW: Mapping[str, str] = {
    "declaration": "Declared",
    "consent": "Consent",
    "destination": "Destination",
    "category": "Category",
    "cause": "Cause",
    "leg": "Leg",
}
DECLARATION: Mapping[bool | None, str] = {True: "declared", False: "undeclared", None: "unknown"}
ORDERS: Mapping[str, str | None] = {
    "Newest first": None,
    "Oldest first": "time",
    "Largest first": "-bytes",
}
TRACE = "trace"
_PAGE, _ASKED = "ledger-page", "ledger-asked"

Rows = Sequence[Mapping[str, Any]]


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Ledger", selection)
    trace = st.query_params.get(TRACE)
    if trace is None:
        st.text("A row for each time data left a phone, or a back end passed it on.")
        chosen, order, known = _narrowed(questions, selection)
    else:
        chosen, order, known = _of_trace(trace), None, None
    asked = selection.query("ledger", where=chosen).model_copy(update={"order": order})
    at = _page(asked)
    query = asked.model_copy(update={"offset": at * PAGE_ROWS})
    rows = questions.metric(query).records() if all(chosen.values()) else []
    if not rows and trace is not None:
        states.absent(
            "No departure of this trace",
            "Nothing left in it in the period; or it is older than what is kept, or erased because "
            "its person asked; or a digit is missing: a trace id has 32 hex digits.",
        )
        return
    if not rows and not at:
        states.no_result(questions, "departures", tuple(NARROW))
        return
    panels.heading(_counted(at, len(rows), known), questions, "ledger")
    _above(questions, query, at, len(rows), known)
    found = tables.chosen(
        rows,
        {name: COLUMNS[name] for name in LISTED},
        titles=TITLES,
        name="Departures; choosing a row shows all of it below",
        key=f"ledger-rows-{at}",
        height=560,
    )
    if found is not None:
        _departure(questions, found)


def _of_trace(trace: str) -> dict[str, tuple[str, ...]]:
    """What left in one trace, in the period; the way back stands above it."""
    if st.button("All departures", icon=":material/arrow_back:", type="tertiary"):
        del st.query_params[TRACE]
        st.rerun()
    st.text(f"What left in the trace {trace}.")
    return {TRACE: (trace.lower(),)}


def _page(asked: Query) -> int:
    """The page that the reader is on; the first again where something else is asked."""
    if st.session_state.get(_ASKED) != asked:
        st.session_state.update({_ASKED: asked, _PAGE: 0})
    return int(st.session_state[_PAGE])


def _turn(pages: int) -> None:
    st.session_state[_PAGE] += pages


def _counted(at: int, rows: int, known: int | None) -> str:
    """Which rows these are, and of how many where that is `known`."""
    first = at * PAGE_ROWS
    if not at and rows < PAGE_ROWS:
        return sentences.many(rows, "departure")
    of = f" of {count(known)}" if known is not None and known >= first + rows else ""
    return f"Departures {count(first + 1)} to {count(first + rows)}{of}" if rows else "No more"


def _above(questions: Questions, query: Query, at: int, rows: int, known: int | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if at or rows == PAGE_ROWS:
            st.button("", icon=":material/chevron_left:", help="The page before", key="before",
                      disabled=not at, on_click=_turn, args=(-1,))  # fmt: skip
            st.button("", icon=":material/chevron_right:", help="The next page", key="next",
                      disabled=rows < PAGE_ROWS, on_click=_turn, args=(1,))  # fmt: skip
        downloads.audited(questions, query, "ledger.csv", rows if known is None else known)
        st.caption(
            "Choose a row to see all of it. The download has every row and column, not this page "
            "alone, and is noted in the audit log."
        )


def _departure(questions: Questions, row: Mapping[str, Any]) -> None:
    """All of one departure, for whoever reads it rather than a table."""
    with st.container(border=True, key="departure"):
        colour = theme.UNDECLARED if row["declared"] is False else theme.NEUTRAL
        mark = label(DECLARATION[row["declared"]])
        panels.marked(f"{words(row['feature'])} → {words(row['destination'])}", [mark], colour)
        panels.facts(
            {
                TITLES.get(name) or label(name): BY_UNIT[unit](row[name])
                for name, unit in COLUMNS.items()
                if name not in ("feature", "destination", "declared")
            }
        )
        trace = row["trace_id"]
        if not trace:
            return
        if questions.may_open_traces():
            links.trace(questions, "Open its trace", trace)
        else:
            st.caption(
                "What left is here; the spans of its request are for whoever is on call: give them "
                "the trace."
            )


def _narrowed(
    questions: Questions, selection: Selection
) -> tuple[dict[str, tuple[str, ...]], str | None, int]:
    """What the page's own filters are set to, of what the period knows, the order, and how many
    departures that is: the transfers of the flows that fit, which hold each once.

    Limen's own telemetry would hide all else; no destination where nothing else left.
    """
    seen = [
        {**row, "declaration": DECLARATION[row["declared"]]}
        for row in questions.metric(selection.query("transfers")).records()
    ]
    chosen: dict[str, tuple[str, ...]] = {}
    with st.container(horizontal=True):
        for name, title in NARROW.items():
            known = sorted({row[name] for row in seen if row[name] is not None})
            options = list(dict.fromkeys([*known, *st.query_params.get_all(name)]))
            found = st.multiselect(title, options, placeholder="All", key=name, bind="query-params")
            if found:
                chosen[name] = tuple(found)
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.segmented_control(
            "Order", list(ORDERS), default="Newest first", required=True, key="order",
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        own = st.toggle("With Limen's own telemetry", key="own", bind="query-params")
    if not own and "destination" not in chosen:
        chosen["destination"] = tuple({row["destination"] for row in seen} - {OWN})
    fitting = (r for r in seen if all(r[name] in found for name, found in chosen.items()))
    return chosen, ORDERS[order], sum(row["transfers"] for row in fitting)


LEDGER = View(
    title="Ledger",
    path="ledger",
    icon=":material/receipt_long:",
    show=show,
    reader=Reader.COMPLIANCE,
    role="compliance",
)
