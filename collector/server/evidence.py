"""The routes of what is made for others to keep: evidence packs, and records."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.contract.attributes import LABEL, VERSION
from collector.contract.errors import BadInput, NotFound, named
from collector.contract.processing import FORMATS
from collector.server.asked import Json, only, parse
from collector.server.body import Bodies
from collector.server.guard import Caller
from collector.server.reviews import SCOPE, scope_of
from collector.store.compliance import Scope
from collector.store.evidence import Evidence
from collector.store.records import Records

_MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "plist": "application/x-plist",
    "yaml": "application/yaml",
}


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    since: str | None = Field(default=None, alias="from")
    until: str | None = Field(default=None, alias="to")
    app: str | None = Field(default=None, pattern=LABEL)
    environment: str | None = Field(default=None, pattern=LABEL)
    release: str | None = Field(default=None, pattern=VERSION)


class EvidenceRoutes:
    """Over `evidence` and `records`."""

    def __init__(self, evidence: Evidence, records: Records, bodies: Bodies) -> None:
        self._evidence, self._records, self._bodies = evidence, records, bodies

    def routes(self) -> Sequence[Route]:
        return (
            Route("/api/records/{kind}", self.record, methods=["GET"]),
            Route("/api/evidence", self.make, methods=["POST"]),
        )

    async def make(self, request: Request) -> Response:
        """An evidence pack, a zip file: from, to, app, environment, release; audited."""
        scope = Scope(**parse(_Asked, await self._bodies.read(request)).model_dump())
        caller: Caller = request.state.caller
        pack = await run_in_threadpool(self._evidence.make, scope, caller.token)
        return Response(pack, media_type="application/zip")

    async def record(self, request: Request) -> Response:
        """A record of what was seen: from, to, app, environment, release, format; files audited."""
        only(request.query_params, (*SCOPE, "format"))
        kind, scope = request.path_params["kind"], scope_of(request)
        if kind not in FORMATS:
            raise NotFound(f"there is no record {named(kind)}; there are {', '.join(FORMATS)}")
        form = request.query_params.get("format", FORMATS[kind][-1])
        if form not in FORMATS[kind]:
            raise BadInput(f"format is {' or '.join(FORMATS[kind])}")
        if form != "json":
            caller: Caller = request.state.caller
            written = self._records.written
            content = await run_in_threadpool(written, kind, form, scope, caller.token)
            return Response(content, headers={"content-type": _MEDIA[form]})
        if kind in ("play", "apple"):
            return Json((await run_in_threadpool(self._records.proposal, scope, kind)).model_dump())
        record = await run_in_threadpool(self._records.article30, scope)
        if kind == "transfers":
            return Json({"transfers": [one.model_dump() for one in record.transfers]})
        return Json(record.model_dump())
