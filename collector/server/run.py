"""Starts the collector, keeps it, stops it without losing what was acknowledged."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version

import orjson
import uvicorn
from starlette.applications import Starlette

from collector.contract.config import LOOPBACK, Settings
from collector.contract.policy import read_policy
from collector.engine import Engine
from collector.own_traces import own_traces
from collector.server.api import QueryApi
from collector.server.ingest import ingest_app
from collector.server.ingest_grpc import GrpcDoor
from collector.server.listen import listen, url
from collector.store.maintenance import Maintenance

Door = tuple[Starlette, socket.socket]

_NO_TOKENS = "no tokens are set: whoever reaches this port may do everything"


def run_collector(settings: Settings) -> None:
    """Runs until SIGINT or SIGTERM; prints one line of JSON with the addresses when ready.

    Raises BadInput and StoreUnusable, before anything is taken.
    """
    # Whatever this process makes, the database's log and spill files too, is its owner's only.
    os.umask(0o077)
    policy = read_policy(settings.policy_file())
    http, api = listen(settings.http, "http"), listen(settings.api, "api")
    about = {
        "version": version("limen"),
        "policy": policy.version,
        "home": str(settings.home),
        "role": "admin",
        "note": _NO_TOKENS,
    }
    with (
        own_traces(settings.own_traces_url, http.getsockname()[1]) as report,
        Engine(
            settings.home, policy, query_seconds=settings.query_seconds, report=report
        ) as engine,
        Maintenance(engine.database, policy, engine.health),
        GrpcDoor(
            engine.pipeline,
            engine.health,
            settings.grpc,
            max_body_bytes=settings.max_body_bytes,
        ) as grpc_door,
    ):
        ingest = ingest_app(
            engine.pipeline,
            engine.health,
            max_body_bytes=settings.max_body_bytes,
            ready=lambda: engine.pipeline.healthy,
            cors_origins=settings.cors_origins,
        )
        questions = QueryApi(engine.reader, engine.replays, engine.health, about).app(LOOPBACK)
        ready = {
            "ready": True,
            "http": url(http),
            "grpc": str(grpc_door.address),
            "api": url(api),
            "home": str(settings.home),
        }
        loop = uvicorn.Config(ingest).get_loop_factory()
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(_serve([(ingest, http), (questions, api)], lambda: _announce(ready)))


def _announce(ready: dict[str, object]) -> None:
    sys.stdout.write(orjson.dumps(ready).decode() + "\n")
    sys.stdout.flush()
    sys.stderr.write(f"limen: {_NO_TOKENS}\n")


class _Server(uvicorn.Server):
    """A server whose signals are handled for all doors together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Starlette) -> _Server:
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=10
    )
    return _Server(config)


async def _serve(doors: list[Door], announce: Callable[[], None]) -> None:
    servers = [_server(app) for app, _ in doors]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    running = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, (_, listener) in zip(servers, doors, strict=True)
    ]
    while not all(server.started for server in servers):
        await asyncio.sleep(0.01)
    announce()
    await asyncio.gather(*running)
