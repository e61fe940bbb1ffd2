"""What left as a picture and in words: ribbons, and what a release changed."""

from typing import Any

from dashboard import sentences, theme
from dashboard.charts import flows

CHANGE = {
    "feature": "image_classify",
    "category": "image",
    "destination": "adkit.example",
    "purpose": "analytics",
    "consent": "not_required,unknown",
    "cause": "design",
    "declared": False,
    "requests": 123,
    "other_requests": 400,
}


def test_a_change_of_flows_is_said_with_what_it_rests_on() -> None:
    added = {**CHANGE, "change": "added", "transfers": 4, "other_transfers": 0, "expected": 0.0}
    assert sentences.flow_change(added) == (
        "image_classify: image to adkit.example for analytics, consent not required or unknown, "
        "cause design, not declared; 4 transfers in 123 requests."
    )
    gone = {"change": "removed", "transfers": 0, "other_transfers": 1, "expected": 0.31}
    removed = {**added, **gone}
    assert sentences.flow_change(removed).endswith(
        "1 transfer in 400 requests, expected 0.3 times."
    )


def ribbon(**facts: Any) -> dict[str, Any]:
    return {
        "feature": "<b>ocr</b>",
        "category": "image",
        "destination": "inference.example.com",
        "declared": True,
        "measure": "http.request.body.size",
        "transfers": 3,
        "bytes": 1000,
        **facts,
    }


def sankey(rows: list[dict[str, Any]], through: str, width: str) -> Any:
    (picture,) = flows.flows(rows, through, width, theme.LIGHT).select_traces({"type": "sankey"})
    return picture


def test_a_ribbon_is_a_row_in_the_colour_of_its_declaration() -> None:
    rows = [ribbon(), ribbon(declared=False, destination="x.example", transfers=7)]
    (picture,) = flows.flows(rows, "destination", "transfers", theme.LIGHT).select_traces(
        {"type": "sankey"}
    )
    labels = list(picture.node.label)
    assert labels == ["&lt;b&gt;ocr&lt;/b&gt;", "inference.example.com", "x.example"]
    link = picture.link
    assert [labels[at] for at in link.target] == ["inference.example.com", "x.example"]
    assert list(link.value) == [3, 7]
    assert list(link.color) == [
        theme.translucent(theme.CLOUD, 0.35),
        theme.translucent(theme.UNDECLARED, 0.8),
    ]


def test_a_ribbon_through_a_dimension_is_drawn_to_it_and_from_it() -> None:
    rows = [ribbon(), ribbon(category="text")]
    picture = sankey(rows, "category", "bytes")
    ends = [
        (picture.node.label[one], picture.node.label[next_one])
        for one, next_one in zip(picture.link.source, picture.link.target, strict=True)
    ]
    ocr, cloud = "&lt;b&gt;ocr&lt;/b&gt;", "inference.example.com"
    assert ends == [(ocr, "image"), ("image", cloud), (ocr, "text"), ("text", cloud)]


def test_a_ribbon_of_unknown_size_is_neither_hidden_nor_as_wide_as_a_known_one() -> None:
    rows = [ribbon(), ribbon(bytes=None, measure=None)]
    (picture,) = flows.flows(rows, "destination", "bytes", theme.LIGHT).select_traces(
        {"type": "sankey"}
    )
    known, unknown = picture.link.value
    assert known == 1000 and 0 < unknown < known / 10
    assert picture.link.color[1] == theme.translucent(theme.UNKNOWN, 0.35)
    assert "unknown" in picture.link.customdata[1]
