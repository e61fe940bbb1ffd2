"""Rates by day with the band of their interval, coverage as bars with it, reasons by count."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from collector.contract.policy import release_key
from dashboard.charts.layout import bars_figure, day_axis, figure, ratio_axis
from dashboard.formats import OTHER, UNKNOWN, interval, label, percent, plain
from dashboard.theme import DECISIONS, DEVICE, LIGHT, NEUTRAL, release_style, translucent
from dashboard.theme import UNKNOWN as UNKNOWN_COLOUR

Rows = Sequence[Mapping[str, Any]]

_DIAMOND = {"symbol": "diamond-open", "size": 11, "color": NEUTRAL, "line": {"width": 2}}
# With an edge of its own: it may stand on a bar.
_POINTER = {
    "symbol": "triangle-right",
    "size": 15,
    "color": NEUTRAL,
    "line": {"color": LIGHT.background, "width": 1.5},
}

# In a bar that is shorter no number can be read: it stands beside.
_NARROW = 0.08


def by_day(rows: Rows, rate: str, low: str, high: str, *, whole: bool = False) -> go.Figure:
    """`rate` by `day`, a line per `release` with the band [low, high]; newest release first.

    `whole` shows the axis up to 100%, for a rate that is good when high.
    """
    made = figure(300)
    made.update_yaxes(ratio_axis(**({"range": [0, 1.02]} if whole else {})))
    made.update_xaxes(day_axis(len({row["day"] for row in rows})))
    for position, release in enumerate(releases(rows)):
        colour, dash = release_style(position)
        colour = UNKNOWN_COLOUR if release == UNKNOWN else colour
        found = sorted((r for r in rows if r["release"] == release), key=lambda r: str(r["day"]))
        days = [row["day"] for row in found]
        name = plain(release)
        for edge, fill in ((low, None), (high, "tonexty")):
            made.add_scatter(
                x=days,
                y=[row[edge] for row in found],
                mode="lines",
                line={"width": 0},
                fill=fill,
                fillcolor=translucent(colour, 0.15),
                hoverinfo="skip",
                showlegend=False,
                legendgroup=name,
            )
        made.add_scatter(
            x=days,
            y=[row[rate] for row in found],
            name=name,
            legendgroup=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"size": 6},
            text=[f"{percent(r[rate])} {interval(r[low], r[high])}" for r in found],
            hovertemplate="%{x|%Y-%m-%d}<br>%{text}",
        )
    return made


def releases(rows: Rows) -> list[str]:
    """The releases in `rows`, newest first, the unknown one last."""
    return newest_first(row["release"] for row in rows)


def newest_first(names: Iterable[str]) -> list[str]:
    """Releases as people sort them, each once, the newest first; last what is none."""
    found = set(names)
    known = sorted(found - {OTHER, UNKNOWN}, key=release_key, reverse=True)
    return known + [name for name in (OTHER, UNKNOWN) if name in found]


def coverage(rows: Rows, dimension: str) -> go.Figure:
    """Offline coverage per value of `dimension`: of everything with its interval, of attempted."""
    found = [row for row in rows if row["offline_requests"]]
    made = _covered(found, dimension)
    _mark(made, found, dimension, "device_coverage", "Of attempted", _DIAMOND)
    return made


def targets(rows: Rows) -> go.Figure:
    """Offline coverage of each `feature` with its interval, and the target where there is one."""
    found = [row for row in rows if row["offline_requests"]]
    made = _covered(found, "feature")
    aimed = [row for row in found if row["target"] is not None]
    _mark(made, aimed, "feature", "target", "Target", _POINTER)
    return made


def _covered(found: Rows, dimension: str) -> go.Figure:
    names = [plain(row[dimension]) for row in found]
    made = bars_figure(len(found))
    made.update_xaxes(ratio_axis(range=[0, 1.02]))
    made.add_bar(
        y=names,
        x=[row["offline_coverage"] for row in found],
        orientation="h",
        name="Of everything",
        marker_color=DEVICE,
        text=[
            percent(row["offline_coverage"]) if row["offline_coverage"] >= _NARROW else ""
            for row in found
        ],
        textposition="inside",
        insidetextanchor="start",
        customdata=[
            f"{percent(row['offline_coverage'])} "
            f"{interval(row['coverage_low'], row['coverage_high'])}"
            for row in found
        ],
        hovertemplate="%{y}: %{customdata}",
    )
    beside = [row for row in found if row["offline_coverage"] < _NARROW]
    if beside:
        made.add_scatter(
            x=[row["coverage_high"] or row["offline_coverage"] for row in beside],
            y=[plain(row[dimension]) for row in beside],
            mode="text",
            text=[f" {percent(row['offline_coverage'])}" for row in beside],
            textposition="middle right",
            hoverinfo="skip",
            showlegend=False,
        )
    for row, name in zip(found, names, strict=True):
        made.add_scatter(
            x=[row["coverage_low"], row["coverage_high"]],
            y=[name, name],
            mode="lines+markers",
            line={"color": NEUTRAL, "width": 2},
            marker={"symbol": "line-ns-open", "size": 10, "color": NEUTRAL},
            hoverinfo="skip",
            showlegend=False,
        )
    return made


def _mark(
    made: go.Figure,
    rows: Rows,
    dimension: str,
    share: str,
    name: str,
    marker: Mapping[str, Any],
) -> None:
    """Adds a mark at the `share` of each row."""
    made.add_scatter(
        x=[row[share] for row in rows],
        y=[plain(row[dimension]) for row in rows],
        name=name,
        mode="markers",
        marker=dict(marker),
        text=[percent(row[share]) for row in rows],
        hovertemplate="%{y}: %{text}",
    )


def reasons(rows: Rows) -> go.Figure:
    """Requests per `reason`, coloured by what became of them (`decision`)."""
    made = bars_figure(len(rows), x_title="Requests")
    made.update_xaxes(tickformat=",")
    ordered = sorted(rows, key=lambda row: -row["requests"])
    for decision in dict.fromkeys(row["decision"] for row in ordered):
        found = [row for row in ordered if row["decision"] == decision]
        made.add_bar(
            y=[label(plain(row["reason"])) for row in found],
            x=[row["requests"] for row in found],
            orientation="h",
            name=label(decision or UNKNOWN),
            marker_color=DECISIONS.get(decision, UNKNOWN_COLOUR),
            text=[percent(row["share"]) for row in found],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:,} (%{text})",
        )
    made.update_layout(barmode="stack", margin={"r": 52})
    return made
