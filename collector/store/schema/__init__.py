"""The schema: one object a file. Tables are made once; macros and views anew at every start."""

from importlib.resources import files

VERSION = 1

TABLES = (
    "schema_version",
    "spans",
    "batches",
    "redactions",
    "releases",
    "policy_features",
    "policy_flows",
    "policy_hosts",
    "inputs",
    "replays",
    "replay_chunks",
    "replay_scores",
    "sweeps",
    "audit",
)

DEFINITIONS = ("wilson", "dimensions", "requests", "departures", "phone_spans", "phone_calls")


def ddl(name: str) -> str:
    """The SQL that makes `name`."""
    return (files(__name__) / f"{name}.sql").read_text("utf-8")
