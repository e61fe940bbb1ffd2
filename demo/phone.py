"""One request on one phone: the model reads, the threshold decides, the cloud may be asked."""

import hashlib
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.device_model import DeviceModel, Reading
from demo.schedule import AUDIT_PROBABILITY, PlannedRequest
from demo.transfers import (
    ADKIT,
    INFERENCE,
    UNAVAILABLE,
    Sender,
    Transfer,
    encode_picture,
    thumbnail,
)

_ATTEMPTS = 2
_DIGEST_BYTES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A picture uint8 [8, 8, 1] as the phone's camera saw it, and the digit it shows."""

    picture: NDArray[np.uint8]
    truth: str


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

    request: PlannedRequest
    shot: Shot
    input_digest: str
    threshold: float
    reading: Reading | None
    decided: Decision
    transfers: tuple[Transfer, ...]
    started: int
    ended: int


class Phone:
    """One phone in one launch of its app. It knows nothing of spans but the ids it passes on."""

    def __init__(
        self, *, model: DeviceModel, threshold: float, sender: Sender, digest_key: bytes
    ) -> None:
        self.model = model
        self._threshold = threshold
        self._sender = sender
        self._key = digest_key

    def answer(self, request: PlannedRequest, shot: Shot, at: int) -> Outcome:
        """Answers one request when the phone's clock shows `at` (nanoseconds)."""
        clock = at - time.time_ns()
        exchange = _Exchange(self._sender, request, shot, clock)
        reading = None
        if request.chances.fault is None:
            reading = self.model.read(shot.picture)
        decided = self._decide(request, reading, exchange)
        if request.chances.thumbnail and not request.offline and decided.error is None:
            exchange.send_thumbnail()
        return Outcome(
            request=request,
            shot=shot,
            input_digest=self._digest(shot),
            threshold=self._threshold,
            reading=reading,
            decided=decided,
            transfers=tuple(exchange.transfers),
            started=at,
            ended=time.time_ns() + clock,
        )

    def _decide(
        self, request: PlannedRequest, reading: Reading | None, exchange: "_Exchange"
    ) -> Decision:
        if request.chances.fault == "error":
            return Decision(decision="error", error="out_of_memory")
        if reading is not None and reading.confidence >= self._threshold:
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
        reason = "model_unavailable" if reading is None else "low_confidence"
        return Decision(decision="fallback", fallback_reason=reason)

    def _digest(self, shot: Shot) -> str:
        content = shot.picture.tobytes()
        return hashlib.blake2b(content, key=self._key, digest_size=_DIGEST_BYTES).hexdigest()


class _Exchange:
    """What one request sends."""

    def __init__(self, sender: Sender, request: PlannedRequest, shot: Shot, clock: int) -> None:
        self.transfers: list[Transfer] = []
        self._sender = sender
        self._chances = request.chances
        self._picture = shot.picture
        self._clock = clock

    def ask_cloud(self) -> bool:
        """Whether the cloud answered; it is asked once more where it was unavailable."""
        body = encode_picture(self._picture)
        for resend in range(_ATTEMPTS):
            transfer = self._sender.send(
                INFERENCE,
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
        """The flow that the policy does not know."""
        transfer = self._sender.send(
            ADKIT,
            encode_picture(thumbnail(self._picture)),
            trace_id=self._chances.trace_id,
            span_id=self._chances.span_ids[-1],
            clock=self._clock,
        )
        self.transfers.append(transfer)
