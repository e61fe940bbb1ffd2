"""What a model in the demo's cloud is, and what it answers."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A label, and how sure of it, within 0 to 1."""

    label: str
    confidence: float


class CloudModel(Protocol):
    """A model that labels inputs. `card` says in plain words what it is."""

    name: str
    version: str
    card: str

    def answer(self, body: bytes) -> Answer:
        """What the input in a body is. Raises BadBody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A text that a language model wrote, and the tokens it took and made."""

    text: str
    input_tokens: int
    output_tokens: int


class LanguageModel(Protocol):
    """A model that writes. `card` says in plain words what it is."""

    name: str
    version: str
    card: str

    def write(self, text: str) -> Written:
        """What it makes of a text."""
