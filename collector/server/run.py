"""Runs the collector, keeps it, stops it without losing what was acknowledged."""

import gc
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import orjson

from collector.contract.config import Settings
from collector.engine import Engine
from collector.forward.backend import Backend
from collector.forward.forwarder import Forwarder
from collector.permissions.token_notes import TokenNotes
from collector.permissions.tokens import Tokens
from collector.reload import Reload
from collector.self_telemetry.own_traces import own_traces
from collector.server.doors import Doors
from collector.server.exposure import notes
from collector.server.listen import url
from collector.server.serving import serve
from collector.server.start import Start
from collector.store.backlog import Backlog
from collector.store.maintenance import Maintenance
from collector.store.rotation import Rotation
from collector.tlog.heads import Heads

# The database's, gRPC's, the standard ones.
_OTHER_FILES = 512


def run_collector(start: Start) -> None:
    """Runs until SIGINT or SIGTERM; prints one line of JSON with the addresses when ready.

    Raises BadInput and StoreUnusable, before anything is taken.
    """
    settings, certificate, tokens = start.settings, start.certificate, start.tokens
    http, api = start.http, start.api
    _allow_files(2 * settings.max_connections + _OTHER_FILES)
    with (
        own_traces(settings.own_traces_url, http.getsockname()[1]) as report,
        Engine.of(settings, start.policy, report) as engine,
        _background(settings, engine, tokens) as maintenance,
    ):
        doors = Doors(settings, engine, tokens)
        reload = Reload(settings, engine, maintenance)
        with doors.grpc(certificate) as grpc:
            ready = {
                "ready": True,
                "http": url(http, tls=certificate is not None),
                "grpc": str(grpc.address),
                "api": url(api, tls=certificate is not None),
                "home": str(settings.home),
            }
            said = list(notes(settings, tokens.all()))
            # What is here now stays: the garbage collector need not look at it again and again.
            gc.collect()
            gc.freeze()
            try:
                serve(
                    [doors.http(http), doors.api(api, maintenance, reload)],
                    certificate,
                    announce=lambda: _announce(ready, said),
                    stopping=engine.admission.stop,
                    hang_up=start.hang_up,
                    reloading=reload.try_to_run,
                )
            finally:
                # What is never collected is told of as a leak when the process ends.
                gc.unfreeze()


def _allow_files(count: int) -> None:
    """Raises the soft limit of open files to `count` as far as the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _background(settings: Settings, engine: Engine, tokens: Tokens) -> Iterator[Maintenance]:
    """What runs beside the doors: maintenance, and passing on where a backend is named."""
    hour = None if settings.compact_hour == "off" else settings.compact_hour
    backlog = Backlog(engine.database) if settings.forward_url else None
    maintenance = Maintenance(
        engine.database,
        engine.policy,
        engine.health,
        backlog,
        Rotation(engine.database, engine.pseudonyms, engine.vault),
        TokenNotes(engine.database, tokens).look,
        compact_hour=hour,
        min_free_bytes=settings.min_free_bytes,
        min_cell=settings.min_cell,
    )
    with ExitStack() as running:
        running.enter_context(Heads(settings, engine.audit_log))
        running.enter_context(maintenance)
        if backlog:
            headers = settings.headers_to_forward()
            backend = Backend(str(settings.forward_url), headers, settings.forward_ca)
            running.enter_context(Forwarder(backlog, engine.health, backend))
        yield maintenance


def _announce(ready: dict[str, object], notes: Sequence[str]) -> None:
    sys.stdout.write(orjson.dumps(ready).decode() + "\n")
    sys.stdout.flush()
    for note in notes:
        sys.stderr.write(f"limen: {note}\n")
