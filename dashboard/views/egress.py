"""Egress: what left the device, where to, why and under which consent, for the reviewer."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import panels, sentences, states, tables, theme
from dashboard.charts import ledger
from dashboard.questions import Questions, undeclared
from dashboard.selection import Selection
from dashboard.views import Reader, View

SIDES: Mapping[str, str] = {
    "Destination": "destination",
    "Category": "category",
    "Purpose": "purpose",
    "Consent": "consent",
    "Cause": "cause",
    "Region": "region",
}
OWN = "telemetry"
SHOUTED = 5
LEDGER: Mapping[str, str] = {
    "destination": "text",
    "category": "set",
    "purpose": "text",
    "consent": "text",
    "cause": "text",
    "declared": "flag",
    "bytes": "bytes",
    "transfers": "count",
    "unknown_bytes_transfers": "count",
    "installations": "count",
    "region": "text",
    "measure": "text",
}
TITLES: Mapping[str, str] = {"unknown_bytes_transfers": "Of unknown size", "bytes": "Measured"}

Rows = Sequence[Mapping[str, Any]]


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Egress", selection)
    on_device, onward = {"leg": ("device", "unknown")}, {"leg": ("onward",)}
    whole, released, passed_on = questions.metrics(
        [
            selection.query("egress", where=on_device),
            selection.query("egress", "feature", "release", where=on_device),
            selection.query("egress", where=onward),
        ]
    )
    if not whole.rows:
        states.no_result(questions, "data leaving the device")
        return
    _findings(released.records())
    rows = [row for row in whole.records() if row["destination"] != OWN]
    own = [row for row in whole.records() if row["destination"] == OWN]

    panels.heading("What left the device", questions, "egress")
    side = st.segmented_control(
        "By",
        list(SIDES),
        default="Destination",
        required=True,
        key="side",
        bind="query-params",
        label_visibility="collapsed",
    )
    if rows:
        panels.chart(
            ledger.flows(rows, SIDES[side]),
            key="flows",
            alt=f"Measured bytes that left the device by {side}; colour: declared or not",
        )
        if side == "Category":
            st.caption("A transfer that carries several categories stands under their set.")
        tables.show(rows, LEDGER, titles=TITLES, name="The ledger of what left the device")
        st.caption(
            "Transfers of unknown size failed or were not measured: their bytes are in no bar."
        )
    else:
        st.text("Nothing but Limen's own telemetry left the device in this selection.")

    panels.heading("By feature and release", questions, "egress")
    tables.show(
        [row for row in released.records() if row["destination"] != OWN],
        {"release": "text", "feature": "text", **LEDGER},
        titles=TITLES,
        name="The ledger by feature and release",
    )
    _own(own)
    if passed_on.rows:
        panels.heading("Passed on by a back end", questions, "egress")
        st.text("Sent onward from a server, not from the device; in none of the numbers above.")
        tables.show(passed_on.records(), LEDGER, titles=TITLES, name="Data passed on")


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
        tables.show(rows, LEDGER, titles=TITLES, name="Bytes of Limen's own telemetry")
    else:
        st.text("Not told apart by the filters chosen.")


EGRESS = View(
    title="Egress", path="egress", icon=":material/upload:", show=show, reader=Reader.COMPLIANCE
)
