"""Keys of pseudonyms by age: the next period begins, and what names nothing more is destroyed."""

import json
import logging
from collections.abc import Sequence

from collector.contract.errors import Overloaded
from collector.contract.policy import Policy
from collector.pseudonyms import Period, Pseudonyms
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import rfc3339
from collector.store.retention import limits
from collector.store.vault import Vault

_log = logging.getLogger("limen")


class Rotation:
    """Of the keys of `pseudonyms`, and of the inputs sealed in `vault` for them."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms, vault: Vault) -> None:
        self._database, self._pseudonyms, self._vault = database, pseudonyms, vault

    def run(self, policy: Policy, now: int) -> None:
        """What is due at `now` (ns) by `policy`, after retention. Raises Overloaded: try later.

        A period lasts as long as what carries a pseudonym is kept, telemetry or inputs: so what is
        stored of an installation has at most two at any time, while the policy keeps its limits.
        """
        days = max(policy.retention_days, policy.input_days)
        try:
            if following := self._pseudonyms.begin_next(now, days):
                self._note(now, "key period planned", [following])
            kept_since = min(min(one.telemetry, one.inputs) for one in limits(policy, now))
            gone = self._pseudonyms.ended(kept_since)
            # A run of retention that was cut short leaves rows that are older.
            if gone and (gone := self._pseudonyms.ended(min(kept_since, self._oldest(now)))):
                # The keys of inputs first: a crash in between leaves the period to be found again.
                self._vault.destroy([period.key_id for period in gone])
                self._pseudonyms.destroy(gone)
                self._note(now, "keys destroyed", gone)
        except OSError as exc:
            raise Overloaded(f"the keys could not be written: {exc.strerror}") from exc

    def _oldest(self, now: int) -> int:
        """When the oldest of what is stored with a pseudonym was received (ns)."""
        oldest: int | None = self._database.read(query("oldest_received")).column(0)[0].as_py()
        return now if oldest is None else oldest

    def _note(self, now: int, action: str, periods: Sequence[Period]) -> None:
        said = [{"key_id": p.key_id, "since": rfc3339(p.since)} for p in periods]
        with self._database.write() as transaction:
            transaction.run("append_audit", time=now, action=action, detail=json.dumps(said))
        _log.info("%s: %s", action, ", ".join(f"{p['key_id']} of {p['since']}" for p in said))
