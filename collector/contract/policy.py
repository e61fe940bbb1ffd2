"""The policy: what a team decided per feature, and what may be kept (`policy.toml`).

Errors are `BadInput` and name the file, the key and the remedy.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from collector.contract.attributes import ALIASES, BY_NAME, CATEGORIES, CONSENT_STATES, PURPOSES
from collector.contract.errors import BadInput

Category = Literal[CATEGORIES]  # type: ignore[valid-type]
Purpose = Literal[PURPOSES]  # type: ignore[valid-type]
ConsentState = Literal[CONSENT_STATES]  # type: ignore[valid-type]
Placement = Literal["device", "hybrid", "cloud"]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Days = Annotated[int, Field(ge=1, le=3650)]

Action = Literal[
    "keep", "hash", "drop", "bucket:ipv4/24", "bucket:version/major", "bucket:date/month"
]

# Major, minor, patch and one more.
_PARTS = 4

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "KiB": 2**10, "MiB": 2**20}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Flow(_Strict):
    """A way data of a feature may leave the device."""

    host: str
    purpose: Purpose
    consent: ConsentState = "not_required"


class Host(_Strict):
    """Who stands behind a destination. `match` is a host name; `*` stands for any characters."""

    match: str
    owner: str
    role: Literal["first_party", "processor", "third_party"]
    region: str | None = None
    retained: bool | None = None


class FeatureRule(_Strict):
    """What a release may override."""

    placement: Placement | None = None
    threshold: Probability | None = None


class Feature(_Strict):
    """One feature's decisions. Sizes are bytes, thresholds probabilities."""

    owner: str | None = None
    placement: Placement | None = None
    threshold: Probability | None = None
    retention_days: Days | None = None
    size_budget: int = 10_000_000
    offline_critical: bool = False
    categories: tuple[Category, ...] = ()
    log_inputs: bool = False
    egress: tuple[Flow, ...] = ()
    from_: dict[str, FeatureRule] = Field(default_factory=dict, alias="from")

    @field_validator("size_budget", mode="before")
    @classmethod
    def _bytes(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        number, _, unit = value.partition(" ")
        if unit not in _UNITS or not number.replace(".", "", 1).isdigit():
            raise ValueError(f"{value!r} is not a size; write for example '10 MB'")
        return int(float(number) * _UNITS[unit])

    def versions(self) -> Iterator[tuple[str | None, Placement | None, float | None]]:
        """(first release, or None for any; placement; threshold), oldest first."""
        placement, threshold = self.placement, self.threshold
        yield None, placement, threshold
        for release in sorted(self.from_, key=release_key):
            rule = self.from_[release]
            placement = rule.placement or placement
            threshold = rule.threshold if rule.threshold is not None else threshold
            yield release, placement, threshold


class Policy(_Strict):
    """A whole policy. An attribute it does not name, and CONVENTIONS do not either, is not kept."""

    version: str = "default"
    retention_days: Days = 30
    input_size_cap: Annotated[int, Field(ge=1)] = 1_000_000
    input_days: Days = 30
    aliases: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, Action] = Field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    features: dict[str, Feature] = Field(default_factory=dict)

    @field_validator("aliases")
    @classmethod
    def _known_targets(cls, value: dict[str, str]) -> dict[str, str]:
        for alias, target in value.items():
            if target not in BY_NAME:
                raise ValueError(f"{alias!r} stands for {target!r}, which Limen does not know")
        return value

    @model_validator(mode="after")
    def _known_are_kept_or_dropped(self) -> Self:
        for name, action in self.attributes.items():
            known = {**ALIASES, **self.aliases}.get(name, name)
            if known in BY_NAME and action not in ("keep", "drop"):
                raise ValueError(
                    f"attributes.{name}: Limen has a form of its own for it; write keep or drop"
                )
        return self

    @model_validator(mode="after")
    def _features_are_kept_no_longer(self) -> Self:
        for name, feature in self.features.items():
            if feature.retention_days is not None and feature.retention_days > self.retention_days:
                raise ValueError(
                    f"features.{name}.retention_days: {feature.retention_days} is longer than "
                    f"retention_days = {self.retention_days}, which holds for everything; "
                    "write a shorter one, or raise that"
                )
        return self

    @property
    def content(self) -> str:
        """What it decides, as JSON in one form: layout, comments and defaults apart."""
        decided = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return json.dumps(decided, sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """SHA-256 of its content, in hexadecimal."""
        return sha256(self.content.encode()).hexdigest()

    def threshold(self, feature: str, release: str) -> float | None:
        """The threshold that `release` of the app ships for `feature`; None where none is set."""
        found = None
        for since, _, threshold in self.features[feature].versions():
            if since is None or release_key(since) <= release_key(release):
                found = threshold
        return found


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


def read_policy(path: Path | None) -> Policy:
    """The policy in `path`, or the built-in default for None. Raises BadInput."""
    if path is None:
        return Policy()
    try:
        return Policy.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such policy file; create it or leave --policy out") from None
    except OSError as exc:
        raise BadInput(f"{path}: cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise BadInput(f"{path}: not valid TOML: {exc}") from exc
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: [{where}] {first['msg']}") from None
