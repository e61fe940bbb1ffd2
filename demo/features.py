"""What the app does with AI: six features, where each runs, and where it asks beyond the phone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from demo.bodies import Body, chat_body, picture_body, text_body
from demo.destinations import INFERENCE, LANGUAGE, Destination
from demo.releases import NEW_RELEASE, OLD_RELEASE


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """One feature; `share` is its part of all requests.

    `models` names what each release ships, nothing where the cloud alone answers; `picture` is
    height and width of what is photographed; `chat_model` answers it in the cloud where that takes
    a chat; `accelerated`: it runs on the GPU where the phone has one; `max_error`: what the team
    would put up with among device answers.
    """

    name: str
    share: float
    category: str
    destination: Destination
    models: Mapping[str, str]
    picture: tuple[int, int] | None = None
    chat_model: str | None = None
    accelerated: bool = False
    max_error: float = 0.05

    @property
    def placement(self) -> str:
        return "hybrid" if self.models else "cloud"

    @property
    def kind(self) -> str:
        """`limen.input.kind`."""
        return "image" if self.picture else "text"

    def body(self, content: bytes) -> Body:
        """What the phone sends the cloud of a raw input."""
        if self.picture:
            return picture_body(content, *self.picture)
        if self.chat_model:
            return chat_body(self.chat_model, content)
        return text_body(content)


def _of_both_releases(model: str) -> dict[str, str]:
    return {OLD_RELEASE: model, NEW_RELEASE: model}


IMAGE_CLASSIFY = Feature(
    name="image_classify",
    share=0.38,
    category="image",
    destination=replace(INFERENCE, template="/v1/digits"),
    models={OLD_RELEASE: "digit_reader@1", NEW_RELEASE: "digit_reader@2"},
    picture=(8, 8),
    accelerated=True,
)
DOC_CLASSIFY = Feature(
    name="doc_classify",
    share=0.18,
    category="document",
    destination=replace(INFERENCE, template="/v1/documents"),
    models=_of_both_releases("doc_classifier@1"),
)
BARCODE_SCAN = Feature(
    name="barcode_scan",
    share=0.10,
    category="image",
    destination=replace(INFERENCE, template="/v1/barcodes"),
    models=_of_both_releases("barcode_reader@1"),
    picture=(112, 224),
)
NEXT_WORD = Feature(
    name="next_word",
    share=0.24,
    category="text_prompt",
    destination=replace(INFERENCE, template="/v1/words"),
    models=_of_both_releases("word_suggester@1"),
    # A suggestion is overlooked at no cost: one in four being right is a keyboard.
    max_error=0.75,
)
SUMMARIZE = Feature(
    name="summarize",
    share=0.05,
    category="document",
    destination=LANGUAGE,
    models={},
    chat_model="extractive-summary",
)
GENERATE = Feature(
    name="generate",
    share=0.05,
    category="text_prompt",
    destination=LANGUAGE,
    models={},
    chat_model="ngram-sampler",
)
FEATURES: Mapping[str, Feature] = {
    feature.name: feature
    for feature in (IMAGE_CLASSIFY, DOC_CLASSIFY, BARCODE_SCAN, NEXT_WORD, SUMMARIZE, GENERATE)
}
