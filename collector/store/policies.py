"""Writes the policy into the database, where placement and declaration are judged by it."""

import re

import pyarrow as pa

from collector.contract.policy import Policy, release_key
from collector.store.database import Database

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


def load_policy(database: Database, policy: Policy) -> None:
    """Makes `policy` the one that is judged by."""
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
    with database.write() as transaction:
        transaction.name(
            fresh_features=pa.Table.from_pylist(features, _FEATURES),
            fresh_flows=pa.Table.from_pylist(flows, _FLOWS),
            fresh_hosts=pa.Table.from_pylist(hosts, _HOSTS),
        )
        transaction.run("replace_policy")


def _like(host: str) -> str:
    """`host` as a like-pattern; hosts are compared in lower case."""
    return re.sub(r"([\\%_])", r"\\\1", host.lower()).replace("*", "%")
