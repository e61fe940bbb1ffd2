"""What a policy could say besides, from the findings, requests and departures that are stored."""

from collections.abc import Callable

from collector.contract.policy import Policy, is_built_in
from collector.contract.suggestion import Suggestion
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import Reader, rfc3339
from collector.store.unsealed import left
from collector.suggestion.attributes import suggested_attributes
from collector.suggestion.draft import draft
from collector.suggestion.flows import suggested_features, suggested_hosts


class Suggestions:
    """From `database`, beside the policy in force, which `policy` gives."""

    def __init__(self, database: Database, reader: Reader, policy: Callable[[], Policy]) -> None:
        self._database, self._reader, self._policy = database, reader, policy

    def make(self, since: str | None, until: str | None) -> Suggestion:
        """From what was received, or happened, in [since, until); times as in Query."""
        first, last, now = self._reader.period(since, until)
        policy = self._policy()
        keys = self._rows("suggest_attributes", first, last)
        attributes, hidden = suggested_attributes(keys, policy)
        features = suggested_features(
            self._rows("suggest_features", first, last),
            left(self._database, "suggest_flows", {"from": first, "to": last}),
            policy,
        )
        suggestion = Suggestion(
            policy=policy.version,
            first=is_built_in(policy.version),
            since=rfc3339(first),
            until=rfc3339(min(last, now)),
            attributes=tuple(attributes),
            hidden=hidden,
            features=tuple(features),
            hosts=tuple(suggested_hosts(features, policy)),
        )
        return suggestion.model_copy(update={"toml": draft(suggestion)})

    def _rows(self, name: str, since: int, until: int) -> list[dict[str, object]]:
        bounds = {"from": since, "to": until}
        rows: list[dict[str, object]] = self._database.read(query(name), bounds).to_pylist()
        return rows
