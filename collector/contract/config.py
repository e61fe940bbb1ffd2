"""Where Limen runs: `limen.toml`, then `LIMEN_*`, then flags; the later wins.

The one module that reads the environment.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from collector.contract.errors import BadInput
from collector.contract.nearest import one_of
from collector.contract.policy import BUILT_IN

# What a browser sends as Origin; no wildcard, which credentials would not allow.
_ORIGIN = re.compile(r"https?://[^/*\s]+")

MIN_CELL = 10

# In the home folder.
DATABASE = "limen.duckdb"

LOOPBACK = ("127.0.0.1", "::1", "localhost")

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[ -~]*")


class Address(BaseModel):
    """A host and port; port 0 takes a free one. Written `HOST:PORT`."""

    model_config = ConfigDict(frozen=True)
    host: str
    port: int = Field(ge=0, le=65535)

    @classmethod
    def parse(cls, text: str) -> "Address":
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT, for example 127.0.0.1:4318")
        return cls(host=host.strip("[]"), port=int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Settings(BaseModel):
    """Every setting; each is documented in `limen.example.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("limen", False)))
    http: Address = Address(host="127.0.0.1", port=4318)
    grpc: Address = Address(host="127.0.0.1", port=4317)
    api: Address = Address(host="127.0.0.1", port=4320)
    dashboard: Address = Address(host="127.0.0.1", port=8501)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    api_hosts: tuple[str, ...] = ()
    api_url: str = "http://127.0.0.1:4320"
    api_ca: Path | None = None
    token: SecretStr | None = None
    dashboard_hosts: tuple[str, ...] = ()
    dashboard_idle_minutes: float = Field(default=30.0, gt=0)
    dashboard_hours: float = Field(default=10.0, gt=0)
    policy: Path | None = None
    max_body_bytes: int = Field(default=64 * 2**20, ge=2**10)
    head_seconds: float = Field(default=10.0, gt=0)
    body_seconds: float = Field(default=30.0, gt=0)
    idle_seconds: float = Field(default=60.0, gt=0)
    max_connections: int = Field(default=2048, ge=1)
    max_in_flight_bytes: int = Field(default=256 * 2**20, validate_default=True)
    min_free_bytes: int = Field(default=512 * 2**20, ge=0)
    min_cell: int = Field(default=MIN_CELL, ge=5)
    query_seconds: float = Field(default=20.0, gt=0)
    database_memory_bytes: int = Field(default=220 * 10**6, ge=100 * 10**6)
    compact_hour: Annotated[int, Field(ge=0, le=23)] | Literal["off"] = 3
    own_traces_url: HttpUrl | None = None
    cors_origins: tuple[str, ...] = ()
    audit_heads_file: Path | None = None
    audit_heads_url: HttpUrl | None = None
    forward_url: HttpUrl | None = None
    forward_headers: SecretStr = SecretStr("")
    forward_ca: Path | None = None

    @field_validator("http", "grpc", "api", "dashboard", mode="before")
    @classmethod
    def _address(cls, value: object) -> object:
        return Address.parse(value) if isinstance(value, str) else value

    @field_validator("max_in_flight_bytes")
    @classmethod
    def _room_for_the_largest(cls, value: int, info: ValidationInfo) -> int:
        # A JSON body is there twice while it becomes protobuf.
        if value < 2 * info.data.get("max_body_bytes", 0):
            raise ValueError("it must be at least twice max_body_bytes")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        origins = value.split(",") if isinstance(value, str) and value else value or ()
        for origin in origins if isinstance(origins, list | tuple) else ():
            if not isinstance(origin, str) or not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is not an origin, for example https://app.example.com"
                )
        return origins

    @field_validator("api_hosts", "dashboard_hosts", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name for part in value.split(",") if (name := part.strip()))
        return value

    @field_validator("token", mode="before")
    @classmethod
    def _word(cls, value: object) -> object:
        if isinstance(value, str):
            value = value.strip()
            if not value.isascii() or any(character.isspace() for character in value):
                raise ValueError("a token is one word, as `limen token create` printed it")
        return value

    @field_validator("forward_url")
    @classmethod
    def _without_credentials(cls, value: HttpUrl | None) -> HttpUrl | None:
        if value is not None and (value.username or value.password):
            raise ValueError("credentials go into forward_headers")
        return value

    @field_validator("forward_headers")
    @classmethod
    def _headers(cls, value: SecretStr) -> SecretStr:
        _headers(value.get_secret_value())
        return value

    def headers_to_forward(self) -> Mapping[str, str]:
        """The headers of `forward_headers`, by name."""
        return _headers(self.forward_headers.get_secret_value())

    def built_in_policy(self) -> bool:
        """Whether the built-in policy is asked for by its name."""
        return self.policy == Path(BUILT_IN)

    def policy_file(self) -> Path | None:
        """The file of the policy: the one named, else `policy.toml` at home, else none.

        Raises BadInput where home may not be looked into.
        """
        own = self.home / "policy.toml"
        try:
            return self.policy or (own if own.exists() else None)
        except OSError as exc:
            raise BadInput(
                f"{self.home} cannot be used: {exc.strerror}; "
                "it must belong to the user who runs Limen"
            ) from exc


def environment_of(settings: Settings) -> dict[str, str]:
    """This process's environment, for another that asks the same collector as the same caller."""
    asking = {
        "LIMEN_API_URL": settings.api_url,
        "LIMEN_API_CA": settings.api_ca,
        "LIMEN_TOKEN": settings.token and settings.token.get_secret_value(),
    }
    return dict(os.environ) | {name: str(value) for name, value in asking.items() if value}


def _headers(text: str) -> Mapping[str, str]:
    """Headers written as in OTEL_EXPORTER_OTLP_HEADERS. Raises ValueError that tells no value."""
    found = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = pair.partition("=")
        name, value = name.strip(), unquote(value.strip())
        if not equals or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError("write NAME=VALUE,NAME=VALUE, a space as %20 and a comma as %2C")
        found[name] = value
    return found


def load_settings(
    flags: Mapping[str, object] | None = None,
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from `file` (default `./limen.toml` where present), environment and flags.

    Flags that are None are not given. Raises BadInput naming the key and where it was set.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    source: dict[str, str] = {}

    def take(found: Mapping[str, object], where: str) -> None:
        for key, value in found.items():
            values[key] = value
            source[key] = where

    path = file or Path("limen.toml")
    if file is not None or path.exists():
        try:
            take(tomllib.loads(path.read_text("utf-8")), str(path))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise BadInput(f"{path}: cannot be read as settings: {exc}") from exc
    for key in Settings.model_fields:
        if (value := environment.get(f"LIMEN_{key.upper()}")) is not None:
            take({key: value}, f"LIMEN_{key.upper()}")
    take({k: v for k, v in (flags or {}).items() if v is not None}, "the command line")
    try:
        return Settings.model_validate(values)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
    # Not within the block: what is raised there keeps what was refused.
    key = str(first["loc"][0]) if first["loc"] else "settings"
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        what = f"there is no such setting: {one_of(key, list(Settings.model_fields))}"
    raise BadInput(f"{source.get(key, 'settings')}: {key}: {what}")
