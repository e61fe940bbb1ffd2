"""Rows as a table: values shown by their unit, sorted by what they are, never read as HTML."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from collector.contract.records import Answer
from collector.contract.spreadsheets import harmless
from dashboard.formats import BY_UNIT, UNKNOWN, count, interval, label

_IN_FILES: Mapping[str, str] = {"ms": "ms", "lapse": "ms", "bytes": "bytes"}
"""What a number is in that is no share and no count: a page says it beside each."""
_HEIGHT, _ROW, _BORDERS = 400, 35, 3
"""Of a table in pixels: at most, unless it is told another, of a row or its head, and around."""
_STOOD = "rows-that-stood"
_WORDS = ("text", "optional", "set", "flag", "time", "day")


def units(answer: Answer) -> dict[str, str]:
    return {
        column.name: "day" if column.name == "day" else column.unit for column in answer.columns
    }


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
    _on_paper(len(rows), _HEIGHT)


def chosen(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    titles: Mapping[str, str] | None = None,
    name: str,
    key: str,
    height: int = _HEIGHT,
    widths: Mapping[str, int] | None = None,
) -> Mapping[str, Any] | None:
    """`show`, at most `height` pixels high, some columns of these `widths`; the one of `rows` that
    the reader chose, wherever it stands by now. One table of this kind a page."""
    state = st.session_state
    drawn, before, was = state.get(_STOOD, (key, rows, None))
    if drawn != key:
        before, was = rows, None
    # The reader chose a place among the rows on the screen: those asked for since stand elsewhere.
    at = next(iter(state[key]["selection"]["rows"]), None) if key in state else None
    picked = before[at] if at is not None and at < len(before) else None
    now = rows.index(picked) if picked in rows else None
    if now != at:
        state[key] = {"selection": {"rows": [] if now is None else [now]}}
    st.dataframe(
        styled(rows, columns, titles),
        hide_index=True,
        height=min(height, _BORDERS + _ROW * (1 + len(rows))),
        column_config={
            (titles or {}).get(column) or label(column): st.column_config.Column(width=width)
            for column, width in (widths or {}).items()
        },
        on_select="rerun",
        selection_mode="single-row",
        key=key,
        placeholder=UNKNOWN,
        alt=name,
    )
    _on_paper(len(rows), height)
    state[_STOOD] = (key, rows, now)
    # One that is gone was chosen just now, or filters have left it out.
    return picked if now is not None or at != was else None


def _on_paper(rows: int, height: int) -> None:
    """Says it on paper, where nothing is scrolled, if a table of that `height` has more rows."""
    if rows > (height - _BORDERS) // _ROW - 1:
        st.html(
            f'<p class="limen-paper">Paper has those of the {count(rows)} rows that stood on the '
            "screen. All are on the page, and in the CSV where it offers one.</p>"
        )


def ordered(answer: Answer) -> dict[str, str]:
    """The columns of an answer with their units, what the rows are about before their numbers."""
    return dict(sorted(units(answer).items(), key=lambda item: item[1] not in _WORDS))


def csv(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    titles: Mapping[str, str] | None = None,
) -> str:
    """What `show` shows, numbers with all their digits and their unit above, for spreadsheets."""
    heads = _heads(columns, titles)
    with_unit = {
        column: f"{heads[column]} ({_IN_FILES[unit]})"
        for column, unit in columns.items()
        if unit in _IN_FILES and not heads[column].lower().endswith((")", _IN_FILES[unit]))
    }
    frame: pd.DataFrame = styled(rows, columns, {**heads, **with_unit}).data
    return str(frame.to_csv(index=False, na_rep=UNKNOWN, lineterminator="\r\n"))


def styled(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    titles: Mapping[str, str] | None = None,
) -> Any:
    """A pandas Styler: the values as they are, the text by their units.

    `csv` takes the values: text has an apostrophe there where a spreadsheet would run it, and where
    it began with one, so that what is shown is the text itself.
    """
    heads = _heads(columns, titles)
    frame = pd.DataFrame(
        {
            heads[column]: [row[column] for row in rows]
            if unit not in _WORDS
            else [_kept(BY_UNIT[unit](row[column])) for row in rows]
            for column, unit in columns.items()
        }
    )
    formats = {
        heads[column]: BY_UNIT[unit] if unit not in _WORDS else _shown
        for column, unit in columns.items()
    }
    return frame.style.format(formats, na_rep=UNKNOWN)


def _heads(columns: Iterable[str], titles: Mapping[str, str] | None) -> dict[str, str]:
    return {column: (titles or {}).get(column) or label(column) for column in columns}


def _kept(text: str) -> str:
    return f"'{text}" if text.startswith("'") else harmless(text)


def _shown(text: str) -> str:
    return text.removeprefix("'")
