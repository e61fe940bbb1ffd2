"""The continuous check runs what the README says, and skips nothing for want of a browser."""

import os
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parent.parent / ".ci" / "run"


@pytest.mark.parametrize(
    ("given", "seen"),
    [({}, "1"), ({"CI": ""}, "1"), ({"CI": "true"}, "true")],
    ids=["unset", "empty", "set"],
)
def test_the_tests_know_that_they_run_in_ci(
    tmp_path: Path, given: dict[str, str], seen: str
) -> None:
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\necho "make $* in CI=$CI"\n', "utf-8")
    make.chmod(0o755)
    without = {name: value for name, value in os.environ.items() if name != "CI"}
    environment = {**without, **given, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([RUN], env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, f"make test in CI={seen}\n")
