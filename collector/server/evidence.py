"""The route of evidence packs."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.contract.attributes import LABEL, VERSION
from collector.server.asked import parse
from collector.server.body import Bodies
from collector.server.guard import Caller
from collector.store.compliance import Scope
from collector.store.evidence import Evidence


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    since: str | None = Field(default=None, alias="from")
    until: str | None = Field(default=None, alias="to")
    app: str | None = Field(default=None, pattern=LABEL)
    environment: str | None = Field(default=None, pattern=LABEL)
    release: str | None = Field(default=None, pattern=VERSION)


class EvidenceRoutes:
    """Over `evidence`."""

    def __init__(self, evidence: Evidence, bodies: Bodies) -> None:
        self._evidence, self._bodies = evidence, bodies

    def routes(self) -> Sequence[Route]:
        return (Route("/api/evidence", self.make, methods=["POST"]),)

    async def make(self, request: Request) -> Response:
        """An evidence pack, a zip file: from, to, app, environment, release; audited."""
        scope = Scope(**parse(_Asked, await self._bodies.read(request)).model_dump())
        caller: Caller = request.state.caller
        pack = await run_in_threadpool(self._evidence.make, scope, caller.token)
        return Response(pack, media_type="application/zip")
