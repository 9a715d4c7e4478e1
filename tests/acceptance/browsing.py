"""What tests in a browser share: two screens, signing in, and hearing what the browser complains of."""

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, ViewportSize

DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
WAIT = 10_000  # ms at the most; every wait is for something that is seen


def sign_in(page: Page, password: str) -> None:
    """Fill in the form that is open."""
    page.get_by_label("Имя").fill("admin")
    page.get_by_label("Пароль").fill(password)
    page.get_by_role("button", name="Войти").click()


def signed_in(browser: Browser, url: str, password: str) -> StorageState:
    """The cookies of somebody who has signed in."""
    context = browser.new_context(base_url=url, locale="ru-RU")
    page = context.new_page()
    page.goto("/sign-in")
    sign_in(page, password)
    page.wait_for_url("**/")
    state = context.storage_state()
    context.close()
    return state


def heard(context: BrowserContext, complaints: list[str], wait: int = WAIT) -> Page:
    """A page whose complaints are written down."""
    context.set_default_timeout(wait)
    page = context.new_page()

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page
