"""Answers for what nobody caught, and says where it failed: a message could hold a value."""

import logging
import traceback
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger("limen")


class AnswerFaults:
    """Middleware that answers with `answer` where a request fails before its answer began."""

    def __init__(self, app: ASGIApp, answer: Callable[[], Response]) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as exc:
            log_fault(exc)
            if not answered:
                await self._answer()(scope, receive, send)


def log_fault(error: Exception) -> None:
    """Says where a request failed."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = (type(error).__name__, place.filename, place.lineno)
    _log.error("a request failed: %s at %s:%s", *where)
