"""What all figures share: quiet axes, room for the legend, one height per kind, a title."""

import textwrap
from typing import Any

import plotly.graph_objects as go

from dashboard.formats import plain, score
from dashboard.theme import NEUTRAL, TITLE_ROOM, UNKNOWN, translucent

GRID = translucent(UNKNOWN, 0.25)
DAY_MS = 86_400_000


def figure(height: int, *, y_title: str | None = None, x_title: str | None = None) -> go.Figure:
    """An empty figure in the house's manners; `height` in pixels."""
    made = go.Figure()
    made.update_layout(
        height=height,
        margin={"l": 16, "r": 8, "t": 28, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hoverlabel={"namelength": -1},
        bargap=0.35,
    )
    made.update_xaxes(title=x_title, gridcolor=GRID, zeroline=False, automargin=True)
    made.update_yaxes(title=y_title, gridcolor=GRID, zeroline=False, automargin=True)
    return made


def entitle(made: go.Figure, title: str, below: str) -> None:
    """Puts `title` over the figure and `below` it, in up to two lines, what the figure is of."""
    said = "<br>".join(map(plain, textwrap.wrap(below, 140, max_lines=2, placeholder=" …")))
    height = made.layout.height + TITLE_ROOM
    if made.layout.legend.y == 1:
        # Of several lines it grows towards the figure, not into the title.
        at = {"yref": "container", "y": 1 - TITLE_ROOM / height, "yanchor": "top"}
        made.update_layout(legend=at)
    made.update_layout(
        height=height,
        margin_t=made.layout.margin.t + TITLE_ROOM,
        title={
            "text": f'{plain(title)}<br><span style="font-size:12px;font-weight:400">{said}</span>',
            "font": {"size": 16},
            **{"x": 0, "xref": "container", "xanchor": "left"},
            **{"y": 1, "yref": "container", "yanchor": "top", "pad": {"l": 8, "t": 24}},
        },
    )


def threshold_mark(
    made: go.Figure, threshold: float, words: str, level: int, *, dash: str = "dot"
) -> None:
    """A line at `threshold`, and over the figure what it is; `level` counts from the lowest."""
    made.add_vline(threshold, line={"color": NEUTRAL, "width": 1.5, "dash": dash})
    made.add_annotation(
        text=f"{words} {score(threshold)}",
        x=threshold,
        y=1,
        yref="y domain",
        yanchor="bottom",
        yshift=4 + 18 * level,
        xanchor="right" if threshold > 0.5 else "left",
        showarrow=False,
        font={"color": NEUTRAL, "size": 13},
    )


def ratio_axis(**more: Any) -> dict[str, Any]:
    return {"tickformat": ".0%", "rangemode": "tozero", **more}


def day_axis(days: int) -> dict[str, Any]:
    """An axis of so many days, in whole ones."""
    return {"type": "date", "tickformat": "%b %-d", "dtick": DAY_MS * max(1, days // 7)}


def bars_figure(categories: int, *, least: int = 0, x_title: str | None = None) -> go.Figure:
    """A figure of horizontal bars, as high as its categories, the first on top."""
    made = figure(max(least, (76 if x_title is None else 100) + 38 * categories), x_title=x_title)
    made.update_yaxes(autorange="reversed", type="category", showgrid=False)
    made.update_xaxes(rangemode="tozero")
    return made
