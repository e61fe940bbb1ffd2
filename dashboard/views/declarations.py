"""Declarations: what the app stores were told, what was read of it, and where it differs."""

from collections.abc import Iterator, Mapping, Sequence

import streamlit as st

from collector.contract.compliance import Check, Finding
from collector.contract.declarations import KINDS, Declaration, KeptDeclaration
from collector.contract.errors import LimenError
from dashboard import links, panels, sentences, states, tables, theme
from dashboard.formats import count, flag, label, moment
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View

TYPES: Mapping[str, str] = {
    "type": "text",
    "categories": "text",
    "collected": "flag",
    "shared": "flag",
    "purposes": "text",
    "sharing_purposes": "text",
    "ephemeral": "flag",
    "optional": "flag",
    "linked": "flag",
    "tracking": "flag",
}
TYPE_TITLES: Mapping[str, str] = {
    "categories": "Limen's categories",
    "ephemeral": "In memory only",
    "optional": "Users may choose",
    "linked": "Linked to the user",
}
HOSTS: Mapping[str, str] = {
    "host": "text",
    "hits": "count",
    "first_seen": "time",
    "last_seen": "time",
}
ENDINGS = ("xcprivacy", "plist", "csv", "ndjson", "json", "yml", "yaml")


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Declarations", None, questions, "declarations", "check")
    st.text(
        "What was declared elsewhere than in the policy. Departures are held against it from the "
        "moment it is here."
    )
    before = questions.declarations()
    with st.expander("Add a declaration", expanded=not before, icon=":material/upload_file:"):
        seen = questions.check(selection.since, None, None).coverage
        _add(questions, sorted({one.app for one in seen} | {one.app for one in before}))
    kept, check = questions.declarations(), questions.check(selection.since, None, None)
    if not kept:
        states.nothing(
            "declarations",
            "Add the file that your app or your store already has, here or with the command.",
            "limen declaration add PrivacyInfo.xcprivacy --app APP",
        )
    for one in kept:
        _card(questions, one, check)
    st.caption(
        f"Differences are those of the last {selection.period}; the other filters do not narrow "
        "this page. What Limen reads of each form is in docs/compliance.md."
    )


def _add(questions: Questions, apps: Sequence[str]) -> None:
    st.text("\n".join(["One of these:", *(f"· {name}" for name in KINDS.values())]))
    with st.form("declare", border=False, clear_on_submit=False):
        file = st.file_uploader("File", type=ENDINGS, key="declaration", max_upload_size=50)
        app = st.selectbox(
            "App",
            apps,
            index=0 if len(apps) == 1 else None,
            accept_new_options=True,
            placeholder="Its service.name",
        )
        release = st.text_input("Release", placeholder="Every release")
        bundle = st.text_input(
            "Bundle identifier", placeholder="Of a report that tells of several apps"
        )
        if not st.form_submit_button("Add", type="primary"):
            return
    if file is None or not app:
        st.text("Choose a file and the app it speaks of.")
        return
    try:
        kept = questions.declare(
            file.name, file.getvalue(), app.strip(), release.strip() or None, bundle.strip() or None
        )
    except LimenError as error:
        states.refused(f"{file.name} was not added", error)
        return
    states.notice(f"{kept.declaration.name} was added", [_rows(kept.declaration)], theme.DEVICE)


def _rows(found: Declaration) -> str:
    rows = found.rows
    return (
        f"{sentences.many(rows.total, 'row')}: {count(rows.answered)} answered, "
        f"{count(rows.unanswered)} left open, {count(rows.unknown)} unknown."
    )


def _card(questions: Questions, kept: KeptDeclaration, check: Check) -> None:
    found = kept.declaration
    with st.container(border=True, key=f"declaration-{kept.id}"):
        colour = theme.CLOUD if found.problems else theme.DEVICE
        panels.marked(found.name, [KINDS[found.kind]], colour)
        release = "every release" if kept.release is None else kept.release
        st.text(f"{kept.app}, {release} · {moment(kept.added)} · SHA-256 {kept.digest[:16]}…")
        st.text("\n".join([_rows(found), *_says(found)]))
        if found.problems:
            st.text(f"{sentences.many(len(found.problems), 'problem')} in the file itself:")
            panels.facts({one.where: f"{one.what} ({one.code})" for one in found.problems})
        if found.types:
            with st.expander(sentences.many(len(found.types), "type")):
                types = [one.model_dump() for one in found.types]
                tables.show(types, TYPES, titles=TYPE_TITLES, name=f"Types of {found.name}")
        if found.hosts:
            with st.expander(sentences.many(len(found.hosts), "host")):
                hosts = [one.model_dump() for one in found.hosts]
                tables.show(hosts, HOSTS, name=f"Hosts of {found.name}")
        _differences(kept, check)
        with st.popover("Take back", icon=":material/delete:"):
            st.text("Nothing is held against it any more; the audit log keeps that it was here.")
            if st.button("Take it back", key=f"remove-{kept.id}"):
                questions.withdraw(kept.id)
                st.rerun()


def _says(found: Declaration) -> Iterator[str]:
    """What it says of the app as a whole."""
    if found.kind == "report":
        yield "It declares nothing: it is a second witness of the hosts."
        return
    if found.collects is not None:
        yield f"Collects data: {flag(found.collects)}."
    if found.encrypted is not None:
        yield f"Encrypted on the way: {flag(found.encrypted)}."
    if found.tracking is not None:
        domains = f": {', '.join(found.tracking_domains)}" if found.tracking_domains else ""
        yield f"Tracks: {flag(found.tracking)}{domains}."


def _differences(kept: KeptDeclaration, check: Check) -> None:
    """What a check finds between files of its kind and what was seen of the app. What is wrong in
    a file itself stands with the file."""
    own = tuple(f"{name}: " for name in check.declarations)
    found = [
        one
        for one in check.findings
        if one.source == kept.declaration.kind
        and one.app == kept.app
        and not one.subject.startswith(own)
        and (kept.release is None or one.release in (None, kept.release))
    ]
    if not found:
        st.text("No difference to what was seen.")
        return
    said: dict[str, dict[str, list[str]]] = {}
    for one in found:
        why = said.setdefault(f"{label(one.level)} · {one.subject}", {})
        why.setdefault(one.rule, []).append(_where(one))
    with st.expander("Differences to what was seen and declared elsewhere", expanded=True):
        panels.facts(
            {
                name: "; ".join(f"{rule} ({', '.join(where)})" for rule, where in why.items())
                for name, why in said.items()
            }
        )
    links.link("findings", "Judge them", which="All")


def _where(found: Finding) -> str:
    """Of what a difference is, and how often."""
    whose = " ".join(part for part in (found.feature, found.release or "every release") if part)
    return f"{whose}: {sentences.many(found.count, 'transfer')}" if found.count else whose


DECLARATIONS = View(
    title="Declarations",
    path="declarations",
    icon=":material/description:",
    show=show,
    reader=Reader.COMPLIANCE,
    role="compliance",
    empty=True,
)
