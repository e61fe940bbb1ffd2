"""Audit: what was done that somebody could ask about, and whether the log of it still holds."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from collector.contract.audit import Checked, Checkpoint, read_checkpoints, read_kept
from collector.contract.errors import BadInput
from dashboard import panels, sentences, states, tables, theme
from dashboard.formats import BY_UNIT, UNKNOWN, count, label
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View

SHOWN = 100
ENTRIES: Mapping[str, str] = {
    "number": "count",
    "time": "time",
    "action": "text",
    "actor": "optional",
    "count": "optional",
    "reason": "optional",
    "detail": "optional",
}
TITLES: Mapping[str, str] = {
    "number": "Entry",
    "action": "What",
    "actor": "Who",
    "count": "How many",
    "reason": "Why",
}


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Audit", None, questions, "audit_log")
    st.text(
        "What was done that somebody could ask about; it never tells of whom. No filter narrows "
        "this page."
    )
    (head,) = read_checkpoints(questions.audit_head())
    if not head.size:
        states.nothing(
            "entries",
            "An entry is here once a policy is put in force, a token is made, an input is opened, "
            "a finding is judged, something is erased or handed out.",
        )
        return
    _entries(questions, head.size)
    _verify(questions)
    _head(questions, head)


def _head(questions: Questions, head: Checkpoint) -> None:
    entries = sentences.many(head.size, "entry", "entries")
    st.subheader(f"The signed head of {entries}", anchor=False)
    st.code(questions.audit_head(), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        panels.download("Download the head", questions.audit_head, "checkpoint.txt", "text/plain")
        panels.download(
            "Download the public key", questions.audit_key, "limen-audit-key.txt", "text/plain"
        )
    st.caption(
        "Keep both outside the machine that the collector runs on: whoever holds its home folder "
        "could write the whole log anew, but not what is kept elsewhere."
    )


def _verify(questions: Questions) -> None:
    st.subheader("Does it still hold?", anchor=False)
    # A form waits for the file, and its answer stays when one is chosen.
    with st.form("verify", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            file = st.file_uploader(
                "Heads kept elsewhere", type=["txt"], key="kept", max_upload_size=10
            )
            key = st.text_input("The public key as it was kept", placeholder="limen-audit/…+…+…")
        asked = st.form_submit_button("Verify", type="primary", icon=":material/verified_user:")
    if not asked:
        st.caption("Every entry is fetched and hashed here, and the tree of all is made anew.")
        return
    bar = st.progress(0.0, "Verifying")

    def told(shown: int, of: int) -> None:
        bar.progress(shown / of, f"{count(shown)} of {count(of)} entries")

    try:
        kept = read_kept(file.getvalue().decode("utf-8")) if file is not None else []
        found = questions.check_log(key.strip() or None, kept, told)
    except BadInput as error:
        bar.empty()
        states.refused("That cannot be held against the log", error)
    except UnicodeDecodeError:
        bar.empty()
        states.refused("That cannot be held against the log", BadInput("the file is no text"))
    else:
        bar.empty()
        _result(found, kept, own_key=not key.strip())


def _result(found: Checked, kept: Sequence[Checkpoint], *, own_key: bool) -> None:
    if found.problems:
        states.notice(
            "The log does not hold",
            [f"{one[:1].upper()}{one[1:]}." for one in found.problems],
            theme.ERROR,
        )
        return
    with_kept = f" and {sentences.many(len(kept), 'kept head')}" if kept else ""
    said = [f"{sentences.many(found.entries, 'entry', 'entries')} agree with the head{with_kept}."]
    if found.erased:
        said.append(f"The content of {count(found.erased)} of them is erased; their hashes stay.")
    if not kept:
        said.append("It agrees with itself. Add a head that was kept elsewhere: all of it "
                    "could have been rewritten.")  # fmt: skip
    if own_key:
        said.append("The key is the one that the collector says: give the one that was kept.")
    states.notice("The log holds", said, theme.DEVICE)


def _entries(questions: Questions, size: int) -> None:
    st.subheader("Entries, newest first", anchor=False)
    last = size
    if size > SHOWN:
        last = int(st.number_input("Up to entry", 0, size - 1, size - 1, step=SHOWN)) + 1
    first = max(0, last - SHOWN)
    rows = questions.audit_entries(first, last - first)
    shown = [_shown(row) for row in reversed(rows)]
    found = tables.chosen(
        shown,
        ENTRIES,
        titles=TITLES,
        name="Entries of the audit log, newest first; choosing one shows all of it below",
        key=f"entries-{first}",
        widths={"reason": 240, "detail": 240},
    )
    if found is None:
        st.caption("Choose a row to read all of it.")
        return
    with st.container(border=True, key="entry"):
        panels.facts({TITLES.get(n) or label(n): BY_UNIT[u](found[n]) for n, u in ENTRIES.items()})


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    number = row["count"]
    return {
        **row,
        "time": datetime.fromtimestamp(row["time"] / 10**9, UTC),
        "count": None if number is None else count(number),
        "detail": _told(row["detail"]),
    }


def _told(detail: str | None) -> str | None:
    """What an entry says besides, as words; as it is where an older Limen wrote other than JSON."""
    try:
        said = json.loads(detail or "{}")
    except ValueError:
        return detail
    return _in_words(said).removeprefix("(").removesuffix(")") or None


def _in_words(said: Any) -> str:
    match said:
        case dict():
            short_first = sorted(said.items(), key=lambda one: isinstance(one[1], dict))
            told = (f"{label(name)}: {_in_words(value)}" for name, value in short_first)
            return f"({'; '.join(told)})"
        case list():
            return ", ".join(map(_in_words, said))
        case str() | int() | float():
            return str(said)
        case _:
            return UNKNOWN


AUDIT = View(
    title="Audit",
    path="audit",
    icon=":material/history:",
    show=show,
    reader=Reader.COMPLIANCE,
    role="compliance",
    empty=True,
)
