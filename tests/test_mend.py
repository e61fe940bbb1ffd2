"""One string that is not UTF-8 costs nobody a batch."""

import random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.contract.errors import BadInput, NotUtf8
from collector.decode import decode_spans
from collector.intake.mend import mend
from tests.otlp import Span, request_span, traces
from tests.store import Store

DESCRIPTOR = ExportTraceServiceRequest.DESCRIPTOR
MARK = "MARK"


def spoilt(*spans: Span) -> bytes:
    """A request in which every MARK is not UTF-8 any more."""
    body = bytes(traces(*spans).SerializeToString())
    assert MARK.encode() in body
    return body.replace(MARK.encode(), b"\xff\xfe\xfd\xfc")


def test_a_good_request_stays_as_it_is() -> None:
    body = traces(request_span(limen_scores=[0.5], limen_confidence=0.5)).SerializeToString()
    assert mend(body, DESCRIPTOR) == (body, 0)


@pytest.mark.parametrize(
    "span",
    [
        Span(name=f"a{MARK}b"),
        Span(attributes={"k": f"a{MARK}b"}),
        Span(attributes={f"a{MARK}b": 1}),
        Span(attributes={"k": ["fine", f"a{MARK}b"]}),
        Span(attributes={"k": [[f"a{MARK}b"]]}),
    ],
    ids=["name", "value", "key", "item", "item of an item"],
)
def test_bad_bytes_are_replaced_wherever_the_string_is(span: Span) -> None:
    mended, changed = mend(spoilt(span), DESCRIPTOR)
    assert changed == 1
    found = ExportTraceServiceRequest.FromString(mended)
    mark = "\ufffd" * 4
    assert f"a{mark}b".encode() in found.SerializeToString()


def test_the_other_spans_of_the_batch_are_stored_and_the_sender_is_told(store: Store) -> None:
    spans = [request_span() for _ in range(511)]
    bad = request_span(limen_output_label=f"a{MARK}b")
    body = spoilt(*spans, bad)
    listed = request_span(limen_scores_labels=["7", f"a{MARK}b"])
    receipts = store.take_bytes(body, spoilt(listed), traces(Span()).SerializeToString())
    assert [r.rejected for r in receipts] == [0, 0, 0]
    assert ["not UTF-8" in r.message for r in receipts] == [True, True, False]
    (row,) = store.rows("select count(*) as n, count(output_label) as labels from spans")
    assert row == {"n": 514, "labels": 0}


def test_the_decoder_tells_bad_strings_from_bad_bytes() -> None:
    with pytest.raises(NotUtf8):
        decode_spans([spoilt(Span(name=MARK))])
    for broken in (spoilt(Span(name=MARK))[:-3], b"\xff\xff", b"\x0b"):
        with pytest.raises(BadInput) as refused:
            decode_spans([broken])
        assert not isinstance(refused.value, NotUtf8)


def test_a_request_with_too_much_to_mend_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.intake.mend._MAX_FIELDS", 5)
    with pytest.raises(NotUtf8):
        store.take_bytes(spoilt(Span(name=MARK)))


def test_what_is_not_the_wire_format_is_refused() -> None:
    whole = spoilt(Span(name=MARK))
    for cut in range(1, len(whole)):
        try:
            mend(whole[:cut], DESCRIPTOR)
        except BadInput:
            continue
    with pytest.raises(BadInput):
        mend(b"\x0b", DESCRIPTOR)
    with pytest.raises(BadInput):
        mend(b"\xff" * 11, DESCRIPTOR)


def test_random_bytes_and_deep_nesting_end_in_a_result_or_bad_input() -> None:
    rng = random.Random(3)
    for _ in range(500):
        try:
            mend(rng.randbytes(rng.randrange(60)), DESCRIPTOR)
        except BadInput:
            continue
    deep = b""
    for _ in range(5_000):
        inner = b"\x0a" + _size(len(deep)) + deep
        deep = b"\x2a" + _size(len(inner)) + inner
    assert mend(deep, DESCRIPTOR)[1] == 0


def _size(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])
