"""The route of what Limen says of itself."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.server.asked import Json, only
from collector.store.self_audit import SelfAudits


class SelfAuditRoutes:
    """Over `audits`."""

    def __init__(self, audits: SelfAudits) -> None:
        self._audits = audits

    def routes(self) -> Sequence[Route]:
        return (Route("/api/self-audit", self.make, methods=["GET"]),)

    async def make(self, request: Request) -> Response:
        """Its own ways out, what redaction looked at (from, to), retention against its promise."""
        asked = request.query_params
        only(asked, ("from", "to"))
        made = await run_in_threadpool(self._audits.make, asked.get("from"), asked.get("to"))
        return Json(made.model_dump())
