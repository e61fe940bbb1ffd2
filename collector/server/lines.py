"""What is made one after another, sent as it comes: a line of JSON each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, TypeVar

import anyio
import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from collector.contract.errors import Failed, HungUp, LimenError
from collector.contract.records import JSON_LINES
from collector.server.errors import details
from collector.server.faults import log_fault

Made = TypeVar("Made")


async def lines(
    make: Callable[[], Iterable[Made]],
    told: Callable[[Made], Any],
    refused: Callable[[LimenError], None],
) -> Response:
    """A line for each that `make` makes, as `told`. It is made in a thread that never waits for the
    client, so that others need not wait for a slow one.

    Raises what went wrong before the first. What goes wrong later has a line of its own, the last:
    its problem details as `problem`; `refused` hears of it.
    """
    loop = asyncio.get_running_loop()
    coming: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()

    def put(item: bytes | Exception | None) -> None:
        loop.call_soon_threadsafe(coming.put_nowait, item)

    def run() -> None:
        try:
            for one in make():
                put(orjson.dumps(told(one)) + b"\n")
            put(None)
        except Exception as exc:
            put(exc)

    making = asyncio.create_task(run_in_threadpool(run))

    async def sent(first: bytes | None) -> AsyncIterator[bytes]:
        try:
            item: bytes | Exception | None = first
            while isinstance(item, bytes):
                yield item
                item = await coming.get()
            if item is None or isinstance(item, HungUp):
                return
            if not isinstance(item, LimenError):
                log_fault(item)
                item = Failed()
            refused(item)
            yield orjson.dumps({"problem": details(item)}) + b"\n"
        finally:
            with anyio.CancelScope(shield=True):
                await making

    first = await coming.get()
    if isinstance(first, Exception):
        await making
        raise first
    return StreamingResponse(sent(first), media_type=JSON_LINES)
