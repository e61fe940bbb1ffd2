"""Findings: what was declared against what left, to be judged one by one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args

import streamlit as st

from collector.contract.compliance import (
    WORDS,
    Check,
    Coverage,
    Finding,
    Judgement,
    Level,
    Verdict,
    Word,
)
from collector.contract.declarations import KINDS
from collector.contract.errors import LimenError
from dashboard import links, panels, sentences, states, theme
from dashboard.formats import count, label, moment, size
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View

SHOWN = 25
LEVELS: Mapping[Level, tuple[str, str]] = {
    "error": ("Errors", "It fails `limen compliance check`, the gate for a release."),
    "warning": ("Warnings", "Somebody has to judge it: what is known does not decide it."),
    "note": ("Notes", "No fault, but worth to know."),
}
AGAINST: Mapping[str, str] = {
    "door": "found at the door",
    "policy": "held against the policy",
    **{kind: f"held against: {name}" for kind, name in KINDS.items()},
}
STANDS, JUDGED, ALL = "To judge", "Judged", "All"
COVERED: Mapping[str, str] = {
    "app": "text",
    "release": "text",
    "days": "text",
    "requests": "count",
    "phones": "text",
    "completeness": "ratio",
    "departures": "count",
    "undeclared": "count",
    "undecided": "count",
    "unknown_consent": "count",
}
COVERED_MORE: Mapping[str, str] = {"declared": "count", "unknown_category": "count"}
COVERED_TITLES: Mapping[str, str] = {
    "phones": "Installations",
    "undecided": "Cannot be told",
    "unknown_consent": "Consent unknown",
    "unknown_category": "Category unknown",
}


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Findings", selection, questions, "check")
    app, environment = selection.one("app"), selection.one("environment")
    check = questions.check(selection.since, app, environment)
    found = [one for one in check.findings if _chosen(one, selection)]
    covered = [one for one in check.coverage if _of_release(one, selection)]
    if not covered and not found:
        states.no_result(questions, "requests")
        return
    if selection.values.get("os"):
        st.caption("The OS does not narrow this page.")
    _verdict(check, found)
    with panels.tiles():
        for level, (name, meaning) in LEVELS.items():
            standing = [one for one in found if one.level == level and one.stands]
            panels.tile(name, count(len(standing)), "to judge", meaning)
        judged = [one for one in found if not one.stands]
        panels.tile("Judged", count(len(judged)), "accepted or false", "What somebody decided.")
    _list(questions, selection, found)
    panels.download(
        "Download all as CSV",
        lambda: questions.check_csv(selection.since, app, environment),
        "findings.csv",
        "text/csv",
    )
    st.caption(
        "With every verdict, of every release; a download is noted in the audit log. "
        "The codes are in docs/compliance.md."
    )
    _coverage(questions, covered)


def _chosen(found: Finding, selection: Selection) -> bool:
    """Whether it is of what the filters name; one that is of no release or feature is of all."""
    return all(
        value is None or not selection.values.get(name) or value in selection.values[name]
        for name, value in (("release", found.release), ("feature", found.feature))
    )


def _of_release(covered: Coverage, selection: Selection) -> bool:
    chosen = selection.values.get("release")
    return not chosen or covered.release in chosen


def _verdict(check: Check, found: Sequence[Finding]) -> None:
    """What the gate says, before everything else."""
    failing = [one for one in found if one.level == "error" and one.stands]
    against = ", ".join([f"the policy {check.policy}", *check.declarations])
    held = f"Held against {against}."
    if failing:
        releases = sorted({one.release for one in failing if one.release is not None})
        which = f" of {', '.join(releases)}" if releases else ""
        states.notice(
            f"{sentences.many(len(failing), 'error')}{which} to judge",
            [
                held,
                "The gate, `limen compliance check`, fails until each is mended or judged.",
            ],
            theme.UNDECLARED,
        )
    else:
        states.notice(
            "No error stands",
            [held, "The gate, `limen compliance check`, passes. Absence in a sample proves "
             "nothing: see below how much was seen."],
            theme.DEVICE,
        )  # fmt: skip


def _list(questions: Questions, selection: Selection, found: Sequence[Finding]) -> None:
    st.subheader("One by one", anchor=False)
    chosen = st.segmented_control(
        "Which",
        [STANDS, JUDGED, ALL],
        default=STANDS,
        required=True,
        key="which",
        bind="query-params",
        label_visibility="collapsed",
    )
    shown = [one for one in found if chosen == ALL or one.stands == (chosen == STANDS)]
    if not shown:
        st.text("None." if found else "Nothing was found: what left is what was declared.")
    for one in shown[:SHOWN]:
        _card(questions, selection, one)
    if len(shown) > SHOWN:
        st.text(f"The first {SHOWN} of {count(len(shown))}; the filters narrow them.")


def _card(questions: Questions, selection: Selection, found: Finding) -> None:
    with st.container(border=True, key=f"finding-{found.id}"):
        marks = [label(found.level)]
        if found.verdict is not None and not found.stands:
            marks.append(label(found.verdict.word))
        panels.marked(sentences.found(found), marks, _colour(found))
        st.text(f"{_whose(found)}{found.rule}.")
        st.caption(f"{_seen(found)} · {AGAINST[found.source]} · {found.code}")
        if found.verdict is not None:
            st.text(_said(found.verdict))
        with st.container(horizontal=True, vertical_alignment="center"):
            for trace in found.traces:
                links.trace(questions, f"Trace {trace[:8]}…", trace)
            with st.popover("Judge", icon=":material/gavel:"):
                _judge(questions, selection, found)


def _whose(found: Finding) -> str:
    app = " ".join(part for part in (found.app, found.release) if part)
    whose = ", ".join(part for part in (found.feature, app) if part)
    return f"{whose}: " if whose else ""


def _colour(found: Finding) -> str:
    if not found.stands:
        return theme.NEUTRAL
    return {"error": theme.UNDECLARED, "warning": theme.CLOUD}.get(found.level, theme.NEUTRAL)


def _seen(found: Finding) -> str:
    if found.first_seen is None:
        return "About what was declared, not about what was seen"
    what = "value" if found.source == "door" else "transfer"
    size_of = [] if found.source == "door" else [size(found.bytes)]
    times = [f"first {moment(found.first_seen)}", f"last {moment(found.last_seen)}"]
    return " · ".join([sentences.many(found.count, what), *size_of, *times])


def _said(verdict: Verdict) -> str:
    until = "for good" if verdict.until is None else f"until {moment(verdict.until)}"
    over = "" if verdict.holds or verdict.word == "open" else ", which is over"
    who = f"{label(verdict.word)} by {verdict.who}, {moment(verdict.at)}, {until}{over}"
    return f"{who}: {verdict.why}"


def _judge(questions: Questions, selection: Selection, found: Finding) -> None:
    words = [word for word in get_args(Word) if word != "open" or not found.stands]
    with st.form(f"judge-{found.id}", border=False):
        word = st.radio("What is the matter", words, format_func=_in_words)
        who = st.text_input("Who", placeholder="Your name", max_chars=500)
        why = st.text_input("Why", placeholder="For whoever reads this later", max_chars=500)
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        until = st.date_input("Until, the day included", value=None, min_value=tomorrow)
        st.caption("Without a day: for good.")
        if not st.form_submit_button("Say so", type="primary"):
            return
    if not who.strip() or not why.strip():
        st.text("Say who says it and why: it is kept in the audit log.")
        return
    said = Judgement(word=word, who=who, why=why, until=_end_of(until))
    try:
        questions.judge(found.id, said, selection.since)
    except LimenError as error:
        states.refused("It was not kept", error)
        return
    st.rerun()


def _in_words(word: Word) -> str:
    return f"{label(word)}: {WORDS[word]}"


def _end_of(day: date | None) -> str | None:
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), UTC).isoformat()


def _coverage(questions: Questions, covered: Sequence[Coverage]) -> None:
    panels.heading("How much was seen", questions, "coverage")
    panels.table(
        [
            {
                **one.model_dump(),
                "days": f"{one.first_day} to {one.last_day}",
                "phones": one.installations_in_words,
            }
            for one in covered
        ],
        COVERED,
        titles=COVERED_TITLES,
        name="How much was seen of each release",
        more=COVERED_MORE,
    )


FINDINGS = View(
    title="Findings",
    path="findings",
    icon=":material/policy:",
    show=show,
    reader=Reader.COMPLIANCE,
    role="compliance",
)
