"""A question on the page: its picture, the table under it, and on demand what its numbers mean."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from collector.contract.records import Answer
from dashboard import tables, theme
from dashboard.charts.layout import entitle
from dashboard.formats import label, moment, words
from dashboard.questions import Questions
from dashboard.selection import Selection

_CHART = {"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"]}
_WIDE, _SHARP = 960, 2
"""How wide a downloaded picture is, however wide the page, and how many pixels it has of each."""


def title(
    name: str,
    selection: Selection | None = None,
    questions: Questions | None = None,
    *metrics: str,
    live: bool = False,
) -> bool:
    """The page's name, and in one line what it is narrowed to; without one nothing narrows it.

    Beside it the definitions of the `metrics` that its headline numbers are of. With `live`, a
    switch too; True while it is on.
    """
    on = False
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title(name, anchor=False)
        if live:
            help_text = "Asks again every few seconds"
            on = st.toggle("Live", key="live", bind="query-params", help=help_text)
        if questions is not None:
            on_demand(questions, *metrics)
    if selection is not None:
        st.text(" · ".join([f"Last {selection.period}", *_chosen(selection)]))
    return on


def told(selection: Selection, metric: str) -> str:
    """Of what a picture of `metric` is that is taken now: the period, and its filters."""
    until = moment(datetime.now(UTC).replace(second=0, microsecond=0))
    chosen = _chosen(selection, selection.ignored_by(metric))
    return " · ".join([f"{selection.period} until {until}", *chosen])


def _chosen(selection: Selection, ignored: Sequence[str] = ()) -> list[str]:
    values = selection.values.items()
    return [f"{label(name)} {words(found)}" for name, found in values if name not in ignored]


def not_narrowed(selection: Selection, metric: str) -> None:
    """Says which filters `metric` cannot follow, so that nobody reads it as narrowed."""
    if ignored := selection.ignored_by(metric):
        names = ", ".join(label(name) for name in ignored)
        st.caption(f"{label(metric)}: not defined by {names}, and not narrowed by that filter.")


def tiles(key: str = "tiles") -> AbstractContextManager[object]:
    """The page's row of headline numbers, which wraps on a narrow screen (see `theme.style`);
    a second row of a page has another `key`, which begins likewise."""
    return st.container(key=f"{key}-room").container(horizontal=True, key=key)


def heading(title: str, questions: Questions, *metrics: str) -> None:
    """`title`, and beside it the definitions of the metrics it is made of."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"head-{label(title)}"):
        st.subheader(title, anchor=False, width="stretch")
        on_demand(questions, *metrics)


def on_demand(questions: Questions, *metrics: str) -> None:
    """The definitions of these metrics or other answers, once asked for."""
    with st.popover("Definition", icon=":material/info:", type="tertiary"):
        definitions(questions, metrics)


def chart(figure: go.Figure, *, key: str, alt: str, of: str) -> None:
    """`figure`, which its reader may take along as a picture named after `key`: in that stands what
    it shows (`alt`), and `of` what."""
    entitle(figure, alt, of)
    picture = {"format": "png", "filename": f"limen-{key}", "width": _WIDE, "scale": _SHARP}
    config = {**_CHART, "toImageButtonOptions": picture}
    st.plotly_chart(figure, key=f"chart-{key}", alt=alt, config=config)


def table_under(answer: Answer, name: str) -> None:
    """The text alternative of the chart above, to take along as CSV."""
    rows_under(answer.records(), tables.ordered(answer), name)


def marked(title: str, marks: Sequence[str], colour: str) -> None:
    """The name of one thing of a list, with a mark or two before it."""
    pill = (
        f'<span style="border:1px solid {colour};border-radius:99px;padding:1px 10px;'
        f'font-size:0.8rem;background:{theme.translucent(colour, 0.12)}">'
    )
    before = "".join(f"{pill}{html.escape(mark)}</span>" for mark in marks)
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:8px;align-items:center">'
        f'{before}<strong style="overflow-wrap:anywhere">{html.escape(title)}</strong></div>'
    )


def facts(said: Mapping[str, str], missing: Mapping[str, Sequence[str]] | None = None) -> None:
    """What is known of one thing, a line each: its name, and what is said of it.

    `missing` are the keys of the policy that would say more of a line, by its name.
    """
    lines = []
    for name, value in said.items():
        keys = (missing or {}).get(name, ())
        marks = "".join(f"<mark>missing: {html.escape(key)}</mark> " for key in keys)
        lines.append(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)} {marks}</dd>")
    st.html(f'<dl class="limen-facts">{"".join(lines)}</dl>')


def rows_under(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], name: str, title: str = "Table"
) -> None:
    """The text alternative of the chart above, from rows of our own order."""
    with st.expander(title):
        table(rows, columns, name=name)


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    titles: Mapping[str, str] | None = None,
    name: str,
    more: Mapping[str, str] | None = None,
) -> None:
    """`columns` of `rows`, which count, to take along as CSV as they are shown.

    `more` are columns that a page has no room for: they are in the file only.
    """
    tables.show(rows, columns, titles=titles, name=name)
    file = f"limen-{re.sub(r'[^a-z0-9.]+', '-', name.lower())}.csv"
    every = {**columns, **(more or {})}
    with st.container(horizontal=True, vertical_alignment="center"):
        download("Download as CSV", lambda: tables.csv(rows, every, titles), file, "text/csv")
        if more:
            names = ", ".join((titles or {}).get(column) or label(column) for column in more)
            st.caption(f"The file also has: {names}.")


def definitions(questions: Questions, metrics: Sequence[str]) -> None:
    """What each metric or other answer counts: its words, its columns with their units, its SQL,
    or the command that makes it anew."""
    catalogue = questions.catalogue()
    for name in metrics:
        found = catalogue[name]
        st.text(f"{label(name)}: {found['description']}")
        columns = found["columns"]
        facts({_with_unit(one["name"], one["unit"]): one["description"] for one in columns})
        if found.get("dimensions"):
            st.text(f"Filters and groups: {', '.join(found['dimensions'])}")
        if found.get("command"):
            st.code(found["command"], language="bash", wrap_lines=True)
        if found["sql"]:
            st.code(found["sql"], language="sql")


def _with_unit(name: str, unit: str) -> str:
    said, of = label(name), f" ({unit})"
    return said if name == unit or said.endswith(of) else f"{said}{of}"


def tile(title: str, value: str, below: str, meaning: str) -> None:
    """One headline number; `below` is its interval or its base, `meaning` what it counts."""
    st.metric(
        title,
        value,
        delta=below or None,
        delta_color="off",
        delta_arrow="off",
        help=meaning,
        border=True,
    )


def download(title: str, content: Callable[[], bytes | str], name: str, media: str) -> None:
    """A button that asks for the `content` of the file `name` once it is pressed."""
    st.download_button(
        title, content, name, media, icon=":material/download:", on_click="ignore", key=name
    )
