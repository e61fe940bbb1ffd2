"""Makes the doors of a collector: phones send over HTTP and gRPC, whoever asks has a port apart."""

import socket
from functools import partial

from collector.backup import Backups
from collector.contract.about import limen_version
from collector.contract.config import Settings
from collector.engine import Engine
from collector.permissions.tokens import Tokens
from collector.persons.erasures import Erasures
from collector.reload import Reload
from collector.self_telemetry.health import Door
from collector.self_telemetry.outbound import ways_out
from collector.server.api import QueryApi
from collector.server.body import BodyLimits
from collector.server.connections import ConnectionLimits, Connections
from collector.server.exposure import api_hosts, beyond
from collector.server.guard import Guard
from collector.server.ingest import IngestApi
from collector.server.ingest_grpc import GrpcDoor
from collector.server.readiness import Readiness
from collector.server.serving import HttpDoor
from collector.server.tls import Certificate
from collector.store.maintenance import Maintenance
from collector.store.self_audit import SelfAudits


class Doors:
    """To `engine`, as the settings say."""

    def __init__(self, settings: Settings, engine: Engine, tokens: Tokens) -> None:
        self._settings, self._engine, self._tokens = settings, engine, tokens
        ingest_exposed = beyond(settings.http, settings.grpc)
        self._ingest_guard = Guard(tokens, exposed=ingest_exposed)
        self._api_guard = Guard(tokens, exposed=ingest_exposed or beyond(settings.api))
        self._limits = BodyLimits(bytes=settings.max_body_bytes, seconds=settings.body_seconds)

    def grpc(self, certificate: Certificate | None) -> GrpcDoor:
        """Phones and clouds, over gRPC. Raises BadInput when the port is taken."""
        engine, settings = self._engine, self._settings
        return GrpcDoor(
            engine.pipeline,
            engine.health,
            self._ingest_guard,
            settings.grpc,
            admission=engine.admission,
            limits=self._limits,
            connections=settings.max_connections,
            idle_seconds=settings.idle_seconds,
            certificate=certificate,
        )

    def http(self, listener: socket.socket) -> HttpDoor:
        """Phones and clouds, over HTTP."""
        engine = self._engine
        ingest = IngestApi(
            engine.pipeline,
            engine.health,
            self._ingest_guard,
            admission=engine.admission,
            limits=self._limits,
            obstacle=Readiness(engine.pipeline, engine.admission, self._tokens).obstacle,
        )
        app = ingest.app(self._settings.cors_origins)
        connections = self._connections("http")
        engine.health.watch(connections=lambda: connections.count)
        return HttpDoor(app=app, listener=listener, connections=connections)

    def api(self, listener: socket.socket, maintenance: Maintenance, reload: Reload) -> HttpDoor:
        """Whoever asks."""
        engine, home = self._engine, self._settings.home
        about = {"version": limen_version(), "home": str(home)}
        asking = QueryApi(
            engine,
            self._api_guard,
            about,
            maintenance=maintenance,
            backups=Backups(maintenance, home),
            erasures=Erasures(self._settings, engine.erasure, maintenance),
            reload=reload,
            self_audits=SelfAudits(
                engine.database, engine.reader, lambda: engine.policy, ways_out(self._settings)
            ),
            limits=self._limits,
        )
        app = asking.app(api_hosts(self._settings))
        return HttpDoor(app=app, listener=listener, connections=self._connections("api"))

    def _connections(self, door: Door) -> Connections:
        settings = self._settings
        limits = ConnectionLimits(
            connections=settings.max_connections,
            head_seconds=settings.head_seconds,
            body_seconds=settings.body_seconds,
            idle_seconds=settings.idle_seconds,
        )
        return Connections(limits, partial(self._engine.health.refused, door))
