"""Ways from one page to another, in the same session."""

from collections.abc import Mapping

import streamlit as st

from dashboard.questions import Questions
from dashboard.views import View

_PAGES = "pages"


def keep(pages: Mapping[View, st.Page]) -> Mapping[View, st.Page]:
    """`pages` of this run, for the links on it."""
    st.session_state[_PAGES] = {view.path: page for view, page in pages.items()}
    return pages


def link(path: str, label: str, **asked: str) -> None:
    """A link to the page at `path` with these query parameters; `label` is no text of a client."""
    st.page_link(st.session_state[_PAGES][path], label=label, query_params=asked)


def trace(questions: Questions, label: str, trace_id: str) -> None:
    """A link to a trace: its spans for who is on call, else what left in it, by the ledger."""
    link("requests" if questions.may_open_traces() else "ledger", label, trace=trace_id)


def go(path: str, **asked: str) -> None:
    """Opens the page at `path` with these query parameters."""
    st.switch_page(st.session_state[_PAGES][path], query_params=asked)
