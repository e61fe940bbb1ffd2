"""Listening sockets; a taken port is named with the flag to change it."""

import errno
import socket

from collector.contract.config import Address
from collector.contract.errors import BadInput

_BACKLOG = 2048


def listen(address: Address, flag: str) -> socket.socket:
    """A listening socket. Raises BadInput naming `flag`."""
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
                f"another with --{flag} HOST:PORT (port 0 takes a free one)"
            ) from exc
        raise BadInput(f"--{flag} {address}: {exc.strerror}") from exc
    listener.listen(_BACKLOG)
    return listener


def url(listener: socket.socket, *, tls: bool) -> str:
    """The address of an HTTP server on `listener`."""
    host, port = listener.getsockname()[:2]
    return f"{'https' if tls else 'http'}://{Address(host=host, port=port)}"
