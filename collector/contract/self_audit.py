"""What Limen says of itself: its own ways out, what its door looks at, and how long it keeps."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class WayOut(_Record):
    """A way by which `what` can leave Limen; `setting` switches it.

    `to` is where to, without what may be a secret in an address; None: it is off.
    """

    setting: str
    what: str
    to: str | None


class Part(_Record):
    """A part of what arrives, and to how many of its values each action was done."""

    part: str
    actions: Mapping[str, int]


class Promise(_Record):
    """For how many `days` the policy keeps `what`, of one feature or None for all of it.

    `oldest` is when the oldest that there is was received, None: there is none. `kept` is whether
    it is no older than it may be, the day of the run that deletes it included.
    """

    what: str
    feature: str | None
    days: int
    oldest: str | None
    kept: bool


class SelfAudit(_Record):
    """`parts` are of the period from `since` to `until`, all else is as of now; times are RFC 3339.

    `deleted` and `compacted` are when retention last deleted something, and when the file was last
    rewritten without it. Of so many `unfinished_erasures` bytes are still in the file.
    """

    since: str
    until: str
    ways_out: tuple[WayOut, ...]
    parts: tuple[Part, ...]
    promises: tuple[Promise, ...]
    deleted: str | None
    compacted: str | None
    unfinished_erasures: int
