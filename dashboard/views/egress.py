"""Egress: what left the device, where to, why and under which consent, for the reviewer."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import curl, downloads, links, panels, sentences, states, tables, theme
from dashboard.charts import flows
from dashboard.formats import OTHER, count, inside, members
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.undeclared import undeclared
from dashboard.views import Reader, View
from dashboard.views.changes import show_changes

SIDES: Mapping[str, str] = {
    "Destination": "destination",
    "Category": "category",
    "Purpose": "purpose",
    "Consent": "consent",
    "Cause": "cause",
    "Region": "region",
    "Role": "role",
}
DEVICE, ONWARD = "From the device", "Passed on by a back end"
LEGS: Mapping[str, tuple[str, ...]] = {DEVICE: ("device", "unknown"), ONWARD: ("onward",)}
NOTHING: Mapping[str, str] = {
    DEVICE: "Nothing but Limen's own telemetry left the device in this selection.",
    ONWARD: "No back end passed anything on in this selection, as far as traces tell.",
}
OWN = "telemetry"
REVIEWER = "compliance"
SHOUTED = 5
COLUMNS: Mapping[str, str] = {
    "destination": "text",
    "category": "set",
    "purpose": "text",
    "consent": "text",
    "cause": "text",
    "declared": "flag",
    "bytes": "bytes",
    "transfers": "count",
    "unknown_bytes_transfers": "count",
}
MORE: Mapping[str, str] = {"region": "text", "measure": "text"}
TITLES: Mapping[str, str] = {"unknown_bytes_transfers": "Unknown size", "measure": "Measured by"}
LEDGER: Mapping[str, str] = {
    "time": "time",
    "app": "text",
    "release": "text",
    "category": "set",
    "purpose": "text",
    "consent": "text",
    "cause": "text",
    "declared": "flag",
    "bytes": "bytes",
    "trace_id": "text",
}

Rows = Sequence[Mapping[str, Any]]


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Egress", selection)
    first = st.container()
    panels.heading("What left the device", questions, "flows", "transfers", "ledger")
    with st.container(horizontal=True):
        leg = _choice("Leg", list(LEGS), "leg")
        width = _choice("Width", list(flows.WIDTHS), "width")
    # A reader whose cells are merged may not ask by all of them.
    known = selection.catalogue["flows"]["dimensions"]
    side = _choice("By", [name for name, found in SIDES.items() if found in known], "side")
    where = {"leg": LEGS[leg]}
    released, pictured, listed = questions.metrics(
        [
            selection.query("transfers", "feature", "release", where={"leg": LEGS[DEVICE]}),
            selection.query("flows", SIDES[side], where=where),
            selection.query("transfers", where=where),
        ]
    )
    if not released.rows and not listed.rows:
        states.no_result(questions, "data leaving the device")
        return
    with first:
        _findings(released.records())
    ribbons = [row for row in pictured.records() if row["destination"] != OWN]
    if ribbons:
        others = [row for row in listed.records() if row["destination"] != OWN]
        _flows(ribbons, others, side, width, f"{panels.told(selection, 'flows')} · {leg}")
        _ledger(questions, selection, ribbons, SIDES[side], where)
    else:
        st.text(NOTHING[leg])
    panels.heading("By feature and release", questions, "transfers")
    panels.table(
        [row for row in released.records() if row["destination"] != OWN],
        {"release": "text", "feature": "text", **COLUMNS},
        titles=TITLES,
        name="What left the device by feature and release",
        more=MORE,
    )
    show_changes(questions, selection, released.records())
    _own([row for row in released.records() if row["destination"] == OWN])


def _flows(ribbons: Rows, rows: Rows, side: str, width: str, of: str) -> None:
    """The flow picture `of` that, and what it is made of by all that the metric tells apart."""
    panels.chart(
        flows.flows(ribbons, SIDES[side], flows.WIDTHS[width], theme.mode(st.context.theme.type)),
        key="flows",
        alt=f"What left, from feature to destination, by {inside(side)}; colour: declared or not",
        of=of,
    )
    if side == "Category":
        st.caption("A transfer that carries several categories stands under their set.")
    if all(row["consent"] == OTHER for row in rows):
        st.caption("Whose consent it had is not told to your role: it is “other” everywhere.")
    if width == "Bytes" and any(row["bytes"] is None for row in ribbons):
        st.caption("Transfers of unknown size failed or were not measured: their ribbons are thin.")
    panels.table(
        rows,
        COLUMNS,
        titles=TITLES,
        name="What left, by destination, category, purpose, consent and cause",
        more=MORE,
    )


def _choice(title: str, options: Sequence[str], key: str) -> str:
    return st.segmented_control(
        title,
        options,
        default=options[0],
        required=True,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )


def _ledger(
    questions: Questions,
    selection: Selection,
    ribbons: Rows,
    through: str,
    where: Mapping[str, tuple[str, ...]],
) -> None:
    """The departures behind one ribbon, one by one."""
    stations = tuple(dict.fromkeys(("feature", through, "destination")))
    named = {" → ".join(members(str(row[station])) for station in stations): row for row in ribbons}
    links.missed(named, "a ribbon that this selection does not have", "is none", "ribbon")
    chosen = st.selectbox(
        "The ledger rows of a ribbon",
        list(named),
        index=None,
        placeholder="Choose a ribbon",
        key="ribbon",
        bind="query-params",
    )
    if chosen is None:
        return
    behind = {station: (str(named[chosen][station]),) for station in stations}
    asked = selection.query("ledger", where={**where, **behind})
    if not questions.may_ask("ledger"):
        states.withheld("Ledger rows are for others", REVIEWER, "Each is one send of one phone.")
        return
    answer = questions.metric(asked)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"The newest {count(len(answer.rows))}, one row each. The download has all, with "
            "every column of the ledger, and is noted in the audit log.",
            width="stretch",
        )
        downloads.audited(questions, asked, "ledger.csv", named[chosen]["transfers"])
        curl.button(curl.of_metric(questions.api, asked))
    tables.show(answer.records(), LEDGER, titles=TITLES, name=f"Ledger rows of {chosen}")


def _findings(rows: Rows) -> None:
    """Destinations that no policy names, before everything else."""
    found: dict[str, list[str]] = {}
    for flow in undeclared(rows):
        found.setdefault(flow["destination"], []).append(sentences.departure(flow))
    for destination, lines in list(found.items())[:SHOUTED]:
        states.notice(f"Not declared by any policy: {destination}", lines, theme.UNDECLARED)
    if len(found) > SHOUTED:
        st.text("There are more; the ledger below has them all.")


def _own(rows: Rows) -> None:
    st.subheader("Limen's own telemetry", anchor=False)
    st.text(
        "Traces and logged inputs leave the device too. They are measured as the bytes received."
    )
    if rows:
        panels.table(
            rows,
            {"release": "text", **COLUMNS},
            titles=TITLES,
            name="Bytes of Limen's own telemetry, by release",
            more=MORE,
        )
    else:
        st.text("Not told apart by the filters chosen.")


EGRESS = View(
    title="Egress", path="egress", icon=":material/upload:", show=show, reader=Reader.COMPLIANCE
)
