"""A system of fideslang, as YAML: what it processes, and what for.

https://ethyca.github.io/fideslang/. Categories and uses are paths: what a declaration names
stands for everything below it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from collector.contract.declarations import Declaration, DeclaredType, Problem, Rows
from collector.contract.errors import BadInput
from collector.contract.findings import UNKNOWN_VALUE
from collector.contract.nearest import nearest
from collector.contract.processing import Activity, Article30
from collector.contract.vocabulary import store_purposes, store_types, vocabulary
from collector.declarations.words import refuse_many, shown

# A megabyte takes seconds to read.
_LARGEST = 2**20
_LIST = "privacy_declarations"
# What a transfer rests on, in fideslang's words.
_BASES = {
    "adequacy": "Adequacy Decision",
    "scc_2021_914": "SCCs",
    "scc_dpa": "SCCs",
    "bcr": "BCRs",
}
_BEGINS = re.compile(
    rb'\A(?:\s*#[^\n]*\n|---[^\n]*\n|\s*\n)*"?(?:system|dataset|organization)"?\s*:'
)


def begins_system(start: bytes) -> bool:
    """Whether a file that begins so may be a manifest of fideslang."""
    return bool(_BEGINS.match(start))


def read_system(name: str, content: bytes, key: str | None) -> Declaration:
    """What one system declares; `key` is its fides_key, None: the only one.

    A row is a privacy declaration. Raises BadInput with what is wrong and where.
    """
    system = _chosen(name, _parsed(name, content), key)
    at = f"system {shown(str(system['fides_key']))}"
    rows = system.get(_LIST) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{name}: {at}: {_LIST} is a list of declarations")
    problems: list[Problem] = []
    types: dict[str, DeclaredType] = {}
    unknown = 0
    for number, row in enumerate(rows):
        where = f"{at}, {_LIST}[{number}]"
        uses = list(_known("fides_uses", [row.get("data_use")], f"{where}.data_use", problems))
        said = row.get("data_categories") or []
        if not isinstance(said, list):
            raise BadInput(f"{name}: {where}.data_categories is a list")
        found = list(_known("fides_categories", said, f"{where}.data_categories", problems))
        refuse_many(name, problems)
        unknown += not (uses and found)
        shared = bool(row.get("data_shared_with_third_parties"))
        for category in found if uses else ():
            types[category] = _with(types.get(category), category, uses, shared)
    return Declaration(
        kind="fides",
        name=name,
        rows=Rows(answered=len(rows) - unknown, unanswered=0, unknown=unknown),
        types=tuple(types.values()),
        problems=tuple(problems),
    )


def covers(declared: str, meant: str) -> bool:
    """Whether a path stands for another: it is the same, or above it."""
    return meant == declared or meant.startswith(f"{declared}.")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML without references: a few lines of them can stand for any number."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1
            raise BadInput(f"line {line}: references (*name) are not taken: write it out")
        return super().compose_node(parent, index)


def _parsed(name: str, content: bytes) -> list[Any]:
    if len(content) > _LARGEST:
        raise BadInput(f"{name}: a manifest of fideslang is at most {_LARGEST:,} bytes")
    try:
        document = yaml.load(content, _Loader)  # a SafeLoader
    except BadInput as exc:
        raise BadInput(f"{name}: {exc}") from None
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f"line {mark.line + 1} is" if mark else "it is"
        raise BadInput(f"{name}: {where} not YAML") from None
    except (ValueError, RecursionError, TypeError, OverflowError):
        raise BadInput(f"{name}: it holds a value that cannot be read") from None
    systems = document.get("system") if isinstance(document, dict) else None
    if not isinstance(systems, list) or not systems:
        raise BadInput(f"{name}: there is no list of systems (system:) in it")
    return systems


def _chosen(name: str, systems: Sequence[Any], key: str | None) -> Mapping[str, Any]:
    keys = []
    for number, system in enumerate(systems):
        if not isinstance(system, dict) or not isinstance(system.get("fides_key"), str):
            raise BadInput(f"{name}: system[{number}] has no fides_key")
        keys.append(system["fides_key"])
    if key is None and len(keys) == 1:
        return dict(systems[0])
    if key not in keys:
        there = ", ".join(shown(one) for one in keys[:20])
        raise BadInput(f"{name}: say with bundle which system is meant: {there}")
    return dict(systems[keys.index(key)])


def _known(list_: str, said: Sequence[Any], where: str, problems: list[Problem]) -> Iterator[str]:
    """What is known of `said`: a word that a team added stands for the one above it."""
    words: Sequence[str] = vocabulary()[list_]
    for one in said:
        path = str(one)
        if above := next((word for word in _upwards(path) if word in words), None):
            yield above
            continue
        what = f"fideslang has no {shown(path)}: {nearest(path, words, 'see its taxonomy')}"
        problems.append(Problem(code=UNKNOWN_VALUE, where=where, what=what))


def _upwards(path: str) -> Iterator[str]:
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        yield ".".join(parts[:end])


def _with(
    before: DeclaredType | None, category: str, uses: Sequence[str], shared: bool
) -> DeclaredType:
    categories = tuple(
        ours
        for ours in vocabulary()["categories"]
        if any(covers(category, meant) for meant in store_types("fides", ours))
    )
    purposes = (*(before.purposes if before else ()), *uses)
    return DeclaredType(
        type=category,
        categories=categories,
        collected=True,
        shared=shared or bool(before and before.shared),
        purposes=tuple(dict.fromkeys(purposes)),
    )


def write_systems(record: Article30) -> str:
    """A manifest with a system for each app of a record, and one for each recipient."""
    apps: dict[str, list[Activity]] = {}
    for one in record.activities:
        apps.setdefault(one.app, []).append(one)
    systems = [_app(record, app, activities) for app, activities in apps.items()]
    others: dict[str, list[Activity]] = {}
    for one in record.activities:
        if one.recipient:
            others.setdefault(one.recipient, []).append(one)
    systems += [_other(name, activities) for name, activities in others.items()]
    return str(yaml.safe_dump({"system": systems}, sort_keys=False, allow_unicode=True))


def _app(record: Article30, app: str, activities: Sequence[Activity]) -> dict[str, Any]:
    abroad = [one for one in activities if one.basis in ("named", "not_named")]
    bases = dict.fromkeys(_BASES.get(one.mechanism, "Other") for one in abroad if one.mechanism)
    said = {
        "legal_name": record.name,
        "dpo": record.dpo,
        "joint_controller_info": ", ".join(record.joint_controllers) or None,
        "data_security_practices": record.security,
    }
    return {
        "fides_key": _key(app),
        "name": app,
        "system_type": "Application",
        "responsibility": ["Controller"],
        **{name: value for name, value in said.items() if value},
        "does_international_transfers": bool(abroad),
        "legal_basis_for_transfers": list(bases),
        "egress": _flows((one.recipient, one) for one in activities if one.recipient),
        "privacy_declarations": [_declared(one) for one in activities if _uses(one)],
        # What for is not known of these, and a declaration needs it.
        "meta": {"purpose_unknown": [_name(one) for one in activities if not _uses(one)]},
    }


def _other(name: str, activities: Sequence[Activity]) -> dict[str, Any]:
    first = activities[0]
    return {
        "fides_key": _key(name),
        "name": name,
        "system_type": "Third Party" if first.role == "third_party" else "Service",
        **({"legal_name": first.owner} if first.owner else {}),
        **({"responsibility": ["Processor"]} if first.role == "processor" else {}),
        "ingress": _flows((one.app, one) for one in activities),
        "privacy_declarations": [],
    }


def _declared(one: Activity) -> dict[str, Any]:
    shared = one.role == "third_party"
    kept = None if one.kept_days is None else f"{one.kept_days} days"
    return {
        "name": _name(one),
        "data_categories": _categories(one),
        "data_use": _uses(one)[0],
        "features": [one.feature] if one.feature else [],
        "egress": [_key(one.recipient)] if one.recipient else [],
        **({"data_shared_with_third_parties": shared} if shared or one.role else {}),
        **({"third_parties": one.owner or one.recipient} if shared else {}),
        **({"retention_period": kept} if kept else {}),
    }


def _flows(of: Iterable[tuple[str, Activity]]) -> list[dict[str, Any]]:
    categories: dict[str, set[str]] = {}
    for name, one in of:
        categories.setdefault(_key(name), set()).update(_categories(one))
    return [
        {"fides_key": key, "type": "system", "data_categories": sorted(found)}
        for key, found in categories.items()
    ]


def _categories(one: Activity) -> list[str]:
    found = (store_types("fides", category)[:1] for category in one.categories)
    return sorted({path for paths in found for path in paths})


def _uses(one: Activity) -> tuple[str, ...]:
    return store_purposes("fides", one.purpose or "")


def _name(one: Activity) -> str:
    words = (one.feature or "telemetry", one.purpose or "unknown", one.recipient or "device")
    return ", ".join(words)


def _key(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.\-]", "_", name)
