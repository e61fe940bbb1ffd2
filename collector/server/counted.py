"""Counts the answers of an HTTP door, whatever answers: a handler, the router or a failure."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# (request, status, seconds until the answer began)
Count = Callable[[Scope, int, float], None]


class CountAnswers:
    """Middleware that calls `count` with each request, its status and the seconds it took."""

    def __init__(self, app: ASGIApp, count: Count) -> None:
        self._app, self._count = app, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, answered = time.perf_counter(), False

        async def counted(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                self._count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except Exception:
            # The server answers for what nobody caught.
            if not answered:
                self._count(scope, 500, time.perf_counter() - began)
            raise
