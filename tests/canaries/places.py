"""OTLP requests with a secret of its own in every place that can hold text."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collector.contract.attributes import (
    ATTRIBUTES,
    INPUT_DIGEST_NAME,
    INPUT_KIND,
    LABEL_TRUTH,
    Labels,
    Reals,
    Whole,
    WordSet,
)
from tests.canaries.kinds import CONTEXT, EVASIONS, KINDS, Secret
from tests.canaries.search import Search, forms
from tests.otlp import PHONE, Span, logged_input, pairs, proto, request_span

# What the policy of the collector under test does to attributes of its own.
POLICY = """
version = "canaries"
[attributes]
"checkout.note" = "keep"
"checkout.other" = "keep"
"checkout.account" = "hash"
"checkout.network" = "bucket:ipv4/24"
"checkout.build" = "bucket:version/major"
"checkout.day" = "bucket:date/month"
[features.image_classify]
categories = ["image"]
log_inputs = true
"""
KEPT, OTHER = "checkout.note", "checkout.other"
# What nobody can tell from what belongs there.
START, OF_SOMEBODY = "spans.start_time_unix_nano", "spans.trace_id of somebody"
CHANGED = ("checkout.account", "checkout.network", "checkout.build", "checkout.day")

IDS = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
_LISTS = (Labels, Reals, WordSet)

# Evasions are tried with these everywhere, and with every kind in text that the policy keeps.
EVADED = ("email", "phone", "card", "github", "uuid")
TRANSPORTS = ("HTTP protobuf", "HTTP JSON", "gRPC")


def cases(transport: str, evaded: Sequence[str] = EVADED) -> list[tuple[str, str]]:
    """Kinds and evasions: every kind as it is, and of the evasions the share of `transport`."""
    pairs = [(kind, evasion) for kind in evaded for evasion in EVASIONS if evasion != "plain"]
    share = pairs[TRANSPORTS.index(transport) :: len(TRANSPORTS)]
    return [*((kind, "plain") for kind in KINDS), *share]


@dataclass(frozen=True, order=True, slots=True)
class Canary:
    """One secret that was sent: where, of which kind and how it was written."""

    place: str
    kind: str
    evasion: str
    transport: str


class Canaries:
    """Makes secrets and remembers them."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self.sent: list[Canary] = []
        self._needles: list[tuple[bytes, int]] = []

    def secret(self, place: str, kind: str, evasion: str, transport: str) -> str:
        """A new secret for `place`, as it is written there."""
        made = KINDS[kind](self._rng)
        self.add(Canary(place, kind, evasion, transport), made.marks)
        return EVASIONS[evasion](made.text)

    def made(self, kind: str) -> Secret:
        return KINDS[kind](self._rng)

    def add(self, canary: Canary, marks: tuple[str, ...]) -> None:
        self._needles += [(form, len(self.sent)) for mark in marks for form in forms(mark)]
        self.sent.append(canary)

    def search(self) -> Search:
        return Search(self._needles)


Writer = Callable[[str], str]


def fill(message: Message, prefix: str, write: Writer) -> None:
    """Every string and bytes of `message`, however deep, by `write(place)`; ids stay as they are.

    By the descriptors: what a later OTLP adds is filled too.
    """
    for field in message.DESCRIPTOR.fields:
        place = f"{prefix}.{field.name}" if prefix else field.name
        target: Any = getattr(message, field.name)
        if field.message_type is KeyValue.DESCRIPTOR and field.is_repeated:
            target.extend(_pairs(place, write))
        elif field.message_type is AnyValue.DESCRIPTOR:
            # A log record's body: one record has one, so each form has a record of its own.
            continue
        elif field.message_type:
            fill(target.add() if field.is_repeated else target, place, write)
        elif field.name in IDS:
            continue
        elif field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            text: str | bytes = write(place)
            text = text if field.type == FieldDescriptor.TYPE_STRING else str(text).encode()
            if field.is_repeated:
                target.append(text)
            else:
                setattr(message, field.name, text)


def _pairs(place: str, write: Writer) -> list[KeyValue]:
    """An attribute for each form of a value, and one with the secret as its key."""
    made = [KeyValue(key=f"note{n}", value=v) for n, v in enumerate(values(place, write))]
    return [*made, KeyValue(key=write(f"{place}.key"), value=AnyValue(string_value="x"))]


def values(place: str, write: Writer) -> Iterator[AnyValue]:
    """A value of each form that can hold text."""
    yield AnyValue(string_value=write(f"{place}.string"))
    yield AnyValue(bytes_value=write(f"{place}.bytes").encode())
    nested = AnyValue()
    nested.array_value.values.add().string_value = write(f"{place}.list")
    pair = nested.array_value.values.add().kvlist_value.values.add(key=write(f"{place}.map key"))
    pair.value.array_value.values.add().string_value = write(f"{place}.list in map in list")
    yield nested
    named = AnyValue()
    named.kvlist_value.values.add(key="k").value.string_value = write(f"{place}.map")
    yield named


def traces(canaries: Canaries, transport: str, trace_id: bytes) -> ExportTraceServiceRequest:
    """Requests' spans, all of one trace, with a secret in every place there is."""
    request = ExportTraceServiceRequest()
    for number, (kind, evasion) in enumerate(cases(transport)):

        def write(place: str, kind: str = kind, evasion: str = evasion) -> str:
            return canaries.secret(place, kind, evasion, transport)

        full = ExportTraceServiceRequest()
        fill(full, "", write)
        span = full.resource_spans[0].scope_spans[0].spans[0]
        _identify(span, trace_id)
        request.MergeFrom(full)
        _add(request, trace_id, pairs(PHONE), _kept(write))
        on_resource = [pair for pair in _kept(lambda p: write(f"resource {p}")) if number % 2]
        _add(request, trace_id, on_resource or pairs(PHONE), [])
        for name in CHANGED:
            _add(request, trace_id, pairs(PHONE), pairs({name: write(name)}))
    for one in _texts(canaries, transport):
        _add(request, trace_id, pairs(PHONE), pairs(one))
    _add_numbers(request, canaries, transport, trace_id)
    _add_identifiers(request, canaries, transport, trace_id)
    return request


def _identify(span: Any, trace_id: bytes) -> None:
    """What makes it a span that is kept, whatever else is wrong with it."""
    made = proto(request_span())
    span.trace_id, span.span_id = trace_id, made.span_id
    span.start_time_unix_nano = made.start_time_unix_nano
    span.end_time_unix_nano = made.end_time_unix_nano
    span.attributes.extend(made.attributes)


def _add(
    request: ExportTraceServiceRequest,
    trace_id: bytes,
    resource: list[KeyValue],
    attributes: list[KeyValue],
) -> Any:
    group = request.resource_spans.add()
    group.resource.attributes.extend(resource)
    span = group.scope_spans.add().spans.add()
    _identify(span, trace_id)
    span.attributes.extend(attributes)
    return span


def _kept(write: Writer) -> list[KeyValue]:
    """Every attribute of the contract with a secret for its value; lists also within one."""
    found = [KeyValue(key=a.name, value=_text(write(a.name))) for a in ATTRIBUTES]
    for attribute in ATTRIBUTES:
        if isinstance(attribute.form, _LISTS):
            pair = KeyValue(key=attribute.name)
            pair.value.array_value.values.add().string_value = write(f"{attribute.name}[]")
            found.append(pair)
    return found


def _text(text: str) -> AnyValue:
    return AnyValue(string_value=text)


def _texts(canaries: Canaries, transport: str) -> Iterator[Mapping[str, str]]:
    """What stands in text that the policy keeps: alone, among words, and halved."""
    for kind, evasion in cases(transport, list(KINDS)):
        if evasion == "plain":
            yield {KEPT: canaries.secret(f"{KEPT} alone", kind, evasion, transport)}
        secret = canaries.secret(f"{KEPT} in words", kind, evasion, transport)
        yield {KEPT: f"asked {CONTEXT.get(kind, 'about')}: {secret} by hand"}
    for kind in ("email", "card", "github"):
        made = canaries.made(kind)
        half = len(made.text) // 2 if kind != "email" else 9
        canary = Canary("two attributes", kind, "halved", transport)
        canaries.add(canary, (made.text[:half],))
        yield {KEPT: made.text[:half], OTHER: made.text[half:]}


def _add_numbers(
    request: ExportTraceServiceRequest, canaries: Canaries, transport: str, trace_id: bytes
) -> None:
    """Numbers that identify somebody, as numbers."""
    for attribute in (a for a in ATTRIBUTES if isinstance(a.form, Whole)):
        for kind in ("card", "imei", "phone"):
            digits = canaries.secret(f"{attribute.name} as number", kind, "plain", transport)
            span = _add(request, trace_id, pairs(PHONE), [])
            span.attributes.add(key=attribute.name).value.int_value = int(digits.strip("+"))
    span = _add(request, trace_id, pairs(PHONE), [])
    span.start_time_unix_nano = int(canaries.secret(START, "card", "plain", transport))


def _add_identifiers(
    request: ExportTraceServiceRequest, canaries: Canaries, transport: str, trace_id: bytes
) -> None:
    """Ids of the right length that are words, numbers and somebody's."""
    for field, size in IDS.items():
        for kind in ("email", "card"):
            made = canaries.made(kind).text
            word = made.partition("@")[0][: size - 7] + "@ab.org" if kind == "email" else made
            word = word[:size].rjust(size, "q")
            canaries.add(Canary(f"spans.{field}", kind, "plain", transport), (word,))
            span = _add(request, trace_id, pairs(PHONE), [])
            setattr(span, field, word.encode())
        digits = canaries.secret(f"spans.{field}", "card", "plain", transport)
        span = _add(request, trace_id, pairs(PHONE), [])
        setattr(span, field, bytes.fromhex(digits.zfill(2 * size)))
    span = _add(request, trace_id, pairs(PHONE), [])
    span.trace_id = UUID(canaries.secret(OF_SOMEBODY, "uuid", "plain", transport)).bytes


def logs(canaries: Canaries, transport: str) -> ExportLogsServiceRequest:
    """Log records that are no logged input, and inputs that are, with secrets in every place."""
    request = ExportLogsServiceRequest()
    for kind, evasion in cases(transport):

        def write(place: str, kind: str = kind, evasion: str = evasion) -> str:
            return canaries.secret(place, kind, evasion, transport)

        full = ExportLogsServiceRequest()
        fill(full, "", write)
        request.MergeFrom(full)
        records = request.resource_logs[-1].scope_logs[0].log_records
        records.extend(LogRecord(body=body) for body in values("log_records.body", write))
        span = Span()
        secret = {
            name: write(f"input {name}") for name in (INPUT_KIND, INPUT_DIGEST_NAME, LABEL_TRUTH)
        }
        made = logged_input(span, write("input body"))
        record = made.resource_logs[0].scope_logs[0].log_records[0]
        record.severity_text = write("input severity_text")
        kept = [pair for pair in record.attributes if pair.key not in secret]
        del record.attributes[:]
        record.attributes.extend([*kept, *pairs(secret)])
        request.MergeFrom(made)
    return request
