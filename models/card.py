"""The card of a model: what it is, what it takes, how well it does, read from `card.toml`."""

import functools
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from models.errors import BadCard

DEFAULT_SIZE_BUDGET = 10_000_000

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]
Text = Annotated[str, Field(min_length=1)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
RuntimeName = Literal["litert", "tflite"]

_CLOSED = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """One input: its shape without the batch axis, e.g. (8, 8, 1), and the type of a raw value."""

    __pydantic_config__ = _CLOSED

    shape: Annotated[tuple[Positive, ...], Field(min_length=1)]
    dtype: Literal["uint8"]

    @property
    def length(self) -> int:
        """Bytes of one raw input."""
        return math.prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """What the model sees of a raw value: x = raw * scale + offset, as float32."""

    __pydantic_config__ = _CLOSED

    scale: Finite
    offset: Finite


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """One version of one model; sizes in bytes, threshold and accuracy between 0 and 1."""

    __pydantic_config__ = _CLOSED

    name: Identifier
    version: Identifier
    feature: Identifier
    file: Identifier
    digest: Digest
    size: Positive
    size_budget: Positive = DEFAULT_SIZE_BUDGET
    input: InputSpec
    preprocessing: Preprocessing
    labels: Annotated[tuple[Text, ...], Field(min_length=1)]
    confidence_method: Literal["max_softmax"]
    threshold: Share
    runtimes: Annotated[tuple[RuntimeName, ...], Field(min_length=1)]
    training_data: Text
    accuracy: Mapping[str, Share] = field(hash=False)
    licence: Text

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


def read_card(path: Path) -> ModelCard:
    """The card in a TOML file.

    Raises BadCard for a file that is missing, is not TOML, lacks a key, has an unknown one, or
    one of the wrong type.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise BadCard(f"The card {path} cannot be read ({reason}): restore the file.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise BadCard(f"The card {path} is not TOML ({exc}): correct it there.") from exc
    try:
        # In JSON mode a strict validator takes an array for a tuple.
        return _adapter().validate_json(json.dumps(table, default=str))
    except ValidationError as exc:
        raise BadCard(f"The card {path} is not valid: {_complaints(exc)}; correct it.") from exc


@functools.cache
def _adapter() -> TypeAdapter[ModelCard]:
    return TypeAdapter(ModelCard)


def _complaints(error: ValidationError) -> str:
    return ", ".join(_complaint(detail) for detail in error.errors(include_url=False))


def _complaint(detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "missing":
            return f"the key {key} is missing"
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"the key {key} is unknown"
        case _:
            message = str(detail["msg"])
            return f"{key}: {message[0].lower()}{message[1:]}"
