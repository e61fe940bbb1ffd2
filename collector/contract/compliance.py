"""What a comparison of declared and observed finds, and what people say to that."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from collector.contract.findings import CONTENT, DISAGREE, HARDWARE_ID, SECRET, SIGNATURE
from collector.contract.findings import UNKNOWN_VALUE as UNKNOWN_VALUE

# As in SARIF: an error fails a check, a warning is for a person to judge, a note is no fault.
Level = Literal["error", "warning", "note"]
Word = Literal["accepted_risk", "false_positive", "open"]
WORDS: Mapping[Word, str] = MappingProxyType(
    {
        "accepted_risk": "it is so, and accepted",
        "false_positive": "it is not so",
        "open": "what was said before no longer stands",
    }
)

# Each finding's code, and what it says of what was seen; by how much it matters. First what nobody
# meant to happen, of which the rest mostly follows; then what users refused; what telemetry held;
# what was said otherwise, by how far that reaches; last what is about the record itself.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "UNDECLARED_HOST": "data left to a host that is not declared",
        "ON_DEVICE_CLAIM_CONTRADICTED": "a feature that runs on the device asked a cloud",
        "TRACKING_DOMAIN_WITHOUT_CONSENT": "data left to a domain that tracks, without consent",
        "CONSENT_WITHDRAWN": "data left after consent was withdrawn",
        "CONSENT_MISSING": "data left without the consent that it needs",
        "OPTIONAL_CLAIM_CONTRADICTED": "what users may choose left although they chose otherwise",
        SECRET: "telemetry held a password, a token or a key",
        CONTENT: "telemetry held a prompt, an answer, a query or a body",
        HARDWARE_ID: "telemetry held an identifier of hardware or an advertising id",
        SIGNATURE: "telemetry held a URL that lets anyone in",
        "UNDECLARED_SHARING": "data left to somebody who is not declared in that role",
        "UNDECLARED_CATEGORY": "data of a category that is not declared left",
        "PRECISION_EXCEEDS_DECLARED": "a precise location left where a coarse one is declared",
        "UNDECLARED_PURPOSE": "data left for a purpose that is not declared",
        "ENCRYPTION_CLAIM_CONTRADICTED": "data left unencrypted",
        "EPHEMERAL_CLAIM_CONTRADICTED": "what was said not to be kept is kept",
        "UNDECLARED_REGION": "data left to another region than is declared",
        "TRANSFER_WITHOUT_MECHANISM": "data left for a third country, on no basis that is named",
        "CONSENT_STALE_NOTICE": "consent was given under a notice that did not name this yet",
        "RETENTION_EXCEEDED": "telemetry is kept longer than was said",
        UNKNOWN_VALUE: "a declaration names what does not exist, and so declares nothing",
        DISAGREE: "declarations contradict each other, or themselves",
        "BYTES_DISAGREE": "another number of bytes arrived than left",
        "DECLARED_NOT_OBSERVED": "what is declared was not seen",
    }
)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Judgement(_Record):
    """What somebody says of a finding. `until` as in Query, None: for good."""

    word: Word
    who: Line
    why: Line
    until: str | None = None


class Verdict(Judgement):
    """A judgement as it is kept, `token` the id of the one it came with; times are RFC 3339.

    `holds`: it is not over yet.
    """

    at: str
    token: str | None
    holds: bool


class Finding(_Record):
    """`subject` is what it is about, `source` what it was held against (policy, apple, play,
    report, door), `rule` says why it is one. `count` is transfers, of the door values; with bytes,
    when it was seen, and traces that show it.
    """

    id: str
    code: str
    level: Level
    app: str | None
    release: str | None
    feature: str | None
    subject: str
    source: str
    rule: str
    count: int
    bytes: int | None
    first_seen: str | None
    last_seen: str | None
    traces: tuple[str, ...]
    verdict: Verdict | None

    @property
    def stands(self) -> bool:
        """Whether nobody judged it, or what was said is over."""
        return self.verdict is None or not self.verdict.holds


class Coverage(_Record):
    """How much was seen of a release: absence in it is no proof.

    `completeness` is requests that arrived of those that were numbered, None: unknown. Of the
    departures, how many were declared, were not, or cannot be told; of how many consent and
    category are unknown. Installations and sessions are exact, or `estimated` from a sample of
    installations: then `_low` and `_high` are the ends of their 95 % intervals. Days are of UTC.
    """

    app: str
    release: str
    features: Mapping[str, int]
    estimated: bool
    installations: int
    installations_low: int
    installations_high: int
    sessions: int
    sessions_low: int
    sessions_high: int
    requests: int
    completeness: float | None
    departures: int
    declared: int
    undeclared: int
    undecided: int
    unknown_consent: int
    unknown_category: int
    first_day: str
    last_day: str

    @property
    def installations_in_words(self) -> str:
        """How many, and how sure that is."""
        return _in_words(self.installations, self.installations_low, self.installations_high)

    @property
    def sessions_in_words(self) -> str:
        """The same."""
        return _in_words(self.sessions, self.sessions_low, self.sessions_high)


class Check(_Record):
    """Declared held against observed. `passed`: no error stands.

    `releases_known` are those ever seen or named by the policy; `coverage` has those of the
    period. `declarations` are the names of the files it was held against, beside the policy.
    """

    policy: str
    since: str
    until: str
    passed: bool
    declarations: tuple[str, ...]
    releases_known: int
    coverage: Sequence[Coverage]
    findings: Sequence[Finding] = Field(repr=False)


def _in_words(n: int, low: int, high: int) -> str:
    return f"{n:,}" if low == high else f"about {n:,} ({low:,} to {high:,})"
