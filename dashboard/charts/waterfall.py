"""A trace on one time axis: the spans of the phone and of the cloud, children under parents."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import figure
from dashboard.formats import milliseconds, plain
from dashboard.theme import CLOUD, DEVICE, ERROR

Span = Mapping[str, Any]
SIDES: Mapping[str, tuple[str, str]] = {
    "device": ("On the device", DEVICE),
    "cloud": ("In the cloud", CLOUD),
}
_ROW = 46


def ordered(spans: Sequence[Span]) -> list[tuple[Span, int, str]]:
    """Each span with its depth and its side, children after their parent by offset.

    A span whose parent did not arrive stands at the root. What a SERVER span started is in the
    cloud, all else is on the device.
    """
    known = {span["span_id"] for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span["offset_ms"]):
        parent = span["parent_span_id"]
        children.setdefault(parent if parent in known else None, []).append(span)
    found: list[tuple[Span, int, str]] = []
    waiting = [(span, 0, "device") for span in reversed(children.get(None, []))]
    while waiting:
        span, depth, side = waiting.pop()
        side = "cloud" if span["kind"] == "SERVER" else side
        found.append((span, depth, side))
        below = children.get(span["span_id"], [])
        waiting.extend((child, depth + 1, side) for child in reversed(below))
    return found


def waterfall(spans: Sequence[Span]) -> go.Figure:
    """A bar per span with its name above it, indented by depth; an error is framed."""
    rows = ordered(spans)
    made = figure(100 + _ROW * len(rows), x_title="milliseconds after the first span")
    made.update_layout(barmode="overlay")
    made.update_yaxes(range=[len(rows) - 0.5, -0.75], showticklabels=False, showgrid=False)
    for side, (name, colour) in SIDES.items():
        found = [(i, span) for i, (span, _, where) in enumerate(rows) if where == side]
        if not found:
            continue
        edges = [ERROR if span["status"] == "ERROR" else colour for _, span in found]
        made.add_bar(
            y=[i for i, _ in found],
            base=[span["offset_ms"] for _, span in found],
            x=[span["duration_ms"] for _, span in found],
            width=0.36,
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"color": edges, "width": 2}},
            customdata=[_hover(span) for _, span in found],
            hovertemplate="%{customdata}",
        )
    for i, (span, depth, _) in enumerate(rows):
        made.add_annotation(
            text=_name(span, depth),
            x=0,
            xref="x domain",
            xanchor="left",
            y=i - 0.38,
            showarrow=False,
            align="left",
            borderpad=0,
        )
    return made


def _name(span: Span, depth: int) -> str:
    indent = "\N{NO-BREAK SPACE}" * 4 * depth
    late = ", late" if span["late"] else ""
    failed = ", failed" if span["status"] == "ERROR" else ""
    return f"{indent}{plain(span['name'])} · {milliseconds(span['duration_ms'])}{failed}{late}"


def _hover(span: Span) -> str:
    return (
        f"{plain(span['name'])} · {plain(span['kind'])}<br>"
        f"{milliseconds(span['duration_ms'])}, from {milliseconds(span['offset_ms'])}"
    )
