"""A reliability diagram: how sure the model was, and how often it was right."""

import plotly.graph_objects as go

from collector.contract.records import Calibration
from dashboard.charts.layout import figure
from dashboard.formats import count, percent
from dashboard.theme import DEVICE, NEUTRAL


def reliability(found: Calibration) -> go.Figure:
    """Accuracy by confidence, the diagonal where both are the same; a point's area is its cases."""
    made = figure(320, x_title="How sure it was", y_title="How often it was right")
    for update in (made.update_xaxes, made.update_yaxes):
        update(tickformat=".0%", range=[-0.1, 1.1])
    made.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="As right as sure",
        line={"color": NEUTRAL, "dash": "dot", "width": 1.5},
        hoverinfo="skip",
    )
    most = max(part.cases for part in found.bins)
    made.add_scatter(
        x=[part.confidence for part in found.bins],
        y=[part.accuracy for part in found.bins],
        mode="lines+markers",
        name="The model",
        line={"color": DEVICE, "width": 2.5},
        marker={
            "size": [part.cases for part in found.bins],
            "sizemode": "area",
            "sizeref": most / 500,
            "sizemin": 4,
        },
        text=[
            f"{percent(part.confidence)} sure, {percent(part.accuracy)} right, "
            f"{count(part.cases)} cases"
            for part in found.bins
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    return made
