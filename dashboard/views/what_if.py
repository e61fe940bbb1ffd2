"""What if: the requests of a trace under another threshold, model, network or consent."""

from collections.abc import Mapping, Sequence

import streamlit as st

from collector.contract.attributes import CONSENT_STATES, NETWORKS
from collector.contract.what_if.records import Change, WhatIf
from collector.contract.what_if.words import rows
from dashboard import panels, states, tables, theme
from dashboard.formats import UNKNOWN, score, words
from dashboard.questions import Questions

_SHOWN: Mapping[str, str] = {"what": "text", "was": "text", "would": "text"}
_TITLES: Mapping[str, str] = {"what": "What", "was": "As it was", "would": "As it would have been"}
_HUNDREDTHS = 100
_NO_MODEL = (
    "Another model's answer comes from its saved replay of this input, and there is none: the "
    "input was not logged, or no replay holds it."
)


def show_what_if(questions: Questions, trace_id: str) -> None:
    panels.heading("What if", questions, "what_if")
    as_it_was = questions.what_if(trace_id, Change())
    change = _change(as_it_was)
    for found in questions.what_if(trace_id, change):
        with st.container(key=f"what-if-{found.span_id}"):
            colour = theme.DECISIONS.get(found.would.decision or "", theme.UNKNOWN)
            title = words(found.would.decision)
            states.notice(f"{words(found.feature)}: {title}", [found.sentence], colour)
            tables.show(
                [dict(zip(_SHOWN, row, strict=True)) for row in rows(found)],
                _SHOWN,
                titles=_TITLES,
                name="The request as it was, and as it would have been",
            )


def _change(found: Sequence[WhatIf]) -> Change:
    """What the reader chose; at first nothing is other than it was in the first request."""
    was = found[0].was
    models = sorted({name for one in found for name in one.models} - {was.said.model})
    threshold, model, network, consent = st.columns([3, 2, 2, 2])
    with threshold:
        chosen = _threshold(was.threshold)
    with model:
        other = _other("Model", "if_model", was.said.model, models, None if models else _NO_MODEL)
    with network:
        link = _other("Network", "if_network", was.network, NETWORKS)
    with consent:
        state = _other("Consent", "if_consent", was.consent, CONSENT_STATES)
    return Change(threshold=chosen, model=other, network=link, consent=state)


def _threshold(was: float | None) -> float | None:
    """None where it is left as it was."""
    steps = {step / _HUNDREDTHS for step in range(_HUNDREDTHS + 1)}
    if was is not None:
        steps.add(was)
    by_label = {score(step): step for step in sorted(steps)}
    start = score(was)
    options = list(by_label) if start in by_label else [start, *by_label]
    chosen = st.select_slider(
        "Threshold", options, value=start, key="if_threshold", bind="query-params"
    )
    return None if chosen == start else by_label[chosen]


def _other(
    title: str, key: str, was: str | None, options: Sequence[str], note: str | None = None
) -> str | None:
    """None where it is left as it was."""
    start = words(was)
    others = [name for name in options if name not in (start, UNKNOWN)]
    chosen = st.selectbox(
        title,
        [start, *others],
        format_func=lambda name: f"{name} (as it was)" if name == start else name,
        key=key,
        bind="query-params",
        help=note,
    )
    return None if chosen == start else chosen
