"""The routes of the audit log."""

import base64
import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from collector.contract.arrow import MEDIA_TYPE, to_ipc
from collector.contract.errors import BadInput
from collector.server.asked import number
from collector.store.audit_log import AuditLog
from collector.store.reader import rfc3339

_LIMIT = 100


class AuditRoutes:
    """Over `log`."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def routes(self) -> list[Route]:
        return [
            Route("/api/audit", self.entries, methods=["GET"]),
            Route("/api/audit/checkpoint", self.checkpoint, methods=["GET"]),
            Route("/api/audit/key", self.key, methods=["GET"]),
            Route("/api/audit/consistency", self.consistency, methods=["GET"]),
            Route("/api/audit/{number:int}/proof", self.proof, methods=["GET"]),
        ]

    async def entries(self, request: Request) -> Response:
        """The last entries of the audit log: from=NUMBER, limit, format=json|arrow."""
        limit = number(request.query_params, "limit", _LIMIT)
        first = number(request.query_params, "from", max(0, self._log.size - limit))
        table = await run_in_threadpool(self._log.entries, first, limit)
        match request.query_params.get("format", "json"):
            case "json":
                entries = [_shown(row) for row in table.to_pylist()]
                return JSONResponse({"size": self._log.size, "entries": entries})
            case "arrow":
                return Response(to_ipc(table), media_type=MEDIA_TYPE)
            case _:
                raise BadInput("format is json or arrow")

    async def checkpoint(self, _: Request) -> Response:
        """The signed head of the audit log (C2SP tlog-checkpoint)."""
        return PlainTextResponse(self._log.checkpoint())

    async def key(self, _: Request) -> Response:
        """The public key that the heads are signed with (C2SP signed-note)."""
        return PlainTextResponse(f"{self._log.verifier}\n")

    async def proof(self, request: Request) -> Response:
        """That an entry is under the head of now (C2SP tlog-proof)."""
        number = request.path_params["number"]
        return PlainTextResponse(await run_in_threadpool(self._log.proof, number))

    async def consistency(self, request: Request) -> Response:
        """That the log goes on from an older one: from=SIZE, to=SIZE (RFC 6962, 2.1.2)."""
        old = number(request.query_params, "from", 0)
        size = number(request.query_params, "to", self._log.size)
        proof = await run_in_threadpool(self._log.consistency, old, size)
        hashes = [base64.b64encode(one).decode() for one in proof]
        return JSONResponse({"from": old, "to": size, "proof": hashes})


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    detail = row["detail"]
    return row | {
        "time": rfc3339(row["time"]),
        "detail": None if detail is None else json.loads(detail),
        "leaf": row["leaf"].hex(),
    }
