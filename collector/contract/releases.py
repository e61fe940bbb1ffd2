"""Two releases compared: what changed, how surely, and why. Records of the query API, frozen."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

RateName = Literal["fallback_rate", "offline_coverage", "error_rate"]
Finding = Literal["worse", "better", "same", "open", "too few"]

# What sums of fractions leave over where nothing changed.
_NOTHING = 1e-9


def points(change: float | None) -> str:
    """A change of a rate in percentage points, with its sign, which a smaller one keeps too."""
    if change is None:
        return "unknown"
    shown = round(100 * change, 1)
    small = not shown and abs(change) > _NOTHING
    return f"{100 * change:+.2f}" if small else f"{shown + 0.0:+.1f}"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=(), extra="forbid")


class Side(_Record):
    """A rate of one release: `events` of `requests`, by `installations`. None: no request."""

    requests: int
    events: int
    installations: int
    rate: float | None


class RateChange(_Record):
    """How a rate differs, `after` less `before`, with the interval that holds however often it is
    looked at; None: unknown.

    `finding`: `same` is within ±`least`, the change that matters; `open` may be either; `too few`
    is no statement, for want of what `missing` says. From `installations_needed` on, of both
    releases together and in their shares of now, the interval is no wider than ±`least`.
    """

    name: RateName
    before: Side
    after: Side
    change: float | None
    low: float | None
    high: float | None
    finding: Finding
    missing: str | None
    least: float
    installations: int
    installations_needed: int | None


class Part(_Record):
    """What one factor adds to the change. `kind` is `mix` (who asks, and for what), `behaviour`
    (what the release does with it) or `unmatched` (what only one of them has). `unsure` says what
    keeps it from being told apart."""

    factor: str
    kind: Literal["mix", "behaviour", "unmatched"]
    change: float
    unsure: str | None = None


class Where(_Record):
    """Where most of the change of behaviour happens: `share` of it, in `requests` (a share)."""

    dimension: str
    value: str
    share: float
    requests: float


class Split(_Record):
    """Why the fallback rate moved: `parts` add up to `change`.

    `matched_before` and `matched_after` are the shares of each release's requests of kinds that
    both have.
    """

    change: float
    parts: tuple[Part, ...]
    where: tuple[Where, ...]
    matched_before: float
    matched_after: float


class ModelChange(_Record):
    """The model that most requests of a feature ran, before and after; None: none or unknown."""

    feature: str
    before: str | None
    after: str | None


class Comparison(_Record):
    """`release` held against `against`, in words as `clauses`, what is certain first.

    `split` is None where one of them attempted nothing. `weight`: how many installations one stands
    for, where there are so many that a sample of them was asked; else 1.
    """

    release: str
    against: str
    clauses: tuple[str, ...]
    rates: tuple[RateChange, ...]
    split: Split | None
    models: tuple[ModelChange, ...]
    weight: float

    @property
    def sentence(self) -> str:
        return f"{self.release} against {self.against}: {'; '.join(self.clauses)}."

    @property
    def sample(self) -> str | None:
        """What is estimated from a sample, in words; None where nothing is."""
        if self.weight == 1:
            return None
        return (
            f"Estimated from one in {self.weight:.0f} installations: how sure a change is, how "
            "many installations there are, and which part of it is that of device models and of "
            "the threshold. Rates and changes are of all."
        )
