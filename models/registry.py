"""Where models live: `<root>/<name>/<version>/{card.toml, the model file}`, verified on load."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.artifact import Artifact, read_artifact, size_of
from models.card import IDENTIFIER, ModelCard, read_card
from models.errors import BadCard, CorruptModel, DigestMismatch, ModelNotFound, OverBudget

BUNDLED_ROOT = Path(__file__).parent / "registry"
CARD_FILE = "card.toml"

_REFERENCE = re.compile(f"({IDENTIFIER})@({IDENTIFIER})")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A card and the file it describes."""

    card: ModelCard
    path: Path

    @property
    def reference(self) -> str:
        """`name@version`."""
        return self.card.reference

    def artifact(self) -> Artifact:
        """The bytes of the model, after its budget and digest are verified.

        Raises ModelNotFound where a file is gone, OverBudget where it is larger than its card
        allows, DigestMismatch where it is not the one its card describes.
        """
        card, where = self.card, f"{self.reference} at {self.path}"
        size = size_of(self.path, where)
        if size > card.size_budget:
            raise OverBudget(
                f"{where} has {size} bytes and its card allows {card.size_budget}: use a smaller "
                "model or raise size_budget in the card."
            )
        found = read_artifact(self.path, where)
        if found.digest != card.digest or found.size != card.size:
            raise DigestMismatch(
                f"{where} has {found.size} bytes with digest {found.digest}, its card states "
                f"{card.size} bytes with {card.digest}: restore the file, or register the changed "
                "one as a new version."
            )
        return found

    def content(self) -> bytes:
        """The bytes of a model that is one file, verified. Raises as `artifact`, CorruptModel."""
        files = self.artifact().files
        if "" not in files:
            raise CorruptModel(
                f"{self.reference} at {self.path} is a folder: state the runtime it is for in its "
                "card, coreml."
            )
        return files[""]


class Registry:
    """The models under some roots; a reference that stands in two of them is refused."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)

    @classmethod
    def bundled(cls, user_root: Path | None = None) -> "Registry":
        """The models that come with Limen and, where given, those of the user."""
        return cls([BUNDLED_ROOT] if user_root is None else [BUNDLED_ROOT, user_root])

    def references(self) -> list[str]:
        """Every `name@version` that has a card, by name and then version (2 before 10)."""
        cards = (card for root in self._roots for card in root.glob(f"*/*/{CARD_FILE}"))
        found = {(card.parent.parent.name, card.parent.name) for card in cards}
        return [f"{name}@{version}" for name, version in sorted(found, key=_natural)]

    def cards(self) -> list[ModelCard]:
        """Every card, in the order of `references`. Raises BadCard."""
        return [self.get(reference).card for reference in self.references()]

    def get(self, reference: str) -> Model:
        """The model of a `name@version`. Raises ModelNotFound or BadCard."""
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise ModelNotFound(f"{reference!r} names no model: write NAME@VERSION.")
        name, version = match.groups()
        folders = [root / name / version for root in self._roots]
        holders = [folder for folder in folders if (folder / CARD_FILE).is_file()]
        if not holders:
            known = ", ".join(self.references()) or "none"
            raise ModelNotFound(f"There is no model {reference}: use one of those here ({known}).")
        if len(holders) > 1:
            places = " and in ".join(str(folder) for folder in holders)
            raise BadCard(f"{reference} stands in {places}: give one of them another version.")
        return _model(holders[0], reference)

    def for_feature(self, feature: str) -> list[Model]:
        """The models of one feature, in the order of `references`; empty where there is none."""
        models = (self.get(reference) for reference in self.references())
        return [model for model in models if model.card.feature == feature]


def _model(folder: Path, reference: str) -> Model:
    card = read_card(folder / CARD_FILE)
    if card.reference != reference:
        raise BadCard(
            f"The card {folder / CARD_FILE} describes {card.reference} and lies in the folder of "
            f"{reference}: correct its name and version or move the folder."
        )
    return Model(card=card, path=folder / card.file)


def _natural(key: tuple[str, str]) -> tuple[str, list[tuple[int, str]]]:
    name, version = key
    parts = re.findall(r"\d+|\D+", version)
    return name, [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
