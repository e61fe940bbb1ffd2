"""Records that cross the query API, frozen; one way in from JSON each."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from collector.contract.certificate import Certificate

# Rows of one answer of a metric that has pages.
PAGE_ROWS = 500
# Several answers, a line each (jsonlines.org).
JSON_LINES = "application/jsonl"

Source = Literal["inputs", "spans"]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class Query(_Record):
    """One metric question. `since` and `until` are RFC 3339 or relative (`-7d`), None: default.

    `where` maps a dimension to the values it may have; `selected` does the same for the part that
    a metric which compares holds against the rest. `order` is the column that a metric with pages
    is sorted by, `-` before it for the largest first; `offset` rows are passed over.
    """

    metric: str
    since: str | None = Field(default=None, alias="from")
    until: str | None = Field(default=None, alias="to")
    by: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = Field(default={}, repr=False)
    selected: Mapping[str, tuple[str, ...]] = Field(default={}, repr=False)
    order: str | None = None
    offset: int = Field(default=0, ge=0, le=10**9)
    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid")


class Column(_Record):
    """A column of an answer. `unit` is one of ratio, count, bytes, ms, time, text, flag."""

    name: str
    type: str
    unit: str


class Answer(_Record):
    """What a metric answered. `completeness` is received / expected requests; None: unknown."""

    metric: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]] = Field(repr=False)
    suppressed_rows: int
    completeness: float | None

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries by column name."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


class ReplayRequest(_Record):
    """Which logged inputs go through which model. Times as in `Query`.

    Of `source` `spans` nothing goes through it: the scores are those that phones put on the spans
    of their requests, and an empty `model_digest` stands for the one that most of them tell.
    """

    feature: str
    model: str
    model_digest: str
    runtime: str
    runtime_version: str
    since: str | None = Field(default=None, alias="from")
    until: str | None = Field(default=None, alias="to")
    source: Source = "inputs"
    model_config = ConfigDict(
        frozen=True, populate_by_name=True, protected_namespaces=(), extra="forbid"
    )


class Spent(_Record):
    """Seconds of a replay by what they went to.

    `opening`: waiting for opened inputs; `preparing`: from their bytes to what the model sees;
    `inferring`: the model; `saving`: the scores of the chunks before the last.
    """

    opening: Seconds = 0.0
    preparing: Seconds = 0.0
    inferring: Seconds = 0.0
    saving: Seconds = 0.0

    @property
    def total(self) -> float:
        return self.opening + self.preparing + self.inferring + self.saving


class ReplayRun(_Record):
    """A replay run as the collector knows it.

    `chunks` are the chunk numbers that hold inputs, `done` those whose scores are saved; of
    `source` `spans` there are none, its scores are those that phones put on their spans. `inputs`
    of its `cases` are saved, in `seconds`. Of what was logged the share `sampled` is kept, drawn at
    random. `sweeps_erased` is when an erasure last deleted its sweeps, None: none did.
    """

    run: str
    feature: str
    model: str
    model_digest: str
    runtime: str
    runtime_version: str
    created: str
    since: str
    until: str
    inputs: int
    failed: int
    seconds: float
    cases: int = 0
    sampled: float = 1.0
    spent: Spent = Spent()
    chunks: tuple[int, ...]
    done: tuple[int, ...]
    source: Source = "inputs"
    sweeps_erased: str | None = None


class ComparedSegment(_Record):
    """The cases of a comparison with one value of a dimension, and how many answers change."""

    dimension: str
    value: str
    cases: int
    changed: int

    @property
    def share(self) -> float:
        return self.changed / self.cases


class ChangedAnswer(_Record):
    """An input, by its number, to which two runs answer otherwise, with facts of its request."""

    case: int
    first: str
    first_confidence: float
    second: str
    second_confidence: float
    truth: str | None
    release: str | None
    os: str | None
    device_model: str | None


class Comparison(_Record):
    """What the run `second` answers otherwise than the run `first`, over the `cases` of both.

    Of the `labelled` ones those that are `corrected` were wrong in the first alone, those that are
    `broken` in the second alone. At `threshold` so many are newly accepted and declined; None where
    none is known. `apart` is the 95th percentile of the difference in confidence.
    """

    first: str
    second: str
    cases: int
    only_first: int
    only_second: int
    changed: int
    labelled: int
    corrected: int
    broken: int
    threshold: float | None
    newly_accepted: int | None
    newly_declined: int | None
    apart: float | None
    segments: tuple[ComparedSegment, ...]
    examples: tuple[ChangedAnswer, ...]


class SweepPoint(_Record):
    """What one threshold would do. Shares are over all scored cases.

    `error_rate` is over accepted cases with a known reference, None where there is none; where
    there is no `evidence` it says nothing of a part of them. `egress` is bytes per request that
    would leave the device, `egress_change` how many more (or fewer, negative) than did, and
    `egress_per_user` bytes per installation in the period; None where no bytes are known.
    """

    threshold: float
    accepted: int
    device_share: float
    fallback_rate: float
    error_rate: float | None
    egress_change: float | None
    egress: float | None = None
    egress_per_user: float | None = None
    evidence: bool = True


class CalibrationBin(_Record):
    """Cases with a known answer whose confidence lies in (low, high]: how sure the model was of
    them on average, and the share that was right."""

    low: float
    high: float
    cases: int
    confidence: float
    accuracy: float


class Calibration(_Record):
    """A reliability diagram of all cases (`dimension` None) or of one segment.

    `ece` is the expected calibration error, 0 to 1.
    """

    dimension: str | None
    value: str | None
    cases: int
    installations: int
    ece: float
    bins: tuple[CalibrationBin, ...]


class Fidelity(_Record):
    """Of phones alike in runtime, delegate and OS, `cases` that the phone answered by the model
    replayed; in `agreed` of them host and phone gave the same label, as sure of it."""

    runtime: str
    delegate: str
    os: str
    cases: int
    agreed: int
    share: float


class Sweep(_Record):
    """Every threshold of one run against one reference, and the recommended one or why none.

    `source` is `inputs` where logged inputs were replayed, `spans` where the scores are those that
    phones put on their spans. Below `evidence_from` nothing is known of the error (None: of any).
    """

    run: str
    reference: str
    cases: int
    current: float | None
    points: tuple[SweepPoint, ...]
    recommended: SweepPoint | None
    reason: str
    source: str = "inputs"
    evidence_from: float | None = None
    calibration: tuple[Calibration, ...] = ()
    fidelity: tuple[Fidelity, ...] = ()
    certificate: Certificate | None = None


class Compacted(_Record):
    """What a compaction came to. For `paused_seconds` of its `seconds` writes waited."""

    bytes_before: int
    bytes_after: int
    spans: int
    seconds: float
    paused_seconds: float


class Upkeep(_Record):
    """What the collector does behind its doors.

    `task` is under way: retention, compaction or backup, or None; `copied_spans` of the `spans`
    that there are is how far a copy is. `reusable_bytes` of the file's are filled before it grows.
    `compacted` is the last compaction since the collector started.
    """

    task: str | None
    spans: int
    copied_spans: int | None
    file_bytes: int
    reusable_bytes: int
    compacted: Compacted | None


class PolicyInForce(_Record):
    """A policy and when it came into force, under the conventions of a release of Limen.

    `digest` is the SHA-256 of `content`, as JSON without spaces and its keys sorted. Of a policy
    from before both were kept only the version is known.
    """

    version: str
    digest: str | None
    since: str
    limen: str | None
    content: dict[str, Any] | None = Field(repr=False)


class PolicyReload(_Record):
    """The policy in force after its file was read again.

    `replaced` is the version before it; None where it was in force already.
    """

    version: str
    digest: str
    replaced: str | None
