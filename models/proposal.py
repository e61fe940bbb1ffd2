"""The card of a user's own TFLite model: what its file says, what its user says, and proposals."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from models.artifact import Artifact
from models.card import (
    DEFAULT_SIZE_BUDGET,
    ConfidenceMethod,
    ModelCard,
    Output,
    RuntimeName,
)
from models.errors import BadCard
from models.inputs import (
    Dtype,
    HashedNgrams,
    InputSpec,
    LastWords,
    Linear,
    Preprocessing,
    TensorInput,
    TextInput,
    Unchanged,
)
from models.tflite_file import TensorFacts, TFLiteFile

_CHANNELS = (1, 3)
# tflite-runtime is frozen there, and runs what asks for no newer release.
_LAST_TFLITE = (2, 14)
_NOT_STATED = "not stated"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a user says of a model; None where the file or a proposal shall tell."""

    name: str
    version: str
    feature: str
    labels: tuple[str, ...] | None = None
    output: Output | None = None
    confidence_method: ConfidenceMethod = "max_softmax"
    threshold: float = 0.7
    raw: Dtype | None = None
    scale: float | None = None
    offset: float | None = None
    ngrams: tuple[int, ...] | None = None
    last_words: bool = False
    max_bytes: int = 10_000
    size_budget: int = DEFAULT_SIZE_BUDGET
    training_data: str | None = None
    licence: str | None = None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A card, and in sentences what of it was proposed, and what else the file says."""

    card: ModelCard
    notes: tuple[str, ...]


def card_of(
    wanted: Wanted,
    artifact: Artifact,
    *,
    file: str,
    input: InputSpec,
    preprocessing: Preprocessing,
    labels: tuple[str, ...],
    output: Output,
    runtimes: tuple[RuntimeName, ...],
    description: str | None,
    licence: str | None,
) -> ModelCard:
    """What a user says goes before what the file says."""
    return ModelCard(
        name=wanted.name,
        version=wanted.version,
        feature=wanted.feature,
        file=file,
        digest=artifact.digest,
        size=artifact.size,
        size_budget=wanted.size_budget,
        input=input,
        preprocessing=preprocessing,
        labels=labels,
        output=output,
        confidence_method=wanted.confidence_method,
        threshold=wanted.threshold,
        runtimes=runtimes,
        training_data=wanted.training_data or description or _NOT_STATED,
        accuracy={},
        licence=wanted.licence or licence or _NOT_STATED,
    )


def propose(path: Path, artifact: Artifact, facts: TFLiteFile, wanted: Wanted) -> Proposal:
    """The card of a TFLite model that a runtime has opened. Raises BadCard."""
    spec, preprocessing, notes = _preparation(path, facts, wanted)
    output = wanted.output or _output(path, facts)
    card = card_of(
        wanted,
        artifact,
        file="model.tflite",
        input=spec,
        preprocessing=preprocessing,
        labels=_labels(path, facts, wanted, output),
        output=output,
        runtimes=_runtimes(facts),
        description=facts.metadata.description,
        licence=facts.metadata.licence,
    )
    signature = [f"Its signature is {facts.signature}."] if facts.signature else []
    return Proposal(card=card, notes=(*signature, *notes))


def _preparation(
    path: Path, facts: TFLiteFile, wanted: Wanted
) -> tuple[InputSpec, Preprocessing, list[str]]:
    (taken,) = facts.inputs
    shape = taken.shape[1:]
    if wanted.ngrams or wanted.last_words:
        return *_of_text(path, shape, wanted), []
    picture = taken.dtype == "float32" and _is_picture(shape) and wanted.raw != "float32"
    converted = not picture and wanted.raw not in (None, taken.dtype)
    if converted or wanted.scale is not None or wanted.offset is not None:
        scale, offset = wanted.scale, wanted.offset
        linear = Linear(scale=1.0 if scale is None else scale, offset=offset or 0.0)
        return TensorInput(shape=shape, dtype=wanted.raw or "uint8"), linear, []
    if not picture:
        return _as_the_model_sees(path, taken, wanted)
    spec = TensorInput(shape=shape, dtype=wanted.raw or "uint8")
    mean, std = set(facts.metadata.mean), set(facts.metadata.std)
    if not mean or not std or not all(std):
        note = (
            "Inputs are taken for pictures of values from 0 to 255, which become 0 to 1; if the "
            "model was trained on others, say so with --scale and --offset."
        )
        return spec, Linear(scale=1 / 255, offset=0.0), [note]
    if len(mean) > 1 or len(std) > 1:
        raise BadCard(
            f"{path} asks in its metadata for another normalisation of each channel, which a card "
            "cannot state: export the model with it inside, or say --scale and --offset."
        )
    scale = 1 / std.pop()
    return spec, Linear(scale=scale, offset=-mean.pop() * scale), []


def _of_text(path: Path, shape: tuple[int, ...], wanted: Wanted) -> tuple[InputSpec, Preprocessing]:
    if any(word is not None for word in (wanted.raw, wanted.scale, wanted.offset)):
        raise BadCard(
            f"{path}: --raw, --scale and --offset are of numbers, --ngrams and --last-words of "
            "texts: leave out one or the other."
        )
    if len(shape) != 1:
        raise BadCard(
            f"{path} takes {' × '.join(map(str, shape))} values, and a text becomes a row of them: "
            "leave out --ngrams and --last-words."
        )
    text = TextInput(max_bytes=wanted.max_bytes)
    if wanted.ngrams:
        return text, HashedNgrams(sizes=wanted.ngrams, buckets=shape[0])
    return text, LastWords(count=shape[0])


def _as_the_model_sees(
    path: Path, taken: TensorFacts, wanted: Wanted
) -> tuple[InputSpec, Preprocessing, list[str]]:
    """Vectors, ids, or the values a quantised model was made for."""
    if taken.dtype not in get_args(Dtype):
        raise BadCard(
            f"{path} takes {taken.dtype}, which a card cannot state: export it with one of "
            f"{', '.join(get_args(Dtype))}."
        )
    shape = taken.shape[1:]
    note = (
        f"Inputs are taken for {' × '.join(map(str, shape))} {taken.dtype} values as the model "
        "sees them; if apps log others, say which with --raw, --scale and --offset."
    )
    spec = TensorInput(shape=shape, dtype=cast(Dtype, taken.dtype))
    return spec, Unchanged(), [] if wanted.raw else [note]


def _is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[2] in _CHANNELS


def _output(path: Path, facts: TFLiteFile) -> Output:
    match facts.last_operator:
        case "SOFTMAX":
            return "probabilities"
        case "LOG_SOFTMAX":
            # exp(x) / sum(exp(x)) of logarithms of probabilities are the probabilities.
            return "logits"
        case "LOGISTIC":
            return "binary" if _scores(facts) == 1 else "independent"
    raise BadCard(
        f"{path} ends in {facts.last_operator or 'its input'}, with no softmax: say --output "
        "logits, and a softmax is applied here, or --output probabilities if its scores add up to "
        "1."
    )


def _scores(facts: TFLiteFile) -> int:
    (given,) = facts.outputs
    return math.prod(given.shape[1:])


def _labels(path: Path, facts: TFLiteFile, wanted: Wanted, output: Output) -> tuple[str, ...]:
    labels = wanted.labels or facts.labels
    expected = 2 if output == "binary" else _scores(facts)
    if not labels:
        raise BadCard(
            f"{path} has no labels in it: give {expected} with --labels a,b,… or --labels-file, in "
            "the order of its scores."
        )
    origin = "--labels has" if wanted.labels else "the labels packed in it are"
    if len(labels) != expected:
        binary = " (no and yes, for its one score)" if output == "binary" else ""
        raise BadCard(
            f"{path} needs {expected} labels{binary} and {origin} {len(labels)}: give one for each "
            "score, in their order."
        )
    if not all(labels) or len(set(labels)) != len(labels):
        raise BadCard(f"{path}: a label is empty or stands twice; give each score its own.")
    return labels


def _runtimes(facts: TFLiteFile) -> tuple[RuntimeName, ...]:
    """Those that can be expected to run it; a file that names no release is expected to be new."""
    parts = (facts.runtime or "").split(".")[:2]
    if all(part.isdigit() for part in parts) and tuple(map(int, parts)) <= _LAST_TFLITE:
        return "litert", "tflite"
    return ("litert",)
