"""Ways from one page to another, in the same session."""

from collections.abc import Iterable, Mapping

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


def missed(known: Iterable[str], wanted: str, shown: str, *names: str) -> None:
    """Says so where the address asks under these `names` for what is none of `known`; before their
    widgets, which forget it. `wanted` and `shown` are no text of a client."""
    if not {asked for name in names for asked in st.query_params.get_all(name)} <= set(known):
        st.warning(f"The link asks for {wanted}. Shown {shown}.")


def missed_release(known: Iterable[str]) -> None:
    """The same of the two releases that a page holds against each other."""
    wanted = "a release that this selection does not have"
    missed(known, wanted, "are others", "newer", "older")


def trace(questions: Questions, label: str, trace_id: str) -> None:
    """A link to a trace: its spans for who is on call, else what left in it, by the ledger."""
    link("requests" if questions.may_open_traces() else "ledger", label, trace=trace_id)


def go(path: str, **asked: str) -> None:
    """Opens the page at `path` with these query parameters."""
    st.switch_page(st.session_state[_PAGES][path], query_params=asked)
