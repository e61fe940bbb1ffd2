"""A certificate: what was tested of a model's threshold, on what, and what came of it."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, field_validator

FORMAT: Final = 1


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=(), extra="forbid")


class Limits(_Record):
    """What a threshold must keep to; None: no such limit.

    `max_error` (error among device answers), `max_cloud` (share of requests below the threshold)
    and `min_offline` (share of requests made without a network that the device answers) hold
    jointly with `confidence`; all lie within (0, 1). `max_egress` (bytes per request that may
    leave) and `max_egress_per_user` (bytes per installation in the period) are plain caps.
    """

    max_error: float = 0.05
    confidence: float = 0.95
    max_cloud: float | None = None
    min_offline: float | None = None
    max_egress: float | None = None
    max_egress_per_user: float | None = None

    @property
    def fault(self) -> str | None:
        """What is out of its range and how to mend it; None where nothing is."""
        for name in ("max_error", "confidence"):
            value = getattr(self, name)
            if not 0 < value < 1:
                return f"{name}: {value:g} is not between 0 and 1; write for example 0.05"
        for name in ("max_cloud", "min_offline"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                return (
                    f"{name}: {value:g} is no share that can be shown, between 0 and 1; write for "
                    "example 0.8"
                )
        for name in ("max_egress", "max_egress_per_user"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                return f"{name}: {value:g} is no number of bytes; write 0 or more"
        return None


class Tested(_Record):
    """One threshold of the grid. Of `sampled` installations, one request each, `accepted` reach it
    and `wrong` of these got a wrong answer; `p_value` is the largest over the joint limits."""

    threshold: float
    accepted: int
    wrong: int
    p_value: float


class Guarantee(_Record):
    """What the tests say of all requests (`dimension` None), or of one segment.

    `threshold` is the lowest that qualifies, None where none does: `reason` says why, and
    `more_installations` how many more with a known answer it takes, None where no number would
    do, or it is not for want of them. `tests` go from the highest threshold down, and the first
    `passed` of those from the `start`-th on were shown. `holds` says of a segment whether the
    threshold for everybody is shown for it too.
    """

    dimension: str | None
    value: str | None
    installations: int
    sampled: int
    tests: tuple[Tested, ...]
    start: int
    passed: int
    threshold: float | None
    reason: str
    more_installations: int | None = None
    holds: bool | None = None


class Certificate(_Record):
    """All of it, as the file holds it; times are RFC 3339.

    `evidence_from` is the lowest threshold down to which answers are known. `left_out` says of
    which phones it says nothing, judged at the threshold `in_force`: empty where of none.
    `data_digest` is the digest of all scores of the run (see `replay.digest`), `versions` are those
    of what computed it.
    """

    format: Literal[1] = FORMAT
    made: str
    expires: str
    run: str
    source: str
    feature: str
    model: str
    model_digest: str
    since: str
    until: str
    reference: Literal["label", "audit", "cloud"]
    limits: Limits
    speaks_for: str
    in_force: float | None
    left_out: str
    evidence_from: float | None
    data_digest: str
    seed: int
    held_out: float
    versions: dict[str, str]
    overall: Guarantee
    segments: tuple[Guarantee, ...]

    @field_validator("made", "expires")
    @classmethod
    def _a_time(cls, said: str) -> str:
        if datetime.fromisoformat(said).tzinfo is None:
            raise ValueError("a time has its distance from UTC")
        return said

    @field_validator("limits")
    @classmethod
    def _in_range(cls, said: Limits) -> Limits:
        if (fault := said.fault) is not None:
            raise ValueError(fault)
        return said
