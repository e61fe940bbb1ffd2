"""The OpenAPI description of the query API, made from its routes and records."""

import inspect
import re
from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema
from starlette.routing import Route

from collector.contract.about import limen_version
from collector.contract.compliance import Check, Judgement, Verdict
from collector.contract.declarations import KeptDeclaration
from collector.contract.persons import AccessReport, Erased, Lookup
from collector.contract.placement import Advice
from collector.contract.records import (
    Answer,
    Compacted,
    PolicyInForce,
    PolicyReload,
    Query,
    ReplayRequest,
    ReplayRun,
    Sweep,
    Upkeep,
)
from collector.contract.releases import Comparison
from collector.contract.suggestion import Suggestion
from collector.contract.what_if.records import WhatIf

_RECORDS = (
    AccessReport,
    Advice,
    Answer,
    Check,
    Compacted,
    Comparison,
    Erased,
    Judgement,
    KeptDeclaration,
    Lookup,
    PolicyInForce,
    PolicyReload,
    Query,
    ReplayRequest,
    ReplayRun,
    Suggestion,
    Sweep,
    Upkeep,
    Verdict,
    WhatIf,
)
_PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """An OpenAPI 3.1 document; a route's summary is its handler's docstring in one line."""
    paths: dict[str, Any] = {}
    for route in routes:
        summary = " ".join((inspect.getdoc(route.endpoint) or "").split())
        operation = {
            "summary": summary,
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _PLACE.findall(route.path)
            ],
            "responses": {
                "200": {"description": "the answer"},
                "default": {"description": "problem details (RFC 9457)"},
            },
        }
        path = paths.setdefault(_PLACE.sub(r"{\1}", route.path), {})
        for method in (route.methods or set()) - {"HEAD"}:
            path[method.lower()] = operation
    _, schemas = models_json_schema(
        [(record, "serialization") for record in _RECORDS],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Limen query API", "version": limen_version()},
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }
