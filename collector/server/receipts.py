"""Receipts of the pipeline, awaited in the loop of a door."""

import asyncio
import threading
from concurrent.futures import Future

from collector.intake.payload import Receipt


class Receipts:
    """What is awaited. Those of a group come together and wake the loop once: to be woken for each
    costs more than to answer it."""

    def __init__(self) -> None:
        self._come: list[tuple[asyncio.Future[Receipt], Future[Receipt]]] = []
        self._coming = threading.Lock()

    async def of(self, receipt: "Future[Receipt]") -> Receipt:
        """The result of `receipt`. Raises what it has instead."""
        loop = asyncio.get_running_loop()
        awaited: asyncio.Future[Receipt] = loop.create_future()

        def come(done: "Future[Receipt]") -> None:
            with self._coming:
                self._come.append((awaited, done))
                wake = len(self._come) == 1
            # A door that was closed meanwhile answers nobody.
            if wake and not loop.is_closed():
                loop.call_soon_threadsafe(self._pass_on)

        receipt.add_done_callback(come)
        return await awaited

    def _pass_on(self) -> None:
        with self._coming:
            come, self._come = self._come, []
        for awaited, done in come:
            if awaited.done():
                # Its client is gone.
                continue
            if (error := done.exception()) is not None:
                awaited.set_exception(error)
            else:
                awaited.set_result(done.result())
