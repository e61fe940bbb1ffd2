"""The laws of the house, over the syntax tree."""

import ast
import re
from functools import cache
from pathlib import Path

from collector.contract.attributes import ATTRIBUTES
from collector.store.queries import queries
from collector.store.schema import DEFINITIONS, TABLES

ROOT = Path(__file__).parent.parent
OURS = ("collector", "models", "replay", "dashboard", "demo", "bench", "limen")

# What each may import of ours, besides itself.
ALLOWED = {
    "collector": (),
    "models": (),
    "replay": ("models", "collector.contract"),
    "dashboard": ("collector.contract",),
    "demo": ("models", "collector.contract"),
    "bench": ("collector", "models", "replay"),
    # The front door reaches each package by the name of its commands module only.
    "limen": ("collector.contract.config", "collector.contract.errors", "models.errors"),
}

# One door per dependency.
DOORS = {
    "duckdb": ("collector/store", "bench"),
    "ptars": ("collector/decode.py", "collector/intake/outline.py"),
    "google": (
        "collector/decode.py",
        "collector/intake/outline.py",
        "collector/forward",
        "collector/server",
        "models/coreml.py",
    ),
    "opentelemetry.proto": (
        "collector/decode.py",
        "collector/forward",
        "collector/server",
        "bench",
    ),
    "publicsuffixlist": ("collector/redaction/hosts.py",),
    "prometheus_client": ("collector/self_telemetry/health.py",),
    "opentelemetry.sdk": ("collector/self_telemetry/own_traces.py", "demo"),
    "opentelemetry.exporter": ("collector/self_telemetry/own_traces.py", "demo"),
    "starlette": ("collector/server", "demo", "bench/nothing.py"),
    "grpc": ("collector/server",),
    "uvicorn": ("collector/server", "demo", "bench/nothing.py"),
    "securesystemslib": ("collector/evidence/envelope.py",),
    "streamlit": ("dashboard",),
    "plotly": ("dashboard",),
    "ai_edge_litert": ("models",),
    "tflite_runtime": ("models",),
    "tensorflow": ("models/training",),
    "flatbuffers": ("models/tflite_file.py",),
    "yaml": ("collector/declarations/fides.py",),
    "zxingcpp": ("models", "demo"),
    "httpx": (
        "collector/contract/connection.py",
        "collector/forward",
        "collector/tlog/heads.py",
        "demo",
        "bench",
    ),
}


@cache
def sources() -> dict[str, ast.Module]:
    """Every source file of ours, by its path below the root."""
    found = [ROOT / "limen.py"]
    for package in OURS[:-1]:
        found += sorted((ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in found}


@cache
def imports() -> list[tuple[str, str]]:
    """Every file with every module that it imports, wherever in the file."""
    found = []
    for where, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found += [(where, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.append((where, node.module))
    return found


@cache
def constants() -> list[tuple[str, str]]:
    """Every file with every string in it."""
    return [
        (where, node.value)
        for where, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def ours(module: str) -> bool:
    return any(within(module, package) for package in OURS)


def owner(where: str) -> str:
    return where.partition("/")[0].removesuffix(".py")


def test_a_package_imports_only_what_the_law_allows() -> None:
    breaches = [
        (where, module)
        for where, module in imports()
        if ours(module)
        and not any(within(module, name) for name in (owner(where), *ALLOWED[owner(where)]))
    ]
    assert breaches == []


def test_each_dependency_has_one_door() -> None:
    breaches = [
        (where, module)
        for where, module in imports()
        for dependency, doors in DOORS.items()
        if within(module, dependency) and not where.startswith(doors)
    ]
    assert breaches == []


def test_only_the_config_module_reads_the_environment() -> None:
    reads = re.compile(r"\bos\.environ\b|\bgetenv\b")
    found = [where for where in sources() if reads.search((ROOT / where).read_text("utf-8"))]
    assert found == ["collector/contract/config.py"]


def test_attribute_names_stand_in_the_contract_only() -> None:
    names = {a.name for a in ATTRIBUTES}
    breaches = [
        (where, text)
        for where, text in constants()
        # The demo and the bench play apps, which write the names as any other app does.
        if where != "collector/contract/attributes.py"
        and owner(where) not in ("demo", "bench")
        and text in names - ALLOWED_NAMES.get(where, set())
    ]
    assert breaches == []


# Resource attributes that say which columns describe a request's source.
ALLOWED_NAMES = {
    "collector/intake/inputs.py": {
        "service.name",
        "service.version",
        "deployment.environment.name",
    },
}


def test_sql_lives_in_sql_files() -> None:
    for where, text in constants():
        words = text.lower().split()
        assert not (words[:1] == ["select"] and "from" in words), (where, text)
        assert words[:2] not in (["insert", "into"], ["delete", "from"]), (where, text)


def test_packages_do_not_import_each_other_in_a_circle() -> None:
    edges = {
        package: {
            other
            for where, module in imports()
            if owner(where) == package
            for other in OURS
            if other != package and within(module, other)
        }
        for package in OURS
    }
    done: list[str] = []
    while edges:
        free = [package for package, needs in edges.items() if not needs & edges.keys()]
        assert free, f"a circle among {sorted(edges)}"
        for package in free:
            done.append(package)
            del edges[package]


def test_every_query_and_schema_file_is_used_and_there() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "collector").rglob("*.py"))
    for name in queries():
        used = f'"{name}"' in code or (name.startswith("expire_") and 'f"expire_{table}"' in code)
        assert used, f"{name}.sql is used by nothing"
    schema = {path.stem for path in (ROOT / "collector/store/schema").glob("*.sql")}
    assert schema == set(TABLES) | set(DEFINITIONS)


def test_nothing_in_the_project_names_a_registry() -> None:
    javascript = [f"tests/javascript/{name}" for name in (".npmrc", "package.json")]
    python = ["constraints.txt", "constraints-tflite.txt", "pyproject.toml"]
    for name in (*python, *javascript, "Makefile"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text and "index-url" not in text, name
