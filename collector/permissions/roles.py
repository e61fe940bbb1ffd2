"""Who may do what: the roles, and every route of every door with those that may call it."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a token is for."""

    INGEST = "ingest"
    LEAD = "lead"
    ONCALL = "oncall"
    REPLAY = "replay"
    COMPLIANCE = "compliance"
    ADMIN = "admin"


Roles = frozenset[Role]

# Without a token: a health check and the description of the API hold nothing of the data.
ANYONE = None
INGEST: Roles = frozenset((Role.INGEST, Role.ADMIN))
AGGREGATES: Roles = frozenset(Role) - {Role.INGEST}
# Sees no cell of fewer installations than `min_cell`, and only whole days.
MERGED: Roles = frozenset((Role.LEAD,))
SINGLE_ROWS: Roles = frozenset((Role.ONCALL, Role.ADMIN))
REVIEWS: Roles = frozenset((Role.COMPLIANCE, Role.ADMIN))
ADMINISTRATION: Roles = frozenset((Role.ADMIN,))
REPLAYS: Roles = frozenset((Role.REPLAY, Role.ADMIN))

_OTLP = "/opentelemetry.proto.collector.{0}.v1.{1}Service/Export"

ACCESS: Mapping[str, Roles | None] = {
    "POST /v1/traces": INGEST,
    "POST /v1/logs": INGEST,
    "POST /v1/metrics": INGEST,
    _OTLP.format("trace", "Trace"): INGEST,
    _OTLP.format("logs", "Logs"): INGEST,
    _OTLP.format("metrics", "Metrics"): INGEST,
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    "GET /api/openapi.json": ANYONE,
    # What the collector counts of itself names no installation: the role of Prometheus is lead.
    "GET /metrics": AGGREGATES,
    "GET /api/status": AGGREGATES,
    "GET /api/metrics": AGGREGATES,
    # Besides a metric asks for what METRICS says, one of single rows that is not there for
    # SINGLE_ROWS; one whose cells cannot be merged (`metrics/cells.py`) is not for MERGED.
    "POST /api/metrics": AGGREGATES,
    "GET /api/metrics/{name}": AGGREGATES,
    "GET /api/traces/{trace}": SINGLE_ROWS,
    "GET /api/traces/{trace}/what-if": SINGLE_ROWS,
    "POST /api/installations/lookup": SINGLE_ROWS,
    "POST /api/installations/erase": REVIEWS,
    "GET /api/erasures": REVIEWS,
    "POST /api/installations/access": REVIEWS,
    "GET /api/audit": REVIEWS,
    "GET /api/audit/checkpoint": REVIEWS,
    "GET /api/audit/key": REVIEWS,
    "GET /api/audit/consistency": REVIEWS,
    "GET /api/audit/{number:int}/proof": REVIEWS,
    "GET /api/self-audit": REVIEWS,
    "GET /api/policy/suggestion": REVIEWS,
    "GET /api/placement": AGGREGATES,
    "GET /api/releases/comparison": AGGREGATES,
    "GET /api/policies": REVIEWS,
    "POST /api/policy/reload": ADMINISTRATION,
    "GET /api/findings": REVIEWS,
    "PUT /api/findings/{finding}/verdict": REVIEWS,
    "GET /api/declarations": REVIEWS,
    "POST /api/declarations": REVIEWS,
    "DELETE /api/declarations/{declaration}": REVIEWS,
    "GET /api/records/{kind}": REVIEWS,
    "POST /api/evidence": REVIEWS,
    "POST /api/inputs/open": REPLAYS,
    "GET /api/replays": AGGREGATES,
    "POST /api/replays": REPLAYS,
    "GET /api/replays/{run}": AGGREGATES,
    "PUT /api/replays/{run}/chunks/{chunk:int}": REPLAYS,
    "GET /api/replays/{run}/scores": SINGLE_ROWS | REPLAYS,
    "GET /api/replays/{run}/sweeps": AGGREGATES,
    "PUT /api/replays/{run}/sweeps/{reference}": REPLAYS,
    "GET /api/upkeep": ADMINISTRATION,
    "POST /api/compact": ADMINISTRATION,
    "POST /api/backup": ADMINISTRATION,
}

# Metrics that not all of AGGREGATES may ask.
METRICS: Mapping[str, Roles] = {
    "findings": REVIEWS,
    "ledger": REVIEWS,
    "flow_changes": REVIEWS | SINGLE_ROWS,
}


def may_call(role: Role, route: str) -> bool:
    """Whether a token of `role` may call a route of ACCESS."""
    roles = ACCESS[route]
    return roles is None or role in roles
