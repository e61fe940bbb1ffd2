"""The policy: what a team decided per feature, and what may be kept (`policy.toml`).

`policy_file` reads it and says what is wrong with one.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from collector.contract.attributes import (
    BY_NAME,
    CATEGORIES,
    LABEL_TRUTH,
    NAME,
    PLACEMENTS,
    PURPOSES,
    REGION,
    VERSION,
)

# What is unknown cannot be declared.
_CATEGORIES = tuple(name for name in CATEGORIES if name != "unknown")
_ROLES = ("first_party", "processor", "third_party")
_CONSENTS = ("granted", "not_required")
# What a transfer to a third country rests on: GDPR, Articles 45, 46 and 49.
_MECHANISMS = (
    "adequacy", "scc_2021_914", "scc_dpa", "bcr", "code_of_conduct", "certification",
    "public_instrument", "ad_hoc_clauses", "admin_arrangement", "derogation_consent",
    "derogation_contract", "derogation_contract_third", "derogation_public_interest",
    "derogation_legal_claims", "derogation_vital", "derogation_register",
    "derogation_compelling_li",
)  # fmt: skip
# As `--policy` names it; its version carries its digest besides.
BUILT_IN = "default"
# Days.
LONGEST = 3650
# The attributes that Limen has a form for, those of log records included.
KNOWN = (*BY_NAME, LABEL_TRUTH)

Placement = Literal[PLACEMENTS]  # type: ignore[valid-type]
Purpose = Literal[PURPOSES]  # type: ignore[valid-type]
Role = Literal[_ROLES]  # type: ignore[valid-type]
Consent = Literal[_CONSENTS]  # type: ignore[valid-type]
Mechanism = Literal[_MECHANISMS]  # type: ignore[valid-type]
Category = Literal[_CATEGORIES]  # type: ignore[valid-type]
# From a list, which TOML has instead of tuples.
Categories = Annotated[tuple[Category, ...], Field(strict=False)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Days = Annotated[int, Field(ge=1, le=LONGEST)]
Count = Annotated[int, Field(ge=1)]

Action = Literal[
    "keep", "hash", "drop", "bucket:ipv4/24", "bucket:version/major", "bucket:date/month"
]

# Major, minor, patch and one more.
_PARTS = 4

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "KiB": 2**10, "MiB": 2**20}


def _size(value: object) -> object:
    if not isinstance(value, str):
        return value
    number, _, unit = value.partition(" ")
    if unit not in _UNITS or not re.fullmatch(r"\d+(\.\d+)?", number):
        raise ValueError("it is not a size: write for example '10 MB'")
    return int(float(number) * _UNITS[unit])


def _form(pattern: str, what: str) -> AfterValidator:
    """Text that matches `pattern`, which is `what`."""

    def fits(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"it is not {what}")
        return value

    return AfterValidator(fits)


def _host(value: str) -> str:
    if _is_address(value):
        return value.lower()
    if re.search("[/:]", value):
        raise ValueError("write the host's name alone, without https://, port or path")
    if not re.fullmatch(r"[\w*]([\w*.\-]*[\w*])?", value, re.ASCII):
        raise ValueError("it is not a host's name; * stands for any characters")
    if not re.search(r"\w", value):
        raise ValueError("it would be every host: name those that are meant")
    return value.lower()


def _is_address(value: str) -> bool:
    """Whether `value` is an address, or a network, as which others than those listed are kept."""
    try:
        return bool(ip_network(value))
    except ValueError:
        return False


def _alias(value: str) -> str:
    if value in KNOWN:
        raise ValueError("Limen knows this name itself: it cannot stand for another")
    return value


Size = Annotated[int, Field(ge=0), BeforeValidator(_size)]
HostPattern = Annotated[str, AfterValidator(_host)]
FeatureName = Annotated[
    str, _form(NAME, "a name that apps can send: letters, digits and _ . - /, a letter first")
]
Release = Annotated[str, _form(VERSION, "a version as apps send it, for example 2.5.0")]
Region = Annotated[str, _form(REGION, "a region, for example eu-west-1")]
Country = Annotated[str, _form(r"[A-Z]{2}", "a country's two letters (ISO 3166), for example US")]
Owner = Annotated[str, _form(r"\S(.{0,126}\S)?", "a line of at most 128 characters")]
Owners = Annotated[tuple[Owner, ...], Field(strict=False)]
Text = Annotated[str, _form(r"(?s)\S(.{0,1998}\S)?", "a text of at most 2,000 characters")]
Version = Annotated[
    str, _form(r"[0-9A-Za-z][\w.+\-]{0,63}", "a version: letters, digits and . + _ -, at most 64")
]
Alias = Annotated[str, AfterValidator(_alias)]


class _Strict(BaseModel):
    # A number in quotes is text, and `"yes"` is not true.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Flow(_Strict):
    """A way data of a feature may leave the device. None: whichever.

    `retained` says whether the recipient may keep it longer than the request needs, `notice` which
    version of the notice was the first to name this way: consent given under an older one is stale.
    """

    host: HostPattern
    purpose: Purpose
    consent: Consent = "not_required"
    region: Region | None = None
    role: Role | None = None
    categories: Categories | None = None
    retained: bool | None = None
    notice: Release | None = None


Flows = Annotated[tuple[Flow, ...], Field(strict=False)]


class Host(_Strict):
    """Who stands behind a destination, as far as the team says. `*` stands for any characters.

    `mechanism` is what a transfer to a `country` outside the EEA rests on, `safeguards` where the
    documents about that are. `kept_days` is how long the recipient keeps what it gets.
    """

    match: HostPattern
    owner: Owner | None = None
    role: Role | None = None
    region: Region | None = None
    retained: bool | None = None
    country: Country | None = None
    mechanism: Mechanism | None = None
    safeguards: Owner | None = None
    kept_days: Days | None = None


class Controller(_Strict):
    """Who answers for the processing, as the record of it says (GDPR, Article 30(1)).

    `data_subjects` are categories of persons, `security` the measures of Article 32(1).
    """

    name: Owner | None = None
    contact: Owner | None = None
    joint_controllers: Owners = ()
    representative: Owner | None = None
    dpo: Owner | None = None
    data_subjects: Owners = ()
    security: Text | None = None


class FeatureRule(_Strict):
    """What a release is judged by; None: as the one before."""

    placement: Placement | None = None
    threshold: Probability | None = None
    categories: Categories | None = None
    log_inputs: bool | None = None
    egress: Flows | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What judges a feature from the release `since` on; None: in every older one."""

    since: str | None
    placement: str | None
    threshold: float | None
    categories: tuple[str, ...]
    log_inputs: bool
    egress: tuple[Flow, ...]

    def then(self, since: str, change: FeatureRule) -> "Rule":
        """The rule from `since` on, where a later release changes this one."""
        said = {name: getattr(change, name) for name in FeatureRule.model_fields}
        return replace(self, since=since, **{n: v for n, v in said.items() if v is not None})

    def in_full(self) -> "Rule":
        """The same, with the categories of each way out said there."""
        own = {"categories": self.categories}
        whole = [f.model_copy(update=own) if f.categories is None else f for f in self.egress]
        return replace(self, egress=tuple(whole))


class Feature(_Strict):
    """One feature's decisions; `description` is what users have it for. Sizes are bytes, thresholds
    probabilities, `offline_target` the share of requests without a network that it is to answer."""

    description: Owner | None = None
    owner: Owner | None = None
    placement: Placement | None = None
    threshold: Probability | None = None
    retention_days: Days | None = None
    input_count_cap: Count | None = None
    size_budget: Size = 10_000_000
    offline_critical: bool = False
    offline_target: Probability | None = None
    categories: Categories = ()
    log_inputs: bool = False
    egress: Flows = ()
    from_: dict[Release, FeatureRule] = Field(default_factory=dict, alias="from")

    def rules(self) -> Iterator[Rule]:
        """What judges it, oldest first, in full."""
        rule = Rule(
            since=None,
            placement=self.placement,
            threshold=self.threshold,
            categories=self.categories,
            log_inputs=self.log_inputs,
            egress=self.egress,
        )
        yield rule.in_full()
        for release in sorted(self.from_, key=release_key):
            rule = rule.then(release, self.from_[release])
            yield rule.in_full()

    def rule(self, release: str | None) -> Rule:
        """What judges `release` of the app: what it shipped under. None: what all of them agree in.

        Where they don't, placement and threshold are None, and nothing else is allowed.
        """
        rules = list(self.rules())
        if release is not None:
            key = release_key(release)
            return [r for r in rules if r.since is None or release_key(r.since) <= key][-1]
        first, *later = rules
        return Rule(
            since=None,
            placement=first.placement if len({r.placement for r in rules}) == 1 else None,
            threshold=first.threshold if len({r.threshold for r in rules}) == 1 else None,
            categories=tuple(c for c in first.categories if all(c in r.categories for r in later)),
            log_inputs=all(r.log_inputs for r in rules),
            egress=tuple(f for f in first.egress if all(f in r.egress for r in later)),
        )


def is_built_in(version: str) -> bool:
    """Whether it names the policy that holds where nobody wrote one."""
    return version == BUILT_IN or version.startswith(f"{BUILT_IN}-")


class Policy(_Strict):
    """A whole policy. An attribute that neither it nor docs/conventions.md names is not kept."""

    version: Version = BUILT_IN
    retention_days: Days = 30
    input_size_cap: Annotated[int, Field(ge=1)] = 1_000_000
    input_count_cap: Count = 20_000
    input_days: Days = 30
    aliases: dict[Alias, str] = Field(default_factory=dict)
    attributes: dict[str, Action] = Field(default_factory=dict)
    controller: Controller = Controller()
    hosts: Annotated[tuple[Host, ...], Field(strict=False)] = ()
    features: dict[FeatureName, Feature] = Field(default_factory=dict)

    @classmethod
    def built_in(cls) -> Self:
        """The policy that holds where nobody wrote one."""
        return cls(version=f"{BUILT_IN}-{cls().digest[:8]}")

    @property
    def content(self) -> str:
        """What it decides, as JSON in one form: version, layout, comments and defaults apart."""
        decided = self.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, exclude={"version"}
        )
        return json.dumps(decided, sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """SHA-256 of its content, in hexadecimal."""
        return sha256(self.content.encode()).hexdigest()


def release_key(release: str) -> str:
    """A string that sorts releases as people do: 2.10.0 after 2.9.0, 2.5 with 2.5.0.

    A pre-release (`-rc1`) sorts before its release, a build (`+12`) after it and before the next.
    """
    version, _, build = release.partition("+")
    main, dash, pre = version.partition("-")
    parts = [*main.split("."), *["0"] * _PARTS][: max(_PARTS, main.count(".") + 1)]
    end = f"-{_padded(pre)}" if dash else f"~{_padded(build)}"
    return ".".join(_padded(part) for part in parts) + end


def _padded(text: str) -> str:
    return re.sub(r"\d+", lambda number: number[0].zfill(10), text)
