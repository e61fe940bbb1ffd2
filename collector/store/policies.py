"""The policies of a home: each coming into force is kept, and the newest is judged by."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from collector.contract.about import limen_version
from collector.contract.errors import BadInput
from collector.contract.policy import (
    BUILT_IN,
    Feature,
    Flow,
    Policy,
    Rule,
    is_built_in,
    release_key,
)
from collector.contract.records import PolicyInForce
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import rfc3339
from collector.store.transaction import Transaction

# The key of a release that nobody tells, and what sorts before and after those of all others.
_UNKNOWN, _FIRST, _LAST = "", " ", "~~~~"

_RANGE = [("from_key", pa.string()), ("until_key", pa.string())]
_FEATURES = pa.schema(
    [
        ("policy_version", pa.string()),
        ("feature", pa.string()),
        *_RANGE,
        ("placement", pa.string()),
        ("threshold", pa.float64()),
        ("size_budget", pa.int64()),
        ("offline_critical", pa.bool_()),
        ("offline_target", pa.float64()),
    ]
)
_FLOWS = pa.schema(
    [
        ("feature", pa.string()),
        *_RANGE,
        ("host", pa.string()),
        ("purpose", pa.string()),
        ("consent", pa.string()),
        ("region", pa.string()),
        ("role", pa.string()),
        ("categories", pa.list_(pa.string())),
        ("retained", pa.bool_()),
        ("sure", pa.bool_()),
    ]
)
_HOSTS = pa.schema(
    [
        ("host", pa.string()),
        ("owner", pa.string()),
        ("role", pa.string()),
        ("region", pa.string()),
        ("retained", pa.bool_()),
    ]
)


class Policies:
    """Those of `database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[PolicyInForce]:
        """Every coming into force, newest first."""
        return [
            PolicyInForce(
                since=rfc3339(row["time"]),
                version=row["version"],
                digest=row["digest"],
                limen=row["limen"],
                content=row["content"] and json.loads(row["content"]),
            )
            for row in self._database.read(query("policies")).to_pylist()
        ]

    def newest(self) -> str | None:
        """The version that came into force last; None where none ever did."""
        rows = self._database.read(query("policies")).column("version").to_pylist()
        return rows[0] if rows else None

    def begin(self, policy: Policy, now: int, token: str | None = None) -> None:
        """Makes `policy` the one in force from `now` (ns), asked for by `token`.

        Raises BadInput where its version is kept with another content, and Overloaded; it is as it
        was then.
        """
        digest, release = policy.digest, limen_version()
        with self._database.write() as transaction:
            known = transaction.ask("policies")
            for _, name, other, *_ in known:
                if name == policy.version and other not in (None, digest):
                    raise BadInput(
                        f"the policy's version {name} is kept with another content: its SHA-256 "
                        f"was {other[:8]}… and is {digest[:8]}…; write a new version"
                    )
            _judge_by(transaction, policy)
            newest = known[0] if known else (0, None, None, None, None)
            if (newest[1], newest[2], newest[4]) == (policy.version, digest, release):
                return
            transaction.run(
                "append_policy",
                # The order holds, whatever the clock does.
                time=max(now, newest[0] + 1),
                version=policy.version,
                digest=digest,
                content=policy.content,
                limen=release,
            )
            action = "policy replaced" if known else "policy put in force"
            transaction.note(action, by=token, time=now, version=policy.version, digest=digest)


def unnamed(newest: str | None) -> Policy:
    """The policy where nobody names one and `newest` came into force last: the built-in one.

    Raises BadInput where that is another, which nobody took back.
    """
    if newest and not is_built_in(newest):
        raise BadInput(
            f"this home was under the policy {newest} and there is no file of one now: put it "
            "back, name one with --policy FILE, or go back to the built-in one with "
            f"--policy {BUILT_IN}"
        )
    return Policy.built_in()


def _judge_by(transaction: Transaction, policy: Policy) -> None:
    features: list[dict[str, Any]] = []
    flows: list[dict[str, Any]] = []
    for name, feature in policy.features.items():
        for rule, ways, since, until in _judged(feature):
            among = {"feature": name, "from_key": since, "until_key": until}
            features.append(
                among
                | {
                    "policy_version": policy.version,
                    "placement": rule.placement,
                    "threshold": rule.threshold,
                    "size_budget": feature.size_budget,
                    "offline_critical": feature.offline_critical,
                    "offline_target": feature.offline_target,
                }
            )
            flows += [
                among
                | flow.model_dump()
                | {"host": _like(flow.host), "sure": True if flow in rule.egress else None}
                for flow in ways
            ]
    hosts = [host.model_dump() | {"host": _like(host.match)} for host in policy.hosts]
    transaction.name(
        fresh_features=pa.Table.from_pylist(features, _FEATURES),
        fresh_flows=pa.Table.from_pylist(flows, _FLOWS),
        fresh_hosts=pa.Table.from_pylist(hosts, _HOSTS),
    )
    transaction.run("replace_policy")


def _judged(feature: Feature) -> Iterator[tuple[Rule, Iterable[Flow], str, str]]:
    """Each rule, the ways out it may have, and the keys of its releases, [from, until)."""
    rules = list(feature.rules())
    # By one release or another.
    ways = dict.fromkeys(flow for rule in rules for flow in rule.egress)
    yield feature.rule(None), ways, _UNKNOWN, _FIRST
    keys = [_FIRST, *(release_key(rule.since) for rule in rules if rule.since)]
    for rule, since, until in zip(rules, keys, [*keys[1:], _LAST], strict=True):
        yield rule, rule.egress, since, until


def _like(host: str) -> str:
    """`host` as a like-pattern."""
    return re.sub(r"([\\%_])", r"\\\1", host).replace("*", "%")
