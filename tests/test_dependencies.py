"""What is imported is asked for by name, and not only there because another package wants it."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.test_architecture import OURS, ROOT, imports


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named() -> set[str]:
    """The distributions that pyproject.toml names, whatever the extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {canonical(re.split(r"[^\w.-]", line)[0]) for line in asked}


def test_every_package_that_is_imported_is_named_by_the_project() -> None:
    known = packages_distributions()
    asked = named()
    for where, name in imports():
        module = name.partition(".")[0]
        # A package that this environment lacks is an interpreter of another one.
        if module in sys.stdlib_module_names or module in OURS or module not in known:
            continue
        found = {canonical(name) for name in known[module]}
        assert found & asked, f"{where} imports {module}"
