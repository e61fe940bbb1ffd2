"""A request is counted before it is decoded."""

import pytest

from collector.contract.errors import BadInput, TooLarge
from collector.intake.outline import check_parts
from tests.otlp import Span, logged_input, request_span, traces
from tests.wire import field

# A group, its resource, its seven attributes, a scope, two spans, three attributes of theirs.
REQUEST = traces(Span(attributes={"a": 1, "b": [[2], 3]}), Span(attributes={"c": 1}))
PARTS = 1 + 1 + 7 + 1 + 2 + 3


@pytest.fixture(autouse=True)
def every_request_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.intake.outline.LARGE_BYTES", 0)


@pytest.mark.parametrize("limit", [PARTS, PARTS - 1])
def test_every_record_and_attribute_counts(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr("collector.intake.outline.MAX_PARTS", limit)
    if limit == PARTS:
        check_parts(REQUEST.SerializeToString(), "traces")
    else:
        with pytest.raises(TooLarge, match=f"more than {limit} records"):
            check_parts(REQUEST.SerializeToString(), "traces")


def test_events_links_and_what_they_hold_count(monkeypatch: pytest.MonkeyPatch) -> None:
    request = traces(Span())
    span = request.resource_spans[0].scope_spans[0].spans[0]
    for holder in (span.events.add(), span.links.add()):
        holder.attributes.add(key="k")
    monkeypatch.setattr("collector.intake.outline.MAX_PARTS", 1 + 1 + 7 + 1 + 1 + 4)
    check_parts(request.SerializeToString(), "traces")
    span.events.add()
    with pytest.raises(TooLarge):
        check_parts(request.SerializeToString(), "traces")


def test_messages_that_merge_count_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.intake.outline.MAX_PARTS", 10)
    # One resource that comes ten times over, with an attribute each.
    body = field(1, field(1, field(1, b"")) * 10)
    with pytest.raises(TooLarge):
        check_parts(body, "traces")


def test_log_records_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    body = logged_input(request_span(), b"x").SerializeToString()
    check_parts(body, "logs")
    monkeypatch.setattr("collector.intake.outline.MAX_PARTS", 5)
    with pytest.raises(TooLarge):
        check_parts(body, "logs")


def test_what_cannot_be_counted_is_bad_input() -> None:
    with pytest.raises(BadInput):
        check_parts(REQUEST.SerializeToString()[:-3], "traces")
