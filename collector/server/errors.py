"""One table from what went wrong to a status, for both doors.

OTLP: https://opentelemetry.io/docs/specs/otlp/#failures-1 — 4xx drop the data, 429/502/503/504
keep it. Query API: RFC 9457 problem details.
"""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from google.protobuf import json_format
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from collector.contract.errors import (
    BadInput,
    Forbidden,
    LimenError,
    NotFound,
    Overloaded,
    StoreUnusable,
    TokensUnreadable,
    TooLarge,
    TooSlow,
    Unauthenticated,
    UnknownEncoding,
    UnsupportedMedia,
)
from collector.server.retry import Spread

_log = logging.getLogger("limen")

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
ENCODINGS = "gzip, zstd"

STATUS: Mapping[type[LimenError], int] = {
    BadInput: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    TooSlow: 408,
    TooLarge: 413,
    UnsupportedMedia: 415,
    Overloaded: 503,
    StoreUnusable: 503,
    TokensUnreadable: 503,
}

# google.rpc.Code of each status.
_CODES: Mapping[int, int] = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    405: 12,
    408: 4,
    413: 3,
    415: 3,
    503: 14,
}

# Phones and questions: a busy dashboard does not make phones wait.
_TAKING, _ASKING = Spread(), Spread()


def status_of(error: LimenError) -> int:
    """The status of the nearest class that has one."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def reason_of(error: Exception) -> str:
    """The kind of `error` in words of ours, never its message."""
    if isinstance(error, HTTPException):
        return HTTPStatus(error.status_code).name.lower()
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def retry_seconds() -> int:
    """When a refused export should be sent again."""
    return _TAKING.seconds()


def _headers(status: int, spread: Spread) -> dict[str, str]:
    match status:
        case 401:
            return {"www-authenticate": 'Bearer realm="limen"'}
        case 408:
            return {"connection": "close"}
        case 503:
            return {"retry-after": str(spread.seconds())}
        case _:
            return {}


def rpc_status(error: LimenError) -> Status:
    """What both doors say of `error`; bad input with the place that is wrong."""
    found = Status(code=_CODES.get(status_of(error), 13), message=str(error))
    if isinstance(error, BadInput):
        request = BadRequest()
        request.field_violations.add(field=error.field, description=str(error))
        found.details.add().Pack(request)
    return found


def own_fault(error: Exception) -> Overloaded:
    """What a client is told of a fault of ours, without `error`'s message: it can hold a value."""
    _log.error("a request failed: %s", type(error).__name__)
    return Overloaded("the request failed here: send again later")


def otlp_error(error: LimenError, media: str) -> Response:
    """A google.rpc.Status in the request's encoding."""
    # RFC 9110, section 12.5.3: what would have been taken.
    headers = {"accept-encoding": ENCODINGS} if isinstance(error, UnknownEncoding) else {}
    return _otlp(status_of(error), rpc_status(error), media, headers)


def otlp_status(
    status: int, message: str, media: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A google.rpc.Status with `message` in `media`."""
    return _otlp(status, Status(code=_CODES.get(status, 13), message=message), media, headers)


def _otlp(status: int, said: Status, media: str, headers: Mapping[str, str] | None) -> Response:
    if media == JSON:
        body = json_format.MessageToJson(said, indent=None).encode()
    else:
        body = said.SerializeToString()
    own = _headers(status, _TAKING) | dict(headers or {})
    return Response(body, status_code=status, media_type=media, headers=own)


def problem(error: LimenError) -> JSONResponse:
    """Problem details; bad input with the place in the body that is wrong."""
    return _problem(details(error))


def problem_of(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Problem details of a status."""
    return _problem(_details(status, detail), headers)


def details(error: LimenError) -> dict[str, Any]:
    """Problem details as an object."""
    field = error.field if isinstance(error, BadInput) else ""
    return _details(status_of(error), str(error)) | ({"field": field} if field else {})


def _details(status: int, detail: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


def _problem(said: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    status = said["status"]
    return JSONResponse(
        said,
        status_code=status,
        media_type="application/problem+json",
        headers=_headers(status, _ASKING) | dict(headers or {}),
    )
