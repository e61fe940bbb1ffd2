"""The pages: each asks its questions in one request and lays the answers out."""

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.questions import Questions
from dashboard.selection import Selection


@dataclass(frozen=True, kw_only=True)
class View:
    """A page: its name in the navigation, its address and what draws it."""

    title: str
    path: str
    icon: str
    show: Callable[[Questions, Selection], None]
