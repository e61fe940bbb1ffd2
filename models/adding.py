"""A user's own model: read, described by a card, tried, and only then registered."""

import hashlib
import math
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.artifact import Artifact, read_artifact, size_of
from models.card import IDENTIFIER, ModelCard, read_card, write_card
from models.coreml import read_coreml
from models.coreml_proposal import propose_coreml
from models.errors import BadCard, CorruptModel, ModelError, OverBudget
from models.interpreters import available_runtimes
from models.proposal import Proposal, Wanted, propose
from models.registry import CARD_FILE, Model, Registry
from models.smoke import smoke_run
from models.tflite import verify_tflite
from models.tflite_file import read_tflite

_COREML = (".mlmodel", ".mlpackage")
_LABELS_FILE = "labels.txt"
_LABELS_IN_CARD = 50


def add_model(path: Path, wanted: Wanted, registry: Registry, root: Path) -> Proposal:
    """Registers the model in a file under `root`, one of the roots of `registry`.

    It is run once on every runtime that is here, and stands in its place whole or not at all.
    Raises ModelError.
    """
    for key in ("name", "version", "feature"):
        if not re.fullmatch(IDENTIFIER, getattr(wanted, key)):
            raise BadCard(
                f"--{key}: write letters, digits, _, . and -, beginning with a letter or digit."
            )
    if not 0 <= wanted.threshold <= 1:
        raise BadCard("--threshold: write a confidence from 0 to 1.")
    if not all(math.isfinite(number or 0.0) for number in (wanted.scale, wanted.offset)):
        raise BadCard("--scale and --offset: write finite numbers.")
    reference = f"{wanted.name}@{wanted.version}"
    if reference in registry.references():
        raise BadCard(f"{reference} is registered already: give this one another --version.")
    artifact = _artifact(path, wanted.size_budget)
    proposal = _proposed(path, artifact, wanted)
    card, notes = _running(proposal.card, path)
    _place(card, artifact, root)
    return Proposal(card=card, notes=(*proposal.notes, *notes))


def _artifact(path: Path, budget: int) -> Artifact:
    size = size_of(path, str(path))
    if size > budget:
        raise OverBudget(
            f"{path} has {size:,} bytes, over the budget of {budget:,}: use a smaller model, "
            f"or allow this one with --size-budget {size}."
        )
    return read_artifact(path, str(path))


def _proposed(path: Path, artifact: Artifact, wanted: Wanted) -> Proposal:
    if path.suffix.lower() in _COREML:
        return propose_coreml(path, artifact, read_coreml(artifact, str(path)), wanted)
    content = artifact.files.get("")
    if content is None:
        raise CorruptModel(f"{path} is a folder and no .mlpackage: name a model's file.")
    verify_tflite(content, str(path))
    return propose(path, artifact, read_tflite(content, str(path)), wanted)


def _place(card: ModelCard, artifact: Artifact, root: Path) -> None:
    """Writes where nobody looks for models yet, then moves it into its place."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=".adding-", dir=root))
    try:
        artifact.write(folder / card.file)
        _write_card(card, folder)
        read_card(folder / CARD_FILE)
        place = root / card.name / card.version
        place.parent.mkdir(exist_ok=True)
        folder.rename(place)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _running(card: ModelCard, path: Path) -> tuple[ModelCard, Sequence[str]]:
    """The card with those runtimes only that run the model, and why not the others."""
    notes = []
    for runtime in set(card.runtimes) & set(available_runtimes()):
        try:
            smoke_run(Model(card=card, path=path), runtime)
        except ModelError as exc:
            rest = tuple(name for name in card.runtimes if name != runtime)
            if not rest or runtime == "litert":
                raise
            notes.append(f"Not for {runtime}: {exc}")
            card = replace(card, runtimes=rest)
    return card, notes


def _write_card(card: ModelCard, folder: Path) -> None:
    if len(card.labels) > _LABELS_IN_CARD:
        text = "".join(f"{label}\n" for label in card.labels).encode("utf-8")
        (folder / _LABELS_FILE).write_bytes(text)
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        card = replace(card, labels=(), labels_file=_LABELS_FILE, labels_digest=digest)
    write_card(card, folder / CARD_FILE)
