"""A trace as a picture: what stands where, what clocks and parts that are missing do to it."""

from typing import Any

import pytest

from dashboard import sentences, theme
from dashboard.charts import arrivals, waterfall


def span(span_id: str, parent: str | None, kind: str, offset: float) -> dict[str, Any]:
    return {
        "span_id": span_id,
        "parent_span_id": parent,
        "name": f"<b>{span_id}</b>",
        "kind": kind,
        "status": "ERROR" if span_id == "d" else "UNSET",
        "offset_ms": offset,
        "duration_ms": 5.0,
        "late": span_id == "d",
        "time_believed": True,
    }


def test_a_waterfall_puts_children_under_parents_and_the_cloud_behind_its_server_span() -> None:
    spans = [
        span("d", "c", "INTERNAL", 7.0),
        span("a", None, "INTERNAL", 0.0),
        span("e", "a", "CLIENT", 9.0),
        span("c", "b", "SERVER", 6.0),
        span("b", "a", "CLIENT", 5.0),
        span("orphan", "lost", "INTERNAL", 20.0),
    ]
    found = [(row.span["span_id"], row.depth, row.side) for row in waterfall.ordered(spans)]
    assert found == [
        ("a", 0, "device"),
        ("b", 1, "device"),
        ("c", 2, "cloud"),
        ("d", 3, "cloud"),
        ("e", 1, "device"),
        ("orphan", 0, "device"),
    ]
    figure = waterfall.waterfall(spans, [])
    assert {bar.marker.color for bar in figure.data} == {theme.DEVICE, theme.CLOUD}
    assert len(figure.layout.annotations) == len(spans)
    assert "<b>" not in figure.to_json().replace("&lt;b&gt;", "")


def test_an_orphan_says_so_and_spans_that_name_each_other_are_each_drawn_once() -> None:
    spans = [
        span("a", "b", "INTERNAL", 1.0),
        span("b", "a", "INTERNAL", 2.0),
        span("self", "self", "INTERNAL", 3.0),
        span("twice", None, "INTERNAL", 4.0),
        span("twice", None, "INTERNAL", 5.0),
        span("child", "twice", "INTERNAL", 6.0),
        span("orphan", "lost", "INTERNAL", 7.0),
    ]
    rows = waterfall.ordered(spans)
    assert sorted(row.span["offset_ms"] for row in rows) == [1, 2, 3, 4, 5, 6, 7]
    assert [row.span["span_id"] for row in rows if row.orphan] == ["orphan"]
    names = [text.text for text in waterfall.waterfall(spans, []).layout.annotations]
    (name,) = [name for name in names if "parent did not arrive" in name]
    assert "orphan" in name


def skewed(behind: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A call of 5 ms whose server span began at once, by clocks that are `behind` ms apart."""
    spans = [span("call", None, "CLIENT", 0.0), span("server", "call", "SERVER", behind)]
    return spans, [{"span_id": "call", "skew_ms": behind, "uncertainty_ms": 1.0}]


def test_skew_is_an_outline_beside_a_bar_that_stays_where_its_clock_put_it() -> None:
    figure = waterfall.waterfall(*skewed(6.0))
    bars = {bar.name: bar for bar in figure.data}
    assert list(bars["In the cloud"].base) == [6.0]
    assert list(bars["The same by the phone's clock"].base) == [0.0]
    assert "xaxis2" not in figure.to_plotly_json()["layout"]
    agreed = waterfall.waterfall(*skewed(0.5))
    assert [bar.name for bar in agreed.data] == ["On the device", "In the cloud"]


@pytest.mark.parametrize("behind", [3_600_000.0, -3_600_000.0])
def test_clocks_that_are_hours_apart_have_an_axis_each(behind: float) -> None:
    figure = waterfall.waterfall(*skewed(behind))
    bars = {bar.name: bar for bar in figure.data}
    assert bars["In the cloud"].xaxis == "x2" and list(bars["In the cloud"].base) == [0.0]
    assert list(bars["The same by the phone's clock"].base) == [0.0]
    assert "phone's clock" in figure.layout.xaxis.title.text
    assert "cloud's clock" in figure.layout.xaxis2.title.text


@pytest.mark.parametrize(
    ("skew", "says"),
    [
        (3_000.0, "The phone's clock was 3.0 s (± 1.0 ms) behind the cloud's."),
        (-7_200_000.0, "The phone's clock was 2.0 h (± 1.0 ms) ahead of the cloud's."),
        (0.5, "agree within 1.0 ms"),
    ],
)
def test_skew_is_said_with_its_direction_and_uncertainty(skew: float, says: str) -> None:
    assert says in sentences.skew({"skew_ms": skew, "uncertainty_ms": 1.0})


def test_parts_that_arrived_together_are_one_mark_after_the_first_spans_start() -> None:
    spans = [
        {**span(name, None, kind, 0.0), "start": "2026-11-01T10:00:00Z", "received": received}
        for name, kind, received in (
            ("a", "INTERNAL", "2026-11-01T10:00:05Z"),
            ("b", "INTERNAL", "2026-11-01T10:00:05Z"),
            ("c", "SERVER", "2026-11-01T09:59:58Z"),
        )
    ]
    phone, cloud = arrivals.arrivals(waterfall.ordered(spans)).data
    assert (list(phone.x), list(phone.text)) == ([5000.0], ["5.0 s"])
    assert (list(cloud.x), list(cloud.text)) == ([-2000.0], ["-2.0 s"])
    assert list(phone.textposition) == ["top center"]
    assert phone.customdata[0].endswith("2 spans")


def test_what_arrived_at_once_is_named_beside_the_line_of_the_start() -> None:
    spans = [
        {**span(name, None, "INTERNAL", 0.0), "start": "2026-11-01T10:00:00Z", "received": received}
        for name, received in (("a", "2026-11-01T10:00:00.1Z"), ("b", "2026-11-01T10:00:05Z"))
    ]
    (phone,) = arrivals.arrivals(waterfall.ordered(spans)).data
    assert list(phone.textposition) == ["top right", "top center"]
