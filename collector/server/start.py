"""What can refuse a start, looked at before the engine is imported, which takes longest."""

import logging
import os
import socket
from dataclasses import dataclass

from collector.contract.config import DATABASE, Settings
from collector.contract.policy import Policy
from collector.contract.policy_file import named_policy
from collector.permissions.tokens import Tokens
from collector.server.exposure import refuse_exposure
from collector.server.hang_up import HangUp
from collector.server.listen import listen
from collector.server.tls import Certificate


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """What was found to be usable. Both listeners are open: whoever connects waits."""

    settings: Settings
    policy: Policy | None
    certificate: Certificate | None
    tokens: Tokens
    http: socket.socket
    api: socket.socket
    hang_up: HangUp


def prepare(settings: Settings) -> Start:
    """The start of a collector in this process. Raises BadInput and StoreUnusable."""
    # Whatever this process makes, the database's log and spill files too, is its owner's only.
    os.umask(0o077)
    hang_up = HangUp()
    _log_to_stderr()
    policy = named_policy(settings)
    certificate = Certificate.of(settings)
    tokens = Tokens.at(settings.home, settings.home / DATABASE)
    refuse_exposure(settings, tokens.all())
    # gRPC opens its port later, and would say of a taken one only that it failed.
    listen(settings.grpc, "grpc").close()
    return Start(
        settings=settings,
        policy=policy,
        certificate=certificate,
        tokens=tokens,
        http=listen(settings.http, "http"),
        api=listen(settings.api, "api"),
        hang_up=hang_up,
    )


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("limen: %(message)s"))
    log = logging.getLogger("limen")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
