"""Connections of an HTTP door: how many, and how long each may let the collector wait.

uvicorn bounds neither the time nor the size of a request's head. A connection waits for its client
in one of the phases below; who has waited longest makes room when there are too many.
"""

import asyncio
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from collector.contract.errors import Crowded, LimenError
from collector.server.errors import retry_seconds

# Bytes of heads, trailers and chunk extensions between two that move a request on.
_MOST_OVERHEAD = 2**16
# Who just came is not sent away for the next: its request is on the way.
_SETTLED_SECONDS = 1.0
# Beyond the limit these are still answered, with 503.
_REFUSED_AT_ONCE = 256
# A body's own time is kept where it is read, which answers; this ends what nobody reads.
_GRACE_SECONDS = 2.0
_SWEEP_TICKS = 5  # of uvicorn's, each 0.1 s
# What a status says when a connection is given up, in words for the count of refusals.
_REASONS: Mapping[int, str] = {408: "slow_head", 431: "large_head", 503: "made_room"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionLimits:
    """How many connections, and the seconds that each phase may last."""

    connections: int
    head_seconds: float
    body_seconds: float
    idle_seconds: float


class Phase(enum.Enum):
    """What the client is waited for."""

    HEAD = "head"
    BODY = "body"
    IDLE = "idle"
    READING = "reading"


class Connections(ServerState):
    """The connections of one door, and those that wait for their client, longest first.

    `refused` is called with the reason when a client is sent away.
    """

    def __init__(self, limits: ConnectionLimits, refused: Callable[[str], None]) -> None:
        super().__init__()
        self.limits, self.refused = limits, refused
        self.waiting: dict[Connection, None] = {}
        self._seconds = {
            Phase.HEAD: limits.head_seconds,
            Phase.BODY: limits.body_seconds + _GRACE_SECONDS,
            Phase.IDLE: limits.idle_seconds,
            Phase.READING: limits.body_seconds,
        }

    @property
    def count(self) -> int:
        """How many connections there are."""
        return len(self.connections)

    def sweep(self, now: float) -> None:
        """Ends the connections that have waited too long."""
        for connection in list(self.waiting):
            phase = connection.phase
            if phase and now - connection.since > self._seconds[phase]:
                connection.give_up(408)

    def make_room(self, now: float) -> bool:
        """Whether one more connection may stay: within the limit, or because another leaves."""
        if self.count <= self.limits.connections:
            return True
        longest = next(iter(self.waiting), None)
        if longest is None or now - longest.since < _SETTLED_SECONDS:
            return False
        longest.give_up(503)
        return True


class Connection(HttpToolsProtocol):
    """One of them."""

    server_state: Connections

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phase: Phase | None = None
        self.since = 0.0
        self._overhead = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        state = self.server_state
        if not state.make_room(self.loop.time()):
            if state.count > state.limits.connections + _REFUSED_AT_ONCE:
                transport.abort()
                return
            self.app = _crowded(self.config.app)
        self._note()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server_state.waiting.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._overhead += len(data)
        super().data_received(data)
        self._note()
        if self._overhead > _MOST_OVERHEAD and self.phase in (Phase.HEAD, Phase.BODY):
            self.give_up(431)

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.cycle is not None:
            # Also where it was answered before it was all there.
            self.cycle.more_body = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._note()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._note()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._note()

    def give_up(self, status: int) -> None:
        """Ends the connection, with `status` where its client waits for an answer."""
        unanswered = self.phase is Phase.HEAD or (
            self.phase is Phase.BODY and not self.cycle.response_started
        )
        if self.phase is Phase.READING or self.transport.is_closing():
            self.transport.abort()
            return
        self.server_state.waiting.pop(self, None)
        if unanswered:
            self.server_state.refused(_REASONS[status])
            retry = b"retry-after: %d\r\n" % retry_seconds() if status == 503 else b""
            ending = b"connection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + retry + ending)
        self.transport.close()

    def _note(self) -> None:
        phase = self._phase()
        if phase is self.phase:
            return
        waiting = self.server_state.waiting
        waiting.pop(self, None)
        self.phase = phase
        if phase is not None:
            self.since = self.loop.time()
            waiting[self] = None
        else:
            self._overhead = 0

    def _phase(self) -> Phase | None:
        """What is waited for now; None while the collector itself is at work."""
        cycle = self.cycle
        if self.flow.write_paused:
            return Phase.READING
        if self.pipeline:
            return None
        if cycle is None:
            return Phase.HEAD
        if cycle.more_body:
            return Phase.BODY
        if not cycle.response_complete:
            return None
        return Phase.IDLE if self.scope is cycle.scope else Phase.HEAD


def _crowded(app: Any) -> Any:
    """Answers each request as `app` does what it cannot take."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        response = await app.exception_handlers[LimenError](Request(scope), Crowded())
        response.headers["connection"] = "close"
        await response(scope, receive, send)

    return refuse


class LimitedServer(Server):
    """A uvicorn server with `connections`, whose config says `http=Connection`."""

    def __init__(self, config: Config, connections: Connections) -> None:
        super().__init__(config)
        self.server_state: Connections = connections

    async def on_tick(self, counter: int) -> bool:
        if counter % _SWEEP_TICKS == 0:
            self.server_state.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)
