"""A page by itself, to be sent or printed: facts, then tables, each with what it says."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24}h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .3rem}"
    "p{max-width:44rem;margin:.3rem 0 .8rem}table{border-collapse:collapse;width:100%;"
    "font-size:.85rem}th,td{text-align:left;padding:.3rem .6rem .3rem 0;vertical-align:top;"
    "border-bottom:1px solid #d8dde3}th{color:#57606a;font-weight:600}"
    "td:last-child{overflow-wrap:anywhere}td:first-child{white-space:nowrap}"
    "tr{break-inside:avoid}th.of{padding-top:.8rem;color:inherit;font-weight:600}"
)


@dataclass(frozen=True, slots=True)
class Section:
    """A table with what it says. Rows that are alike in the first `by` columns stand together."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    by: int = 0

    def groups(self) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
        """What rows have in common, in the order of the first of each, and the rest of them."""
        found: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for row in self.rows:
            found.setdefault(row[: self.by], []).append(row[self.by :])
        return ((" · ".join(filter(None, common)), rows) for common, rows in found.items())


def as_page(title: str, facts: Iterable[str], sections: Iterable[Section]) -> str:
    """HTML that loads nothing."""
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><ul>",
        *(f"<li>{escape(fact)}</li>" for fact in facts),
        "</ul>",
    ]
    for section in sections:
        parts.append(f"<h2>{escape(section.title)}</h2><p>{escape(section.about)}</p>")
        if not section.rows:
            parts.append("<p>Nothing.</p>")
            continue
        columns = section.columns[section.by :]
        parts.append(f"<table><thead>{_row(columns, 'th')}</thead><tbody>")
        for common, rows in section.groups():
            if common:
                parts.append(f'<tr><th class="of" colspan="{len(columns)}">{escape(common)}</th>')
            parts += [_row(row, "td") for row in rows]
        parts.append("</tbody></table>")
    return "\n".join(parts) + "\n</html>\n"


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
