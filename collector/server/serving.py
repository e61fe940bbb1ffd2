"""Serves the HTTP doors in one loop, until SIGINT or SIGTERM; SIGHUP reads the policy again."""

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from collector.server.connections import Connection, Connections, LimitedServer
from collector.server.hang_up import HangUp
from collector.server.tls import Certificate


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpDoor:
    """An app, the socket it listens on, and its connections."""

    app: Starlette
    listener: socket.socket
    connections: Connections


def serve(
    doors: Sequence[HttpDoor],
    certificate: Certificate | None,
    *,
    announce: Callable[[], None],
    stopping: Callable[[], None],
    hang_up: HangUp,
    reloading: Callable[[], None],
) -> None:
    """Calls `announce` when every door is open, and `stopping` when a signal asks to end.

    At SIGHUP, where `hang_up` does not mean the end, `reloading` is called in a thread.
    """
    servers = [_server(door, certificate) for door in doors]
    with asyncio.Runner(loop_factory=servers[0].config.get_loop_factory()) as runner:
        runner.run(_serve(servers, doors, announce, stopping, hang_up, reloading))


class _Server(LimitedServer):
    """A server whose signals are handled for all doors together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(door: HttpDoor, certificate: Certificate | None) -> _Server:
    config = uvicorn.Config(
        door.app,
        http=Connection,
        ws="none",
        # Whoever sends what is no HTTP fills no log.
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=math.ceil(door.connections.limits.idle_seconds),
        timeout_graceful_shutdown=10,
        ssl_context_factory=(lambda *_: certificate.context()) if certificate else None,
    )
    return _Server(config, door.connections)


async def _serve(
    servers: Sequence[_Server],
    doors: Sequence[HttpDoor],
    announce: Callable[[], None],
    stopping: Callable[[], None],
    hang_up: HangUp,
    reloading: Callable[[], None],
) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping()
        for server in servers:
            server.should_exit = True

    def hung_up() -> None:
        if hang_up.means_end():
            stop()
        else:
            loop.run_in_executor(None, reloading)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    running = [
        asyncio.create_task(server.serve(sockets=[door.listener]))
        for server, door in zip(servers, doors, strict=True)
    ]
    while not all(server.started for server in servers):
        await asyncio.sleep(0.01)
    announce()
    await asyncio.gather(*running)
