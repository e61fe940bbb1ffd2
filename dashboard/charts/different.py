"""Shares of values among the selected requests and among the others, dimension by dimension."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import figure, ratio_axis
from dashboard.formats import label, percent, plain
from dashboard.theme import NEUTRAL

VALUES = 4
_ROW = 26
_GAP = 1.4

Rows = Sequence[Mapping[str, Any]]


def shares(by_dimension: Mapping[str, Rows]) -> go.Figure:
    """A line per value from its share among the others to that among the selected, under the name
    of its dimension; of each dimension the values that differ most."""
    names: list[tuple[float, str]] = []
    rows: list[tuple[float, Mapping[str, Any]]] = []
    place = 0.0
    for dimension, found in by_dimension.items():
        told = f"{label(dimension)} · explains {percent(found[0]['explains'])}"
        names.append((place, told))
        for row in _most_different(found):
            place += 1
            rows.append((place, row))
        place += _GAP
    made = figure(round(70 + _ROW * place))
    made.update_xaxes(ratio_axis(range=[0, 1.02]))
    made.update_yaxes(
        range=[place - 0.4, -0.7],
        tickvals=[at for at, _ in rows],
        ticktext=[_short(row["value"]) for _, row in rows],
        showgrid=False,
    )
    for at, row in rows:
        ends = {"x0": row["share_others"], "x1": row["share_selected"]}
        made.add_shape(type="line", y0=at, y1=at, line={"color": NEUTRAL, "width": 2}, **ends)
    for side, symbol, title in (
        ("share_others", "circle-open", "Of the others"),
        ("share_selected", "diamond", "Of the selected"),
    ):
        made.add_scatter(
            x=[row[side] for _, row in rows],
            y=[at for at, _ in rows],
            mode="markers",
            name=title,
            marker={"color": NEUTRAL, "symbol": symbol, "size": 11, "line": {"width": 2}},
            customdata=[f"{plain(row['value'])}: {percent(row[side])}" for _, row in rows],
            hovertemplate="%{customdata}",
        )
    for at, name in names:
        made.add_annotation(
            text=f"<b>{plain(name)}</b>", x=0, y=at, xanchor="left", showarrow=False
        )
    return made


def _most_different(rows: Rows) -> Rows:
    """Half from either end: they stand by how much more frequent they are among the selected."""
    if len(rows) <= VALUES:
        return rows
    return [*rows[: VALUES // 2 + 1], *rows[-(VALUES // 2 - 1) :]]


def _short(value: object) -> str:
    text = str(value)
    return plain(text if len(text) <= 28 else text[:27] + "…")
