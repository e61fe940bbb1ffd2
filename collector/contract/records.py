"""Records that cross the query API, frozen; one way in from JSON each."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from collector.contract.certificate import Certificate

Source = Literal["inputs", "spans"]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class Query(_Record):
    """One metric question. `since` and `until` are RFC 3339 or relative (`-7d`), None: default.

    `where` maps a dimension to the values it may have.
    """

    metric: str
    since: str | None = Field(default=None, alias="from")
    until: str | None = Field(default=None, alias="to")
    by: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = Field(default={}, repr=False)
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
    random.
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


class FoundPseudonym(_Record):
    """What is stored under one pseudonym of an installation, in rows; `exports` are requests that
    its SDK made. Times are None where nothing is."""

    key_id: int
    installation: str
    spans: int = 0
    inputs: int = 0
    exports: int = 0
    first_received: str | None = None
    last_received: str | None = None


class Lookup(_Record):
    """An installation under every key that there is, the oldest first."""

    pseudonyms: tuple[FoundPseudonym, ...]


class Erased(_Record):
    """The receipt of an erasure: what was deleted where, and since when. Not whose.

    Since `unreachable` no question finds it; since `bytes_gone` no byte of it is left in the home
    folder, which is due with the compaction of `bytes_gone_due` (None: only when one is asked for).
    `deleted` are rows by table. Out of reach are `backups`, by when they were made, and the
    `forwarded_spans` that are known to have been passed on, at the address of now; and whatever was
    received before `attributable_since` (None: ever), because the keys of its pseudonyms are
    destroyed and nobody can tell whose it was (Art. 11 GDPR).
    """

    receipt: str
    unreachable: str
    bytes_gone: str | None
    bytes_gone_due: str | None
    deleted: Mapping[str, int]
    traces: int
    keys_destroyed: int
    forwarded_spans: int
    forwarded_to: str | None
    backups: tuple[str, ...]
    attributable_since: str | None = None


class AccessReport(_Record):
    """Everything that is held about one installation, as rows, the oldest first.

    Telemetry is kept `retention_days`, inputs at most `input_days`, by the policy of that version.
    `spans` are all there are, and the whole of it; `requests` and `departures` are made of them.
    `scores` are what replays said of its inputs, by their numbers; `exports` are the requests that
    its SDK made; `consents` its history of consent. The `content` of an input is base64, where it
    was asked for.
    """

    policy: str
    retention_days: int
    input_days: int
    requests: Sequence[Mapping[str, Any]] = Field(repr=False)
    departures: Sequence[Mapping[str, Any]] = Field(repr=False)
    consents: Sequence[Mapping[str, Any]] = Field(repr=False)
    inputs: Sequence[Mapping[str, Any]] = Field(repr=False)
    scores: Sequence[Mapping[str, Any]] = Field(repr=False)
    exports: Sequence[Mapping[str, Any]] = Field(repr=False)
    spans: Sequence[Mapping[str, Any]] = Field(repr=False)


class SuggestedAttribute(_Record):
    """What a policy could do with an attribute that nobody names; `action` None: leave it out.

    `types` are those of its values, `distinct_values` an estimate that ends at 245.
    """

    key: str
    action: str | None
    reason: str
    places: tuple[str, ...]
    types: tuple[str, ...]
    occurrences: int
    distinct_values: int


class SuggestedFlow(_Record):
    """A way out that is not declared: `hosts` would declare it, unless there is a `problem`.

    `later` has the same by release, for those since which the feature has ways out of their own.
    `destination` is as it is stored. Of the `transfers`, `refused` left without consent; `unsaid`
    is what apps did not say of some of the others.
    """

    destination: str
    hosts: tuple[str, ...]
    later: dict[str, tuple[str, ...]]
    purpose: str
    consent: str
    categories: tuple[str, ...]
    regions: tuple[str, ...]
    legs: tuple[str, ...]
    transfers: int
    refused: int
    unsaid: tuple[str, ...]
    problem: str | None


class SuggestedFeature(_Record):
    """A feature and its ways out. `named`: the policy in force has it, but not `categories`; from
    `releases` on it has others than before."""

    name: str
    named: bool
    requests: int
    installations: int
    placements: tuple[str, ...]
    categories: tuple[str, ...]
    releases: tuple[str, ...]
    flows: tuple[SuggestedFlow, ...]


class SuggestedHost(_Record):
    """A destination of which the policy in force says nothing; `region` None: unknown, or several.

    `match` is as in the policy.
    """

    match: str
    region: str | None


class Suggestion(_Record):
    """What the policy in force could say besides, from what was seen from `since` to `until`.

    `first`: there is no policy file yet. `hidden` values had keys that cannot be shown. `toml` is
    all of it as the draft of a policy, or of what to add to it.
    """

    policy: str
    first: bool
    since: str
    until: str
    attributes: tuple[SuggestedAttribute, ...]
    hidden: int
    features: tuple[SuggestedFeature, ...]
    hosts: tuple[SuggestedHost, ...]
    toml: str = ""
