"""Rows as a file that is noted in the audit log: made by the collector, every one of them."""

import shlex

import streamlit as st

from collector.contract.records import Query
from dashboard import panels
from dashboard.questions import Questions

MOST_ROWS = 200_000
"""Of a file that goes through the memory of this page."""


def audited(questions: Questions, asked: Query, name: str, rows: int) -> None:
    """Offers all of the about `rows` rows of `asked`, whichever page it is of, as the file `name`.

    Of more than the page can hold, the command that takes them.
    """
    if rows <= MOST_ROWS:
        panels.download("Download as CSV", lambda: questions.metric_csv(asked), name, "text/csv")
        return
    with st.popover("Download as CSV", icon=":material/download:"):
        st.text("Too large for this page. This command takes all of it; the token is read from "
                "LIMEN_TOKEN.")  # fmt: skip
        st.code(command(asked, name), language="bash", wrap_lines=True)


def command(asked: Query, name: str) -> str:
    """The command that writes all of `asked` to the file `name`."""
    words = ["limen", "metric", asked.metric]
    for flag, value in (("--from", asked.since), ("--to", asked.until), ("--order", asked.order)):
        words += [f"{flag}={value}"] if value else []
    words += [f"--where={key}={value}" for key, found in asked.where.items() for value in found]
    return shlex.join([*words, f"--out={name}"])
