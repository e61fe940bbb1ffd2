"""What left and nobody declared, a row a flow."""

from collections.abc import Mapping, Sequence
from typing import Any

_FLOW = ("feature", "release", "destination", "category")
_ADDED = ("transfers", "unknown_bytes_transfers")


def undeclared(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The undeclared rows of `egress`, by feature and release, as one row a flow.

    A flow is a (feature, release, destination, category). The metric also parts it by cause,
    purpose, consent, region and measure; cause is that of the request, which explains nothing of a
    flow that nobody declared. So here, and nowhere else in the dashboard, numbers are added: the
    transfers and bytes of the parts, which hold each transfer once. `bytes` is None where no part
    has any. Installations may be in several parts and are left out.
    """
    flows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        if row["declared"] is not False:
            continue
        part = {name: row[name] for name in (*_FLOW, *_ADDED, "bytes")}
        whole = flows.setdefault(tuple(row[name] for name in _FLOW), part)
        if whole is part:
            continue
        for name in _ADDED:
            whole[name] += part[name]
        if part["bytes"] is not None:
            whole["bytes"] = (whole["bytes"] or 0) + part["bytes"]
    return list(flows.values())
