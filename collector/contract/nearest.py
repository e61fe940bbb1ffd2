"""What was probably meant by a misspelt name."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """A question for the one of `known` that is nearest to `name`, else `otherwise`."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else otherwise


def one_of(name: str, known: Sequence[str]) -> str:
    """The same, and all that there are."""
    meant = nearest(name, known, "")
    return f"{meant} There are {', '.join(known)}" if meant else f"there are {', '.join(known)}"
