"""The routes of one installation, by its identifier: lookup, erasure, access."""

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.contract.policy import Policy
from collector.persons.erasures import Erasures
from collector.server.asked import Json, parse
from collector.server.body import Bodies
from collector.server.guard import Caller
from collector.store.access import Access
from collector.store.installations import Installations


class _Lookup(BaseModel):
    model_config = ConfigDict(extra="forbid")
    installation: SecretStr = Field(min_length=1)


class _Erasure(BaseModel):
    model_config = ConfigDict(extra="forbid")
    installation: SecretStr = Field(min_length=1)
    now: bool = False


class _Access(BaseModel):
    model_config = ConfigDict(extra="forbid")
    installation: SecretStr = Field(min_length=1)
    contents: bool = False


class PersonRoutes:
    """Over `installations`, `erasures` and `access`, under the policy that `policy` gives."""

    def __init__(
        self,
        installations: Installations,
        erasures: Erasures,
        access: Access,
        policy: Callable[[], Policy],
        bodies: Bodies,
    ) -> None:
        self._installations, self._erasures, self._access = installations, erasures, access
        self._policy, self._bodies = policy, bodies

    def routes(self) -> Sequence[Route]:
        return (
            Route("/api/installations/lookup", self.lookup, methods=["POST"]),
            Route("/api/installations/erase", self.erase, methods=["POST"]),
            Route("/api/installations/access", self.access, methods=["POST"]),
            Route("/api/erasures", self.erasures, methods=["GET"]),
        )

    async def lookup(self, request: Request) -> Response:
        """What is stored of one installation, by its identifier in the body; audited without it."""
        asked = parse(_Lookup, await self._bodies.read(request))
        caller: Caller = request.state.caller
        found = await run_in_threadpool(
            self._installations.find, asked.installation.get_secret_value(), caller.token
        )
        return Json(found.model_dump())

    async def erase(self, request: Request) -> Response:
        """Erases one installation, by its identifier in the body; `now`: to the last byte."""
        asked = parse(_Erasure, await self._bodies.read(request))
        caller: Caller = request.state.caller
        done = await run_in_threadpool(
            self._erasures.run,
            asked.installation.get_secret_value(),
            caller.token,
            compact=asked.now,
        )
        return Json(done.model_dump())

    async def access(self, request: Request) -> Response:
        """Everything held about one installation, by its identifier in the body; audited."""
        asked = parse(_Access, await self._bodies.read(request))
        caller: Caller = request.state.caller
        report = await run_in_threadpool(
            self._access.report,
            asked.installation.get_secret_value(),
            self._policy(),
            caller.token,
            contents=asked.contents,
            forwarded_to=self._erasures.forwarded_to,
        )
        return Json(report.model_dump())

    async def erasures(self, _: Request) -> Response:
        """The receipts of erasures, newest first."""
        found = await run_in_threadpool(self._erasures.all)
        return Json({"erasures": [one.model_dump() for one in found]})
