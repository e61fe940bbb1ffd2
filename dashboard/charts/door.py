"""What was done to values at the door, day by day: a row per action, each on its own scale."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import DAY_MS, GRID, day_axis, figure
from dashboard.formats import count
from dashboard.theme import BLOCKED, NEUTRAL

ACTIONS: Mapping[str, str] = {
    "keep": "Kept",
    "hash": "Hashed",
    "bucket": "Coarsened",
    "mask": "Masked",
    "cut": "Cut",
    "drop": "Dropped",
}
"""What the door does, in the order that a reader asks: what stays, what stays in part, what not."""

_ROW = 88
_BAR_MS = 0.7 * DAY_MS


def by_day(rows: Sequence[Mapping[str, Any]], first: date, last: date) -> go.Figure:
    """Values per `day` of [first, last] and `action`. Many more are kept than dropped, and a value
    can be masked and kept: nothing is stacked."""
    shown = [action for action in ACTIONS if any(row["action"] == action for row in rows)]
    made = figure(60 + _ROW * len(shown))
    made.update_layout(showlegend=False, bargap=0.3)
    room = 1 / max(len(shown), 1)
    for number, action in enumerate(shown, start=1):
        found = [row for row in rows if row["action"] == action]
        axis = "" if number == 1 else str(number)
        made.add_bar(
            x=[row["day"] for row in found],
            y=[row["values"] for row in found],
            width=_BAR_MS,
            yaxis=f"y{axis}",
            name=ACTIONS[action],
            marker_color=NEUTRAL if action == "keep" else BLOCKED,
            text=[count(row["values"]) for row in found],
            # More bars than that leave no room for a number over each.
            textposition="outside" if (last - first).days <= 14 else "none",
            cliponaxis=False,
            hovertemplate="%{x|%Y-%m-%d}: %{text}",
        )
        top = 1 - room * (number - 1)
        made.add_annotation(
            text=ACTIONS[action],
            x=0,
            y=top,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="top",
            showarrow=False,
            font={"size": 14},
        )
        made.update_layout(
            {
                f"yaxis{axis}": {
                    "domain": [top - 0.9 * room, top - 0.1 * room],
                    # The number stands above its bar.
                    "range": [0, 1.35 * max(row["values"] for row in found)],
                    "visible": False,
                }
            }
        )
    made.update_xaxes(
        **day_axis((last - first).days),
        range=[f"{first - timedelta(days=1)}T12:00:00", f"{last}T12:00:00"],
        showgrid=False,
        showline=True,
        linecolor=GRID,
        anchor=f"y{len(shown)}" if len(shown) > 1 else "y",
    )
    return made
