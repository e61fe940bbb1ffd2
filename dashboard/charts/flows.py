"""What left as a flow picture: each ribbon is one row of the metric `flows`, nothing is summed."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import figure
from dashboard.formats import count, members, plain, size, words
from dashboard.theme import CLOUD, DEVICE, NEUTRAL, UNDECLARED, UNKNOWN, Mode, translucent

DECLARED: Mapping[bool | None, tuple[str, str]] = {
    False: ("Not declared", UNDECLARED),
    None: ("Declaration unknown", UNKNOWN),
    True: ("Declared", CLOUD),
}
WIDTHS: Mapping[str, str] = {"Transfers": "transfers", "Bytes": "bytes"}
_COLOURS = {"feature": DEVICE, "destination": CLOUD}
# Of the widest ribbon: what one whose size nobody knows is drawn with.
_THIN = 0.02
_NODE = 46

Rows = Sequence[Mapping[str, Any]]


def flows(rows: Rows, through: str, width: str, mode: Mode) -> go.Figure:
    """From feature to destination, through the values of the dimension `through`.

    Ribbons are as wide as their `width`, transfers or bytes; one of unknown size is thin, and grey
    unless it is not declared. `mode` has the colours of the page that they are written on.
    """
    stations = tuple(dict.fromkeys(("feature", through, "destination")))
    nodes = {
        (station, row[station]): None for station in stations for row in rows
    }  # a dict keeps the order
    place = {node: at for at, node in enumerate(nodes)}
    widest = max((row[width] or 0 for row in rows), default=0) or 1
    links = [
        (row, place[one, row[one]], place[next_one, row[next_one]])
        for row in rows
        for one, next_one in zip(stations, stations[1:], strict=False)
    ]
    most = max(len({row[station] for row in rows}) for station in stations)
    made = figure(max(220, 80 + _NODE * most + 6 * len(rows)))
    made.add_sankey(
        arrangement="snap",
        domain={"y": [0.0, 0.96]},
        textfont={
            "color": mode.text,
            "size": 13,
            # A thin ribbon must not strike its name through.
            "shadow": ", ".join([f"0 0 {blur}px {mode.background}" for blur in (3, 5) * 6]),
        },
        node={
            "label": [plain(members(str(value))) for _, value in nodes],
            "color": [_COLOURS.get(station, NEUTRAL) for station, _ in nodes],
            "pad": 22,
            "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{label}<extra></extra>",
        },
        link={
            "source": [source for _, source, _ in links],
            "target": [target for _, _, target in links],
            "value": [row[width] or _THIN * widest for row, _, _ in links],
            "color": [_colour(row, known=row[width] is not None) for row, _, _ in links],
            "customdata": [_about(row, through) for row, _, _ in links],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    )
    _legend(made, {row["declared"] for row in rows})
    return made


def _colour(row: Mapping[str, Any], *, known: bool) -> str:
    """What is not declared stands out, also where it is thin."""
    if row["declared"] is False:
        return translucent(UNDECLARED, 0.8)
    return translucent(DECLARED[row["declared"]][1] if known else UNKNOWN, 0.35)


def _legend(made: go.Figure, there: set[bool | None]) -> None:
    for declared, (name, colour) in DECLARED.items():
        if declared in there:
            made.add_scatter(
                x=[None],
                y=[None],
                mode="markers",
                name=name,
                marker={"color": colour, "symbol": "square", "size": 12},
            )
    made.update_layout(showlegend=True)
    made.update_xaxes(visible=False)
    made.update_yaxes(visible=False)


def _about(row: Mapping[str, Any], through: str) -> str:
    facts = dict.fromkeys((row["feature"], row[through], row["destination"]))
    told = " → ".join(plain(members(words(fact))) for fact in facts)
    sent = f"{count(row['transfers'])} transfers, {size(row['bytes'])}"
    return f"{told}<br>{sent}<br>{DECLARED[row['declared']][0]}"
