"""The evidence pack: built here, and handed out with what checks it."""

import io
import json
import zipfile
from hashlib import sha256
from typing import Any

import streamlit as st

from dashboard import links, panels, sentences, theme
from dashboard.formats import count, moment, size
from dashboard.questions import Questions, Scope
from dashboard.selection import Selection

_BUILT = "evidence-pack"
_CHECK = """\
# needs neither a collector nor a network
limen evidence verify {name} --key KEY --since HEADS
# that it is the file that was built here
sha256sum {name}
"""


def show_evidence(questions: Questions, selection: Selection, scope: Scope) -> None:
    st.text(
        "One signed file that shows somebody else what left and what was found, without access to "
        "this collector: flows, findings with their verdicts, declarations, policies, the record "
        "of processing activities, and the audit log up to its own making."
    )
    if st.button("Build the pack", type="primary", icon=":material/inventory_2:"):
        said = "Declared is held against observed, the log is read, and all of it is signed"
        with st.spinner(said, show_time=True):
            st.session_state[_BUILT] = (scope, questions.evidence(scope))
    of, pack = st.session_state.get(_BUILT, (None, b""))
    if of != scope:
        st.caption("That it was built is noted in the audit log, with the digest of what is in it.")
        return
    _built(scope, pack)


def _built(scope: Scope, pack: bytes) -> None:
    facts = _facts(pack)
    name = f"limen-evidence-{scope.since[:10]}-{facts['until'][:10]}.zip"
    with st.container(border=True, key="pack"):
        stands = facts["errors_standing"]
        marks = [f"{sentences.many(stands, 'error')} standing" if stands else "No error stands"]
        panels.marked(name, marks, theme.UNDECLARED if stands else theme.DEVICE)
        panels.facts(
            {
                "SHA-256": sha256(pack).hexdigest(),
                "Size": size(len(pack)),
                "Of": f"{moment(facts['since'])} to {moment(facts['until'])}",
                "Policy": f"{facts['policy']} (SHA-256 {facts['policy_digest'][:16]}…)",
                "What left": f"{sentences.many(facts['departures'], 'departure')} in "
                f"{sentences.many(facts['flows'], 'flow')}, Limen's own telemetry among them",
                "Findings": count(facts["findings"]),
            }
        )
        panels.download("Download the pack", lambda: pack, name, "application/zip")
    st.subheader("How whoever gets it checks it", anchor=False)
    st.code(_CHECK.format(name=name), language="bash", wrap_lines=True)
    st.text(
        "KEY is the public key of the audit log, HEADS are signed heads of it that were kept "
        "elsewhere before the pack was built: send both by another way than the pack. README.txt "
        "in it says how to check it with other tools, and what it cannot prove."
    )
    links.link("audit", "The key and the head of now")


def _facts(pack: bytes) -> dict[str, Any]:
    """What the pack says of itself."""
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        found: dict[str, Any] = json.loads(archive.read("manifest.json"))["predicate"]["facts"]
    return found
