"""Knows when a client hangs up while its answer is made, so that nothing goes on for nobody."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.asker import AGAIN_SECONDS, ASKER, Asker

_WITHOUT_BODY = ("GET", "HEAD", "DELETE")


class HearHangUps:
    """Middleware that sets the request's ASKER, who is gone once its client is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = _Client(receive)
        ASKER.set(client.asker)
        if scope["method"] in _WITHOUT_BODY:
            client.listen()
        try:
            await self._app(scope, client.receive, send)
        finally:
            await client.leave()


class _Client:
    """Listens once the body is through; until then only the handler reads, as fast as it may."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self.asker = Asker()

    def listen(self) -> None:
        self._listener = asyncio.create_task(self._listen())

    async def receive(self) -> Message:
        if self._listener is not None:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.listen()
        return message

    async def leave(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()
        while True:
            self.asker.hang_up()
            await asyncio.sleep(AGAIN_SECONDS)
