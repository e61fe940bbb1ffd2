"""The card of a model: what it is, what it takes, how well it does, read from `card.toml`."""

import functools
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from models.errors import BadCard
from models.inputs import InputSpec, Preprocessing

DEFAULT_SIZE_BUDGET = 10_000_000

IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9_.\-]*"

Identifier = Annotated[str, Field(pattern=f"^{IDENTIFIER}$")]
Text = Annotated[str, Field(min_length=1)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
RuntimeName = Literal["litert", "tflite", "zxing", "coreml"]
ConfidenceMethod = Literal["max_softmax", "margin", "entropy", "decoder"]
Output = Literal["probabilities", "logits", "independent", "binary"]

# The runtimes that read one and the same file.
FORMATS: tuple[frozenset[RuntimeName], ...] = (
    frozenset({"litert", "tflite"}),
    frozenset({"zxing"}),
    frozenset({"coreml"}),
)
_TAGGED = ("input", "preprocessing")
_DEFAULT_KINDS = {"input": "tensor", "preprocessing": "linear"}


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """One version of one model; sizes in bytes, threshold and accuracy between 0 and 1.

    `labels` are those of `labels_file`, where the card names one.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    name: Identifier
    version: Identifier
    feature: Identifier
    file: Identifier
    digest: Digest
    size: Positive
    size_budget: Positive = DEFAULT_SIZE_BUDGET
    input: InputSpec
    preprocessing: Preprocessing
    labels: tuple[Text, ...] = ()
    labels_file: Identifier | None = None
    labels_digest: Digest | None = None
    output: Output = "probabilities"
    confidence_method: ConfidenceMethod
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
    """The card in a TOML file, with the labels of its labels file.

    Raises BadCard for a file that is missing, is not TOML, lacks a key, has an unknown one, one
    of the wrong type, or keys that do not go together.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise BadCard(f"The card {path} cannot be read ({reason}): restore the file.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise BadCard(f"The card {path} is not TOML ({exc}): correct it there.") from exc
    for key, kind in _DEFAULT_KINDS.items():
        if isinstance(table.get(key), dict):
            table[key].setdefault("kind", kind)
    try:
        # In JSON mode a strict validator takes an array for a tuple.
        card = _adapter().validate_json(json.dumps(table, default=str))
    except ValidationError as exc:
        raise BadCard(f"The card {path} is not valid: {_complaints(exc)}; correct it.") from exc
    if complaint := _contradiction(card):
        raise BadCard(f"The card {path} is not valid: {complaint}; correct it.")
    return _with_labels(card, path.parent) if card.labels_file else card


def write_card(card: ModelCard, path: Path) -> None:
    """The card as a TOML file that `read_card` reads."""
    table = {key: value for key, value in asdict(card).items() if value not in (None, ())}
    path.write_text(tomli_w.dumps(table), encoding="utf-8")


def _contradiction(card: ModelCard) -> str | None:
    """What two keys of a card say that cannot both be so."""
    runtimes = set(card.runtimes)
    if not any(runtimes <= together for together in FORMATS):
        return f"runtimes: no one file is read by all of {', '.join(card.runtimes)}"
    if "coreml" in runtimes:
        # Core ML prepares its inputs itself.
        return None if card.preprocessing.kind == "none" else "preprocessing: coreml goes with none"
    if (card.input.kind == "text") != (card.preprocessing.kind in ("hashed_ngrams", "last_words")):
        return f"preprocessing: {card.preprocessing.kind} is not for input of {card.input.kind}"
    if (card.labels_file is None) != (card.labels_digest is None):
        return "labels_file: it goes with labels_digest"
    if card.labels and card.labels_file:
        return "labels: they stand in the card or in labels_file, not in both"
    if "zxing" in runtimes:
        if card.confidence_method != "decoder" or card.labels or card.labels_file:
            return "runtimes: zxing goes with the confidence_method decoder and without labels"
        return None
    if card.confidence_method == "decoder":
        return "confidence_method: decoder is that of the runtime zxing"
    if card.output == "binary" and len(card.labels) != 2:
        return "output: binary goes with two labels, the second of which the score is for"
    if card.output == "independent" and card.confidence_method == "entropy":
        return "confidence_method: entropy is of probabilities that add up to 1"
    if not card.labels and not card.labels_file:
        return "labels: they are missing"
    return None


def _with_labels(card: ModelCard, folder: Path) -> ModelCard:
    assert card.labels_file is not None
    path = folder / card.labels_file
    try:
        content = path.read_bytes()
        labels = tuple(content.decode("utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as exc:
        raise BadCard(f"The labels {path} cannot be read as UTF-8 text: restore the file.") from exc
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if digest != card.labels_digest:
        raise BadCard(
            f"The labels {path} have the digest {digest}, the card states {card.labels_digest}: "
            "restore the file, or register the changed one as a new version."
        )
    if not labels or not all(labels):
        raise BadCard(f"The labels {path} have an empty line or none: write one label a line.")
    return replace(card, labels=labels)


@functools.cache
def _adapter() -> TypeAdapter[ModelCard]:
    return TypeAdapter(ModelCard)


def _complaints(error: ValidationError) -> str:
    return ", ".join(_complaint(detail) for detail in error.errors(include_url=False))


def _complaint(detail: Any) -> str:
    place = list(detail["loc"])
    if place[0] in _TAGGED and len(place) > 1:
        # Beside the key stands which kind it was read as.
        del place[1]
    key = ".".join(str(part) for part in place)
    match detail["type"]:
        case "missing":
            return f"the key {key} is missing"
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"the key {key} is unknown"
        case _:
            message = str(detail["msg"])
            return f"{key}: {message[0].lower()}{message[1:]}"
