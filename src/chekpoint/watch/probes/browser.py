"""A buyer's journey in a real browser. A program of its own, so that a hung browser never hangs the hub.

``python -m chekpoint.watch.probes.browser`` reads one Plan as JSON from stdin, writes one Report as JSON to stdout and
ends. Whoever starts it sets the time limit.
"""

import os
import shutil
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

import msgspec

from chekpoint.core.clock import Clock, SystemClock
from chekpoint.hub.journeys import Do, Journey, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Playwright

NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
VIEW: Final = (1280, 900)
SAID_MOST: Final = 600


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do. ``shot``: where a screenshot of the failure goes; empty: none is kept."""

    url: str
    journey: Journey
    timeout: float  # seconds for one step
    shot: str = ""
    chromium: str = ""
    trusts_anyone: bool = False  # for doubles with a CA of their own: certificates have a check of their own


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How it went. ``code``: "" (well), ``absent``, ``opening``, ``step``, ``card``, ``browser``."""

    code: str = ""
    stage: int = 0  # that failed, from 1; 0: the site's own page before the first step
    said: str = ""
    url: str = ""
    ms: int = 0
    shot: bool = False


class Card(Exception):
    """A step would have typed into a field for a bank card."""


def installed() -> bool:
    """Is playwright there? It is an extra: ``chekpoint[browser]``."""
    return find_spec("playwright") is not None


def browsers(given: str) -> list[str | None]:
    """Paths worth trying, best first; None stands for the browser that playwright has installed itself."""
    if given or (given := os.environ.get("CHROMIUM_PATH", "")):
        return [given]
    return [*(path for path in map(shutil.which, NAMES) if path), None]


def run(plan: Plan, clock: Clock) -> Report:
    """Make the journey; whatever happens to it is in the report."""
    if not installed():
        return Report(code="absent", said="playwright")
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - an extra

    begun = clock.monotonic()
    try:
        with sync_playwright() as playwright, _launched(playwright, plan.chromium) as browser:
            report = _journey(browser, plan)
    except FileNotFoundError as error:
        report = Report(code="absent", said=str(error)[:SAID_MOST])
    except Error as error:
        report = Report(code="browser", said=_first_lines(error))
    return msgspec.structs.replace(report, ms=round((clock.monotonic() - begun) * 1000))


@contextmanager
def _launched(playwright: "Playwright", given: str) -> "Iterator[Browser]":
    browser = _launch(playwright, given)
    try:
        yield browser
    finally:
        browser.close()


def _launch(playwright: "Playwright", given: str) -> "Browser":
    """The first browser that starts, inside its own sandbox where the system allows it."""
    from playwright.sync_api import Error  # noqa: PLC0415 - an extra

    said = ""
    for path in browsers(given):
        for sandbox in (True, False) if os.geteuid() else (False,):  # root has no sandbox in Chromium
            try:
                return playwright.chromium.launch(executable_path=path, chromium_sandbox=sandbox)
            except Error as error:
                said = said or _first_lines(error)
    raise FileNotFoundError(f"Chromium: {said or 'CHROMIUM_PATH'}")


def _journey(browser: "Browser", plan: Plan) -> Report:
    from playwright.sync_api import Error  # noqa: PLC0415 - an extra

    width, height = VIEW
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="ru-RU", accept_downloads=False,
        ignore_https_errors=plan.trusts_anyone,
    )  # fmt: skip
    context.set_default_timeout(plan.timeout * 1000)
    page, stage = context.new_page(), 0
    try:
        if plan.journey[0].do is not Do.OPEN:
            _open(page, plan.url)
        for stage, one in enumerate(plan.journey, 1):  # noqa: B007 - the failed step is reported below
            _carry_out(page, one, plan)
    except Card:
        return Report(code="card", stage=stage, url=page.url[:500], shot=_shot(page, plan.shot))
    except (Error, AssertionError) as error:
        code = "opening" if stage == 0 or plan.journey[stage - 1].do is Do.OPEN else "step"
        return Report(
            code=code, stage=stage, url=page.url[:500], said=_first_lines(error), shot=_shot(page, plan.shot)
        )
    return Report(url=page.url[:500])


def _open(page: "Page", url: str) -> None:
    answer = page.goto(url, wait_until="domcontentloaded")
    if answer is not None and answer.status >= 400:
        raise AssertionError(f"HTTP {answer.status}")


def _carry_out(page: "Page", stage: Stage, plan: Plan) -> None:
    """One step; raises playwright's Error, AssertionError or Card."""
    from playwright.sync_api import expect  # noqa: PLC0415 - an extra

    patience = plan.timeout * 1000
    match stage.do:
        case Do.OPEN:
            _open(page, urljoin(plan.url, stage.what or "/"))
        case Do.CLICK:
            _button(page, stage.what).click()
        case Do.FILL:
            _fill(_field(page, stage.what), stage.value)
        case Do.SEE:
            expect(page.get_by_text(stage.what).locator("visible=true").first).to_be_visible(timeout=patience)
        case Do.AT:
            page.wait_for_url(lambda url: stage.what in url, timeout=patience, wait_until="domcontentloaded")


def _button(page: "Page", what: str) -> "Locator":
    """By the words that a buyer reads; ``css=`` for what has none."""
    if what.startswith("css="):
        return page.locator(what).locator("visible=true").first
    named = page.get_by_role("button", name=what).or_(page.get_by_role("link", name=what))
    return named.or_(page.get_by_text(what)).locator("visible=true").first


def _field(page: "Page", what: str) -> "Locator":
    if what.startswith("css="):
        return page.locator(what).first
    return page.get_by_label(what).or_(page.get_by_placeholder(what)).first


def _fill(field: "Locator", value: str) -> None:
    """Type, unless this is a field for a bank card: nobody pays here."""
    kind = (field.get_attribute("autocomplete") or "").lower()
    if kind.startswith("cc-"):
        raise Card
    field.fill(value)


def _shot(page: "Page", path: str) -> bool:
    """Keep what the buyer would see; False when even that fails."""
    from playwright.sync_api import Error  # noqa: PLC0415 - an extra

    if not path:
        return False
    try:
        page.screenshot(path=path, timeout=5000, animations="disabled")
    except (Error, OSError):
        return False
    return True


def _first_lines(error: BaseException) -> str:
    """Playwright's messages go on with a log of its calls."""
    text = str(getattr(error, "message", None) or error)
    return "\n".join(line for line in text.splitlines()[:4] if line.strip())[:SAID_MOST]


def main(stdin: Any = None, stdout: Any = None) -> None:
    """The program."""
    given: bytes = (stdin or sys.stdin.buffer).read()
    report = run(msgspec.json.decode(given, type=Plan), SystemClock())
    (stdout or sys.stdout.buffer).write(msgspec.json.encode(report))


if __name__ == "__main__":
    main()
