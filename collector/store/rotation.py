"""Keys by age: the next period of pseudonyms begins, and keys of what is not stored any more go."""

import logging
from typing import Any

from collector.contract.errors import Overloaded
from collector.contract.policy import Policy
from collector.persons.pseudonyms import Pseudonyms
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
                since = rfc3339(following.since)
                self._note(now, "key period planned", key_id=following.key_id, since=since)
            self._destroy(policy, now)
            stored = self._database.read(query("input_installations")).column(0).to_pylist()
            if count := self._vault.prune(stored):
                self._note(now, "keys of inputs destroyed", count=count)
        except OSError as exc:
            raise Overloaded(f"the keys could not be written: {exc.strerror}") from exc

    def _destroy(self, policy: Policy, now: int) -> None:
        kept_since = min(min(one.telemetry, one.inputs) for one in limits(policy, now))
        gone = self._pseudonyms.ended(kept_since)
        # A run of retention that was cut short leaves rows that are older.
        if gone and (gone := self._pseudonyms.ended(self._oldest(kept_since))):
            self._pseudonyms.destroy(gone)
            for period in gone:
                since = rfc3339(period.since)
                self._note(now, "keys destroyed", key_id=period.key_id, since=since)

    def _oldest(self, before: int) -> int:
        """When the oldest of what is stored with a pseudonym was received (ns); `before` is then
        at the latest."""
        found = self._database.read(query("oldest_received"), {"before": before})
        oldest: int | None = found["received_time"][0].as_py()
        return before if oldest is None else oldest

    def _note(self, now: int, action: str, **detail: Any) -> None:
        with self._database.write() as transaction:
            transaction.note(action, time=now, **detail)
        _log.info("%s: %s", action, ", ".join(f"{name} {value}" for name, value in detail.items()))
