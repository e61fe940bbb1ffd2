"""The telemetry of a phone: OpenTelemetry spans and log records, kept until it has a network."""

from collections.abc import Mapping

from opentelemetry._logs import LogRecord
from opentelemetry.context import Context
from opentelemetry.sdk._logs import (
    LoggerProvider,
    LogRecordProcessor,
    ReadableLogRecord,
    ReadWriteLogRecord,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.version import __version__ as SDK_VERSION
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from collector.contract.attributes import INPUT_EVENT, LABEL_TRUTH
from demo import strays
from demo.consents import consents
from demo.destinations import Destination
from demo.device_model import DeviceModel
from demo.features import Feature
from demo.installations import Installation
from demo.phone import Equipment, Outcome
from demo.schedule import Launch
from demo.transfers import Transfer
from demo.wire import Attributes, wire

APP = "fieldnotes"
ENVIRONMENT = "production"
SCOPE = "fieldnotes.inference"
PROVIDER = "example"


class PlannedIds(IdGenerator):
    """Hands out the ids that a request already travels under."""

    def __init__(self) -> None:
        self.trace_id = 0
        self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class Buffer:
    """What a phone has to tell and has not yet sent."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.records: list[ReadableLogRecord] = []

    def take(self) -> tuple[list[ReadableSpan], list[ReadableLogRecord]]:
        """Everything, once."""
        spans, records = self.spans, self.records
        self.spans, self.records = [], []
        return spans, records


class LaunchTelemetry:
    """The providers of one launch of the app; what they finish goes to the phone's buffer."""

    def __init__(
        self,
        phone: Installation,
        launch: Launch,
        equipment: Mapping[str, Equipment],
        threshold_version: str,
        buffer: Buffer,
    ) -> None:
        resource = _resource(phone, launch)
        self._phone, self._release = phone, launch.release
        self._ids = PlannedIds()
        self._spans = _SpanKeeper(buffer)
        tracers = TracerProvider(
            sampler=ALWAYS_ON,
            resource=resource,
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        tracers.add_span_processor(self._spans)
        self._tracer = tracers.get_tracer(SCOPE)
        loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
        loggers.add_log_record_processor(_RecordKeeper(buffer))
        self._logger = loggers.get_logger(SCOPE)
        self._always = {
            name: _launch_attributes(launch, one, threshold_version)
            for name, one in equipment.items()
        }

    def record(self, outcome: Outcome, *, logged: bool) -> None:
        """The spans of one request, and its input where it is `logged`.

        What the plan says is lost is made like the rest and goes no further.
        """
        chances = outcome.request.chances
        self._ids.trace_id = chances.trace_id
        self._ids.span_id = chances.span_ids[0]
        self._spans.losing = chances.lost
        span = self._tracer.start_span(
            f"route {outcome.feature.name}",
            Context(),
            SpanKind.INTERNAL,
            self._always[outcome.feature.name]
            | _request_attributes(outcome)
            | strays.of_request(outcome, self._phone, self._release),
            start_time=outcome.started,
        )
        if outcome.decided.decision == "error":
            span.set_status(Status(StatusCode.ERROR))
        below = set_span_in_context(span, Context())
        span.end(outcome.ended)
        self._spans.losing = chances.lost and chances.transfers_lost
        if outcome.feature.chat_model and outcome.transfers:
            self._record_chat(outcome, below)
        else:
            for transfer in outcome.transfers:
                self._record_transfer(outcome, transfer, below)
        if logged and not chances.lost:
            self._logger.emit(_logged_input(outcome, below))

    def tell_consents(self, since: int) -> None:
        """What the person behind the phone chose at `since` (ns), a record for each purpose."""
        for record in consents(self._phone, since):
            self._logger.emit(record)

    def _record_chat(self, outcome: Outcome, below: Context) -> None:
        """The span of the chat, which says what it is for, and below it those of its attempts."""
        first, last = outcome.transfers[0], outcome.transfers[-1]
        self._ids.span_id = outcome.request.chances.span_ids[-1]
        span = self._tracer.start_span(
            f"chat {outcome.feature.chat_model}",
            below,
            SpanKind.CLIENT,
            _chat_attributes(outcome, last),
            start_time=first.started,
        )
        if last.refused:
            span.set_status(Status(StatusCode.ERROR))
        inside = set_span_in_context(span, Context())
        span.end(last.ended)
        for transfer in outcome.transfers:
            self._record_transfer(outcome, transfer, inside)

    def _record_transfer(self, outcome: Outcome, transfer: Transfer, below: Context) -> None:
        self._ids.span_id = transfer.span_id
        span = self._tracer.start_span(
            f"POST {transfer.destination.template}",
            below,
            SpanKind.CLIENT,
            _transfer_attributes(outcome.feature, transfer)
            | strays.of_transfer(transfer, self._phone),
            start_time=transfer.started,
        )
        if transfer.refused:
            span.set_status(Status(StatusCode.ERROR))
        span.end(transfer.ended)


class _SpanKeeper(SpanProcessor):
    def __init__(self, buffer: Buffer) -> None:
        self.losing = False
        self._buffer = buffer

    def on_end(self, span: ReadableSpan) -> None:
        if not self.losing:
            self._buffer.spans.append(span)


class _RecordKeeper(LogRecordProcessor):
    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        assert log_record.resource is not None
        self._buffer.records.append(
            ReadableLogRecord(
                log_record=log_record.log_record,
                resource=log_record.resource,
                instrumentation_scope=log_record.instrumentation_scope,
            )
        )

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def _resource(phone: Installation, launch: Launch) -> Resource:
    return Resource(
        wire(
            app=APP,
            release=launch.release,
            launch=launch.id,
            environment=ENVIRONMENT,
            installation=phone.id,
            device_manufacturer=phone.device.manufacturer,
            device_model=phone.device.identifier,
            os_name=phone.device.os,
            os_version=phone.os_version,
            os_type=phone.device.os.lower(),
            country=phone.country,
            sdk="opentelemetry",
            sdk_version=SDK_VERSION,
        )
    )


def _launch_attributes(launch: Launch, equipment: Equipment, threshold_version: str) -> Attributes:
    feature, model = equipment.feature, equipment.model
    always = wire(
        feature=feature.name,
        placement=feature.placement,
        input_kind=feature.kind,
        session=launch.session,
    )
    return always | _model_attributes(model, threshold_version) if model else always


def _model_attributes(model: DeviceModel, threshold_version: str) -> Attributes:
    card = model.model.card
    return wire(
        confidence_method=card.confidence_method,
        threshold_version=threshold_version,
        threshold_source="bundled",
        model_name=card.name,
        model_version=card.version,
        model_digest=card.digest,
        model_size=card.size,
        runtime=model.interpreter.runtime,
        runtime_version=model.interpreter.version,
        delegate=model.delegate,
    )


def _request_attributes(outcome: Outcome) -> Attributes:
    decided, reading = outcome.decided, outcome.reading
    auditable = decided.audit_probability is not None
    return wire(
        decision=decided.decision,
        fallback_reason=decided.fallback_reason,
        blocked_reason=decided.blocked_reason,
        error_type=decided.error,
        threshold=outcome.threshold,
        confidence=reading.confidence if reading else None,
        output_label=reading.label if reading else None,
        scores=reading.scores if reading else None,
        scores_labels=reading.labels if reading else None,
        audit_sampled=decided.audited if auditable else None,
        audit_probability=decided.audit_probability,
        input_digest=outcome.input_digest,
        input_size=len(outcome.sample.content),
        sequence=outcome.request.sequence,
        network=outcome.request.network,
    )


def _transfer_attributes(feature: Feature, transfer: Transfer) -> Attributes:
    to = transfer.destination
    told = wire(
        feature=feature.name,
        server_address=to.host,
        server_port=443,
        url_template=to.template,
        http_request_body_size=transfer.body_bytes,
        http_status=transfer.status,
        http_resend_count=transfer.resend or None,
        error_type=str(transfer.status) if transfer.refused else None,
    )
    # The span of a chat lends the rest.
    return told if feature.chat_model else told | _flow_attributes(feature, to)


def _flow_attributes(feature: Feature, to: Destination) -> Attributes:
    return wire(
        egress_region=to.region,
        egress_processor=to.processor,
        data_categories=(feature.category,),
        purpose=to.purpose,
        consent_state=to.consent,
    )


def _chat_attributes(outcome: Outcome, last: Transfer) -> Attributes:
    to, usage = last.destination, last.usage
    return _flow_attributes(outcome.feature, to) | wire(
        feature=outcome.feature.name,
        server_address=to.host,
        error_type=str(last.status) if last.refused else None,
        gen_ai_operation="chat",
        gen_ai_provider=PROVIDER,
        gen_ai_model=outcome.feature.chat_model,
        gen_ai_input_tokens=usage.input_tokens if usage else None,
        gen_ai_output_tokens=usage.output_tokens if usage else None,
    )


def _logged_input(outcome: Outcome, below: Context) -> LogRecord:
    content, truth = outcome.sample.content, outcome.sample.truth
    return LogRecord(
        timestamp=outcome.started,
        observed_timestamp=outcome.started,
        context=below,
        event_name=INPUT_EVENT,
        body=content if outcome.feature.picture else content.decode(),
        attributes=wire(
            feature=outcome.feature.name,
            input_kind=outcome.feature.kind,
            input_digest=outcome.input_digest,
            consent_state="granted",
        )
        | ({LABEL_TRUTH: truth} if truth else {}),
    )


def is_logged(phone: Installation, outcome: Outcome) -> bool:
    """Whether the input of a request is logged: with consent, of what a model on the phone answers,
    and where there was an answer."""
    return (
        phone.consents_to_logging
        and bool(outcome.feature.models)
        and outcome.decided.decision != "error"
    )
