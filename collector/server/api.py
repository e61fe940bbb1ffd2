"""The query API: metrics, traces, replays. Apart from the ingest door, on a port of its own."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from collector.admission import Admission
from collector.backup import Backups
from collector.contract.arrow import MEDIA_TYPE, from_ipc, to_ipc
from collector.contract.errors import BadInput, LimenError
from collector.contract.records import Query, ReplayRequest, Spent, Sweep
from collector.contract.what_if.records import Change
from collector.erasures import Erasures
from collector.health import Health
from collector.metrics import get_metric, metrics
from collector.reload import Reload
from collector.roles import METRICS, SINGLE_ROWS
from collector.server.asked import Json, only, parse
from collector.server.audit import AuditRoutes
from collector.server.body import BodyLimits, hung_up, read_body
from collector.server.counted import CountAnswers
from collector.server.errors import problem, problem_of, reason_of
from collector.server.exposure import NO_TOKENS
from collector.server.faults import AnswerFaults
from collector.server.guard import Caller, Guard
from collector.server.openapi import describe
from collector.server.reviews import Reviews
from collector.store.access import Access
from collector.store.audit_log import AuditLog
from collector.store.installations import Installations
from collector.store.maintenance import Maintenance
from collector.store.placements import Placements
from collector.store.policies import Policies
from collector.store.reader import Reader
from collector.store.replays import Replays
from collector.store.suggestions import Suggestions
from collector.store.what_ifs import WhatIfs

_FAULT = "the request failed here: the collector's log says where"

Handler = Callable[[Request], Awaitable[Response]]


class _Queries(BaseModel):
    model_config = ConfigDict(extra="forbid")
    queries: list[Query]


class _Opening(BaseModel):
    model_config = ConfigDict(extra="forbid")
    run: str
    chunk: int | None = None
    cases: list[int] | None = Field(default=None, min_length=1, max_length=100)
    reason: str


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


class _Backup(BaseModel):
    model_config = ConfigDict(extra="forbid")
    keys: bool = False


class QueryApi:
    """The routes, over a reader and the replays. `about` is what status adds: version, home."""

    def __init__(
        self,
        reader: Reader,
        replays: Replays,
        installations: Installations,
        suggestions: Suggestions,
        policies: Policies,
        what_ifs: WhatIfs,
        placements: Placements,
        health: Health,
        guard: Guard,
        about: dict[str, Any],
        *,
        reviews: Reviews,
        maintenance: Maintenance,
        backups: Backups,
        erasures: Erasures,
        audit_log: AuditLog,
        access: Access,
        reload: Reload,
        admission: Admission,
        limits: BodyLimits,
    ) -> None:
        self._maintenance, self._backups, self._reload = maintenance, backups, reload
        self._reader, self._replays, self._health = reader, replays, health
        self._access = access
        self._erasures, self._audit = erasures, AuditRoutes(audit_log)
        self._installations, self._suggestions = installations, suggestions
        self._policies, self._what_ifs, self._reviews = policies, what_ifs, reviews
        self._placements = placements
        self._guard = guard
        self._about = about
        self._admission, self._limits = admission, limits

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
            route("/api/installations/lookup", "POST", self.lookup),
            route("/api/installations/erase", "POST", self.erase),
            route("/api/installations/access", "POST", self.access),
            route("/api/erasures", "GET", self.erasures),
            *self._audit.routes(),
            route("/api/policy/suggestion", "GET", self.suggestion),
            route("/api/placement", "GET", self.placement),
            route("/api/policies", "GET", self.policies),
            route("/api/policy/reload", "POST", self.reload_policy),
            route("/api/inputs/open", "POST", self.open_inputs),
            route("/api/replays", "GET", self.replays),
            route("/api/replays", "POST", self.create_replay),
            route("/api/replays/{run}", "GET", self.replay),
            route("/api/replays/{run}/chunks/{chunk:int}", "PUT", self.save_chunk),
            route("/api/replays/{run}/scores", "GET", self.scores),
            route("/api/replays/{run}/sweeps", "GET", self.sweeps),
            route("/api/replays/{run}/sweeps/{reference}", "PUT", self.save_sweep),
            route("/api/upkeep", "GET", self.upkeep),
            route("/api/compact", "POST", self.compact),
            route("/api/backup", "POST", self.backup),
            *self._reviews.routes(),
        ]
        document = describe(routes)

        async def openapi(_: Request) -> Response:
            return Json(document)

        return Starlette(
            routes=self._guard.over([*routes, Route("/api/openapi.json", openapi)]),
            exception_handlers={
                LimenError: self._refuse,
                HTTPException: self._refuse,
                ClientDisconnect: hung_up,
            },
            middleware=[
                Middleware(CountAnswers, count=self._count),
                Middleware(AnswerFaults, answer=lambda: problem(LimenError(_FAULT))),
                # Else a page of another site could ask here by a name that it points at this
                # machine.
                Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            ],
        )

    async def exposition(self, request: Request) -> Response:
        """What the collector counts about itself, for Prometheus: text or OpenMetrics."""
        accept = request.headers.get("accept", "")
        body, media = await run_in_threadpool(self._health.exposition, accept)
        return Response(body, headers={"content-type": media})

    async def status(self, request: Request) -> Response:
        """How much is stored and from when, the version, the policy in force, the caller's role."""
        caller: Caller = request.state.caller
        who = {"role": caller.role, "note": None if caller.token else NO_TOKENS}
        policy = self._reload.policy
        about = self._about | {"policy": policy.version, "policy_digest": policy.digest}
        return Json(about | who | await run_in_threadpool(self._reader.status))

    async def catalogue(self, _: Request) -> Response:
        """Every metric with its dimensions, columns, units and SQL."""
        found = [
            {
                "name": m.name,
                "title": m.title,
                "description": m.description,
                "dimensions": m.dimensions,
                "columns": [
                    {"name": c.name, "unit": c.unit, "description": c.description}
                    for c in m.columns
                ],
                "parameters": ["from", "to", "by", "where", "format"],
                "sql": m.sql,
            }
            for m in metrics().values()
        ]
        return Json({"metrics": found})

    async def metric(self, request: Request) -> Response:
        """One metric: from, to, by=a,b, where=k=v (again for more), format=json|arrow|csv."""
        asked = _query(request)
        _may_ask(request, asked)
        match request.query_params.get("format", "json"):
            case "json":
                return Json((await run_in_threadpool(self._reader.answer, asked)).model_dump())
            case "arrow":
                table = await run_in_threadpool(self._reader.table, asked)
                return Response(to_ipc(table), media_type=MEDIA_TYPE)
            case "csv":
                return _csv(await run_in_threadpool(self._reader.table, asked))
            case _:
                raise BadInput("format is json, arrow or csv")

    async def several(self, request: Request) -> Response:
        """Several metrics in one request, answered in order."""
        asked = parse(_Queries, await self._body(request))
        for one in asked.queries:
            _may_ask(request, one)
        answers = [await run_in_threadpool(self._reader.answer, one) for one in asked.queries]
        return Json({"answers": [answer.model_dump() for answer in answers]})

    async def trace(self, request: Request) -> Response:
        """The spans, requests and departures of one trace."""
        return Json(await run_in_threadpool(self._reader.trace, request.path_params["trace"]))

    async def what_if(self, request: Request) -> Response:
        """Its requests under another threshold, model, network or consent, without an input."""
        asked = request.query_params
        only(asked, tuple(Change.model_fields))
        change = parse(Change, orjson.dumps(dict(asked)))
        found = await run_in_threadpool(self._what_ifs.ask, request.path_params["trace"], change)
        return Json({"requests": [one.model_dump() for one in found]})

    async def lookup(self, request: Request) -> Response:
        """What is stored of one installation, by its identifier in the body; audited without it."""
        asked = parse(_Lookup, await self._body(request))
        caller: Caller = request.state.caller
        found = await run_in_threadpool(
            self._installations.find, asked.installation.get_secret_value(), caller.token
        )
        return Json(found.model_dump())

    async def erase(self, request: Request) -> Response:
        """Erases one installation, by its identifier in the body; `now`: to the last byte."""
        asked = parse(_Erasure, await self._body(request))
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
        asked = parse(_Access, await self._body(request))
        caller: Caller = request.state.caller
        report = await run_in_threadpool(
            self._access.report,
            asked.installation.get_secret_value(),
            self._reload.policy,
            caller.token,
            contents=asked.contents,
        )
        return Json(report.model_dump())

    async def erasures(self, _: Request) -> Response:
        """The receipts of erasures, newest first."""
        found = await run_in_threadpool(self._erasures.all)
        return Json({"erasures": [one.model_dump() for one in found]})

    async def suggestion(self, request: Request) -> Response:
        """What a policy could say besides, from what was seen: from, to."""
        asked = request.query_params
        only(asked, ("from", "to"))
        made = await run_in_threadpool(self._suggestions.make, asked.get("from"), asked.get("to"))
        return Json(made.model_dump())

    async def placement(self, request: Request) -> Response:
        """Where each feature belongs, device, hybrid or cloud, and why: feature, from, to."""
        asked = request.query_params
        only(asked, ("feature", "from", "to"))
        bounds = (asked.get("feature"), asked.get("from"), asked.get("to"))
        found = await run_in_threadpool(self._placements.advise, *bounds)
        return Json({"features": [advice.model_dump() for advice in found]})

    async def policies(self, _: Request) -> Response:
        """Every policy that was in force, since when, with its digest and content; newest first."""
        found = await run_in_threadpool(self._policies.all)
        return Json({"policies": [policy.model_dump() for policy in found]})

    async def reload_policy(self, request: Request) -> Response:
        """Reads the policy's file and puts it in force; audited."""
        caller: Caller = request.state.caller
        return Json((await run_in_threadpool(self._reload.run, caller.token)).model_dump())

    async def open_inputs(self, request: Request) -> Response:
        """One chunk of a run, or some of its cases, with their inputs opened; audited."""
        asked = parse(_Opening, await self._body(request))
        caller: Caller = request.state.caller
        run, why, token = asked.run, asked.reason, caller.token
        if asked.cases is not None and asked.chunk is None:
            work = partial(self._replays.open_cases, run, asked.cases, why, token)
        elif asked.chunk is not None and asked.cases is None:
            work = partial(self._replays.open_inputs, run, asked.chunk, why, token)
        else:
            raise BadInput("say which inputs: chunk, or cases")
        opened = await run_in_threadpool(work)
        return Response(to_ipc(opened), media_type=MEDIA_TYPE)

    async def replays(self, _: Request) -> Response:
        """Every replay run, newest first."""
        runs = await run_in_threadpool(self._replays.all)
        return Json({"runs": [run.model_dump() for run in runs]})

    async def create_replay(self, request: Request) -> Response:
        """A new replay run, or the unfinished one asked for in the same words."""
        self._admission.admit()
        asked = parse(ReplayRequest, await self._body(request))
        return Json((await run_in_threadpool(self._replays.create, asked)).model_dump())

    async def replay(self, request: Request) -> Response:
        """One replay run."""
        run = await run_in_threadpool(self._replays.get, request.path_params["run"])
        return Json(run.model_dump())

    async def save_chunk(self, request: Request) -> Response:
        """Saves a chunk's scores, an Arrow stream; again changes nothing."""
        self._admission.admit()
        asked = request.query_params
        only(asked, tuple(Spent.model_fields))
        try:
            spent = Spent.model_validate(dict(asked))
        except ValidationError:
            raise BadInput(f"{', '.join(Spent.model_fields)} are seconds") from None
        run, chunk = request.path_params["run"], request.path_params["chunk"]
        scores = from_ipc(await self._body(request))
        await run_in_threadpool(self._replays.save_chunk, run, chunk, scores, spent)
        return Json({"run": run, "chunk": chunk})

    async def scores(self, request: Request) -> Response:
        """A run's saved scores with the facts of their requests, as Arrow."""
        table = await run_in_threadpool(self._replays.scores, request.path_params["run"])
        return Response(to_ipc(table), media_type=MEDIA_TYPE)

    async def sweeps(self, request: Request) -> Response:
        """The latest sweep of each reference of a run."""
        found = await run_in_threadpool(self._replays.sweeps, request.path_params["run"])
        return Json({"sweeps": [sweep.model_dump() for sweep in found]})

    async def save_sweep(self, request: Request) -> Response:
        """Keeps a sweep as the latest of its run and reference."""
        self._admission.admit()
        sweep = parse(Sweep, await self._body(request))
        path = request.path_params
        if (sweep.run, sweep.reference) != (path["run"], path["reference"]):
            raise BadInput("the sweep is of another run or reference than its address")
        await run_in_threadpool(self._replays.save_sweep, sweep)
        return Json({"run": sweep.run, "reference": sweep.reference})

    async def upkeep(self, _: Request) -> Response:
        """What is under way behind the doors, and how much of the file is reusable."""
        return Json((await run_in_threadpool(self._maintenance.state)).model_dump())

    async def compact(self, _: Request) -> Response:
        """Rewrites the file without what was deleted; answers when it is done."""
        done = await run_in_threadpool(self._maintenance.compact, time.time_ns())
        return Json(done.model_dump())

    async def backup(self, request: Request) -> Response:
        """A backup as a tar file: the database, and the keys where asked; audited."""
        asked = parse(_Backup, await self._body(request))
        caller: Caller = request.state.caller
        archive = await run_in_threadpool(self._backups.make, keys=asked.keys, token=caller.token)
        return StreamingResponse(
            archive.chunks(),
            media_type="application/x-tar",
            headers={"content-length": str(archive.size)},
        )

    async def _body(self, request: Request) -> bytes:
        with self._admission.hold() as hold:
            return (await read_body(request, self._limits, hold))[0]

    def _count(self, _: Scope, status: int, __: float) -> None:
        self._health.asked(str(status))

    async def _refuse(self, _: Request, error: Exception) -> Response:
        self._health.refused("api", reason_of(error))
        if isinstance(error, LimenError):
            return problem(error)
        assert isinstance(error, HTTPException)
        return problem_of(error.status_code, error.detail, error.headers)


def _may_ask(request: Request, asked: Query) -> None:
    caller: Caller = request.state.caller
    if roles := METRICS.get(asked.metric):
        caller.must_be(roles)
    elif get_metric(asked.metric).single_rows:
        caller.must_be(SINGLE_ROWS)


def _query(request: Request) -> Query:
    asked = request.query_params
    only(asked, ("from", "to", "by", "where", "format"))
    where: dict[str, tuple[str, ...]] = {}
    for condition in asked.getlist("where"):
        name, equals, value = condition.partition("=")
        if not equals:
            raise BadInput("where is DIMENSION=VALUE; give it again for another")
        where[name] = (*where.get(name, ()), value)
    return Query(
        metric=request.path_params["name"],
        since=asked.get("from"),
        until=asked.get("to"),
        by=tuple(name for name in asked.get("by", "").split(",") if name),
        where=where,
    )


def _csv(table: pa.Table) -> Response:
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(table, sink)
    return Response(bytes(sink.getvalue()), media_type="text/csv; charset=utf-8")
