"""Starts the collector, keeps it, stops it without losing what was acknowledged."""

import asyncio
import contextlib
import logging
import math
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version

import orjson
import uvicorn
from starlette.applications import Starlette

from collector.backup import Backups
from collector.contract.config import Settings
from collector.contract.policy import Policy, read_policy
from collector.engine import DATABASE, Engine
from collector.forward.backend import Backend
from collector.forward.forwarder import Forwarder
from collector.own_traces import own_traces
from collector.server.api import QueryApi
from collector.server.body import BodyLimits
from collector.server.connections import (
    Connection,
    ConnectionLimits,
    Connections,
    LimitedServer,
)
from collector.server.exposure import api_hosts, beyond, notes, refuse_exposure
from collector.server.guard import Guard
from collector.server.ingest import ingest_app
from collector.server.ingest_grpc import GrpcDoor
from collector.server.listen import listen, url
from collector.server.readiness import Readiness
from collector.server.tls import Certificate
from collector.store.backlog import Backlog
from collector.store.maintenance import Maintenance
from collector.tokens import Tokens

Door = tuple[Starlette, socket.socket, Connections]

# The database's, gRPC's, the standard ones.
_OTHER_FILES = 512


def run_collector(settings: Settings) -> None:
    """Runs until SIGINT or SIGTERM; prints one line of JSON with the addresses when ready.

    Raises BadInput and StoreUnusable, before anything is taken.
    """
    # Whatever this process makes, the database's log and spill files too, is its owner's only.
    os.umask(0o077)
    _log_to_stderr()
    policy = read_policy(settings.policy_file())
    certificate = Certificate.of(settings)
    tokens = Tokens.at(settings.home, settings.home / DATABASE)
    refuse_exposure(settings, tokens.all())
    ingest_exposed = beyond(settings.http, settings.grpc)
    ingest_guard = Guard(tokens, exposed=ingest_exposed)
    api_guard = Guard(tokens, exposed=ingest_exposed or beyond(settings.api))
    http, api = listen(settings.http, "http"), listen(settings.api, "api")
    limits = BodyLimits(bytes=settings.max_body_bytes, seconds=settings.body_seconds)
    connection_limits = ConnectionLimits(
        connections=settings.max_connections,
        head_seconds=settings.head_seconds,
        body_seconds=settings.body_seconds,
        idle_seconds=settings.idle_seconds,
    )
    _allow_files(2 * settings.max_connections + _OTHER_FILES)
    about = {
        "version": version("limen"),
        "policy": policy.version,
        "home": str(settings.home),
    }
    with (
        own_traces(settings.own_traces_url, http.getsockname()[1]) as report,
        Engine(
            settings.home,
            policy,
            query_seconds=settings.query_seconds,
            max_in_flight_bytes=settings.max_in_flight_bytes,
            min_free_bytes=settings.min_free_bytes,
            database_memory_bytes=settings.database_memory_bytes,
            report=report,
        ) as engine,
        _beside(settings, policy, engine) as maintenance,
        GrpcDoor(
            engine.pipeline,
            engine.health,
            ingest_guard,
            settings.grpc,
            admission=engine.admission,
            limits=limits,
            idle_seconds=settings.idle_seconds,
            certificate=certificate,
        ) as grpc_door,
    ):
        ingest = ingest_app(
            engine.pipeline,
            engine.health,
            ingest_guard,
            admission=engine.admission,
            limits=limits,
            obstacle=Readiness(engine.pipeline, engine.admission, tokens).obstacle,
            cors_origins=settings.cors_origins,
        )
        asking = QueryApi(
            engine.reader,
            engine.replays,
            engine.health,
            api_guard,
            about,
            maintenance=maintenance,
            backups=Backups(maintenance, settings.home),
            admission=engine.admission,
            limits=limits,
        )
        questions = asking.app(api_hosts(settings))
        ready = {
            "ready": True,
            "http": url(http, tls=certificate is not None),
            "grpc": str(grpc_door.address),
            "api": url(api, tls=certificate is not None),
            "home": str(settings.home),
        }
        health = engine.health
        phones, askers = (
            Connections(connection_limits, partial(health.refused, door))
            for door in ("http", "api")
        )
        health.watch(connections=lambda: phones.count)
        loop = uvicorn.Config(ingest).get_loop_factory()
        with asyncio.Runner(loop_factory=loop) as runner:
            doors = [(ingest, http, phones), (questions, api, askers)]
            said = list(notes(settings, tokens.all()))
            runner.run(
                _serve(doors, certificate, lambda: _announce(ready, said), engine.admission.stop)
            )


def _allow_files(count: int) -> None:
    """Raises the soft limit of open files to `count` as far as the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("limen: %(message)s"))
    log = logging.getLogger("limen")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


@contextlib.contextmanager
def _beside(settings: Settings, policy: Policy, engine: Engine) -> Iterator[Maintenance]:
    """What runs beside the doors: maintenance, and passing on where a backend is named."""
    hour = None if settings.compact_hour == "off" else settings.compact_hour
    backlog = Backlog(engine.database) if settings.forward_url else None
    with contextlib.ExitStack() as running:
        maintenance = Maintenance(
            engine.database,
            policy,
            engine.health,
            backlog,
            compact_hour=hour,
            min_free_bytes=settings.min_free_bytes,
        )
        running.enter_context(maintenance)
        if backlog:
            headers = settings.headers_to_forward()
            backend = Backend(str(settings.forward_url), headers, settings.forward_ca)
            running.enter_context(Forwarder(backlog, engine.health, backend))
        yield maintenance


def _announce(ready: dict[str, object], notes: list[str]) -> None:
    sys.stdout.write(orjson.dumps(ready).decode() + "\n")
    sys.stdout.flush()
    for note in notes:
        sys.stderr.write(f"limen: {note}\n")


class _Server(LimitedServer):
    """A server whose signals are handled for all doors together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Starlette, connections: Connections, certificate: Certificate | None) -> _Server:
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=math.ceil(connections.limits.idle_seconds),
        timeout_graceful_shutdown=10,
        ssl_context_factory=(lambda *_: certificate.context()) if certificate else None,
    )
    return _Server(config, connections)


async def _serve(
    doors: list[Door],
    certificate: Certificate | None,
    announce: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    servers = [_server(app, connections, certificate) for app, _, connections in doors]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping()
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    running = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, (_, listener, _) in zip(servers, doors, strict=True)
    ]
    while not all(server.started for server in servers):
        await asyncio.sleep(0.01)
    announce()
    await asyncio.gather(*running)
