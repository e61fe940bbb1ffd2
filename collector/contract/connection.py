"""How the query API is reached, and what is said where it is not, or refuses."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import orjson
from pydantic import BaseModel

from collector.contract.config import Settings
from collector.contract.errors import (
    BadInput,
    CollectorUnreachable,
    Forbidden,
    LimenError,
    NotFound,
    Overloaded,
    TooSlow,
    Unauthenticated,
)
from collector.contract.records import JSON_LINES

_ERRORS: Mapping[int, type[LimenError]] = {
    400: BadInput,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    503: Overloaded,
}

Record = TypeVar("Record", bound=BaseModel)

# What is said to a request for a name that is not in `api_hosts`.
_ANOTHER_NAME = "Invalid host header"


class Connection:
    """To the query API of a running collector. Errors are those of `collector.contract.errors`."""

    def __init__(
        self, api: str, *, token: str | None = None, ca: Path | None = None, timeout: float = 60.0
    ) -> None:
        """`ca`: PEM certificates to trust instead of the public ones.

        Raises BadInput for it, and for an `api` that is no address.
        """
        self.api = api.rstrip("/")
        try:
            # trust_env off: a proxy of the machine must not see what is asked.
            self._http = httpx.Client(
                base_url=self.api,
                headers={"authorization": f"Bearer {token}"} if token else None,
                verify=_trusted(self.api) if ca is None else trusting(ca, "api_ca"),
                timeout=timeout,
                trust_env=False,
            )
        except httpx.InvalidURL:
            raise self._no_address() from None

    @classmethod
    def of(cls, settings: Settings, *, timeout: float = 60.0) -> Self:
        """A client of the collector that the settings name, as the caller they name."""
        token = settings.token.get_secret_value() if settings.token else None
        return cls(settings.api_url, token=token, ca=settings.api_ca, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._reaching():
            response = self._http.request(method, path, **options)
        return self._good(response)

    def _pieces(self, method: str, path: str, **options: Any) -> Iterator[tuple[bytes, int]]:
        """A file that may be large and take long to make, each piece with the bytes of it all."""
        with (
            self._reaching(),
            self._http.stream(method, path, timeout=None, **options) as response,
        ):
            if not response.is_success:
                response.read()
            size = int(self._good(response).headers["content-length"])
            with self._going_on():
                for chunk in response.iter_bytes():
                    yield chunk, size

    def _lines(
        self, kind: type[Record], number: int, method: str, path: str, **options: Any
    ) -> Iterator[Record]:
        """So many records, each as soon as it is there. Raises what went wrong after those before.

        A line each; the last may say what went wrong meanwhile.
        """
        accept = {"accept": JSON_LINES}
        with (
            self._reaching(),
            self._http.stream(method, path, headers=accept, **options) as response,
        ):
            if not response.is_success:
                response.read()
            if not self._good(response).headers.get("content-type", "").startswith(JSON_LINES):
                raise self._another(response)
            told = 0
            with self._going_on():
                for line in lines_of(response.iter_bytes()):
                    yield self._record(kind, line, response)
                    told += 1
            if told != number:
                raise self._another(response)

    def _record(self, kind: type[Record], line: bytes, response: httpx.Response) -> Record:
        try:
            told = orjson.loads(line)
            problem = told.get("problem")
            if problem is None:
                return kind.model_validate(told)
            error = _error(problem, problem["status"])
        except (ValueError, AttributeError, KeyError, TypeError):
            # Without what it says: that may be anything.
            raise self._another(response) from None
        raise error

    def _json(self, method: str, path: str, **options: Any) -> Any:
        """The answer, which is JSON wherever a collector answers."""
        answer = self._call(method, path, **options)
        try:
            return answer.json()
        except ValueError:
            raise self._another(answer) from None

    def _no_address(self) -> BadInput:
        return BadInput(
            f"--api (api_url): {self.api!r} is no address; write it as http://127.0.0.1:4320"
        )

    def _another(self, answer: httpx.Response) -> CollectorUnreachable:
        return CollectorUnreachable(
            f"what answers at {self.api} is no collector's query API (HTTP {answer.status_code}): "
            "name that with --api or api_url; a collector prints it as `api` when it starts"
        )

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise self._no_address() from None
        except httpx.ReadTimeout as exc:
            raise TooSlow(
                f"the collector at {self.api} is there and did not answer within "
                f"{self._http.timeout.read:g} s; narrow the question, or ask again later"
            ) from exc
        except httpx.TransportError as exc:
            if "CERTIFICATE_VERIFY_FAILED" in str(exc):
                raise CollectorUnreachable(
                    f"the certificate at {self.api} is not trusted here, or is for another name: "
                    "name its authority's file in api_ca (LIMEN_API_CA), the collector in api_url"
                ) from exc
            if isinstance(exc, httpx.RemoteProtocolError):
                raise CollectorUnreachable(
                    f"what answers at {self.api} hangs up: a collector with TLS is at https://"
                ) from exc
            raise CollectorUnreachable(
                f"no collector answers at {self.api}; start one with `limen collector`, "
                "or name another with --api"
            ) from exc

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """What answers is a collector: its answer has begun."""
        try:
            yield
        except (httpx.NetworkError, httpx.RemoteProtocolError) as exc:
            raise CollectorUnreachable(
                f"the collector at {self.api} went away in the middle of an answer: it was "
                "stopped, or is being started again; ask again"
            ) from exc

    def _good(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        if response.text == _ANOTHER_NAME:
            raise BadInput(
                f"the collector does not answer to the name in {self.api}: add it to its api_hosts"
            )
        if "problem+json" not in response.headers.get("content-type", ""):
            raise self._another(response)
        raise _error(response.json(), response.status_code)


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines that these bytes are; only a newline ends one, which JSON does not hold."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _error(problem: Mapping[str, Any], status: int) -> LimenError:
    """What problem details (RFC 9457) of this status say."""
    message = f"the collector says: {problem['detail']}"
    if field := problem.get("field"):
        return BadInput(message, field=field)
    if status == 401:
        message += "; give this command one with LIMEN_TOKEN or --token"
    return _ERRORS.get(status, LimenError)(message)


def trusting(ca: Path, setting: str) -> ssl.SSLContext:
    """Trust in the PEM certificates of `ca` alone. Raises BadInput naming the setting."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as exc:  # ssl.SSLError is one
        raise BadInput(
            f"{setting} {ca} cannot be read as PEM certificates: {exc.strerror}"
        ) from exc


def _trusted(api: str) -> ssl.SSLContext | bool:
    """Whom `api` is trusted by: the public authorities, which take a while to read; without TLS
    there is nothing to trust."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if api.lower().startswith("http:") else True
