"""In which time zone a reader reads times: UTC until another is chosen, which the link keeps."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

KEY = "zone"
UTC = "UTC"


def choose() -> None:
    """The choice as a widget: UTC and the browser's own first."""
    own = st.context.timezone
    known = _known()
    st.selectbox(
        "Times in",
        list(dict.fromkeys([UTC, *([own] if own in known else []), *known])),
        key=KEY,
        bind="query-params",
        help="Days are those of UTC all the same: the collector counts by them.",
    )


def chosen() -> ZoneInfo:
    """The zone of the reader whose page is drawn; UTC where none is."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ZoneInfo(UTC)
    return ZoneInfo(st.session_state.get(KEY, UTC))


@cache
def _known() -> tuple[str, ...]:
    """Those named after places: the others are older names of the same."""
    named = (name for name in available_timezones() if "/" in name)
    return tuple(sorted(name for name in named if not name.startswith(("Etc/", "SystemV/"))))
