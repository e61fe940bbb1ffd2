"""The routes of replays: runs, the inputs they open, what is saved of them."""

import re
from collections.abc import Sequence
from functools import partial

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.contract.arrow import MEDIA_TYPE, from_ipc, to_ipc
from collector.contract.attributes import LABEL, MODEL_DIGEST, NAME, VERSION
from collector.contract.errors import BadInput
from collector.contract.records import ReplayRequest, Spent, Sweep
from collector.permissions.roles import MERGED
from collector.server.asked import Json, only, parse
from collector.server.body import Bodies
from collector.server.guard import Caller
from collector.store.replays import Replays
from collector.store.sweep_cells import told_sweep

# What is stored of a run and shown to everybody who may ask. Of scores on spans some are empty.
_FORMS = {
    "feature": (NAME, "a name, as apps send limen.feature"),
    "model": (rf"{LABEL.rstrip('$')}(@{VERSION.strip('^$')})?", "NAME@VERSION"),
    "model_digest": (rf"({MODEL_DIGEST})?", "sha256: and 64 hexadecimal digits"),
    "runtime": (NAME, "a name"),
    "runtime_version": (rf"({VERSION})?", "a version"),
}


class _Opening(BaseModel):
    model_config = ConfigDict(extra="forbid")
    run: str
    chunk: int | None = None
    cases: list[int] | None = Field(default=None, min_length=1, max_length=100)
    reason: str


class ReplayRoutes:
    """Over `replays`; `min_cell` installations are the least that a lead sees."""

    def __init__(self, replays: Replays, bodies: Bodies, min_cell: int) -> None:
        self._replays, self._bodies, self._min_cell = replays, bodies, min_cell

    def routes(self) -> Sequence[Route]:
        return (
            Route("/api/inputs/open", self.open_inputs, methods=["POST"]),
            Route("/api/replays", self.replays, methods=["GET"]),
            Route("/api/replays", self.create_replay, methods=["POST"]),
            Route("/api/replays/{run}", self.replay, methods=["GET"]),
            Route("/api/replays/{run}/chunks/{chunk:int}", self.save_chunk, methods=["PUT"]),
            Route("/api/replays/{run}/scores", self.scores, methods=["GET"]),
            Route("/api/replays/{run}/sweeps", self.sweeps, methods=["GET"]),
            Route("/api/replays/{run}/sweeps/{reference}", self.save_sweep, methods=["PUT"]),
        )

    async def open_inputs(self, request: Request) -> Response:
        """One chunk of a run, or some of its cases, with their inputs opened; audited."""
        asked = parse(_Opening, await self._bodies.read(request))
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
        self._bodies.admit()
        asked = parse(ReplayRequest, await self._bodies.read(request))
        for name, (form, what) in _FORMS.items():
            if not re.fullmatch(form, getattr(asked, name)):
                raise BadInput(f"{name} is {what}")
        return Json((await run_in_threadpool(self._replays.create, asked)).model_dump())

    async def replay(self, request: Request) -> Response:
        """One replay run."""
        run = await run_in_threadpool(self._replays.get, request.path_params["run"])
        return Json(run.model_dump())

    async def save_chunk(self, request: Request) -> Response:
        """Saves a chunk's scores, an Arrow stream; again changes nothing."""
        self._bodies.admit()
        asked = request.query_params
        only(asked, tuple(Spent.model_fields))
        try:
            spent = Spent.model_validate(dict(asked))
        except ValidationError:
            raise BadInput(f"{', '.join(Spent.model_fields)} are seconds") from None
        run, chunk = request.path_params["run"], request.path_params["chunk"]
        scores = from_ipc(await self._bodies.read(request))
        await run_in_threadpool(self._replays.save_chunk, run, chunk, scores, spent)
        return Json({"run": run, "chunk": chunk})

    async def scores(self, request: Request) -> Response:
        """A run's saved scores with the facts of their requests, as Arrow."""
        table = await run_in_threadpool(self._replays.scores, request.path_params["run"])
        return Response(to_ipc(table), media_type=MEDIA_TYPE)

    async def sweeps(self, request: Request) -> Response:
        """The latest sweep of each reference of a run."""
        found = await run_in_threadpool(self._replays.sweeps, request.path_params["run"])
        caller: Caller = request.state.caller
        if caller.role in MERGED:
            told = (told_sweep(sweep, self._min_cell) for sweep in found)
            found = [sweep for sweep in told if sweep is not None]
        return Json({"sweeps": [sweep.model_dump() for sweep in found]})

    async def save_sweep(self, request: Request) -> Response:
        """Keeps a sweep as the latest of its run and reference."""
        self._bodies.admit()
        sweep = parse(Sweep, await self._bodies.read(request))
        path = request.path_params
        if (sweep.run, sweep.reference) != (path["run"], path["reference"]):
            raise BadInput("the sweep is of another run or reference than its address")
        await run_in_threadpool(self._replays.save_sweep, sweep)
        return Json({"run": sweep.run, "reference": sweep.reference})
