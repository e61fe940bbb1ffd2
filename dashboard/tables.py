"""Rows as a table: values shown by their unit, sorted by what they are, never read as HTML."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from collector.contract.records import Answer
from dashboard.formats import BY_UNIT, UNKNOWN, interval, label

_WORDS = ("text", "optional", "set", "flag", "time")


def units(answer: Answer) -> dict[str, str]:
    return {column.name: column.unit for column in answer.columns}


def with_interval(
    rows: Sequence[Mapping[str, Any]], name: str, low: str, high: str
) -> list[dict[str, Any]]:
    """`rows` with the bounds `low` and `high` as one text column `name`."""
    return [{**row, name: interval(row[low], row[high])} for row in rows]


def show(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    titles: Mapping[str, str] | None = None,
    name: str,
) -> None:
    """`columns` (name → unit) of `rows`; `name` says what it is to a screen reader."""
    st.dataframe(styled(rows, columns, titles), hide_index=True, alt=name, placeholder=UNKNOWN)


def show_answer(answer: Answer, name: str) -> None:
    """All of an answer, what the rows are about before their numbers."""
    found = units(answer)
    columns = dict(sorted(found.items(), key=lambda item: item[1] not in _WORDS))
    show(answer.records(), columns, name=name)


def styled(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    titles: Mapping[str, str] | None = None,
) -> Any:
    """A pandas Styler: the values as they are, the text by their units."""
    heads = {column: (titles or {}).get(column) or label(column) for column in columns}
    frame = pd.DataFrame(
        {
            heads[column]: [row[column] for row in rows]
            if unit not in _WORDS
            else [BY_UNIT[unit](row[column]) for row in rows]
            for column, unit in columns.items()
        }
    )
    formats = {
        heads[column]: BY_UNIT[unit] for column, unit in columns.items() if unit not in _WORDS
    }
    return frame.style.format(formats, na_rep=UNKNOWN)
