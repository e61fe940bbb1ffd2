"""A load of HTTP/1.1 requests over many connections, lean enough to share two cores with a server.

Requests are made beforehand; a connection sends its next one as soon as the last is answered, or
at its turn where a rate is asked for.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

_END = b"\r\n\r\n"


@dataclass(slots=True)
class Load:
    """What came of a load: seconds of the whole, and of each answer, in the order they came."""

    seconds: float = 0.0
    answers: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)

    def per_second(self) -> float:
        return len(self.answers) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds within which `share` of the answers came."""
        return sorted(self.answers)[min(len(self.answers) - 1, int(share * len(self.answers)))]


def request(host: str, path: str, body: bytes, encoding: str = "gzip") -> bytes:
    """A whole request with a protobuf `body` in that content encoding."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-protobuf\r\n"
        f"content-encoding: {encoding}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send(
    host: str, requests: Sequence[bytes], connections: int, per_second: float | None = None
) -> Load:
    """Sends all `requests` to `host` (`HOST:PORT`); at most `per_second` where that is given."""
    load, sent = Load(), 0
    name, _, port = host.rpartition(":")
    # In turn, so that none idles until the server closes it.
    idle = deque(_Connection(name, int(port)) for _ in range(min(connections, len(requests))))
    every = 1 / per_second if per_second else 0.0
    begin = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for connection in idle:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while len(load.answers) < len(requests):
            now = time.perf_counter() - begin
            while idle and sent < len(requests) and sent * every <= now:
                idle.popleft().send(requests[sent])
                sent += 1
            waits = idle and sent < len(requests)
            for key, _ in selector.select(max(0.0, sent * every - now) if waits else None):
                connection = key.data
                if (status := connection.receive()) is not None:
                    load.answers.append(time.perf_counter() - connection.sent)
                    load.refused[status] = load.refused.get(status, 0) + 1
                    idle.append(connection)
    load.seconds = time.perf_counter() - begin
    load.refused.pop(200, None)
    for connection in idle:
        connection.socket.close()
    return load


class _Connection:
    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self._answer = b""

    def send(self, request: bytes) -> None:
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status of a whole answer, None where more is to come."""
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionError("the server closed a connection")
        self._answer += got
        head, end, body = self._answer.partition(_END)
        if not end:
            return None
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if len(body) < int(length or 0):
            return None
        self._answer = b""
        return int(head.split(b" ", 2)[1])
