"""The schema: one object a file. Tables are made once; macros and views anew where their SQL is."""

from hashlib import sha256
from importlib.resources import files

VERSION = 5

TABLES = (
    "schema_version",
    "span_facts",
    "span_sources",
    "span_contexts",
    "batches",
    "releases",
    "policies",
    "policy_features",
    "policy_flows",
    "policy_hosts",
    "inputs",
    "input_pieces",
    "input_cuts",
    "consents",
    "declarations",
    "verdicts",
    "replays",
    "replay_chunks",
    "replay_scores",
    "sweeps",
    "audit",
    "tombstones",
    "erasures",
    "forwarding",
    "rollup_departures",
    "rollup_kinds",
    "rollup_dirty",
    "rollup_state",
    "rollup_requests",
    "rollup_phones",
    "rollup_waits",
    "rollup_offline",
    "rollup_hours",
    "rollup_contexts",
    "rollup_context_waits",
    "rollup_runs",
    "rollup_gaps",
    "folded_requests",
    "folded_days",
    "rollup_sent",
    "rollup_senders",
    "rollup_restated",
    "rollup_clocks",
    "rollup_served",
    "told_cells",
    "told_devices",
    "told_gaps",
    "told_reasons",
    "told_waits",
    "told_sent",
    "told_thresholds",
    "told_steps",
    "told_dirty",
    "told_state",
)

DEFINITIONS = (
    "wilson",
    "told",
    "told_apart",
    "dimensions",
    "named_sources",
    "spans",
    "requests",
    "numbered_requests",
    "runs_of",
    "launches",
    "windows",
    "runs_near",
    "runs_known",
    "runs_anew",
    "gaps_of",
    "outdated_runs",
    "gaps_known",
    "outdated_gaps",
    "fresh_gaps",
    "gaps",
    "sample",
    "summed_requests",
    "summed_phones",
    "summed_waits",
    "summed_offline",
    "summed_hours",
    "summed_contexts",
    "summed_context_waits",
    "summed_sent",
    "summed_senders",
    "midnight",
    "counted",
    "uncounted",
    "requests_at",
    "fresh_requests",
    "rolled_requests",
    "fresh_phones",
    "rolled_phones",
    "fresh_waits",
    "rolled_waits",
    "fresh_offline",
    "rolled_offline",
    "fresh_hours",
    "rolled_hours",
    "fresh_contexts",
    "fresh_context_waits",
    "rolled_contexts",
    "folded",
    "unsettled_days",
    "sources",
    "judging",
    "unrolled",
    "restated",
    "spans_near",
    "calls_near",
    "traced_departures",
    "unrolled_departures",
    "restated_departures",
    "summable",
    "rolled_singly",
    "outdated",
    "left_anew",
    "fresh_kinds",
    "fresh_departures",
    "moved",
    "fresh_sent",
    "fresh_senders",
    "standing",
    "own_departures",
    "judged",
    "sent",
    "rolled_sent",
    "sent_days",
    "sent_for_requests",
    "rolled_sent_for_requests",
    "departures",
    "span_clocks",
    "span_served",
    "clocks",
    "served",
    "skews",
    "clocks_of",
    "calls_of",
    "cases",
)


def ddl(name: str) -> str:
    """The SQL that makes `name`."""
    sql = (files(__name__) / f"{name}.sql").read_text("utf-8")
    if "{requests}" in sql:
        # The same of some spans only.
        view = ddl("requests").partition(" as\n")[2]
        sql = sql.replace("{requests}", view.replace("from spans s", "from uncounted s"))
    if "{consented}" in sql:
        # The same of others that leave.
        sql = sql.replace("{consented}", ddl("unrolled_departures").partition("\n),\n")[2])
    return sql


def migration(version: int) -> str:
    """The SQL that makes a schema of the version before one of `version`."""
    return (files(__name__) / "migrations" / f"{version}.sql").read_text("utf-8")


ROLLED_UP = (
    "rollup_departures", "rollup_kinds", "rollup_requests", "rollup_phones", "rollup_waits",
    "rollup_offline", "rollup_hours", "rollup_contexts", "rollup_context_waits", "rollup_runs",
    "rollup_gaps", "rollup_sent", "rollup_senders", "rollup_restated", "rollup_clocks",
    "rollup_served",
)  # fmt: skip
# What was rolled up by other SQL is not used.
_ROLLED_UP_BY = (
    "dimensions", "spans", "unrolled", "spans_near", "calls_near", "traced_departures",
    "unrolled_departures", "requests", "numbered_requests", "runs_of", "launches", "windows",
    "runs_near", "runs_known", "runs_anew", "sample", "summed_requests", "summed_phones",
    "summed_waits", "summed_offline", "summed_hours", "summed_contexts", "summed_context_waits",
    "summed_sent", "summed_senders", "named_sources", "summable", "span_clocks", "span_served",
)  # fmt: skip
ROLLUP_RULES = sha256("".join(map(ddl, _ROLLED_UP_BY)).encode()).hexdigest()
# Views and macros that were made by other SQL are made anew.
DIGEST = sha256("".join(map(ddl, DEFINITIONS)).encode()).hexdigest()
