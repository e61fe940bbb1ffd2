"""What declarations to app stores would have to say of what was seen."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from collector.contract.processing import Store
from dashboard import links, panels, sentences, states, tables, theme
from dashboard.questions import Questions, Scope
from dashboard.selection import Selection

COLUMNS: Mapping[Store, Mapping[str, str]] = {
    "play": {
        "type": "text",
        "collected": "flag",
        "purposes": "optional",
        "shared": "flag",
        "sharing_purposes": "optional",
        "ephemeral": "flag",
        "optional": "flag",
    },
    "apple": {"type": "text", "purposes": "optional"},
}
TITLES: Mapping[str, str] = {
    "ephemeral": "In memory only",
    "optional": "Users may choose",
}
FILES: Mapping[Store, tuple[str, str, str, str]] = {
    "play": ("Rows as CSV", "csv", "data_safety_rows.csv", "text/csv"),
    "apple": (
        "PrivacyInfo.xcprivacy", "plist", "PrivacyInfo.xcprivacy", "application/x-plist"
    ),
}  # fmt: skip
ABOUT: Mapping[Store, str] = {
    "play": "The rows of Google's Data safety form that what left Android phones needs, to be "
    "put into an export of it.",
    "apple": "The entries of a privacy manifest that what left iPhones and iPads needs. What is "
    "not kept is not collected, as Apple means it.",
}


def show_play(questions: Questions, selection: Selection, scope: Scope) -> None:
    _show(questions, scope, "play")


def show_apple(questions: Questions, selection: Selection, scope: Scope) -> None:
    _show(questions, scope, "apple")


def _show(questions: Questions, scope: Scope, store: Store) -> None:
    st.text(ABOUT[store])
    own = _of_one_app(questions, scope)
    if own is None:
        states.no_result(questions, "apps")
        return
    found = questions.proposal(store, own)
    if not found.types:
        states.notice(
            "Nothing would have to be declared",
            [f"Of {found.app} nothing was seen to leave such phones in this period. Absence in a "
             "sample proves nothing."],
            theme.UNKNOWN,
        )  # fmt: skip
        return
    if found.open:
        states.notice(
            f"{sentences.many(len(found.open), 'thing')} to decide",
            [f"· {one[:1].upper()}{one[1:]}." for one in found.open],
            theme.CLOUD,
        )
    if found.in_clear and store == "play":
        states.notice("Some of it left without encryption", ["To port 80."], theme.UNDECLARED)
    title, form, name, media = FILES[store]
    with st.container(horizontal=True, vertical_alignment="center"):
        panels.download(title, lambda: questions.record_file(store, form, own), name, media)
        st.caption("A download is noted in the audit log.")
    tables.show(
        [
            {name: value if value != () else None for name, value in one.model_dump().items()}
            for one in found.types
        ],
        COLUMNS[store],
        titles=TITLES,
        name=f"What {found.app} would have to declare",
    )
    st.text("Because of what left:")
    panels.facts({one.type: "; ".join(one.because) for one in found.types})
    links.link("declarations", "Add what you declare")


def _of_one_app(questions: Questions, scope: Scope) -> Scope | None:
    """`scope` of one app: a store knows no others. None where there is none."""
    if scope.app is not None:
        return scope
    apps = sorted({one.app for one in questions.record(scope).activities})
    if not apps:
        return None
    chosen = apps[0] if len(apps) == 1 else st.selectbox("App", apps, key="of-app")
    return replace(scope, app=chosen)
