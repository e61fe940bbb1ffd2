"""The other backend: one request, and what its answer means for what was sent.

https://opentelemetry.io/docs/specs/otlp/#otlphttp-response — with one departure: a status that
speaks of the address or the credentials, and not of the spans, loses no spans.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Self

import httpx
from google.protobuf.message import DecodeError
from isal import igzip
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.contract.connection import trusting

PATH = "/v1/traces"
REQUEST_SECONDS = 30.0
# An answer is a few bytes; what is longer is not read.
ANSWER_BYTES = 64 * 2**10

_PROTOBUF = "application/x-protobuf"
_TRANSIENT = (429, 502, 503, 504)
_ABOUT_THE_SPANS = (400, 422)


@dataclass(frozen=True, slots=True)
class Taken:
    """The backend has them, but for `rejected`."""

    rejected: int
    reason: str = "took the others"


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never take them; `too_large`: fewer at once it might."""

    reason: str
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """It may take them later; `seconds` where it said when. `remedy`: what only a person can do."""

    reason: str
    seconds: float | None = None
    remedy: str = ""


class Backend:
    """The traces endpoint of an OTLP/HTTP backend, or its base, which is completed as exporters do.

    Nothing of `headers`, of a path or of an answer gets into what it says.
    """

    def __init__(self, url: str, headers: Mapping[str, str], ca: Path | None = None) -> None:
        """`ca`: PEM certificates to trust instead of the public ones. Raises BadInput for it."""
        base = httpx.URL(url)
        path = base.path.rstrip("/")
        self._url = base.copy_with(path=path if path.endswith(PATH) else path + PATH)
        self.name = f"{base.scheme}://{base.netloc.decode()}"
        self._http = httpx.AsyncClient(
            headers={
                **headers,
                "content-type": _PROTOBUF,
                "content-encoding": "gzip",
                "accept-encoding": "identity",
            },
            timeout=REQUEST_SECONDS,
            verify=True if ca is None else trusting(ca, "forward_ca"),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def send(self, body: bytes) -> Taken | Refused | Later:
        """Posts an ExportTraceServiceRequest."""
        try:
            async with (
                asyncio.timeout(REQUEST_SECONDS),
                self._http.stream("POST", self._url, content=igzip.compress(body)) as answer,
            ):
                return _meaning(answer, await _read(answer))
        except TimeoutError:
            return Later("does not answer in time")
        except httpx.TransportError as exc:
            if "CERTIFICATE_VERIFY_FAILED" in str(exc):
                return Later("has a certificate that is not trusted", remedy="set forward_ca")
            return Later(f"cannot be reached ({type(exc).__name__})")


async def _read(answer: httpx.Response) -> bytes:
    found = b""
    async for part in answer.aiter_raw():
        found += part
        if len(found) > ANSWER_BYTES:
            return b""
    return found


def _meaning(answer: httpx.Response, body: bytes) -> Taken | Refused | Later:
    status = answer.status_code
    reason = f"answers {status}"
    if answer.is_success:
        return Taken(_rejected(body) if _PROTOBUF in answer.headers.get("content-type", "") else 0)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Refused(reason, too_large=True)
    if status in _TRANSIENT:
        return Later(reason, seconds=_retry_after(answer))
    if status in _ABOUT_THE_SPANS or answer.is_server_error:
        return Refused(reason)
    return Later(reason, remedy="check forward_url and forward_headers")


def _rejected(body: bytes) -> int:
    try:
        return int(ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans)
    except DecodeError:
        return 0


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds; the header holds those or a date."""
    value = answer.headers.get("retry-after", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
