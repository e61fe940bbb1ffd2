"""Every attribute Limen keeps, once: its name on the wire, its column, the form a value must have.

An attribute that is neither here nor named by the policy is not stored. A value that does not fit
its form is dropped and counted. Numbers, members of a list, times and digests cannot hold anything
else; a label or a name can, so what fits one of those is looked at by the detectors too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

TRACE_ID_BYTES = 16
SPAN_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Words:
    """A member of a closed enumeration."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A string that matches `regex` (RE2, anchored by its author) as a whole.

    One that also matches `without` somewhere is refused: RE2 has no look-ahead.
    """

    regex: str
    without: str | None = None


@dataclass(frozen=True, slots=True)
class Loose:
    """A string that matches `regex` (as in Pattern) and in which no detector finds anything."""

    regex: str


@dataclass(frozen=True, slots=True)
class Host:
    """A host: whole where the policy lists it, else the domain or network it belongs to."""


@dataclass(frozen=True, slots=True)
class Route:
    """The path of a URL, in which ids are replaced and nothing is found."""


@dataclass(frozen=True, slots=True)
class Real:
    """A finite double within [low, high]; an integer on the wire is accepted."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer within [low, high]; by default shorter than the number of a telephone."""

    low: int = 0
    high: int = 2**31


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""


@dataclass(frozen=True, slots=True)
class Reals:
    """A list of finite doubles within [low, high], or the same comma-joined."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Labels:
    """A list of strings that are each Loose(`regex`), in order, or the same comma-joined."""

    regex: str


@dataclass(frozen=True, slots=True)
class WordSet:
    """A set of members of a closed enumeration, sorted; a list or comma-joined on the wire."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """An identifier of a person or device: only its keyed hash (16 bytes) is stored."""


Form = (
    Words
    | Pattern
    | Loose
    | Host
    | Route
    | Real
    | Whole
    | Flag
    | Reals
    | Labels
    | WordSet
    | Pseudonym
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `column` is its column in `spans`; None: it is kept in the `attributes` map.

    It may stand on a span or on the resource; the span's own value wins, because some SDKs send
    the spans of several sources under the first one's resource.
    """

    name: str
    column: str | None
    form: Form


LABEL = r"^[A-Za-z0-9][A-Za-z0-9_.\-/+ ]{0,63}$"
NAME = r"^[A-Za-z][A-Za-z0-9_.\-/]{0,63}$"
VERSION = r"^[0-9A-Za-z][0-9A-Za-z.+_\-]{0,31}$"
DEVICE = r"^[A-Za-z0-9][A-Za-z0-9 ,_.()+\-]{0,63}$"
MODEL_DIGEST = r"^sha256:[0-9a-f]{64}$"
INPUT_DIGEST = r"^[0-9a-f]{8,32}$"
# Shorter than 32 digits and all of them decimal, or the digits of a text's bytes: no hash of one.
_OF_TEXT = r"(?:3[0-9]|6[1-9a-f]|7[0-9a]|40|2[bde]|5f)"
NO_DIGEST = rf"^\d{{1,31}}$|^{_OF_TEXT}{{6,16}}$"
NO_MODEL_DIGEST = rf"^sha256:\d{{64}}$|{_OF_TEXT}{{8}}"
REGION = r"^[A-Za-z]{2}[A-Za-z0-9\-]{0,30}$"
COUNTRY = r"^[A-Za-z]{2}$"
TEMPLATE = r"^/[A-Za-z0-9_\-/{}.:]{0,127}$"
# A number this long in a route is an id that was not taken out of it.
LONG_NUMBER = r"\d{5}"
TIMESTAMP = r"^20\d{2}-[01]\d-[0-3]\dT\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+\-]\d{2}:\d{2})$"
SPAN_NAME = r"^[A-Za-z_/][\w.:/{}*\-]{0,63}(?: [\w.:/{}*\-]{1,64}){0,2}$"

# Categories of personal data; how each maps to Apple, Play and Fides is in docs/privacy.md.
CATEGORIES = (
    "image", "video", "audio_voice", "text_prompt", "message", "document", "name", "email",
    "phone", "postal_address", "address_book", "calendar", "location_precise", "location_coarse",
    "health", "fitness", "payment", "credit", "financial_other", "purchase", "identifier_user",
    "identifier_device", "ip_address", "biometric", "special_category", "browsing_history",
    "search_history", "installed_apps", "usage", "ads_data", "crash", "performance",
    "diagnostics_other", "sensor_environment", "gameplay", "support", "credential",
    "government_id", "unknown",
)  # fmt: skip
PURPOSES = (
    "app_functionality", "analytics", "personalization", "first_party_advertising",
    "third_party_advertising", "developer_communications", "fraud_prevention",
    "account_management", "model_training", "other",
)  # fmt: skip
CONSENT_STATES = ("granted", "denied", "withdrawn", "not_required", "unknown")
PLACEMENTS = ("device", "hybrid", "cloud")
DECISIONS = ("accept", "fallback", "cloud", "blocked", "error")
FALLBACK_REASONS = (
    "low_confidence", "model_unavailable", "load_error", "unsupported_input", "timeout",
    "memory", "thermal", "policy", "user",
)  # fmt: skip
BLOCKED_REASONS = ("offline", "consent", "policy", "quota", "cloud_error")
NETWORKS = ("wifi", "cell", "wired", "unavailable", "unknown")

FEATURE = "limen.feature"
DECISION = "limen.decision"
OUTPUT_LABEL = "limen.output.label"
INSTALLATION = "app.installation.id"
LAUNCH = "service.instance.id"
SEQUENCE = "limen.sequence"
CONSENT_STATE = "limen.consent.state"
CONSENT_VERSION = "limen.consent.version"
PURPOSE = "limen.purpose"
INPUT_DIGEST_NAME = "limen.input.digest"
INPUT_KIND = "limen.input.kind"
LABEL_TRUTH = "limen.label"
INPUT_EVENT = "limen.input"
CONSENT_EVENT = "limen.consent"

_BYTES = Whole(0, 2**33)

# Who speaks.
RESOURCE_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("service.name", "app", Loose(LABEL)),
    Attribute("service.version", "release", Loose(VERSION)),
    Attribute("deployment.environment.name", "environment", Loose(NAME)),
    Attribute(INSTALLATION, "installation", Pseudonym()),
    Attribute(LAUNCH, "launch", Pseudonym()),
    Attribute("session.id", "session", Pseudonym()),
    Attribute("app.build_id", "build", Loose(VERSION)),
    Attribute("device.manufacturer", "device_manufacturer", Loose(DEVICE)),
    Attribute("device.model.identifier", "device_model", Loose(DEVICE)),
    Attribute("device.model.name", None, Loose(DEVICE)),
    Attribute("os.name", "os_name", Loose(NAME)),
    Attribute("os.version", "os_version", Loose(VERSION)),
    Attribute("os.type", "os_type", Loose(NAME)),
    Attribute("geo.country.iso_code", "country", Pattern(COUNTRY)),
    Attribute("telemetry.sdk.name", "sdk", Loose(NAME)),
    Attribute("telemetry.sdk.version", "sdk_version", Loose(VERSION)),
    Attribute("telemetry.sdk.language", "sdk_language", Loose(NAME)),
    Attribute("cloud.region", "cloud_region", Loose(REGION)),
)

# What a span says.
SPAN_ATTRIBUTES: tuple[Attribute, ...] = (
    # the request and its decision
    Attribute(FEATURE, "feature", Loose(NAME)),
    Attribute("limen.placement", "placement", Words(PLACEMENTS)),
    Attribute(DECISION, "decision", Words(DECISIONS)),
    Attribute("limen.fallback.reason", "fallback_reason", Words(FALLBACK_REASONS)),
    Attribute("limen.blocked.reason", "blocked_reason", Words(BLOCKED_REASONS)),
    Attribute("limen.confidence", "confidence", Real(0.0, 1.0)),
    Attribute(
        "limen.confidence.method",
        "confidence_method",
        Words(("max_softmax", "margin", "entropy", "decoder", "calibrated")),
    ),
    Attribute("limen.threshold", "threshold", Real(0.0, 1.0)),
    Attribute("limen.threshold.version", "threshold_version", Loose(VERSION)),
    Attribute(
        "limen.threshold.source", "threshold_source", Words(("bundled", "remote", "override"))
    ),
    Attribute("limen.audit.sampled", "audit_sampled", Flag()),
    Attribute("limen.audit.probability", "audit_probability", Real(0.0, 1.0)),
    Attribute("limen.model.name", "model_name", Loose(NAME)),
    Attribute("limen.model.version", "model_version", Loose(VERSION)),
    Attribute("limen.model.digest", "model_digest", Pattern(MODEL_DIGEST, without=NO_MODEL_DIGEST)),
    Attribute("limen.model.size", "model_size", _BYTES),
    Attribute("limen.runtime.name", "runtime", Loose(NAME)),
    Attribute("limen.runtime.version", "runtime_version", Loose(VERSION)),
    Attribute("limen.runtime.delegate", "delegate", Loose(NAME)),
    Attribute(INPUT_DIGEST_NAME, "input_digest", Pattern(INPUT_DIGEST, without=NO_DIGEST)),
    Attribute(INPUT_KIND, "input_kind", Loose(NAME)),
    Attribute("limen.input.size", "input_size", _BYTES),
    Attribute(OUTPUT_LABEL, "output_label", Loose(LABEL)),
    Attribute("limen.scores", "scores", Reals(0.0, 1.0)),
    Attribute("limen.scores.labels", "scores_labels", Labels(LABEL)),
    Attribute(SEQUENCE, "sequence", Whole()),
    Attribute("limen.user.correction", "user_correction", Loose(LABEL)),
    Attribute("network.connection.type", "network", Words(NETWORKS)),
    Attribute("error.type", "error_type", Loose(LABEL)),
    Attribute("feature_flag.key", None, Loose(NAME)),
    Attribute("feature_flag.result.value", None, Loose(LABEL)),
    Attribute("feature_flag.version", None, Loose(VERSION)),
    # a departure: data leaving the device
    Attribute("server.address", "server_address", Host()),
    Attribute("server.port", "server_port", Whole(0, 65535)),
    Attribute("url.template", "url_template", Route()),
    Attribute("http.response.status_code", "http_status", Whole(100, 599)),
    Attribute("http.request.size", "http_request_size", _BYTES),
    Attribute("http.request.body.size", "http_request_body_size", _BYTES),
    Attribute("http.request.resend_count", "http_resend_count", Whole(0, 10_000)),
    Attribute("limen.egress.bytes", "egress_bytes", _BYTES),
    Attribute("limen.egress.region", "egress_region", Loose(REGION)),
    Attribute("limen.egress.processor", "egress_processor", Loose(LABEL)),
    Attribute("limen.data.categories", "data_categories", WordSet(CATEGORIES)),
    Attribute(PURPOSE, "purpose", Words(PURPOSES)),
    Attribute(CONSENT_STATE, "consent_state", Words(CONSENT_STATES)),
    Attribute(CONSENT_VERSION, "consent_version", Loose(VERSION)),
    Attribute("limen.consent.changed_at", None, Pattern(TIMESTAMP)),
    Attribute("gen_ai.operation.name", "gen_ai_operation", Loose(NAME)),
    Attribute("gen_ai.provider.name", "gen_ai_provider", Loose(NAME)),
    Attribute("gen_ai.request.model", "gen_ai_model", Loose(LABEL)),
    Attribute("gen_ai.usage.input_tokens", "gen_ai_input_tokens", Whole()),
    Attribute("gen_ai.usage.output_tokens", "gen_ai_output_tokens", Whole()),
    # the receiving side
    Attribute("limen.retained", "retained", Flag()),
    Attribute("limen.trained_on", "trained_on", Flag()),
)

ATTRIBUTES = RESOURCE_ATTRIBUTES + SPAN_ATTRIBUTES

# Attributes beyond these that hold a URL or a part of one, where a policy keeps them.
URLS = frozenset(
    (
        "url.full", "url.path", "url.query", "url.original", "http.url", "http.target",
        "http.route",
    )
)  # fmt: skip

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "gen_ai.system": "gen_ai.provider.name",
        "deployment.environment": "deployment.environment.name",
    }
)

BY_NAME: Mapping[str, Attribute] = MappingProxyType({a.name: a for a in ATTRIBUTES})
