"""Records: what has to be kept in writing of what phones did, to read and to hand out."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from collector.contract.errors import NotFound
from dashboard import panels, states
from dashboard.questions import Questions, Scope
from dashboard.selection import Selection
from dashboard.views import Reader, View
from dashboard.views.evidence import show_evidence
from dashboard.views.processing import show_processing, show_transfers
from dashboard.views.proposals import show_apple, show_play

DAYS = 30
KINDS: Mapping[str, Callable[[Questions, Selection, Scope], None]] = {
    "Article 30": show_processing,
    "Transfers": show_transfers,
    "Google Play": show_play,
    "Apple": show_apple,
    "Evidence pack": show_evidence,
}

DEFINED: Mapping[str, str] = {
    **dict.fromkeys(("Article 30", "Transfers"), "record"),
    **dict.fromkeys(("Google Play", "Apple"), "proposal"),
    "Evidence pack": "evidence",
}


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Records")
    st.text(
        "Made of what phones did and of what the policy says of it. What nobody can see from here "
        "is marked, with the key of the policy that would say it."
    )
    scope = _scope(selection)
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = st.segmented_control(
            "Record",
            list(KINDS),
            default=next(iter(KINDS)),
            required=True,
            wrap=True,
            key="record",
            bind="query-params",
            label_visibility="collapsed",
        )
        panels.on_demand(questions, DEFINED[kind])
    if scope is None:
        states.absent(
            "No day lies between these two", "The first has to be before the last, or the same."
        )
        return
    try:
        KINDS[kind](questions, selection, scope)
    except NotFound:
        states.no_result(questions, "requests")


def _scope(selection: Selection) -> Scope | None:
    """What the page is of: days of its own, and of the filters those that a record knows."""
    today = datetime.now(UTC).date()
    with st.container(horizontal=True, key="days"):
        first = _day("From", "first", today - timedelta(days=DAYS - 1), today)
        last = _day("To, included", "last", today, today)
    told = [
        f"{name} {value}"
        for name in ("app", "environment", "release")
        if (value := selection.one(name)) is not None
    ]
    st.caption(
        f"Of {', '.join(told) or 'every app, environment and release'}, days in UTC. The period in "
        "the sidebar does not narrow this page, nor do OS, or several releases at once."
    )
    if first > last:
        return None
    return Scope(
        since=_midnight(first),
        until=_midnight(last + timedelta(days=1)),
        app=selection.one("app"),
        environment=selection.one("environment"),
        release=selection.one("release"),
    )


def _day(title: str, key: str, default: date, latest: date) -> date:
    found: date = st.date_input(
        title,
        default,
        min_value=date(2000, 1, 1),
        max_value=latest,
        key=key,
        bind="query-params",
        format="YYYY-MM-DD",
        required=True,
    )
    return found


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()


RECORDS = View(
    title="Records",
    path="records",
    icon=":material/folder_open:",
    show=show,
    reader=Reader.COMPLIANCE,
    role="compliance",
)
