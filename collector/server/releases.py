"""The route that holds one release against another."""

from collections.abc import Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.permissions.roles import MERGED
from collector.server.asked import Json, conditions, only
from collector.server.guard import Caller
from collector.store.releases import Releases


class ReleaseRoutes:
    """Over `releases`."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases

    def routes(self) -> Sequence[Route]:
        return (Route("/api/releases/comparison", self.comparison, methods=["GET"]),)

    async def comparison(self, request: Request) -> Response:
        """Two releases: what changed, how surely, and why: release, against, from, to, where."""
        asked = request.query_params
        only(asked, ("release", "against", "from", "to", "where"))
        two = (asked.get("release"), asked.get("against"))
        period = (asked.get("from"), asked.get("to"))
        where = conditions("where", asked.getlist("where"))
        caller: Caller = request.state.caller
        merged = caller.role in MERGED
        compare = partial(self._releases.compare, *two, *period, where, merged=merged)
        found = await run_in_threadpool(compare)
        return Json(found.model_dump())
