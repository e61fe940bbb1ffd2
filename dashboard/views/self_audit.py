"""Self-audit: what leaves Limen itself, what its door looks at, whether it keeps its promise."""

from collections.abc import Mapping

import streamlit as st

from collector.contract.self_audit import Promise, SelfAudit, WayOut
from dashboard import panels, states, tables, theme
from dashboard.charts.door import ACTIONS
from dashboard.formats import count, moment
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.sign_in import provider
from dashboard.views import Reader, View

WAYS: Mapping[str, str] = {"state": "text", "what": "text", "to": "optional", "setting": "text"}
PROMISES: Mapping[str, str] = {
    "what": "text",
    "feature": "optional",
    "days": "count",
    "oldest": "time",
    "kept": "flag",
}
TITLES: Mapping[str, str] = {
    "what": "What",
    "to": "Where to",
    "setting": "Switched by",
    "days": "Days promised",
    "oldest": "Oldest received",
    "kept": "Promise kept",
    "part": "Part of what arrives",
}


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Self-audit", None, questions, "self_audit")
    st.text("Limen about itself. Only what the door looked at is narrowed, by the period.")
    found = questions.self_audit(selection.since)
    ways = [*found.ways_out, _sign_in(), _usage_statistics()]
    _outcome(found, ways)
    st.subheader("What leaves Limen itself", anchor=False)
    tables.show(
        [{**way.model_dump(), "state": "on" if way.to else "off"} for way in ways],
        WAYS,
        titles=TITLES,
        name="Ways out of Limen itself, on or off",
    )
    st.caption(
        "Collector and dashboard; settings are in limen.example.toml. Of an address only scheme, "
        "host and port are told. Whoever asks the API, and a backup, take along what they may."
    )
    _retention(found)
    _coverage(questions, found, selection)


def _sign_in() -> WayOut:
    """Whether this dashboard asks somebody else who its readers are."""
    return WayOut(
        setting="[auth] in secrets.toml",
        what="sign-ins of readers by OpenID Connect",
        to=None if provider() is None else "their identity provider",
    )


def _usage_statistics() -> WayOut:
    """What this very dashboard does about the statistics of the library it is made with."""
    on = bool(st.get_option("browser.gatherUsageStats"))
    return WayOut(
        setting="none: limen dashboard switches it off",
        what="usage statistics of the dashboard",
        to="whoever Streamlit asks" if on else None,
    )


def _outcome(found: SelfAudit, ways: list[WayOut]) -> None:
    broken = [one for one in found.promises if not one.kept]
    on = [way for way in ways if way.to]
    said = [
        f"On: {', '.join(f'{way.what} to {way.to}' for way in on)}."
        if on
        else "Nothing leaves Limen by itself: every way out is off.",
        *(_breach(one) for one in broken),
    ]
    title = "A promise is not kept" if broken else "Retention is as promised"
    states.notice(title, said, theme.ERROR if broken else theme.DEVICE)


def _breach(promise: Promise) -> str:
    of = f" of {promise.feature}" if promise.feature else ""
    return (
        f"{promise.what.capitalize()}{of}: the oldest was received {moment(promise.oldest)}, and "
        f"the policy keeps {promise.days} days. The collector deletes once an hour while it runs."
    )


def _retention(found: SelfAudit) -> None:
    st.subheader("How long it is kept", anchor=False)
    tables.show(
        [one.model_dump() for one in found.promises],
        PROMISES,
        titles=TITLES,
        name="What the policy promises, and the oldest that there is",
    )
    last = [
        f"Retention last deleted something: {_when(found.deleted)}",
        f"the file was last rewritten without what was deleted: {_when(found.compacted)}",
        f"erasures whose bytes wait for that: {count(found.unfinished_erasures)}",
    ]
    st.caption(" · ".join(last))


def _when(time: str | None) -> str:
    return "never" if time is None else moment(time)


def _coverage(questions: Questions, found: SelfAudit, selection: Selection) -> None:
    panels.heading("What the door looked at", questions, "redaction")
    st.text(
        "Every place where OTLP holds text, and how many of its values were kept, hashed, masked, "
        f"cut or dropped in the last {selection.period}. Random ids of spans, and times, are kept "
        "and not counted; only ids that are none are."
    )
    actions = [name for name in ACTIONS if any(name in one.actions for one in found.parts)]
    seen_first = sorted(found.parts, key=lambda one: not one.actions)
    tables.show(
        [
            {"part": one.part, **{name: one.actions.get(name, 0) for name in actions}}
            for one in seen_first
        ],
        {"part": "text", **dict.fromkeys(actions, "count")},
        titles={**TITLES, **ACTIONS},
        name="What was done to the values of each part of what arrived",
    )
    st.caption("A masked or cut value is among the kept ones too.")


SELF_AUDIT = View(
    title="Self-audit",
    path="self-audit",
    icon=":material/fact_check:",
    show=show,
    reader=Reader.COMPLIANCE,
    role="compliance",
    empty=True,
)
