"""The record of processing activities on the page, and the transfers in it."""

from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from collector.contract.processing import LOGGED_INPUTS, Activity, Article30
from collector.contract.record_words import COLUMNS, MISSING, cells, controller, feature
from dashboard import panels, sentences, states, theme
from dashboard.formats import count
from dashboard.questions import Questions, Scope
from dashboard.selection import Selection

SHOWN = 25
# In which line what a key of the policy would say is missing, by the key's last word.
LINES: Mapping[str, str] = {
    "name": "controller (a)",
    "contact": "controller (a)",
    "dpo": "data protection officer (a)",
    "security": "security measures (g)",
    "description": COLUMNS["activity"],
    "data_subjects": COLUMNS["data_subjects"],
    "categories": COLUMNS["categories"],
    "owner": COLUMNS["recipient"],
    "role": COLUMNS["recipient"],
    "country": COLUMNS["country"],
    "mechanism": COLUMNS["mechanism"],
    "safeguards": COLUMNS["safeguards"],
    "kept_days": COLUMNS["kept"],
}
LISTS = ("data_subjects", "categories")
NUMBERS = ("kept_days",)
_OWN = ("app", "declared", "count", "first_seen", "last_seen")


def show_processing(questions: Questions, selection: Selection, scope: Scope) -> None:
    record = questions.record(scope)
    if not record.activities:
        states.no_result(questions, "processing activities")
        return
    _outcome(record)
    _files(questions, scope, {
        "CSV": ("article30", "csv", "record.csv", "text/csv"),
        "Page to print": ("article30", "html", "record.html", "text/html"),
        "fideslang": ("fides", "yaml", "systems.yml", "application/yaml"),
    })  # fmt: skip
    st.subheader("Who answers for it", anchor=False)
    _lines(controller(record), _missing(record.missing))
    subjects = _missing(key for key in record.missing if key == "controller.data_subjects")
    chosen = selection.values.get("feature")
    shown = [one for one in record.activities if not chosen or one.feature in chosen]
    st.subheader(sentences.many(len(shown), "activity", "activities"), anchor=False)
    for place, one in enumerate(shown[:SHOWN]):
        _card(place, one, subjects)
    if len(shown) > SHOWN:
        st.text(
            f"The first {SHOWN} of {count(len(shown))}; the files have all, the filters narrow."
        )
    _draft(record)


def show_transfers(questions: Questions, selection: Selection, scope: Scope) -> None:
    record = questions.record(scope)
    st.text(
        "Recipients that are not known to be within the EEA, and what each transfer rests on "
        "(GDPR, Articles 44 to 49)."
    )
    chosen = selection.values.get("feature")
    shown = [one for one in record.transfers if not chosen or one.feature in chosen]
    if not shown:
        states.notice(
            "No transfer was seen",
            ["Every recipient that was seen in this selection is known to be within the EEA."],
            theme.DEVICE,
        )
        return
    bare = [one for one in shown if one.basis != "named"]
    if bare:
        hosts = ", ".join(dict.fromkeys(str(one.recipient) for one in bare))
        states.notice(
            f"{sentences.many(len(bare), 'transfer')} whose country or basis nobody says",
            [f"Say it in [[hosts]] of the policy: {hosts}."],
            theme.UNDECLARED,
        )
    _files(questions, scope, {"CSV": ("transfers", "csv", "transfers.csv", "text/csv")})
    for place, one in enumerate(shown[:SHOWN]):
        _card(place, one, {})
    if len(shown) > SHOWN:
        st.text(f"The first {SHOWN} of {count(len(shown))}; the file has all, the filters narrow.")


def _outcome(record: Article30) -> None:
    keys = _keys(record)
    undeclared = sum(one.declared is False for one in record.activities)
    said = [f"Made under the policy {record.policy}."]
    if undeclared:
        said.append(f"{sentences.many(undeclared, 'activity', 'activities')} that nobody declared: "
                    "the findings say which and why.")  # fmt: skip
    if keys:
        states.notice(
            f"The policy leaves {sentences.many(len(keys), 'thing')} unsaid",
            [*said, "Each is marked below; the lines that say them are at the end."],
            theme.UNDECLARED,
        )
    else:
        states.notice("All that Article 30 asks for is said", said, theme.DEVICE)


def _files(
    questions: Questions, scope: Scope, files: Mapping[str, tuple[str, str, str, str]]
) -> None:
    """A button a file: its name on it, then record, form, name and media type."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for title, (kind, form, name, media) in files.items():

            def content(kind: str = kind, form: str = form) -> bytes:
                return questions.record_file(kind, form, scope)

            panels.download(title, content, name, media)
        st.caption("A download is noted in the audit log.")


def _card(place: int, one: Activity, subjects: Mapping[str, Sequence[str]]) -> None:
    stays = one.recipient is None
    marks = [*(["Not declared"] if one.declared is False else [])]
    if one.recipient == LOGGED_INPUTS:
        marks.append("Sealed in Limen")
    colour = theme.UNDECLARED if one.declared is False else theme.DEVICE if stays else theme.CLOUD
    said = {COLUMNS[name]: str(value) for name, value in cells(one).items() if name not in _OWN}
    seen = f"{count(one.count)} times" if one.count != 1 else "once"
    if one.first_seen and one.last_seen:
        seen += f", from {one.first_seen[:10]} to {one.last_seen[:10]}"
    with st.container(border=True, key=f"activity-{place}"):
        to = "stays on the device" if stays else f"to {one.recipient}"
        panels.marked(f"{feature(one)}, {to}", [one.app, *marks], colour)
        _lines({**said, "seen": seen}, {**_missing(one.missing), **subjects})


def _lines(said: Mapping[str, str], missing: Mapping[str, Sequence[str]]) -> None:
    """What is said, line by line; that something is missing is left to its mark."""
    lines = {}
    for name, value in said.items():
        told = value.replace(f" ({MISSING})", "").replace(f"{MISSING}, ", "")
        lines[name] = "" if told == MISSING else told
    panels.facts({n: told for n, told in lines.items() if told or n in missing}, missing)


def _missing(keys: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(LINES[key.rpartition(".")[2]], []).append(key)
    return found


def _keys(record: Article30) -> list[str]:
    """The keys of the policy that would say what is missing, each once."""
    own = (key for one in record.activities for key in one.missing)
    return list(dict.fromkeys((*record.missing, *own)))


def _draft(record: Article30) -> None:
    """The lines of the policy that would say what is missing."""
    tables: dict[str, list[str]] = {}
    for key in _keys(record):
        table, _, name = key.rpartition(".")
        empty = '["…"]' if name in LISTS else "…" if name in NUMBERS else '"…"'
        tables.setdefault(table, []).append(f"{name} = {empty}")
    if not tables:
        return
    st.subheader("To be said in the policy", anchor=False)
    st.text("Nobody can see these from here. Add each line to its table, where there is one.")
    lines = []
    for table, keys in tables.items():
        kind, _, name = table.partition(".")
        head = f'[[hosts]]\nmatch = "{name}"' if kind == "hosts" else f"[{table}]"
        lines.append("\n".join([head, *keys]))
    st.code("\n\n".join(lines), language="toml")
