"""The policy that the settings name, read again without a restart."""

import logging
import threading
from contextlib import suppress

from collector.contract.config import Settings
from collector.contract.errors import LimenError
from collector.contract.policy import Policy
from collector.contract.policy_file import named_policy
from collector.contract.records import PolicyReload
from collector.engine import Engine
from collector.store.maintenance import Maintenance
from collector.store.policies import unnamed

_log = logging.getLogger("limen")


class Reload:
    """Puts the policy that the settings name in force, everywhere at once.

    What is wrong, or gone, changes nothing.
    """

    def __init__(self, settings: Settings, engine: Engine, maintenance: Maintenance) -> None:
        self._settings, self._engine, self._maintenance = settings, engine, maintenance
        self._one = threading.Lock()
        engine.health.watch(policy_stale=lambda: float(self.stale()))

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._engine.policy

    def run(self, token: str | None = None) -> PolicyReload:
        """Reads the policy again; asked for by `token`. Raises BadInput and Overloaded."""
        with self._one:
            before = self.policy
            try:
                policy = self._named()
                # The same one too: a commit that failed may be in the database all the same.
                self._engine.use(policy, token)
                self._maintenance.follow(policy)
            except LimenError as exc:
                _log.error("policy: %s stays in force: %s", before.version, exc)
                raise
            _log.info("policy: %s is in force, SHA-256 %s", policy.version, policy.digest)
            return PolicyReload(
                version=policy.version,
                digest=policy.digest,
                replaced=before.version if policy != before else None,
            )

    def try_to_run(self) -> None:
        """The same for nobody who waits: the log says what came of it."""
        with suppress(LimenError):
            self.run()

    def stale(self) -> bool:
        """Whether the file does not say, or cannot say, what is in force."""
        try:
            return self._named() != self.policy
        except LimenError:
            return True

    def _named(self) -> Policy:
        return named_policy(self._settings) or unnamed(self.policy.version)
