"""The change of a rate in its parts, a bar each, and what they come to together."""

import plotly.graph_objects as go

from collector.contract.releases import Split, points
from dashboard.charts.layout import bars_figure
from dashboard.formats import label
from dashboard.theme import NEUTRAL, UNKNOWN, release_style

_MIX, _BEHAVIOUR = release_style(1)[0], release_style(0)[0]
KINDS = {
    "mix": ("Who asks, and for what", _MIX),
    "behaviour": ("What the release does", _BEHAVIOUR),
    "unmatched": ("In one release only", UNKNOWN),
}
TOGETHER = "Together"


def parts(split: Split) -> go.Figure:
    """A bar for each part of the change, in percentage points."""
    made = bars_figure(len(split.parts) + 1, x_title="Change in percentage points")
    made.update_xaxes(showticklabels=False, zeroline=True, zerolinecolor=NEUTRAL)
    for kind, (name, colour) in KINDS.items():
        found = [part for part in split.parts if part.kind == kind]
        _bars(made, [(label(p.factor), p.change) for p in found], name, colour)
    _bars(made, [(TOGETHER, split.change)], TOGETHER, NEUTRAL)
    reach = max(abs(split.change), *(abs(part.change) for part in split.parts))
    # Room for the numbers beside the bars.
    made.update_xaxes(range=[-1.3 * reach or -1, 1.3 * reach or 1])
    return made


def _bars(made: go.Figure, bars: list[tuple[str, float]], name: str, colour: str) -> None:
    made.add_bar(
        y=[title for title, _ in bars],
        x=[change for _, change in bars],
        orientation="h",
        name=name,
        marker_color=colour,
        text=[points(change) for _, change in bars],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{text} points",
    )
