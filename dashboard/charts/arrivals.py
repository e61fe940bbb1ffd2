"""When the parts of a trace arrived at the collector, after its first span began."""

from collections.abc import Sequence
from datetime import datetime

import plotly.graph_objects as go

from dashboard.charts.layout import figure
from dashboard.charts.waterfall import SIDES, Row
from dashboard.formats import lapse, moment
from dashboard.theme import NEUTRAL


def arrivals(rows: Sequence[Row]) -> go.Figure:
    """A mark per moment of receipt and side, with how long after; 0 is the first span's start by
    its own clock, and so a mark left of it says that this clock was ahead."""
    start = min(_ms(row.span["start"]) for row in rows)
    longest = max(_ms(row.span["received"]) for row in rows) - start
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        part = (row.side, row.span["received"])
        found[part] = found.get(part, 0) + 1
    made = figure(150)
    made.update_yaxes(visible=False, range=[-0.7, 1.9])
    made.update_xaxes(showticklabels=False, showgrid=False, title="time received")
    for place, (side, (name, colour)) in enumerate(SIDES.items()):
        parts = sorted((received, spans) for (of, received), spans in found.items() if of == side)
        if not parts:
            continue
        after = [_ms(received) - start for received, _ in parts]
        made.add_scatter(
            x=after,
            y=[1 - place] * len(parts),
            mode="markers+text",
            name=name,
            marker={"color": colour, "symbol": "triangle-down", "size": 13},
            text=[lapse(ms) if i in (0, len(after) - 1) else "" for i, ms in enumerate(after)],
            # Beside the line, not on it.
            textposition=["top right" if 0 <= ms < longest / 12 else "top center" for ms in after],
            cliponaxis=False,
            customdata=[f"{moment(received)}: {spans} spans" for received, spans in parts],
            hovertemplate="%{customdata}",
        )
    made.add_vline(x=0, line={"width": 1, "dash": "dot", "color": NEUTRAL})
    return made


def _ms(time: str) -> float:
    return datetime.fromisoformat(time).timestamp() * 1000
