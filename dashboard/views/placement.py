"""Placement: where each feature belongs, and every reason with its number."""

import streamlit as st

from collector.contract.placement import Advice, Reason
from dashboard import panels, states, theme
from dashboard.formats import label, words
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Placement", selection, questions, "placement", "feature_use", "transfers")
    st.text(
        "Where each feature belongs, by privacy, offline need, model, quality and cost. "
        "The quality is a sweep's, whatever the filters."
    )
    chosen = selection.values.get("feature")
    found = questions.placement(selection)
    if not found and not selection.values:
        states.nothing(
            "advice",
            "A feature is here once the policy names it or an app sends requests of it.",
        )
        return
    shown = [advice for advice in found if not chosen or advice.feature in chosen]
    if not shown:
        states.no_result(questions, "features")
        return
    panels.not_narrowed(selection, "feature_use")
    for told in states.whole_days(questions):
        st.caption(told)
    for advice in shown:
        _advice(advice, alone=len(shown) == 1)
    st.caption("The rules are in docs/placement.md.")


def _advice(advice: Advice, *, alone: bool) -> None:
    verdict = advice.placement or advice.open
    colour = theme.PLACEMENTS.get(advice.placement or "", theme.UNKNOWN)
    title = f"{advice.feature}: {words(verdict)}"
    # The title is not said twice.
    why = advice.sentence.removeprefix(f"{title}: ")
    said = [f"{why[:1].upper()}{why[1:]}" if why != advice.sentence else why]
    if advice.next_step is not None:
        said.append(f"Next: {advice.next_step}")
    states.notice(title, said, colour)
    with st.expander("Reasons", expanded=alone):
        for reason in advice.reasons:
            name, found = st.columns([1, 6])
            name.text(label(reason.factor))
            found.text(f"{reason.found}\n{_means(reason)}; from: {reason.source}")


def _means(reason: Reason) -> str:
    said = []
    if reason.speaks_for is not None:
        said.append(f"for {reason.speaks_for}")
    if reason.against:
        said.append(f"against {' and '.join(reason.against)}")
    if said:
        return ", ".join(said).capitalize()
    return "Decides nothing" if reason.known else "Unknown"


PLACEMENT = View(
    title="Placement", path="placement", icon=":material/alt_route:", show=show, reader=Reader.LEAD
)
