"""What left the device, as bars: every segment is one row of the ledger, nothing is summed."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import bars_figure
from dashboard.formats import count, plain, size
from dashboard.theme import CLOUD, UNDECLARED, UNKNOWN

DECLARED: Mapping[bool | None, tuple[str, str]] = {
    False: ("Not declared", UNDECLARED),
    None: ("Declaration unknown", UNKNOWN),
    True: ("Declared", CLOUD),
}


def flows(rows: Sequence[Mapping[str, Any]], dimension: str) -> go.Figure:
    """Measured bytes per value of `dimension`; colour says whether the policy names the flow."""
    values = list(dict.fromkeys(plain(row[dimension]) for row in rows))
    made = bars_figure(len(values))
    made.update_layout(barmode="stack")
    made.update_xaxes(tickformat="~s", ticksuffix="B")
    made.update_yaxes(categoryorder="array", categoryarray=values)
    for declared, (name, colour) in DECLARED.items():
        found = [row for row in rows if row["declared"] is declared]
        if found:
            made.add_bar(
                y=[plain(row[dimension]) for row in found],
                x=[row["bytes"] for row in found],
                orientation="h",
                name=name,
                marker={"color": colour, "line": {"color": "white", "width": 0.5}},
                customdata=[_about(row) for row in found],
                hovertemplate="%{y}: %{customdata}",
            )
    return made


def _about(row: Mapping[str, Any]) -> str:
    facts = (row["destination"], row["category"], row["purpose"], row["consent"], row["cause"])
    return f"{size(row['bytes'])} in {count(row['transfers'])} transfers<br>" + " · ".join(
        plain(fact) for fact in facts
    )
