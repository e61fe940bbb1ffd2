"""What a policy could say besides, from the findings, requests and departures that are stored."""

from collections.abc import Callable

from collector.compliance.observed import TELEMETRY
from collector.contract.policy import Policy, is_built_in
from collector.contract.records import Query
from collector.contract.suggestion import Suggestion
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import Reader, rfc3339
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
        bounds = {"from": first, "to": last}
        keys = self._database.read(query("suggest_attributes"), bounds).to_pylist()
        attributes, hidden = suggested_attributes(keys, policy)
        period = {"since": rfc3339(first), "until": rfc3339(last)}
        use, left = self._reader.tables(
            [
                (Query(metric="feature_use", **period), False),
                (Query(metric="transfers", by=("feature", "release"), **period), False),
            ]
        )
        ways = [way for way in left.to_pylist() if way["destination"] != TELEMETRY]
        features = suggested_features(use.to_pylist(), ways, policy)
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
