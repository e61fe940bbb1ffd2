"""Keeps at most so many logged inputs of a feature, a fair sample of all that were logged.

Every input has a draw in [0, 1) of its own. Where there are too many, those with the highest go:
the rest is a sample without replacement in which each had the same chance (bottom-k, Cohen and
Kaplan 2007), however often that happens. Once older ones have expired, later inputs stay that
would have gone before; so each cut is noted, and a replay takes only draws below the least cut
since its period began.
"""

import logging
from collections.abc import Mapping

from collector.contract.policy import Policy
from collector.self_telemetry.health import Health
from collector.store.database import Database
from collector.store.queries import query

_log = logging.getLogger("limen")


class Sampling:
    """Cuts what `database` holds of each feature down to what a policy keeps of it."""

    def __init__(self, database: Database, health: Health) -> None:
        self._database, self._health = database, health

    def crowded(self, policy: Policy) -> Mapping[str, int]:
        """How many inputs each feature may keep that has more of them."""
        own = {n: f.input_count_cap for n, f in policy.features.items() if f.input_count_cap}
        least = min((policy.input_count_cap, *own.values()))
        found = self._database.read(query("crowded_features"), {"least": least}).to_pylist()
        kept = {row["feature"]: own.get(row["feature"], policy.input_count_cap) for row in found}
        return {row["feature"]: n for row in found if row["inputs"] > (n := kept[row["feature"]])}

    def run(self, policy: Policy, now: int) -> int:
        """Deletes at `now` (ns) what is too many: how many inputs. Raises Overloaded."""
        gone = 0
        for feature, kept in self.crowded(policy).items():
            with self._database.write() as transaction:
                [[share]] = transaction.ask("find_cut", feature=feature, kept=kept)
                transaction.run("cut_input_pieces", feature=feature, share=share)
                [[cut]] = transaction.ask("cut_inputs", feature=feature, share=share)
                transaction.run("insert_cut", time=now, feature=feature, share=share)
            self._health.expired("inputs", cut)
            _log.info("inputs of %s: %s deleted, %s kept", feature, f"{cut:,}", f"{kept:,}")
            gone += cut
        return gone
