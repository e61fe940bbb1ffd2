"""What reaches beyond this machine: refused without the tokens it needs, warned of without TLS."""

from collections.abc import Iterator

from collector.contract.config import LOOPBACK, Address, Settings
from collector.contract.errors import BadInput
from collector.permissions.roles import AGGREGATES, INGEST, Role, Roles
from collector.permissions.tokens import Token

NO_TOKENS = "no tokens are set: whoever reaches this port may do everything"

_WILDCARDS = ("0.0.0.0", "::")


def beyond(*addresses: Address) -> bool:
    """Whether others than this machine can reach one of them."""
    return any(address.host not in LOOPBACK for address in addresses)


def refuse_exposure(settings: Settings, tokens: tuple[Token, ...]) -> None:
    """Raises BadInput, naming the command that mends it, for a door that nobody would guard."""
    doors: tuple[tuple[str, Address, Roles, Role], ...] = (
        ("http", settings.http, INGEST, Role.INGEST),
        ("grpc", settings.grpc, INGEST, Role.INGEST),
        ("api", settings.api, AGGREGATES, Role.ADMIN),
    )
    in_force = {token.role for token in tokens if token.revoked is None}
    for flag, address, roles, first in doors:
        if beyond(address) and not roles & in_force:
            raise BadInput(
                f"--{flag} {address}: without tokens Limen listens on this machine only; make one: "
                f"limen token create --role {first} --home {settings.home}"
            )
    if settings.api.host in _WILDCARDS and not settings.api_hosts:
        raise BadInput(
            f"--api {settings.api}: say by which names it may be asked, for example "
            'api_hosts = ["limen.example.com"] or LIMEN_API_HOSTS=limen.example.com'
        )


def api_hosts(settings: Settings) -> list[str]:
    """The names by which the query API may be asked."""
    return [*LOOPBACK, settings.api.host, *settings.api_hosts]


def notes(settings: Settings, tokens: tuple[Token, ...]) -> Iterator[str]:
    """What whoever starts it should know: doors without tokens, ways without TLS, who else gets
    the spans."""
    exposed = beyond(settings.http, settings.grpc, settings.api)
    if not tokens and not exposed:
        yield NO_TOKENS
    elif not beyond(settings.http, settings.grpc) and Role.INGEST not in {t.role for t in tokens}:
        yield "no ingest token was ever made: whoever reaches the ingest ports may send"
    if exposed and settings.tls_certificate is None:
        yield (
            "it listens beyond this machine without TLS: tokens and traces can be read on the way; "
            "set tls_certificate and tls_key, or let only a proxy with TLS reach it"
        )
    if (to := settings.forward_url) is not None:
        note = f"spans are passed on to {to.scheme}://{to.host}:{to.port}"
        unsafe = to.scheme == "http" and to.host not in LOOPBACK
        yield f"{note} without TLS: they can be read on the way" if unsafe else note
