"""One request on one phone: the model answers, the threshold decides, the cloud may be asked."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from demo.bodies import picture_body
from demo.destinations import ADKIT
from demo.device_model import DeviceModel, Reading
from demo.features import Feature
from demo.samples import Sample
from demo.schedule import AUDIT_PROBABILITY, PlannedRequest
from demo.transfers import UNAVAILABLE, Sender, Transfer

_ATTEMPTS = 2
_DIGEST_BYTES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Equipment:
    """What a release brings for one feature: nothing where the cloud alone answers it."""

    feature: Feature
    model: DeviceModel | None = None
    threshold: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What became of a request, in the words of the trace conventions.

    `audit_probability` is None where no audit was possible.
    """

    decision: str
    fallback_reason: str | None = None
    blocked_reason: str | None = None
    error: str | None = None
    audited: bool = False
    audit_probability: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A request that is over. Times are nanoseconds of the phone's clock.

    `reading` is None where the model did not run.
    """

    feature: Feature
    request: PlannedRequest
    sample: Sample
    input_digest: str
    threshold: float | None
    reading: Reading | None
    decided: Decision
    transfers: tuple[Transfer, ...]
    started: int
    ended: int


class Phone:
    """One phone in one launch of its app. It knows nothing of spans but the ids it passes on."""

    def __init__(
        self, *, equipment: Mapping[str, Equipment], sender: Sender, digest_key: bytes
    ) -> None:
        self._equipment = equipment
        self._sender = sender
        self._key = digest_key

    def answer(self, request: PlannedRequest, sample: Sample, at: int) -> Outcome:
        """Answers one request when the phone's clock shows `at` (nanoseconds)."""
        clock = at - time.time_ns()
        with_what = self._equipment[request.chances.feature]
        exchange = _Exchange(self._sender, with_what.feature, request, sample, clock)
        reading = None
        if request.chances.fault is None and with_what.model is not None:
            reading = with_what.model.read(sample.content)
        decided = _decide(with_what, request, reading, exchange)
        if request.chances.thumbnail and not request.offline and decided.error is None:
            exchange.send_thumbnail()
        return Outcome(
            feature=with_what.feature,
            request=request,
            sample=sample,
            input_digest=self._digest(sample),
            threshold=with_what.threshold,
            reading=reading,
            decided=decided,
            transfers=tuple(exchange.transfers),
            started=at,
            ended=time.time_ns() + clock,
        )

    def _digest(self, sample: Sample) -> str:
        return hashlib.blake2b(sample.content, key=self._key, digest_size=_DIGEST_BYTES).hexdigest()


def _decide(
    with_what: Equipment, request: PlannedRequest, reading: Reading | None, exchange: "_Exchange"
) -> Decision:
    if request.chances.fault == "error":
        return Decision(decision="error", error="out_of_memory")
    if reading is not None and _is_sure(reading, with_what):
        if request.offline:
            return Decision(decision="accept")
        audited = request.chances.audit
        if audited:
            exchange.ask_cloud()
        return Decision(decision="accept", audited=audited, audit_probability=AUDIT_PROBABILITY)
    if request.offline:
        return Decision(decision="blocked", blocked_reason="offline")
    if not exchange.ask_cloud():
        return Decision(decision="blocked", blocked_reason="cloud_error")
    if with_what.model is None:
        return Decision(decision="cloud")
    reason = "model_unavailable" if reading is None else "low_confidence"
    return Decision(decision="fallback", fallback_reason=reason)


def _is_sure(reading: Reading, with_what: Equipment) -> bool:
    return with_what.threshold is not None and reading.confidence >= with_what.threshold


class _Exchange:
    """What one request sends."""

    def __init__(
        self, sender: Sender, feature: Feature, request: PlannedRequest, sample: Sample, clock: int
    ) -> None:
        self.transfers: list[Transfer] = []
        self._sender = sender
        self._feature = feature
        self._chances = request.chances
        self._content = sample.content
        self._clock = clock

    def ask_cloud(self) -> bool:
        """Whether the cloud answered; it is asked once more where it was unavailable."""
        body = self._feature.body(self._content)
        for resend in range(_ATTEMPTS):
            transfer = self._sender.send(
                self._feature.destination,
                body,
                trace_id=self._chances.trace_id,
                span_id=self._chances.span_ids[1 + resend],
                clock=self._clock,
                resend=resend,
            )
            self.transfers.append(transfer)
            if transfer.status != UNAVAILABLE:
                return True
        return False

    def send_thumbnail(self) -> None:
        """The flow that the policy does not know: the picture at half its size."""
        assert self._feature.picture is not None
        picture = np.frombuffer(self._content, np.uint8).reshape(self._feature.picture)
        small = picture[::2, ::2]
        transfer = self._sender.send(
            ADKIT,
            picture_body(small.tobytes(), *small.shape),
            trace_id=self._chances.trace_id,
            span_id=self._chances.span_ids[-1],
            clock=self._clock,
        )
        self.transfers.append(transfer)
