"""When devices had no network, and what another threshold would have answered then."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import day_axis, figure, ratio_axis, threshold_mark
from dashboard.formats import count, percent, plain
from dashboard.theme import DEVICE, UNKNOWN, release_style, translucent

Rows = Sequence[Mapping[str, Any]]

HOURS = 24
SHARE = 0.1
"""Of a feature's requests: a threshold under which fewer ran is in the table alone."""


def in_use(used: Rows, features: Sequence[str]) -> dict[float, list[str]]:
    """By threshold the features that run under it, but for those that few requests ran under."""
    found: dict[float, list[str]] = {}
    for row in used:
        if row["feature"] in features and row["share"] >= SHARE:
            found.setdefault(row["threshold"], []).append(row["feature"])
    return found


def heatmap(rows: Rows, first: date, last: date) -> go.Figure:
    """Offline requests by day of [first, last] and hour of it; a row's `hour` is RFC 3339, UTC."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    at = {day: column for column, day in enumerate(days)}
    # An hour without any stays empty: nothing was asked for then, or everybody had a network.
    counts: list[list[int | None]] = [[None] * len(days) for _ in range(HOURS)]
    words = [[""] * len(days) for _ in range(HOURS)]
    for row in rows:
        hour = datetime.fromisoformat(row["hour"])
        column = at.get(hour.date())
        if column is None or not row["offline_requests"]:
            continue
        counts[hour.hour][column] = row["offline_requests"]
        words[hour.hour][column] = (
            f"{count(row['offline_requests'])} without a network, "
            f"{percent(row['offline_coverage'])} answered"
        )
    most = max((row["offline_requests"] for row in rows), default=0)
    made = figure(420, y_title="Hour of the day (UTC)")
    made.add_heatmap(
        x=days,
        y=[f"{hour:02}:00" for hour in range(HOURS)],
        z=counts,
        text=words,
        colorscale=[[0, translucent(DEVICE, 0.12)], [1, DEVICE]],
        zmin=0,
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{x|%Y-%m-%d} %{y} UTC<br>%{text}<extra></extra>",
        colorbar={"thickness": 12, "title": {"text": "Requests"}, "dtick": max(1, most // 4)},
    )
    made.update_xaxes(**day_axis(len(days)), showgrid=False)
    made.update_yaxes(autorange="reversed", type="category", dtick=3, showgrid=False)
    return made


def by_threshold(rows: Rows, features: Sequence[str], used: Rows) -> go.Figure:
    """Coverage by `threshold`, a line for each of `features`; what is unknown is the band above.

    Marked are the thresholds that a good part of their requests ran under, rows of
    `thresholds_in_use`.
    """
    marks = in_use(used, features)
    made = figure(320 + 18 * len(marks), x_title="Threshold")
    made.update_layout(
        margin={"t": 16 + 18 * len(marks), "l": 8, "r": 8, "b": 8},
        legend={"y": -0.25, "yanchor": "top"},
    )
    made.update_xaxes(range=[0, 1])
    for level, (threshold, names) in enumerate(sorted(marks.items())):
        whose = names[0] if len(names) == 1 else f"{count(len(names))} features"
        words = "current" if len(names) == len(features) else f"current, {whose}"
        threshold_mark(made, threshold, plain(words), level)
    made.update_yaxes(ratio_axis(range=[0, 1.02]))
    for position, feature in enumerate(features):
        colour, dash = release_style(position)
        found = [row for row in rows if row["feature"] == feature]
        name = plain(feature)
        line: dict[str, Any] = {
            "x": [row["threshold"] for row in found],
            "name": name,
            "legendgroup": name,
            "mode": "lines",
        }
        made.add_scatter(
            **line,
            y=[row["coverage_min"] for row in found],
            line={"color": colour, "dash": dash, "width": 2.5},
            text=[
                f"{percent(row['coverage_min'])} to {percent(row['coverage_max'])}"
                if row["unknown"]
                else percent(row["coverage_min"])
                for row in found
            ],
            hovertemplate="%{x:.2f}: %{text}",
        )
        made.add_scatter(
            **line,
            y=[row["coverage_max"] for row in found],
            line={"width": 0},
            fill="tonexty",
            fillcolor=translucent(UNKNOWN, 0.2),
            hoverinfo="skip",
            showlegend=False,
        )
    return made
