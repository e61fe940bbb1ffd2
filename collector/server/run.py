"""Starts the collector, keeps it, stops it without losing what was acknowledged."""

import asyncio
import contextlib
import errno
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version

import orjson
import uvicorn
from starlette.applications import Starlette

from collector.contract.config import LOOPBACK, Address, Settings
from collector.contract.errors import BadInput, StoreUnusable
from collector.contract.policy import read_policy
from collector.inputs import InputSealer
from collector.keys import Keys
from collector.pipeline import Pipeline
from collector.redact import Redactor
from collector.server.api import QueryApi
from collector.server.ingest import ingest_app
from collector.store.database import Database
from collector.store.maintenance import Maintenance
from collector.store.policies import load_policy
from collector.store.queries import query
from collector.store.reader import Reader
from collector.store.replays import Replays
from collector.store.vault import Vault
from collector.store.writer import Writer

_BACKLOG = 2048


def listen(address: Address, key: str) -> socket.socket:
    """A listening socket. Raises BadInput that names the setting `key` when the port is taken."""
    if address.host not in LOOPBACK:
        raise BadInput(
            f"--{key} {address}: without tokens Limen listens on this machine only; "
            "use 127.0.0.1 and a reverse proxy that authenticates"
        )
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            raise BadInput(
                f"port {address.port} on {address.host} is in use: stop what uses it, or choose "
                f"another with --{key} HOST:PORT (port 0 takes a free one)"
            ) from exc
        raise BadInput(f"--{key} {address}: {exc.strerror}") from exc
    listener.listen(_BACKLOG)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """A server whose signals are handled for both doors together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Starlette) -> _Server:
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=10
    )
    return _Server(config)


async def _serve(
    doors: list[tuple[Starlette, socket.socket]], announce: Callable[[], None]
) -> None:
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


def run_collector(settings: Settings) -> None:
    """Runs until SIGINT or SIGTERM; prints one line of JSON with the addresses when ready.

    Raises BadInput and StoreUnusable, before anything is taken.
    """
    policy = read_policy(settings.policy_file())
    listeners = [listen(settings.http, "http"), listen(settings.api, "api")]
    keys = Keys.at(settings.home)
    vault = Vault(settings.home / "keys" / "inputs.json")
    database = Database(settings.database, query_seconds=settings.query_seconds)
    load_policy(database, policy)
    redactor = Redactor(policy, keys.pseudonymiser("installation"))
    next_number = database.read(query("last_input")).column(0)[0].as_py() + 1
    pipeline = Pipeline(
        redactor,
        InputSealer(policy, redactor, vault, next_number),
        Writer(database, policy.version),
    )
    maintenance = Maintenance(database, policy)
    reader = Reader(database)
    about = {
        "version": version("limen"),
        "policy": policy.version,
        "home": str(settings.home),
        "role": "admin",
        "note": "no tokens are set: whoever reaches this port may do everything",
    }
    api = QueryApi(reader, Replays(database, reader, vault), about)
    stopped = threading.Event()
    ingest = ingest_app(
        pipeline,
        max_body_bytes=settings.max_body_bytes,
        ready=lambda: not stopped.is_set() and pipeline.healthy,
    )

    def announce() -> None:
        ready = {
            "ready": True,
            "http": _url(listeners[0]),
            "grpc": None,
            "api": _url(listeners[1]),
            "home": str(settings.home),
        }
        sys.stdout.write(orjson.dumps(ready).decode() + "\n")
        sys.stdout.flush()
        sys.stderr.write("limen: no tokens are set: one user, who may do everything\n")

    try:
        with asyncio.Runner(loop_factory=uvicorn.Config(ingest).get_loop_factory()) as runner:
            runner.run(_serve([(ingest, listeners[0]), (api.app(), listeners[1])], announce))
    finally:
        stopped.set()
        pipeline.close()
        maintenance.close()
        with contextlib.suppress(StoreUnusable):
            database.close()
