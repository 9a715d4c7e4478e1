"""The browser of the acceptance tests: one for each file, since a file's tests share one world."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """A real one, without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(chromium_path), args=["--no-sandbox"])
        yield found
        found.close()
