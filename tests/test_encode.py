"""Stored spans as an OTLP request: what another collector stores of it is what is stored here."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.contract.attributes import (
    ATTRIBUTES,
    RESOURCE_ATTRIBUTES,
    Attribute,
    Flag,
    Host,
    Labels,
    Loose,
    Pattern,
    Pseudonym,
    Real,
    Reals,
    Route,
    Whole,
    Words,
    WordSet,
)
from collector.forward.encode import encode
from tests.otlp import PHONE, Span, now, request_span, traces
from tests.store import POLICY, Store, policy_from

KEPT = POLICY.replace("[[hosts]]", '[attributes]\n"checkout.step" = "keep"\n[[hosts]]', 1)
RAW = "raw identifier of"
TEXTS = (
    "a1b2c3d4e5",
    "de",
    f"sha256:{'0a' * 32}",
    "2026-11-01T00:00:00Z",
)
# What a collector says of its own.
OWN = {"commit_number", "policy_version", "source", "context"}
PSEUDONYMS = {a.column or "": a.name for a in ATTRIBUTES if isinstance(a.form, Pseudonym)}


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    home = tmp_path / "other"
    home.mkdir()
    with Store(home, policy_from(KEPT, home)) as opened:
        yield opened


def fitting(attribute: Attribute) -> Any:
    """A value as an SDK sends it."""
    match attribute.form:
        case Words(values=values):
            return values[-1]
        case WordSet(values=values):
            return list(values[:2])
        case Host():
            return "api.example.com"
        case Route():
            return "/v1/images/{id}"
        case Pattern(regex=regex) | Loose(regex=regex):
            return next(text for text in TEXTS if re.fullmatch(regex, text))
        case Pseudonym():
            return f"{RAW} {attribute.name}"
        case Real():
            return 0.25
        case Whole():
            return 200
        case Flag():
            return False
        case Reals():
            return [0.125, 1.0]
        case Labels():
            return ["a", "b"]


def stored(store: Store) -> list[dict[str, Any]]:
    return store.rows("select * from spans order by span_id")


def sent() -> list[ExportTraceServiceRequest]:
    """Spans with every attribute and with none, of two resources and of a third that is empty."""
    everything = {a.name: fitting(a) for a in ATTRIBUTES} | {"checkout.step": "pay"}
    root = Span(attributes=everything)
    late = request_span(start=now() - 40 * 24 * 3600 * 10**9)
    unknown = Span(name="a name 123456", kind="SERVER")
    odd = Span(start=0, duration=0)
    return [
        traces(root, root.child("CLIENT", server_address="api.example.com"), resource={}),
        traces(late, unknown),
        traces(request_span(limen_confidence=1.0), odd, resource=PHONE),
        traces(request_span(), resource={"service.name": "other"}),
    ]


def test_every_column_survives_the_way_to_another_collector(tmp_path: Path, other: Store) -> None:
    received = now()
    with Store(tmp_path, policy_from(KEPT, tmp_path)) as store:
        store.take(*sent(), received=received)
        body = encode(store.database.read("select * from spans"))
        here = stored(store)
    (receipt,) = other.take(ExportTraceServiceRequest.FromString(body), received=received)
    assert receipt.message == ""
    there = stored(other)
    for mine, theirs in zip(here, there, strict=True):
        for column in mine.keys() - OWN - PSEUDONYMS.keys():
            assert theirs[column] == mine[column], column
        for column, name in PSEUDONYMS.items():
            expected = other.pseudonym(mine[column].hex(), name) if mine[column] else None
            assert theirs[column] == expected, name
    filled = {column for row in here for column, value in row.items() if value is not None}
    assert filled == here[0].keys()
    assert RAW.encode() not in body and PHONE["app.installation.id"].encode() not in body


def test_a_part_of_a_table_is_encoded_as_it_would_be_alone(store: Store) -> None:
    store.take(*sent())
    rows = store.database.read("select * from spans order by span_id")
    parts = [encode(rows.slice(at, 1)) for at in range(rows.num_rows)]
    alone = [
        encode(pa.Table.from_pylist(rows.slice(at, 1).to_pylist(), rows.schema))
        for at in range(rows.num_rows)
    ]
    assert parts == alone and len(set(parts)) == rows.num_rows


def test_spans_of_one_resource_stand_together(store: Store) -> None:
    store.take(*sent())
    request = ExportTraceServiceRequest.FromString(
        encode(store.database.read("select * from spans order by span_id"))
    )
    sizes = [len(group.scope_spans[0].spans) for group in request.resource_spans]
    assert sum(sizes) == 7 and sorted(sizes) == [1, 1, 1, 4]
    names = {a.name for a in RESOURCE_ATTRIBUTES}
    for group in request.resource_spans:
        assert {pair.key for pair in group.resource.attributes} <= names
        for span in group.scope_spans[0].spans:
            assert not {pair.key for pair in span.attributes} & names
