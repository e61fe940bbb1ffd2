"""A browser for the tests that look at pages."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.browser import NoChromium, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """In CI a missing browser fails; elsewhere it skips, with the same words."""
    try:
        with chromium() as found:
            yield found
    except NoChromium as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
