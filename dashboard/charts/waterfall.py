"""A trace on one time axis: the spans of the phone and of the cloud, children under parents.

Every bar stands where the clock of its own side said. Where a call shows that the two clocks were
apart, an outline stands where the phone's clock would have put the cloud's span. Where they were so
far apart that both sides would be specks, each has an axis of its own, from its own first span on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import GRID, figure
from dashboard.formats import lapse, milliseconds, plain
from dashboard.theme import CLOUD, DEVICE, ERROR, NEUTRAL

Span = Mapping[str, Any]
SIDES: Mapping[str, tuple[str, str]] = {
    "device": ("On the device", DEVICE),
    "cloud": ("In the cloud", CLOUD),
}
_ROW = 46


@dataclass(frozen=True, kw_only=True)
class Row:
    """A span in its place; an orphan's parent did not arrive."""

    span: Span
    depth: int
    side: str
    orphan: bool


def ordered(spans: Sequence[Span]) -> list[Row]:
    """Each span once, children after their parent by offset.

    A span whose parent did not arrive stands at the root, and so does the first of some that name
    each other. What a SERVER span started is in the cloud, all else is on the device.
    """
    known = {span["span_id"] for span in spans}
    by_offset = sorted(spans, key=lambda span: span["offset_ms"])
    children: dict[str, list[Span]] = {}
    for span in by_offset:
        children.setdefault(span["parent_span_id"] or "", []).append(span)
    roots = [span for span in by_offset if span["parent_span_id"] not in known]
    found: list[Row] = []
    placed: set[int] = set()
    for root in [*roots, *by_offset]:
        orphan = root["parent_span_id"] is not None and root["parent_span_id"] not in known
        waiting = [Row(span=root, depth=0, side="device", orphan=orphan)]
        while waiting:
            row = waiting.pop()
            if id(row.span) in placed:
                continue
            placed.add(id(row.span))
            side = "cloud" if row.span["kind"] == "SERVER" else row.side
            found.append(Row(span=row.span, depth=row.depth, side=side, orphan=row.orphan))
            waiting.extend(
                Row(span=child, depth=row.depth + 1, side=side, orphan=False)
                for child in reversed(children.get(row.span["span_id"], []))
            )
    return found


def waterfall(spans: Sequence[Span], skews: Sequence[Mapping[str, Any]]) -> go.Figure:
    """A bar per span with its name above it, indented by depth; an error is framed."""
    rows = ordered(spans)
    ends = _ends(rows)
    apart = _apart(ends)
    zero = {side: ends[side][0] if apart else 0.0 for side in ends}
    made = figure(100 + _ROW * len(rows))
    made.update_layout(barmode="overlay")
    made.update_yaxes(range=[len(rows) - 0.5, -0.75], showticklabels=False, showgrid=False)
    for side, (name, colour) in SIDES.items():
        found = [(i, row.span) for i, row in enumerate(rows) if row.side == side]
        if not found:
            continue
        edges = [ERROR if span["status"] == "ERROR" else colour for _, span in found]
        made.add_bar(
            y=[i for i, _ in found],
            base=[span["offset_ms"] - zero[side] for _, span in found],
            x=[span["duration_ms"] for _, span in found],
            width=0.36,
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"color": edges, "width": 2}},
            customdata=[_hover(span) for _, span in found],
            hovertemplate="%{customdata}",
            xaxis="x2" if apart and side == "cloud" else "x",
        )
    _outlines(made, rows, skews, zero.get("device", 0.0))
    _axes(made, apart)
    for i, row in enumerate(rows):
        made.add_annotation(
            text=_name(row),
            x=0,
            xref="paper",
            xanchor="left",
            y=i - 0.38,
            showarrow=False,
            align="left",
            borderpad=0,
        )
    return made


def _ends(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """First and last moment of each side that is there."""
    return {
        side: (
            min(row.span["offset_ms"] for row in found),
            max(row.span["offset_ms"] + (row.span["duration_ms"] or 0.0) for row in found),
        )
        for side in SIDES
        if (found := [row for row in rows if row.side == side])
    }


def _apart(ends: Mapping[str, tuple[float, float]]) -> bool:
    """Whether more lies between the two sides than either takes."""
    if len(ends) < len(SIDES):
        return False
    (first, last), (cloud_first, cloud_last) = ends["device"], ends["cloud"]
    between = max(cloud_first - last, first - cloud_last)
    return between > max(last - first, cloud_last - cloud_first)


def _outlines(
    made: go.Figure, rows: Sequence[Row], skews: Sequence[Mapping[str, Any]], zero: float
) -> None:
    """Where the phone's clock would have put what the cloud did; only beyond the uncertainty."""
    by_call = {skew["span_id"]: skew for skew in skews}
    calls = {row.span["span_id"]: row.span for row in rows if row.span["kind"] == "CLIENT"}
    found = [
        (i, row.span, call, skew)
        for i, row in enumerate(rows)
        if row.span["kind"] == "SERVER"
        and (skew := by_call.get(row.span["parent_span_id"]))
        and (call := calls.get(row.span["parent_span_id"]))
        and call["time_believed"]
        and abs(skew["skew_ms"]) > skew["uncertainty_ms"]
    ]
    if not found:
        return
    made.add_bar(
        y=[i for i, *_ in found],
        # Skew is where the middles of the two lie apart, so here they meet.
        base=[
            call["offset_ms"] + (call["duration_ms"] - span["duration_ms"]) / 2 - zero
            for _, span, call, _ in found
        ],
        x=[span["duration_ms"] for _, span, *_ in found],
        error_x={
            "type": "data",
            "array": [skew["uncertainty_ms"] for *_, skew in found],
            "color": NEUTRAL,
        },
        width=0.36,
        orientation="h",
        name="The same by the phone's clock",
        marker={"color": "rgba(0,0,0,0)", "line": {"color": NEUTRAL, "width": 1.5}},
        customdata=[
            f"by the phone's clock, ± {lapse(skew['uncertainty_ms'])}" for *_, skew in found
        ],
        hovertemplate="%{customdata}",
    )


def _axes(made: go.Figure, apart: bool) -> None:
    if not apart:
        made.update_xaxes(title="milliseconds after the first span")
        return
    for name, clock, domain in (
        ("xaxis", "the phone's clock", [0.0, 0.48]),
        ("xaxis2", "the cloud's clock", [0.52, 1.0]),
    ):
        made.update_layout(
            {
                name: {
                    "title": f"ms, {clock}",
                    "domain": domain,
                    "anchor": "y",
                    "gridcolor": GRID,
                    "zeroline": False,
                    "nticks": 5,
                }
            }
        )


def _name(row: Row) -> str:
    span = row.span
    notes = {
        "failed": span["status"] == "ERROR",
        "late": span["late"],
        "its parent did not arrive": row.orphan,
        "time received, for its clock is not believed": not span["time_believed"],
    }
    told = "".join(f", {note}" for note, holds in notes.items() if holds)
    indent = "\N{NO-BREAK SPACE}" * 4 * row.depth
    return f"{indent}{plain(span['name'])} · {milliseconds(span['duration_ms'])}{told}"


def _hover(span: Span) -> str:
    return (
        f"{plain(span['name'])} · {plain(span['kind'])}<br>"
        f"{milliseconds(span['duration_ms'])}, from {milliseconds(span['offset_ms'])}"
    )
