"""What a team declared of its app, whichever form it was written in."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["apple", "play", "report", "fides"]
KINDS: dict[Kind, str] = {
    "apple": "Apple privacy manifest",
    "play": "Google Play Data safety",
    "report": "Apple App Privacy Report",
    "fides": "fideslang system",
}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(_Record):
    """What is wrong in a declaration itself: a finding's `code`, where it stands, what it is."""

    code: str
    where: str
    what: str


class Rows(_Record):
    """Every row of a file, once: it says something, was left open, or is none that is known."""

    answered: int
    unanswered: int
    unknown: int

    @property
    def total(self) -> int:
        return self.answered + self.unanswered + self.unknown


class DeclaredType(_Record):
    """One type of data, in the words of its store; `categories` are ours. None: it does not say.

    `ephemeral`: kept in memory only, and no longer than the request needs. `optional`: users may
    choose. `tracking` and `linked` (to the user) are Apple's.
    """

    type: str
    categories: tuple[str, ...]
    collected: bool
    shared: bool = False
    ephemeral: bool | None = None
    optional: bool | None = None
    linked: bool | None = None
    tracking: bool | None = None
    purposes: tuple[str, ...] = ()
    sharing_purposes: tuple[str, ...] = ()


class SeenHost(_Record):
    """A host that a phone's own system saw an app contact. Times are RFC 3339."""

    host: str
    hits: int
    first_seen: str
    last_seen: str


class Declaration(_Record):
    """One file. `collects`, `encrypted` (on the way) and `tracking` are None where it does not say.

    A report declares nothing: it has the `hosts` that the system saw.
    """

    kind: Kind
    name: str
    rows: Rows
    types: tuple[DeclaredType, ...] = ()
    collects: bool | None = None
    encrypted: bool | None = None
    tracking: bool | None = None
    tracking_domains: tuple[str, ...] = ()
    hosts: tuple[SeenHost, ...] = ()
    problems: tuple[Problem, ...] = ()


class KeptDeclaration(_Record):
    """A declaration as it is kept. `release` None: it holds for every release of `app`.

    `digest` is the SHA-256 of the file; `token` the id of the one it came with.
    """

    id: str
    app: str
    release: str | None
    added: str
    digest: str
    token: str | None
    declaration: Declaration = Field(repr=False)
