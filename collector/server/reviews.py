"""The routes of whoever reviews what left: declarations, findings and what is said of them."""

import re
from collections.abc import Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.compliance.export import as_csv
from collector.contract.attributes import LABEL, NAME, VERSION
from collector.contract.compliance import Judgement
from collector.contract.errors import BadInput
from collector.server.asked import Json, only, parse
from collector.server.body import Bodies
from collector.server.guard import Caller
from collector.store.audit_log import AuditLog
from collector.store.compliance import Compliance, Scope
from collector.store.declarations import Declarations

SCOPE = ("from", "to", "app", "environment", "release")
_FILE = r"[\w .()+\-]{1,100}"
_NAMED = "the file's name: at most 100 letters, digits, spaces, _ . ( ) + -"


class Reviews:
    """Over `compliance` and `declarations`; `audit` notes what leaves as a file."""

    def __init__(
        self,
        compliance: Compliance,
        declarations: Declarations,
        audit: AuditLog,
        bodies: Bodies,
    ) -> None:
        self._compliance, self._declarations = compliance, declarations
        self._audit, self._bodies = audit, bodies

    def routes(self) -> Sequence[Route]:
        return (
            Route("/api/findings", self.findings, methods=["GET"]),
            Route("/api/findings/{finding}/verdict", self.judge, methods=["PUT"]),
            Route("/api/declarations", self.declarations, methods=["GET"]),
            Route("/api/declarations", self.declare, methods=["POST"]),
            Route("/api/declarations/{declaration}", self.withdraw, methods=["DELETE"]),
        )

    async def findings(self, request: Request) -> Response:
        """Declared against observed: from, to, app, environment, release; format=json|csv."""
        asked = request.query_params
        only(asked, (*SCOPE, "format"))
        form = asked.get("format", "json")
        if form not in ("json", "csv"):
            raise BadInput("format is json or csv")
        check = await run_in_threadpool(self._compliance.check, scope_of(request))
        if form == "csv":
            caller: Caller = request.state.caller
            noted = partial(self._audit.exported, "findings", len(check.findings))
            await run_in_threadpool(noted, caller.token)
            return Response(as_csv(check), media_type="text/csv; charset=utf-8")
        return Json(check.model_dump())

    async def judge(self, request: Request) -> Response:
        """Accepts a finding as risk, marks it as no true one, or opens it again; audited."""
        only(request.query_params, SCOPE)
        said = parse(Judgement, await self._bodies.read(request))
        caller: Caller = request.state.caller
        kept = await run_in_threadpool(
            self._compliance.judge,
            request.path_params["finding"],
            said,
            scope_of(request),
            caller.token,
        )
        return Json(kept.model_dump())

    async def declarations(self, _: Request) -> Response:
        """What was declared elsewhere than in the policy, newest first."""
        found = await run_in_threadpool(self._declarations.all)
        return Json({"declarations": [one.model_dump() for one in found]})

    async def declare(self, request: Request) -> Response:
        """Keeps the file in the body as a declaration of an app; audited."""
        self._bodies.admit()
        asked = request.query_params
        only(asked, ("name", "app", "release", "bundle"))
        name = _fitting(request, "name", _FILE, _NAMED)
        content = await self._bodies.read(request)
        caller: Caller = request.state.caller

        def add() -> Response:
            kept = self._declarations.add(
                name,
                content,
                app=_fitting(request, "app", LABEL, "the app's service.name"),
                release=_fitting(request, "release", VERSION, "a release")
                if "release" in asked
                else None,
                bundle=_fitting(request, "bundle", NAME, "a bundle identifier")
                if "bundle" in asked
                else None,
                token=caller.token,
            )
            return Json(kept.model_dump())

        return await run_in_threadpool(add)

    async def withdraw(self, request: Request) -> Response:
        """Takes a declaration back; audited."""
        caller: Caller = request.state.caller
        id_ = request.path_params["declaration"]
        await run_in_threadpool(self._declarations.remove, id_, caller.token)
        return Json({"id": id_})


def scope_of(request: Request) -> Scope:
    asked = request.query_params
    return Scope(
        since=asked.get("from"),
        until=asked.get("to"),
        app=asked.get("app"),
        environment=asked.get("environment"),
        release=asked.get("release"),
    )


def _fitting(request: Request, parameter: str, pattern: str, what: str) -> str:
    """A parameter that is stored. Raises BadInput where it is missing, or no such thing."""
    said = request.query_params.get(parameter, "")
    if not re.fullmatch(pattern, said):
        raise BadInput(f"{parameter} is {what}")
    return said
