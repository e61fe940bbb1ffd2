"""Named SQL, one statement or script a file, the first line saying what it does."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def queries() -> Mapping[str, str]:
    """Every query by name."""
    found = files(__name__).iterdir()
    return {f.name[:-4]: f.read_text("utf-8") for f in found if f.name.endswith(".sql")}


def query(name: str) -> str:
    """The SQL called `name`."""
    return queries()[name]
