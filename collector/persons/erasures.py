"""Erasures as they are asked for: at once, and where asked with the compaction that ends them."""

import time
from urllib.parse import urlsplit

from collector.contract.config import Settings
from collector.contract.errors import Overloaded
from collector.contract.persons import Erased
from collector.store.erasure import Erasure
from collector.store.maintenance import Maintenance
from collector.store.reader import rfc3339

# How long what is under way may take before the asker has to try again.
PATIENCE_SECONDS = 60.0


class Erasures:
    """By `erasure`, while `maintenance` does nothing else."""

    def __init__(self, settings: Settings, erasure: Erasure, maintenance: Maintenance) -> None:
        self._erasure, self._maintenance = erasure, maintenance
        # Host and port of where spans are passed on to; None: nowhere.
        self.forwarded_to = urlsplit(str(settings.forward_url or "")).netloc or None

    def run(self, identifier: str, token: str | None, *, compact: bool) -> Erased:
        """Erases an installation, asked for by `token`; with `compact` every byte of it.

        Raises Overloaded, which says whether it is erased.
        """
        due = self._maintenance.next_compaction(time.time_ns())
        facts = {
            "bytes_gone_due": None if due is None else rfc3339(due),
            "forwarded_to": self.forwarded_to,
        }
        with self._maintenance.alone("erasure", PATIENCE_SECONDS):
            done = self._erasure.run(identifier, token, facts)
        if not compact:
            return done
        try:
            self._maintenance.compact(time.time_ns(), PATIENCE_SECONDS)
        except Overloaded as exc:
            raise Overloaded(
                f"it is erased (receipt {done.receipt}), but its bytes are still in the file: {exc}"
            ) from exc
        return self._erasure.receipt(done.receipt)

    def all(self) -> list[Erased]:
        """Every receipt, newest first."""
        return self._erasure.receipts()
