"""What the durability tests need of the machine."""

import os

import pytest

from tests.durability import strace


@pytest.fixture(scope="session", autouse=False)
def tracer() -> None:
    """strace: in CI a missing one fails; elsewhere it skips, with the same words."""
    if strace.executable() is None:
        if os.environ.get("CI"):
            pytest.fail(strace.INSTALL)
        pytest.skip(strace.INSTALL)
