"""Data leaving a phone: the one client that sends it."""

import time
from dataclasses import dataclass

import httpx
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from collector.contract.errors import CollectorUnreachable
from demo.bodies import Body
from demo.destinations import Destination

# Tells the demo cloud how far the phone's clock is from the machine's, in nanoseconds.
CLOCK_HEADER = "limen-demo-clock"
UNAVAILABLE = 503

_SEND_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens of a chat, as the cloud counted them."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """One body that left, and how it was answered. Times are nanoseconds of the phone's clock.

    `usage` is None where the answer tells no tokens.
    """

    destination: Destination
    span_id: int
    started: int
    ended: int
    body_bytes: int
    status: int
    resend: int
    usage: Usage | None

    @property
    def refused(self) -> bool:
        return self.status >= 400


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
        body: Body,
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
            **body.headers,
            "host": to.host,
            CLOCK_HEADER: str(clock),
        }
        if to.traced:
            context = SpanContext(trace_id, span_id, False, TraceFlags(TraceFlags.SAMPLED))
            self._propagator.inject(headers, set_span_in_context(NonRecordingSpan(context)))
        started = time.time_ns()
        try:
            address = self._url + to.template
            response = self._http.post(address, content=body.content, headers=headers)
        except httpx.TransportError as exc:
            raise CollectorUnreachable(
                f"the demo cloud no longer answers at {self._url}; start the demo again"
            ) from exc
        return Transfer(
            destination=to,
            span_id=span_id,
            started=started + clock,
            ended=time.time_ns() + clock,
            body_bytes=len(body.content),
            status=response.status_code,
            resend=resend,
            usage=_usage(response),
        )


def _usage(response: httpx.Response) -> Usage | None:
    if not response.is_success or not response.content:
        return None
    usage = response.json().get("usage")
    return usage and Usage(
        input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"]
    )
