"""Data leaving a phone: where it may go, and the one client that sends it."""

import time
import zlib
from dataclasses import dataclass

import httpx
import numpy as np
from numpy.typing import NDArray
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from collector.contract.errors import CollectorUnreachable

# Tells the demo cloud how far the phone's clock is from the machine's, in nanoseconds.
CLOCK_HEADER = "limen-demo-clock"
UNAVAILABLE = 503

_SEND_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A place data goes to, and what the app says about it."""

    host: str
    template: str
    region: str
    processor: str
    purpose: str
    consent: str
    traced: bool


INFERENCE = Destination(
    host="inference.example.com",
    template="/v1/classify",
    region="eu-west-1",
    processor="Example Ltd",
    purpose="app_functionality",
    consent="granted",
    traced=True,
)
ADKIT = Destination(
    host="adkit.example",
    template="/v2/collect",
    region="us-east-1",
    processor="AdKit",
    purpose="analytics",
    consent="unknown",
    traced=False,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """One body that left, and how it was answered. Times are nanoseconds of the phone's clock."""

    destination: Destination
    span_id: int
    started: int
    ended: int
    body_bytes: int
    status: int
    resend: int

    @property
    def refused(self) -> bool:
        return self.status >= 400


def encode_picture(picture: NDArray[np.uint8]) -> bytes:
    """A grey picture uint8 [h, w, 1] as a deflated portable graymap."""
    height, width, _ = picture.shape
    return zlib.compress(b"P5 %d %d 255\n" % (width, height) + picture.tobytes())


def thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of half the size, uint8 [h/2, w/2, 1]."""
    return np.ascontiguousarray(picture[::2, ::2])


class Sender:
    """Sends to every host of the demo: all of them are one process on loopback."""

    def __init__(self, cloud_url: str) -> None:
        self._url = cloud_url.rstrip("/")
        self._http = httpx.Client(trust_env=False, timeout=_SEND_SECONDS)
        self._propagator = TraceContextTextMapPropagator()

    def close(self) -> None:
        self._http.close()

    def send(
        self,
        to: Destination,
        body: bytes,
        *,
        trace_id: int,
        span_id: int,
        clock: int,
        resend: int = 0,
    ) -> Transfer:
        """Posts `body`; the transfer as it was measured.

        `clock` is the phone's clock minus the machine's, nanoseconds. Raises CollectorUnreachable
        where the demo cloud has gone.
        """
        headers = {
            "host": to.host,
            "content-type": "image/x-portable-graymap",
            "content-encoding": "deflate",
            CLOCK_HEADER: str(clock),
        }
        if to.traced:
            context = SpanContext(trace_id, span_id, False, TraceFlags(TraceFlags.SAMPLED))
            self._propagator.inject(headers, set_span_in_context(NonRecordingSpan(context)))
        started = time.time_ns()
        try:
            response = self._http.post(self._url + to.template, content=body, headers=headers)
        except httpx.TransportError as exc:
            raise CollectorUnreachable(
                f"the demo cloud no longer answers at {self._url}; start the demo again"
            ) from exc
        return Transfer(
            destination=to,
            span_id=span_id,
            started=started + clock,
            ended=time.time_ns() + clock,
            body_bytes=len(body),
            status=response.status_code,
            resend=resend,
        )
