"""The policies of a home: each coming into force is kept, and the newest is judged by."""

import json
import re
from importlib.metadata import version

import pyarrow as pa

from collector.contract.errors import BadInput
from collector.contract.policy import Policy, release_key
from collector.contract.records import PolicyInForce
from collector.store.database import Database, Transaction
from collector.store.queries import query
from collector.store.reader import rfc3339

# Sorts after the key of every release.
_LAST = "~~~~"

_FEATURES = pa.schema(
    [
        ("policy_version", pa.string()),
        ("feature", pa.string()),
        ("from_key", pa.string()),
        ("until_key", pa.string()),
        ("placement", pa.string()),
        ("threshold", pa.float64()),
        ("categories", pa.string()),
    ]
)
_FLOWS = pa.schema([(n, pa.string()) for n in ("feature", "host", "purpose", "consent")])
_HOSTS = pa.schema([(n, pa.string()) for n in ("host", "owner", "role", "region")])


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

    def begin(self, policy: Policy, now: int, token: str | None = None) -> None:
        """Makes `policy` the one in force from `now` (ns), asked for by `token`.

        Raises BadInput where its version is kept with another content, and Overloaded; it is as it
        was then.
        """
        digest, release = policy.digest, version("limen")
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
            if known:
                detail = {"version": policy.version, "digest": digest, "token": token}
                transaction.run(
                    "append_audit", time=now, action="policy replaced", detail=json.dumps(detail)
                )


def _judge_by(transaction: Transaction, policy: Policy) -> None:
    features, flows = [], []
    for name, feature in policy.features.items():
        versions = list(feature.versions())
        keys = [release_key(release) if release else "" for release, _, _ in versions]
        for (_, placement, threshold), since, until in zip(
            versions, keys, [*keys[1:], _LAST], strict=True
        ):
            features.append(
                {
                    "policy_version": policy.version,
                    "feature": name,
                    "from_key": since,
                    "until_key": until,
                    "placement": placement,
                    "threshold": threshold,
                    "categories": ",".join(feature.categories),
                }
            )
        flows += [
            {"feature": name, "host": _like(f.host), "purpose": f.purpose, "consent": f.consent}
            for f in feature.egress
        ]
    hosts = [
        {"host": _like(h.match), "owner": h.owner, "role": h.role, "region": h.region}
        for h in policy.hosts
    ]
    transaction.name(
        fresh_features=pa.Table.from_pylist(features, _FEATURES),
        fresh_flows=pa.Table.from_pylist(flows, _FLOWS),
        fresh_hosts=pa.Table.from_pylist(hosts, _HOSTS),
    )
    transaction.run("replace_policy")


def _like(host: str) -> str:
    """`host` as a like-pattern; hosts are compared in lower case."""
    return re.sub(r"([\\%_])", r"\\\1", host.lower()).replace("*", "%")
