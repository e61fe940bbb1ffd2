"""The sweep of a replay: what every threshold would do, and where the current one stands."""

import plotly.graph_objects as go

from collector.contract.records import Sweep
from dashboard.charts.layout import figure, ratio_axis, threshold_mark
from dashboard.formats import percent, score
from dashboard.sentences import error
from dashboard.theme import CLOUD, DEVICE, ERROR, NEUTRAL, UNKNOWN, release_style, translucent


def curve(sweep: Sweep, chosen: float) -> go.Figure:
    """Error among device answers, fallback rate and device share by threshold, with marks."""
    made = figure(360, x_title="Threshold")
    made.update_layout(
        margin={"t": 52, "l": 8, "r": 8, "b": 8},
        legend={"y": -0.25, "yanchor": "top"},
    )
    made.update_yaxes(ratio_axis())
    made.update_xaxes(showgrid=False)
    thresholds = [point.threshold for point in sweep.points]
    for name, values, colour, dash in (
        ("Fallback rate", [p.fallback_rate for p in sweep.points], CLOUD, "solid"),
        ("Device share", [p.device_share for p in sweep.points], DEVICE, "solid"),
        ("Error among device answers", [error(p) for p in sweep.points], ERROR, "dash"),
    ):
        made.add_scatter(
            x=thresholds,
            y=values,
            name=name,
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            text=[percent(value) for value in values],
            hovertemplate="%{x:.3f}: %{text}",
        )
    if (upto := unknown_below(sweep)) is not None:
        made.add_vrect(
            x0=thresholds[0],
            x1=upto,
            fillcolor=translucent(UNKNOWN, 0.15),
            line_width=0,
            layer="below",
            annotation={
                "text": "no answer is known here",
                "font": {"color": NEUTRAL, "size": 12},
                "showarrow": False,
            },
            annotation_position="bottom left",
        )
    for level, (threshold, names) in enumerate(sorted(marks(sweep, chosen).items())):
        dash = "solid" if "chosen" in names else "dot"
        threshold_mark(made, threshold, ", ".join(names), level, dash=dash)
    return made


def unknown_below(sweep: Sweep) -> float | None:
    """Up to which threshold nothing is known of the error; None: from the lowest on it is."""
    unknown = [point.threshold for point in sweep.points if not point.evidence]
    return max(unknown, default=None)


def beside(one: Sweep, other: Sweep, names: tuple[str, str]) -> go.Figure:
    """Two sweeps by the share that the device answers: who errs less for as much."""
    made = figure(320, x_title="Answered on the device", y_title="Wrong among its answers")
    made.update_xaxes(ratio_axis())
    made.update_yaxes(ratio_axis())
    for sweep, name, colour, dash in (
        (one, names[0], *release_style(0)),
        (other, names[1], *release_style(1)),
    ):
        known = [point for point in sweep.points if error(point) is not None]
        made.add_scatter(
            x=[point.device_share for point in known],
            y=[error(point) for point in known],
            name=name,
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            text=[score(point.threshold) for point in known],
            hovertemplate="%{x:.1%} at %{text}: %{y:.1%}",
        )
    return made


def marks(sweep: Sweep, chosen: float) -> dict[float, list[str]]:
    """The thresholds to mark, each with all it is: current, recommended, chosen."""
    recommended = None if sweep.recommended is None else sweep.recommended.threshold
    found: dict[float, list[str]] = {}
    for threshold, name in ((sweep.current, "current"), (recommended, "recommended")):
        if threshold is not None:
            found.setdefault(threshold, []).append(name)
    found.setdefault(chosen, []).append("chosen")
    return found
