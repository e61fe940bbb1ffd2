"""The pages: each asks its questions in one request and lays the answers out."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from dashboard.questions import Questions
from dashboard.selection import Selection


class Reader(StrEnum):
    """Whom a page is for: the groups of the navigation, in their order."""

    LEAD = "Engineering lead"
    COMPLIANCE = "Compliance"
    ONCALL = "On call"
    EVERYBODY = "Everybody"


@dataclass(frozen=True, kw_only=True)
class View:
    """A page: its name in the navigation, its address, for whom it is and what draws it.

    `role` is that of a token which may see all of it; `empty`: it has something to show before any
    telemetry has arrived; `also`: another address that opens it.
    """

    title: str
    path: str
    icon: str
    show: Callable[[Questions, Selection], None]
    reader: Reader
    role: str = "lead"
    empty: bool = False
    also: str | None = None

    def allows(self, role: str) -> bool:
        """Whether a token of this role may see the page."""
        return self.role in ("lead", role) or role == "admin"
