"""What pydantic finds wrong in a policy, in words for those who wrote it."""

import json
import re
from collections.abc import Mapping
from datetime import date, time

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from collector.contract.nearest import one_of
from collector.contract.policy import Controller, Feature, FeatureRule, Flow, Host, Policy
from collector.contract.toml_lines import Key

# pydantic's kinds of a value of the wrong type, and what TOML calls the right one.
_TYPES: Mapping[str, str] = {
    "string": 'text in quotes, for example "…"',
    "int": "a whole number without quotes",
    "float": "a number without quotes, for example 0.7",
    "bool": "true or false, without quotes",
    "tuple": 'a list, for example ["…"]',
    "dict": "a table",
    "model": "a table",
}
_SHOWN = 60


def said(error: ErrorDetails) -> tuple[Key, str]:
    """Where it is, and what is wrong there and how to mend it."""
    key: Key = error["loc"]
    return (key[:-1] if key and key[-1] == "[key]" else key), _message(error, error["loc"])


def _message(error: ErrorDetails, key: Key) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return f"there is no such key: {one_of(str(key[-1]), _keys(key[:-1]))}"
        case "missing":
            return "it is missing: write it"
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", context["expected"])
            return f"{_toml(value)} is none of these: {one_of(str(value), allowed)}"
        case "value_error":
            return str(context["error"])
        case "greater_than_equal":
            return f"{_toml(value)} is less than {context['ge']:g}: write {context['ge']:g} or more"
        case "less_than_equal":
            return f"{_toml(value)} is more than {context['le']:g}: write {context['le']:g} or less"
    if isinstance(value, date | time):
        return f'it is a date of TOML: write it in quotes, "{value}"'
    wanted = _TYPES.get(kind.partition("_")[0])
    return f"{_toml(value)} is not {wanted}" if wanted else str(error["msg"])


def _keys(table: Key) -> list[str]:
    """The keys that a table may have."""
    model: type[BaseModel]
    match table:
        case ():
            model = Policy
        case (*_, "egress", int()):
            model = Flow
        case ("hosts", _):
            model = Host
        case ("controller",):
            model = Controller
        case (_, _, "from", _):
            model = FeatureRule
        case _:
            model = Feature
    return [field.alias or name for name, field in model.model_fields.items()]


def _toml(value: object) -> str:
    """`value` as the policy has it, as far as it is short."""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
