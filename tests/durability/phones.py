"""Phones that send under load, keep what is not acknowledged and send it again."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from collector.contract.policy_file import read_policy
from tests.otlp import PHONE, Span, fresh_id, logged_input, request_span, traces
from tests.processes import PROTOBUF
from tests.store import Store

BATCH = 3
PATIENCE = 60.0

Batch = list[Span]
Ids = tuple[bytes, bytes]


class Phones:
    """What they know together: which batches were answered with 200, which were not."""

    def __init__(self, *, log_inputs: bool = False) -> None:
        self.acknowledged: list[Batch] = []
        self.unanswered: list[Batch] = []
        self.refused = 0
        self._log_inputs = log_inputs

    @contextmanager
    def sending(self, http: str, phones: int = 4) -> Iterator[None]:
        """They send one batch after another, until the block ends or nobody answers."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._send, args=(http, stop), name=f"phone-{n}")
            for n in range(phones)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def send_again(self, http: str) -> None:
        """What was not answered, until it is."""
        waiting, self.unanswered = self.unanswered, []
        with _client(http) as client:
            for batch in waiting:
                until = time.monotonic() + PATIENCE
                while not self._post(client, batch):
                    assert time.monotonic() < until, "refused for too long"
                    time.sleep(0.05)

    def sent(self, batches: int) -> None:
        """Waits until so many batches are acknowledged."""
        until = time.monotonic() + PATIENCE
        while len(self.acknowledged) < batches:
            assert time.monotonic() < until, "nothing is acknowledged"
            time.sleep(0.01)

    @property
    def ids(self) -> set[Ids]:
        """The spans that were acknowledged."""
        return {(s.trace_id, s.span_id) for batch in self.acknowledged for s in batch}

    def _send(self, http: str, stop: threading.Event) -> None:
        with _client(http) as client:
            while not stop.is_set():
                batch = [request_span() for _ in range(BATCH)]
                try:
                    taken = self._post(client, batch)
                except httpx.TransportError:
                    self.unanswered.append(batch)
                    return
                if not taken:
                    self.unanswered.append(batch)
                    self.refused += 1
                    stop.wait(0.02)

    def _post(self, client: httpx.Client, batch: Batch) -> bool:
        if self._log_inputs:
            # A phone of its own each time, so that each needs a key of its own.
            phone = {**PHONE, "app.installation.id": fresh_id(8).hex()}
            logged = logged_input(batch[0], b"what it saw", phone)
            if client.post("/v1/logs", content=logged.SerializeToString()).status_code != 200:
                return False
        answer = client.post("/v1/traces", content=traces(*batch).SerializeToString())
        assert answer.status_code in (200, 503), answer
        if answer.status_code == 200:
            self.acknowledged.append(batch)
        return answer.status_code == 200


def _client(http: str) -> httpx.Client:
    return httpx.Client(
        base_url=http, headers={"content-type": PROTOBUF}, timeout=PATIENCE, trust_env=False
    )


def stored(home: Path) -> Counter[Ids]:
    """How often each span is in the database of `home`, which no process holds."""
    policy = read_policy(file) if (file := home / "policy.toml").exists() else None
    with Store(home, policy) as store:
        rows = store.rows("select trace_id, span_id from spans")
    return Counter((row["trace_id"], row["span_id"]) for row in rows)
