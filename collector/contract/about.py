"""What this Limen is."""

from functools import cache
from importlib.metadata import version


@cache
def limen_version() -> str:
    """As it is installed: read once, for each reading goes through all of its description."""
    return version("limen")
