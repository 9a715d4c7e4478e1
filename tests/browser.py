"""Finds the Chromium that the browser tests drive; `python -m tests.browser` says where it is, or fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")


def find_chromium() -> Path | None:
    """`CHROMIUM_PATH`, else a browser of the system, else the one playwright installed; None if there is none."""
    given = os.environ.get("CHROMIUM_PATH")
    named = [given] if given else [path for path in map(shutil.which, NAMES) if path]
    return next((Path(path) for path in named if _runs(path)), None) or _playwrights_own()


def _runs(path: str) -> bool:
    """A file of that name is not enough: Ubuntu's chromium-browser only says that a snap is missing."""
    try:
        return (
            subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def _playwrights_own() -> Path | None:
    from playwright.sync_api import sync_playwright  # slow to import, and seldom asked

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


if __name__ == "__main__":
    found = find_chromium()
    if found is None:
        sys.exit("no Chromium is here")
    print(found)  # noqa: T201 (this is the answer)
