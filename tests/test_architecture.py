"""The laws of the house, over the syntax tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def sources() -> list[Path]:
    found = [ROOT / "limen.py"]
    for package in OURS[:-1]:
        found += sorted((ROOT / package).rglob("*.py"))
    return found


def imports(path: Path) -> Iterator[str]:
    """Every module `path` imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def owner(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_package_imports_only_what_the_law_allows(path: Path) -> None:
    me = owner(path)
    for module in imports(path):
        if not any(within(module, package) for package in OURS):
            continue
        allowed = (me, *ALLOWED[me])
        assert any(within(module, name) for name in allowed), f"{path.name} imports {module}"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_each_dependency_has_one_door(path: Path) -> None:
    where = path.relative_to(ROOT).as_posix()
    for module in imports(path):
        for dependency, doors in DOORS.items():
            if within(module, dependency):
                assert any(where.startswith(door) for door in doors), f"{where}: {module}"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_config_module_reads_the_environment(path: Path) -> None:
    text = path.read_text("utf-8")
    reads = re.search(r"\bos\.environ\b|\bgetenv\b", text)
    assert not reads or path.relative_to(ROOT).as_posix() == "collector/contract/config.py"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_attribute_names_stand_in_the_contract_only(path: Path) -> None:
    where = path.relative_to(ROOT).as_posix()
    if where == "collector/contract/attributes.py" or owner(path) in ("demo", "bench"):
        # The demo and the bench play apps, which write the names as any other app does.
        return
    names = {a.name for a in ATTRIBUTES}
    tree = ast.parse(path.read_text("utf-8"))
    found = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)} & names
    assert not found - ALLOWED_NAMES.get(where, set())


# Resource attributes that say which columns describe a request's source.
ALLOWED_NAMES = {
    "collector/intake/inputs.py": {
        "service.name",
        "service.version",
        "deployment.environment.name",
    },
}


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_sql_lives_in_sql_files(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.lower().split()
            assert not (words[:1] == ["select"] and "from" in words), node.value
            assert words[:2] not in (["insert", "into"], ["delete", "from"]), node.value


def test_packages_do_not_import_each_other_in_a_circle() -> None:
    edges = {
        package: {
            other
            for path in sources()
            if owner(path) == package
            for module in imports(path)
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
