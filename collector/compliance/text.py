"""The same as `page`, as text for a terminal or a mail: no line is longer than it is wide."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from collector.compliance.page import Section

WIDTH = 100
_GAP = 2
# Columns give way down to this; a table of so many that even this is too wide is none of ours.
_LEAST = 8


def as_text(title: str, facts: Iterable[str], sections: Iterable[Section]) -> str:
    """Facts as a list, then each section under its title."""
    lines = [title, "=" * len(title), ""]
    for fact in facts:
        lines += _wrapped(fact, WIDTH, "- ", "  ")
    for section in sections:
        lines += ["", section.title, "-" * len(section.title), *_wrapped(section.about, WIDTH)]
        lines += ["", *_table(section)]
    return "\n".join(lines) + "\n"


def _table(section: Section) -> Iterator[str]:
    if not section.rows:
        yield "(nothing)"
        return
    columns = section.columns[section.by :]
    indent = _GAP if section.by else 0
    table = [columns, *(row[section.by :] for row in section.rows)]
    widths = _widths(table, WIDTH - indent)
    if len(columns) > 1:
        yield from _row(columns, widths, indent)
    for number, (common, rows) in enumerate(section.groups()):
        if common:
            yield from [""] if number or len(columns) > 1 else []
            yield from _wrapped(common, WIDTH, then=" " * _GAP)
        for row in rows:
            yield from _row(row, widths, indent)


def _widths(table: Sequence[tuple[str, ...]], room: int) -> list[int]:
    """How wide each column is: as its cells, but for the widest, which give way to fit `room`."""
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    while sum(widths) + _GAP * (len(widths) - 1) > room and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], indent: int) -> Iterator[str]:
    """A row, over several lines where a cell is wider than its column."""
    parts = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for at in range(max(1, *map(len, parts))):
        line = (
            (part[at] if at < len(part) else "").ljust(width)
            for part, width in zip(parts, widths, strict=True)
        )
        yield " " * indent + (" " * _GAP).join(line).rstrip()


def _wrapped(text: str, width: int, first: str = "", then: str = "") -> list[str]:
    """Its lines, `first` before the first and `then` before the others."""
    # A name with a hyphen is one name.
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=then, break_on_hyphens=False
    )
