"""The search of the requests page: by dimension, by trace, by installation."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from collector.contract.attributes import BLOCKED_REASONS, DECISIONS, FALLBACK_REASONS, NETWORKS
from dashboard import sentences, states, theme
from dashboard.formats import label
from dashboard.questions import Questions

TRACE = "trace"
PSEUDONYM = "pseudonym"
SHOWN: Mapping[str, tuple[str, ...]] = {
    "decision": DECISIONS,
    "reason": tuple(dict.fromkeys((*FALLBACK_REASONS, *BLOCKED_REASONS))),
    "network": NETWORKS,
}
MORE = (
    "device_model",
    "country",
    "model",
    "runtime",
    "delegate",
    "threshold_version",
    "placement",
)
FILTERS = (*SHOWN, *MORE, PSEUDONYM)
_FOUND = "installation-found"

Rows = Sequence[Mapping[str, Any]]


def search(questions: Questions, seen: Rows) -> dict[str, tuple[str, ...]]:
    """What the reader narrowed the list to; values to choose from are those of the rows `seen`."""
    chosen: dict[str, tuple[str, ...]] = {}
    with st.container(horizontal=True, key="search"):
        for name, options in SHOWN.items():
            chosen[name] = _several(name, options)
        with st.popover("More", icon=":material/filter_list:"):
            for name in MORE:
                chosen[name] = _several(name, sorted({str(row[name]) for row in seen}))
            chosen[PSEUDONYM] = _several(PSEUDONYM, ())
        with st.popover("Search", icon=":material/search:"):
            _find_trace()
            _find_installation(questions)
    _say_if_nothing_was_found()
    hidden = {name: values for name, values in chosen.items() if values and name not in SHOWN}
    if hidden:
        st.text(f"Narrowed to {sentences.chosen(hidden)}.")
    return {name: values for name, values in chosen.items() if values}


def _several(name: str, options: Sequence[str]) -> tuple[str, ...]:
    linked = st.query_params.get_all(name)
    found = st.multiselect(
        label(name),
        list(dict.fromkeys([*options, *linked, *st.session_state.get(name, [])])),
        placeholder="All",
        key=name,
        bind="query-params",
        accept_new_options=True,
    )
    return tuple(found)


def _find_trace() -> None:
    wanted = st.text_input("Open a trace", placeholder="32 hex digits", key="wanted")
    if wanted:
        open_trace(wanted.strip().lower())


def open_trace(trace_id: str) -> None:
    st.query_params[TRACE] = trace_id
    st.rerun()


def _find_installation(questions: Questions) -> None:
    """By the identifier that the app has: sent in a body, and kept neither here nor there."""
    with st.form("find-installation", clear_on_submit=True, border=False):
        st.text_input(
            "Requests of an installation",
            placeholder="Its identifier in the app",
            key="identifier",
            type="password",
            autocomplete="off",
            help="The collector hashes it and keeps only the hash. That it was asked for stands "
            "in the audit log, the identifier does not.",
        )
        st.form_submit_button("Find", on_click=_look_up, args=(questions,))


def _look_up(questions: Questions) -> None:
    """A callback: the filter is a widget, which only one that is not yet drawn can set."""
    identifier = st.session_state["identifier"].strip()
    if not identifier:
        return
    with states.guarded():
        found = questions.lookup(identifier).pseudonyms
        stored = [one.installation for one in found if one.spans]
        st.session_state[PSEUDONYM] = stored
        st.session_state[_FOUND] = bool(stored)


def _say_if_nothing_was_found() -> None:
    if st.session_state.pop(_FOUND, True) is False:
        states.notice(
            "Nothing is stored of this installation",
            ["Not under any key that there is. The identifier is the one the app sends."],
            theme.UNKNOWN,
        )
