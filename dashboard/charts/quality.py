"""How much of the telemetry arrived, how late, by which clocks, and what it does not say."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import bars_figure, figure, ratio_axis
from dashboard.charts.rates import newest_first
from dashboard.formats import UNKNOWN, count, interval, label, percent, plain
from dashboard.theme import NEUTRAL, release_style, translucent
from dashboard.theme import UNKNOWN as UNKNOWN_COLOUR

Rows = Sequence[Mapping[str, Any]]

AGES: Mapping[str, tuple[int, str]] = {
    "within_10s": (10, "10 s"),
    "within_1min": (60, "1 min"),
    "within_10min": (600, "10 min"),
    "within_1h": (3_600, "1 h"),
    "within_6h": (21_600, "6 h"),
    "within_1d": (86_400, "1 day"),
    "within_7d": (604_800, "7 days"),
    "within_30d": (2_592_000, "30 days"),
}
"""Columns of the metric `arrival`: the share received until so many seconds after the start."""

LOST: Mapping[str, tuple[str, float]] = {
    "lost_singly": ("One alone", 0.35),
    "lost_few": ("2 to 9 in a row", 0.65),
    "lost_many": ("10 and more in a row", 1.0),
}
OVER: Mapping[str, tuple[str, float]] = {
    "over_1s": ("Over a second", 0.35),
    "over_1min": ("Over a minute", 0.65),
    "over_1h": ("Over an hour", 1.0),
}


def by_release(rows: Rows) -> Rows:
    """`rows` with the newest release first."""
    place = {name: n for n, name in enumerate(newest_first(row["release"] for row in rows))}
    return sorted(rows, key=lambda row: place[row["release"]])


def completeness(rows: Rows) -> go.Figure:
    """A mark per release with its interval; near 100%, so the axis does not begin at zero."""
    found = by_release(rows)
    made = bars_figure(len(found), least=200)
    made.update_xaxes(ratio_axis(rangemode="normal", tickformat=".1%", nticks=6))
    made.update_layout(showlegend=False)
    for row in found:
        made.add_scatter(
            x=[row["completeness_low"], row["completeness_high"]],
            y=[plain(row["release"])] * 2,
            mode="lines+markers",
            line={"color": NEUTRAL, "width": 2},
            marker={"symbol": "line-ns-open", "size": 10, "color": NEUTRAL},
            hoverinfo="skip",
        )
    made.add_scatter(
        x=[row["completeness"] for row in found],
        y=[plain(row["release"]) for row in found],
        mode="markers+text",
        marker={"color": NEUTRAL, "size": 12},
        text=[percent(row["completeness"]) for row in found],
        textposition="top center",
        cliponaxis=False,
        customdata=[interval(row["completeness_low"], row["completeness_high"]) for row in found],
        hovertemplate="%{y}: %{text} %{customdata}<extra></extra>",
    )
    return made


def stacked(rows: Rows, parts: Mapping[str, tuple[str, float]]) -> go.Figure:
    """The `parts` of each release's whole, one after the other; the fuller, the worse."""
    return _bars(rows, parts, "stack", "Requests")


def nested(rows: Rows, parts: Mapping[str, tuple[str, float]]) -> go.Figure:
    """The `parts` of each release, where the next is among the one before: one inside the other."""
    return _bars(rows, parts, "overlay", "Installations")


def _bars(rows: Rows, parts: Mapping[str, tuple[str, float]], mode: str, what: str) -> go.Figure:
    found = by_release(rows)
    made = bars_figure(len(found), least=200, x_title=what)
    made.update_xaxes(tickformat=",")
    made.update_layout(barmode=mode, legend_traceorder="normal")
    for name, (title, shade) in parts.items():
        made.add_bar(
            y=[plain(row["release"]) for row in found],
            x=[row[name] for row in found],
            orientation="h",
            name=title,
            marker={
                "color": translucent(NEUTRAL, shade),
                "line": {"color": NEUTRAL, "width": 1.5},
            },
            customdata=[count(row[name]) for row in found],
            hovertemplate="%{y}: %{customdata}",
        )
    return made


def arrived(rows: Rows) -> go.Figure:
    """The share of requests that had arrived by some time after their start, a line a release."""
    made = figure(320, x_title="After their start, by the clock of the device")
    made.update_yaxes(ratio_axis(rangemode="normal"))
    ages = list(AGES.values())
    made.update_xaxes(
        type="log", tickvals=[age for age, _ in ages], ticktext=[name for _, name in ages]
    )
    for position, row in enumerate(by_release(rows)):
        colour, dash = release_style(position)
        made.add_scatter(
            x=[age for age, _ in ages],
            y=[row[name] for name in AGES],
            name=plain(row["release"]),
            mode="lines+markers",
            line={
                "color": UNKNOWN_COLOUR if row["release"] == UNKNOWN else colour,
                "dash": dash,
                "width": 2.5,
            },
            marker={"size": 6},
            text=[f"{percent(row[name])} within {age}" for name, (_, age) in AGES.items()],
            hovertemplate="%{text}",
        )
    return made


def unknown(rows: Rows, ink: str) -> go.Figure:
    """The `share` of values that nobody says, by `attribute` and `release`; in the order of `rows`,
    attributes that everybody says left out."""
    attributes = list(dict.fromkeys(row["attribute"] for row in rows if row["unknown"]))
    releases = newest_first(row["release"] for row in rows)
    share = {(row["attribute"], row["release"]): row["share"] for row in rows}
    cells = [[share.get((name, release)) for release in releases] for name in attributes]
    made = figure(90 + 32 * len(attributes))
    made.add_heatmap(
        x=[plain(release) for release in releases],
        y=[label(name) for name in attributes],
        z=cells,
        text=[["" if cell is None else percent(cell) for cell in line] for line in cells],
        texttemplate="%{text}",
        textfont={"color": ink},
        colorscale=[[0, translucent(UNKNOWN_COLOUR, 0.06)], [1, translucent(UNKNOWN_COLOUR, 0.7)]],
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        showscale=False,
        hoverongaps=False,
        hovertemplate="%{y}, %{x}: %{text} unknown<extra></extra>",
    )
    made.update_xaxes(type="category", side="top", showgrid=False)
    made.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return made
