"""Words of a file in a sentence of ours."""

from collections.abc import Sequence

from collector.contract.declarations import Problem
from collector.contract.errors import BadInput

_CHARACTERS = 80
# The forms of stores have fewer rows; each costs a search for what was meant.
_MOST_PROBLEMS = 1_000


def shown(text: str) -> str:
    """`text` on one line, cut where it is long."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= _CHARACTERS else line[:_CHARACTERS] + "…"


def refuse_many(name: str, problems: Sequence[Problem]) -> None:
    """Raises BadInput where more is wrong than in any declaration."""
    if len(problems) > _MOST_PROBLEMS:
        raise BadInput(
            f"{name}: more than {_MOST_PROBLEMS:,} things are wrong in it up to "
            f"{problems[-1].where}: is it the file you meant?"
        )
