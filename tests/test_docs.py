"""The documentation says what there is, and its examples run."""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import limen
from collector.contract.attributes import ALIASES, ATTRIBUTES, CATEGORIES, PURPOSES, Words
from collector.contract.config import Settings
from collector.contract.dimensions import DIMENSIONS
from collector.contract.policy import Controller, Feature, Flow, Host, Policy
from collector.contract.records import Query
from collector.metrics import metrics
from collector.self_telemetry.health import Health
from dashboard.sidebar import PRODUCTION
from dashboard.states import SEND
from tests.javascript import NODE, SCRIPTS
from tests.processes import RunningCollector

ROOT = Path(__file__).parent.parent


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_every_attribute_and_word_apps_may_send_is_documented() -> None:
    text = page("docs/conventions.md")
    words = {w for a in ATTRIBUTES if isinstance(a.form, Words) for w in a.form.values}
    for name in (
        {a.name for a in ATTRIBUTES} | words | set(CATEGORIES) | set(PURPOSES) | set(ALIASES)
    ):
        assert f"`{name}`" in text, name


def test_every_key_of_the_policy_is_documented() -> None:
    text = page("docs/policy.md")
    for model in (Policy, Controller, Host, Feature, Flow):
        for name, field in model.model_fields.items():
            assert (field.alias or name) in text, name


def test_every_metric_and_dimension_is_documented() -> None:
    text = page("docs/api.md")
    for name in (*metrics(), *DIMENSIONS):
        assert f"`{name}`" in text, name


def test_every_metric_of_the_collectors_own_health_is_documented() -> None:
    text = page("docs/api.md")
    for family in Health("1").registry.collect():
        if not family.name.startswith("process_"):
            name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
            assert f"`{name}`" in text, name
    parts = {"counter": ("_total",), "histogram": ("", "_bucket", "_sum", "_count")}
    there = {
        family.name + part
        for family in Health("1").registry.collect()
        for part in parts.get(family.type, ("", "_info"))
    }
    assert set(re.findall(r"\blimen_[a-z_]+", text)) <= there


def test_every_command_is_documented() -> None:
    text = page("docs/api.md")
    for words in _commands(limen.parser()):
        assert f"limen {words}" in text, words


def _commands(parser: argparse.ArgumentParser, so_far: str = "") -> list[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return [
                words
                for name, child in action.choices.items()
                for words in _commands(child, f"{so_far} {name}".strip())
            ]
    return [so_far]


def test_every_setting_has_a_default_that_stays_on_this_machine() -> None:
    for address in (Settings().http, Settings().api, Settings().dashboard):
        assert address.host == "127.0.0.1"


@pytest.mark.parametrize(
    "name", ["README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_every_link_and_picture_is_there(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page(name)):
        if "://" not in target:
            assert ((ROOT / name).parent / target).exists(), target


def test_the_picture_of_the_tree_names_every_part_of_the_collector() -> None:
    tree = page("docs/architecture.md").split("```")[1]
    parts = {p.stem for p in (ROOT / "collector").iterdir() if not p.name.startswith("__")}
    assert not parts - set(re.findall(r"\w+", tree))


def test_every_page_of_the_documentation_is_linked_from_the_readme() -> None:
    text = page("README.md")
    for path in (ROOT / "docs").glob("*.md"):
        assert f"docs/{path.name}" in text


@pytest.mark.parametrize("language", ["python", "js", "sh"])
def test_every_example_of_the_readme_sends_to_the_environment_the_pages_start_on(
    language: str,
) -> None:
    examples = re.findall(rf"```{language}\n(.*?)```", page("README.md"), re.S)
    (example,) = [text for text in examples if "my-app" in text]
    assert len([line for line in example.splitlines() if line]) <= 10
    assert re.search(rf'deployment\.environment\.name(": "|=){PRODUCTION}\b', example)


def test_a_page_without_data_shows_the_example_of_the_readme() -> None:
    assert f"```python\n{SEND}```" in page("README.md")


@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("python", (sys.executable, "-c")),
        ("js", (NODE, "--input-type=module", "--eval")),
    ],
)
def test_an_example_of_the_readme_sends_a_request(
    collector: RunningCollector, language: str, command: tuple[str, ...]
) -> None:
    (example,) = re.findall(rf"```{language}\n(.*?)```", page("README.md"), re.S)
    script = example.replace("http://127.0.0.1:4318", collector.http)
    asked = Query(
        metric="requests", where={"feature": ("barcode_scan",), "environment": (PRODUCTION,)}
    )
    with collector.client() as client:
        before = client.metric(asked).records()
        done = subprocess.run(
            [*command, script], cwd=SCRIPTS, timeout=60, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        rows = [row for row in client.metric(asked).records() if row not in before]
    assert [(r["feature"], r["decision"], r["confidence"]) for r in rows] == [
        ("barcode_scan", "accept", 0.93)
    ]


def test_the_readme_installs_what_its_javascript_example_imports() -> None:
    (example,) = re.findall(r"```js\n(.*?)```", page("README.md"), re.S)
    (install,) = re.findall(r"`npm install (.*)`", page("README.md"))
    assert set(install.split()) == set(re.findall(r'from "(.*)"', example))
    pinned = json.loads((SCRIPTS / "package.json").read_text("utf-8"))["dependencies"]
    assert set(install.split()) <= pinned.keys()
