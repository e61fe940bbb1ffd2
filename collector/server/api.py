"""The query API. Apart from the ingest door, on a port of its own."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from functools import cache, partial
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from collector.backup import Backups
from collector.contract.arrow import MEDIA_TYPE, to_ipc
from collector.contract.errors import BadInput, Failed, HungUp, LimenError
from collector.contract.records import JSON_LINES, Answer, Query
from collector.contract.what_if.records import Change
from collector.definitions import definitions
from collector.engine import Engine
from collector.metrics import Metric, get_metric, metrics
from collector.metrics.cells import CELLS, mergeable
from collector.metrics.readable import readable
from collector.permissions.roles import AGGREGATES, MERGED, METRICS, SINGLE_ROWS, Roles, may_call
from collector.persons.erasures import Erasures
from collector.reload import Reload
from collector.server.asked import Json, conditions, number, only, parse
from collector.server.audit import AuditRoutes
from collector.server.body import Bodies, BodyLimits, hung_up
from collector.server.counted import CountAnswers
from collector.server.errors import problem, problem_of, reason_of
from collector.server.evidence import EvidenceRoutes
from collector.server.exposure import NO_TOKENS
from collector.server.faults import AnswerFaults
from collector.server.guard import Caller, Guard
from collector.server.lines import lines
from collector.server.openapi import describe
from collector.server.persons import PersonRoutes
from collector.server.releases import ReleaseRoutes
from collector.server.replays import ReplayRoutes
from collector.server.reviews import Reviews
from collector.server.self_audit import SelfAuditRoutes
from collector.server.waiting import HearHangUps
from collector.store.maintenance import Maintenance
from collector.store.self_audit import SelfAudits

# Of one request, whose questions hold everybody up until the last is answered.
MOST_QUERIES = 256

Handler = Callable[[Request], Awaitable[Response]]


class _Queries(BaseModel):
    model_config = ConfigDict(extra="forbid")
    queries: list[Query] = Field(max_length=MOST_QUERIES)


class _Backup(BaseModel):
    model_config = ConfigDict(extra="forbid")
    keys: bool = False


class QueryApi:
    """The routes, over `engine`. `about` is what status adds: version, home."""

    def __init__(
        self,
        engine: Engine,
        guard: Guard,
        about: dict[str, Any],
        *,
        maintenance: Maintenance,
        backups: Backups,
        erasures: Erasures,
        reload: Reload,
        self_audits: SelfAudits,
        limits: BodyLimits,
    ) -> None:
        self._engine, self._reader, self._health = engine, engine.reader, engine.health
        self._maintenance, self._backups, self._reload = maintenance, backups, reload
        self._erasures, self._self_audits = erasures, self_audits
        self._guard, self._about = guard, about
        self._bodies = Bodies(engine.admission, limits)

    def app(self, hosts: Sequence[str]) -> Starlette:
        """The routes, for requests to one of `hosts` by name."""

        def route(path: str, method: str, handler: Handler) -> Route:
            return Route(path, handler, methods=[method])

        routes = [
            route("/metrics", "GET", self.exposition),
            route("/api/status", "GET", self.status),
            route("/api/metrics", "GET", self.catalogue),
            route("/api/metrics", "POST", self.several),
            route("/api/metrics/{name}", "GET", self.metric),
            route("/api/traces/{trace}", "GET", self.trace),
            route("/api/traces/{trace}/what-if", "GET", self.what_if),
            route("/api/policy/suggestion", "GET", self.suggestion),
            route("/api/placement", "GET", self.placement),
            route("/api/policies", "GET", self.policies),
            route("/api/policy/reload", "POST", self.reload_policy),
            route("/api/upkeep", "GET", self.upkeep),
            route("/api/compact", "POST", self.compact),
            route("/api/backup", "POST", self.backup),
            *self._others(),
        ]
        # Made when it is first asked for: that takes a while.
        document = cache(partial(describe, routes))

        async def openapi(_: Request) -> Response:
            return Json(await run_in_threadpool(document))

        app = Starlette(
            routes=self._guard.over([*routes, Route("/api/openapi.json", openapi)]),
            exception_handlers={
                LimenError: self._refuse,
                HungUp: hung_up,
                HTTPException: self._refuse,
                ClientDisconnect: hung_up,
            },
            middleware=[
                Middleware(CountAnswers, count=self._count),
                Middleware(AnswerFaults, answer=lambda: problem(Failed())),
                # Else a page of another site could ask here by a name that it points at this
                # machine.
                Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
                Middleware(HearHangUps),
            ],
        )
        # Behind a proxy with TLS a redirect would send tokens on in the clear.
        app.router.redirect_slashes = False
        return app

    def _others(self) -> Iterable[Route]:
        """Those that have a file of their own."""
        engine, bodies = self._engine, self._bodies
        persons = PersonRoutes(
            engine.installations, self._erasures, engine.access, lambda: engine.policy, bodies
        )
        yield from persons.routes()
        yield from ReleaseRoutes(engine.releases).routes()
        yield from ReplayRoutes(engine.replays, bodies, self._reader.cells.k).routes()
        reviews = Reviews(engine.compliance, engine.declarations, engine.audit_log, bodies)
        yield from reviews.routes()
        yield from EvidenceRoutes(engine.evidence, engine.records, bodies).routes()
        yield from AuditRoutes(engine.audit_log).routes()
        yield from SelfAuditRoutes(self._self_audits).routes()

    async def exposition(self, request: Request) -> Response:
        """What the collector counts about itself, for Prometheus: text or OpenMetrics."""
        accept = request.headers.get("accept", "")
        body, media = await run_in_threadpool(self._health.exposition, accept)
        return Response(body, headers={"content-type": media})

    async def status(self, request: Request) -> Response:
        """How much is stored and from when, the version, the policy in force, the caller's role."""
        caller: Caller = request.state.caller
        who = {"role": caller.role, "note": None if caller.token else NO_TOKENS}
        policy = self._engine.policy
        about = self._about | {"policy": policy.version, "policy_digest": policy.digest}
        stored = partial(self._reader.status, merged=_merged(request))
        return Json(about | who | await run_in_threadpool(stored))

    async def catalogue(self, request: Request) -> Response:
        """Every metric with its columns, units, SQL, whether the caller may ask it and by which
        dimensions; and what the other answers mean that the caller may ask for."""
        merged = _merged(request)
        caller: Caller = request.state.caller
        found = [
            {
                "name": m.name,
                "title": m.title,
                "description": m.description,
                "allowed": caller.role in _askers(m.name),
                "dimensions": _dimensions(m, merged),
                "columns": [asdict(column) for column in m.columns],
                "parameters": ["from", "to", "by", "where", "selected", "format"],
                "sql": readable(m.sql),
            }
            for m in metrics().values()
        ]
        others = [d for d in definitions().values() if may_call(caller.role, d.route)]
        answers = [d.model_dump(exclude={"queries"}) | {"sql": d.sql} for d in others]
        return Json({"metrics": found, "answers": answers})

    async def metric(self, request: Request) -> Response:
        """One metric: from, to, by=a,b, where=k=v (again for more), selected=k=v where it compares,
        format=json|arrow|csv; CSV has every row of one with pages, and is in the audit log."""
        asked = _query(request)
        merged = _may_ask(request, asked)
        match request.query_params.get("format", "json"):
            case "json":
                answer = partial(self._reader.answer, asked, merged=merged)
                return Json((await run_in_threadpool(answer)).model_dump())
            case "arrow":
                table = await run_in_threadpool(partial(self._reader.table, asked, merged=merged))
                return Response(to_ipc(table), media_type=MEDIA_TYPE)
            case "csv":
                caller: Caller = request.state.caller
                make = partial(self._engine.csv_files.make, asked, caller.token, merged=merged)
                made = await run_in_threadpool(make)
                return StreamingResponse(
                    made.chunks(),
                    media_type="text/csv; charset=utf-8",
                    headers={"content-length": str(made.size)},
                )
            case _:
                raise BadInput("format is json, arrow or csv")

    async def several(self, request: Request) -> Response:
        """Several metrics in one request, answered in order; as JSON Lines where these are
        accepted, each answer as soon as it is there."""
        asked = parse(_Queries, await self._bodies.read(request))
        may = [(one, _may_ask(request, one)) for one in asked.queries]
        if JSON_LINES in request.headers.get("accept", ""):
            return await lines(partial(self._reader.answers, may), Answer.model_dump, self._refused)
        answers = await run_in_threadpool(lambda: list(self._reader.answers(may)))
        return Json({"answers": [answer.model_dump() for answer in answers]})

    async def trace(self, request: Request) -> Response:
        """The spans, requests and departures of one trace."""
        return Json(await run_in_threadpool(self._reader.trace, request.path_params["trace"]))

    async def what_if(self, request: Request) -> Response:
        """Its requests under another threshold, model, network or consent, without an input."""
        asked = request.query_params
        only(asked, tuple(Change.model_fields))
        change = parse(Change, orjson.dumps(dict(asked)))
        found = await run_in_threadpool(
            self._engine.what_ifs.ask, request.path_params["trace"], change
        )
        return Json({"requests": [one.model_dump() for one in found]})

    async def suggestion(self, request: Request) -> Response:
        """What a policy could say besides, from what was seen: from, to."""
        asked = request.query_params
        only(asked, ("from", "to"))
        made = await run_in_threadpool(
            self._engine.suggestions.make, asked.get("from"), asked.get("to")
        )
        return Json(made.model_dump())

    async def placement(self, request: Request) -> Response:
        """Where each feature belongs, on which side and why: feature, from, to, where."""
        asked = request.query_params
        only(asked, ("feature", "from", "to", "where"))
        bounds = (asked.get("feature"), asked.get("from"), asked.get("to"))
        where = conditions("where", asked.getlist("where"))
        advise = partial(self._engine.placements.advise, *bounds, where, merged=_merged(request))
        found = await run_in_threadpool(advise)
        return Json({"features": [advice.model_dump() for advice in found]})

    async def policies(self, _: Request) -> Response:
        """Every policy that was in force, since when, with its digest and content; newest first."""
        found = await run_in_threadpool(self._engine.policies.all)
        return Json({"policies": [policy.model_dump() for policy in found]})

    async def reload_policy(self, request: Request) -> Response:
        """Reads the policy's file and puts it in force; audited."""
        caller: Caller = request.state.caller
        return Json((await run_in_threadpool(self._reload.run, caller.token)).model_dump())

    async def upkeep(self, _: Request) -> Response:
        """What is under way behind the doors, and how much of the file is reusable."""
        return Json((await run_in_threadpool(self._maintenance.state)).model_dump())

    async def compact(self, _: Request) -> Response:
        """Rewrites the file without what was deleted; answers when it is done."""
        done = await run_in_threadpool(self._maintenance.compact, time.time_ns())
        return Json(done.model_dump())

    async def backup(self, request: Request) -> Response:
        """A backup as a tar file: the database, and the keys where asked; audited."""
        asked = parse(_Backup, await self._bodies.read(request))
        caller: Caller = request.state.caller
        archive = await run_in_threadpool(self._backups.make, keys=asked.keys, token=caller.token)
        return StreamingResponse(
            archive.chunks(),
            media_type="application/x-tar",
            headers={"content-length": str(archive.size)},
        )

    def _count(self, _: Scope, status: int, __: float) -> None:
        self._health.asked(str(status))

    def _refused(self, error: Exception) -> None:
        self._health.refused("api", reason_of(error))

    async def _refuse(self, _: Request, error: Exception) -> Response:
        self._refused(error)
        if isinstance(error, LimenError):
            return problem(error)
        assert isinstance(error, HTTPException)
        return problem_of(error.status_code, error.detail, error.headers)


def _may_ask(request: Request, asked: Query) -> bool:
    """Whether the caller is answered with merged cells. Raises Forbidden."""
    caller: Caller = request.state.caller
    caller.must_be(_askers(asked.metric))
    return _merged(request)


def _askers(metric: str) -> Roles:
    """Who may ask it, of those who may ask any. Raises NotFound."""
    if roles := METRICS.get(metric):
        return roles
    if get_metric(metric).single_rows:
        return SINGLE_ROWS
    return AGGREGATES if metric in CELLS else AGGREGATES - MERGED


def _merged(request: Request) -> bool:
    caller: Caller = request.state.caller
    return caller.role in MERGED


def _dimensions(metric: Metric, merged: bool) -> tuple[str, ...]:
    if merged and metric.name in CELLS:
        return mergeable(metric.name, metric.dimensions)
    return metric.dimensions


def _query(request: Request) -> Query:
    asked = request.query_params
    only(asked, ("from", "to", "by", "where", "selected", "order", "offset", "format"))
    return Query(
        metric=request.path_params["name"],
        since=asked.get("from"),
        until=asked.get("to"),
        by=tuple(name for name in asked.get("by", "").split(",") if name),
        where=conditions("where", asked.getlist("where")),
        selected=conditions("selected", asked.getlist("selected")),
        order=asked.get("order"),
        offset=min(number(asked, "offset", 0), 10**9),
    )
