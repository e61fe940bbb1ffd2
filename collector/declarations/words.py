"""Words of a file in a sentence of ours."""

_CHARACTERS = 80


def shown(text: str) -> str:
    """`text` on one line, cut where it is long."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= _CHARACTERS else line[:_CHARACTERS] + "…"
