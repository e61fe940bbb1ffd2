"""A question of a page as a command line; the token stays in the reader's environment."""

import shlex
from collections.abc import Mapping

import streamlit as st

from collector.contract.records import Query

_TOKEN = '"Authorization: Bearer $LIMEN_TOKEN"'


def curl(api: str, path: str, parameters: Mapping[str, tuple[str, ...]]) -> str:
    """The command that asks `path` with the parameters of the query string."""
    words = [f"curl -sS -G {shlex.quote(api + path)} -H {_TOKEN}"]
    for name, values in parameters.items():
        words += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for value in values]
    return " \\\n  ".join(words)


def of_metric(api: str, asked: Query) -> str:
    """The command that asks a metric as the page did."""

    def conditions(found: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        return tuple(f"{name}={value}" for name, values in found.items() for value in values)

    parameters = {
        "from": (asked.since,) if asked.since else (),
        "where": conditions(asked.where),
        "selected": conditions(asked.selected),
    }
    return curl(api, f"/api/metrics/{asked.metric}", parameters)


def button(command: str) -> None:
    """The command behind a button; the box it opens copies it."""
    with st.popover("As curl", icon=":material/terminal:", type="tertiary"):
        st.text("Asks the collector the same. The token is read from LIMEN_TOKEN.")
        st.code(command, language="bash", wrap_lines=True)
