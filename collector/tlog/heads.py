"""Heads of the audit log leave the home folder: whoever holds it could rewrite the log, but not
what is kept elsewhere.

Once an hour, where something was logged since, and at the start and the end, the signed head is
printed, appended to a file elsewhere, and posted, as far as the settings name one.
"""

import logging
import os
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx

from collector.contract.config import Settings
from collector.contract.errors import BadInput
from collector.store.audit_log import AuditLog

EVERY_SECONDS = 3600.0
RETRY_SECONDS = 60.0
_POST_SECONDS = 10.0

_log = logging.getLogger("limen")


class Heads:
    """Those of `log`, sent while the context is open. Raises BadInput for a file at home."""

    def __init__(self, settings: Settings, log: AuditLog) -> None:
        self._audit = log
        self._sent: dict[str, int] = {}
        self._ways: dict[str, Callable[[str], None]] = {"log": _say}
        if file := settings.audit_heads_file:
            if file.resolve().is_relative_to(settings.home.resolve()):
                raise BadInput(
                    f"audit_heads_file: {file} is in the home folder: whoever can rewrite the log "
                    "there can rewrite its heads; name one elsewhere"
                )
            self._ways[f"audit_heads_file {file}"] = _appending(file)
        if url := settings.audit_heads_url:
            self._ways[f"audit_heads_url {url.scheme}://{url.host}"] = _posting(str(url))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limen-heads")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.send()

    def send(self) -> bool:
        """Sends the head of now wherever it was not sent yet. Whether all of that could be done."""
        size, head = self._audit.size, self._audit.checkpoint()
        good = True
        for name, send in self._ways.items():
            if self._sent.get(name) == size or not size:
                continue
            try:
                send(head)
                self._sent[name] = size
            except (OSError, httpx.HTTPError) as exc:
                reason = exc.strerror if isinstance(exc, OSError) else type(exc).__name__
                _log.error("audit: the head could not be sent: %s: %s", name, reason)
                good = False
        return good

    def _run(self) -> None:
        while True:
            good = self.send()
            if self._stop.wait(EVERY_SECONDS if good else RETRY_SECONDS):
                return


def _say(head: str) -> None:
    size = head.splitlines()[1]
    whole = textwrap.indent(head.rstrip(), "    ")
    _log.info("audit: the signed head of %s entries, to keep elsewhere:\n%s", size, whole)


def _appending(file: Path) -> Callable[[str], None]:
    def append(head: str) -> None:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, head.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    return append


def _posting(url: str) -> Callable[[str], None]:
    def post(head: str) -> None:
        with httpx.Client(timeout=_POST_SECONDS, trust_env=False) as client:
            content = {"content-type": "text/plain; charset=utf-8"}
            client.post(url, content=head.encode(), headers=content).raise_for_status()

    return post
