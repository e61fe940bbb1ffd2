"""What a comparison of two releases says, in one box."""

from collections.abc import Mapping

import streamlit as st

from collector.contract.releases import Comparison
from dashboard import states, theme

_COLOURS: Mapping[str, str] = {"worse": theme.ERROR, "better": theme.DEVICE}


def show(found: Comparison) -> None:
    """A line per clause, under the verdict in a word or two."""
    findings = {rate.finding for rate in found.rates}
    colour = next((_COLOURS[name] for name in _COLOURS if name in findings), theme.UNKNOWN)
    said = [f"{clause[:1].upper()}{clause[1:]}." for clause in found.clauses]
    with st.container(key="verdict"):
        states.notice(f"{found.release} against {found.against}: {verdict(found)}", said, colour)


def verdict(found: Comparison) -> str:
    """What is certain of the rates together."""
    findings = {rate.finding for rate in found.rates}
    match "worse" in findings, "better" in findings:
        case True, True:
            return "worse in one, better in another"
        case True, False:
            return "worse"
        case False, True:
            return "better"
    return "as before" if findings == {"same"} else "cannot be told yet"
