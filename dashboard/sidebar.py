"""The filters, in the sidebar on every page and in the address of the page, in the words shown."""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import links, zones
from dashboard.charts.rates import newest_first
from dashboard.formats import moment
from dashboard.questions import Questions, forget
from dashboard.selection import DEFAULT_PERIOD, PERIODS, Selection

ALL = "All"
PRODUCTION = "production"
SEVERAL: Mapping[str, str] = {"release": "Release", "feature": "Feature", "os": "OS"}

_MAY: Mapping[str, str] = {
    "lead": "whole days; what fewer than {0} installations a day have is in “other”, or left out",
    "oncall": "all numbers, single requests and their traces",
    "compliance": "all numbers, what left, findings, declarations and the audit log",
    "replay": "all numbers, and replays",
    "admin": "everything",
}


def choose(questions: Questions, sign_out: Callable[[], None] | None) -> Selection:
    """The filters as widgets, each bound to the query parameter of its name.

    `sign_out` ends the session, where there is one.
    """
    last = f"are the last {DEFAULT_PERIOD}"
    links.missed(PERIODS, "a period that is not offered", last, "period")
    with st.sidebar:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            period = st.selectbox(
                "Last",
                list(PERIODS),
                index=list(PERIODS).index(DEFAULT_PERIOD),
                key="period",
                bind="query-params",
            )
            if st.button("", icon=":material/refresh:", help="Ask again", key="refresh"):
                forget()
                st.rerun()
        known = _known(questions, period)
        values = {
            "app": _app(known["app"]),
            "environment": _one(
                "environment",
                "Environment",
                [PRODUCTION, *known["environment"]],
                environment(known["environment"]),
            ),
            **{name: _some(name, title, known[name]) for name, title in SEVERAL.items()},
        }
        zones.choose()
        _foot(questions.status())
        if sign_out is not None and st.button("Sign out", icon=":material/logout:"):
            sign_out()
            st.rerun()
    return Selection(
        period=period,
        values={name: found for name, found in values.items() if found},
        catalogue=questions.catalogue(),
    )


def _foot(status: Mapping[str, Any]) -> None:
    """Which collector answers, until when it has data, and who may ask."""
    lines = (
        f"Limen {status['version']}, policy {status['policy']}",
        f"Data until {moment(status['last_data'])}",
        status["note"] or may_see(status["role"], status["min_cell"]),
    )
    said = "<br>".join(html.escape(line[:1].upper() + line[1:]) for line in lines if line)
    st.html(f'<div style="font-size:0.8rem;opacity:0.75">{said}</div>')


def may_see(role: str, min_cell: int | None) -> str:
    """Who asks, and what they are shown."""
    shown = _MAY.get(role, "nothing")
    return f"You are {role} and see {shown.format(min_cell)}"


def environment(known: Iterable[str]) -> str:
    """Where a reader starts: production, or all where it has no data."""
    return PRODUCTION if PRODUCTION in known else ALL


def first_environment(questions: Questions) -> str:
    """Where a reader of the default period starts."""
    return environment(_known(questions, DEFAULT_PERIOD)["environment"])


def defaults(environment: str, page_filters: Sequence[str] = ()) -> dict[str, str | list[str]]:
    """Every filter at its default; `page_filters` are those of one page alone, each a list."""
    lists: dict[str, str | list[str]] = {name: [] for name in (*SEVERAL, *page_filters)}
    return {"period": DEFAULT_PERIOD, "app": ALL, "environment": environment, **lists}


def _known(questions: Questions, period: str) -> dict[str, list[str]]:
    known = questions.known(period, ("app", "environment", *SEVERAL))
    return {
        name: newest_first(values) if name == "release" else sorted(values)
        for name, values in known.items()
    }


def _linked(name: str, known: Iterable[str]) -> list[str]:
    """`known`, and what the address names beside it: a link must not lose a filter silently."""
    return list(dict.fromkeys([*known, *st.query_params.get_all(name)]))


def _one(name: str, title: str, known: list[str], default: str) -> tuple[str, ...]:
    options = list(dict.fromkeys([ALL, default, *_linked(name, known)]))
    chosen = st.selectbox(
        title,
        options,
        index=options.index(default),
        key=name,
        bind="query-params",
    )
    return () if chosen == ALL else (chosen,)


def _app(known: list[str]) -> tuple[str, ...]:
    chosen = _one("app", "App", known, ALL)
    if not chosen and len(known) > 1:
        st.caption("Releases of several apps stand side by side; choose one to part them.")
    return chosen


def _some(name: str, title: str, known: list[str]) -> tuple[str, ...]:
    return tuple(
        st.multiselect(
            title, _linked(name, known), placeholder="All", key=name, bind="query-params"
        )
    )
