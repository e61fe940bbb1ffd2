"""The card of a user's own Core ML model, from its specification."""

from pathlib import Path
from typing import cast, get_args

from models.artifact import Artifact
from models.coreml import CoreMLFile, Feature
from models.errors import BadCard
from models.inputs import Dtype, InputSpec, TensorInput, TextInput, Unchanged
from models.proposal import Proposal, Wanted, card_of

_NEEDS_MACOS = (
    "It is registered and not replayed: running it needs macOS. The scores that phones sent can be "
    "swept."
)


def propose_coreml(path: Path, artifact: Artifact, facts: CoreMLFile, wanted: Wanted) -> Proposal:
    """The card of a Core ML model. Raises BadCard."""
    said = (wanted.raw, wanted.scale, wanted.offset, wanted.ngrams, wanted.last_words or None)
    if any(word is not None for word in said):
        raise BadCard(
            f"{path} is a Core ML model, which prepares its inputs itself: leave out --raw, "
            "--scale, --offset, --ngrams and --last-words."
        )
    if len(facts.inputs) != 1:
        names = ", ".join(feature.name for feature in facts.inputs)
        raise BadCard(f"{path} takes {len(facts.inputs)} inputs ({names}): export it with one.")
    (taken,) = facts.inputs
    given = ", ".join(f"{feature.name} ({feature.type})" for feature in facts.outputs)
    card = card_of(
        wanted,
        artifact,
        file=f"model{path.suffix.lower()}",
        input=_input(path, taken, wanted),
        preprocessing=Unchanged(),
        labels=wanted.labels or facts.labels,
        output=wanted.output or "probabilities",
        runtimes=("coreml",),
        description=facts.description,
        licence=facts.licence,
    )
    note = (
        f"A Core ML {facts.kind}, specification {facts.specification}: takes {taken.name} "
        f"({taken.type}), gives {given}."
    )
    return Proposal(card=card, notes=(note, _NEEDS_MACOS))


def _input(path: Path, taken: Feature, wanted: Wanted) -> InputSpec:
    if taken.type == "string":
        return TextInput(max_bytes=wanted.max_bytes)
    if taken.dtype not in get_args(Dtype) or min(taken.shape, default=0) < 1:
        form = f"{taken.type} of {taken.dtype}" if taken.dtype else taken.type
        raise BadCard(
            f"{path} takes {taken.name}, {form} without a size or of a type that a card cannot "
            f"state: export it with a picture, a text, or an array of fixed size of one of "
            f"{', '.join(get_args(Dtype))}."
        )
    return TensorInput(shape=taken.shape, dtype=cast(Dtype, taken.dtype))
