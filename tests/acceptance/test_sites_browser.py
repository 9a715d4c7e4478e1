"""Site checks as their owner meets them: a whole node that really looks at a site, in a real browser."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from chekpoint.app.serving import build
from chekpoint.app.settings import Settings
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.shop_front.front import ShopFront
from chekpoint.emulators.shop_front.serve import server as front_server
from chekpoint.store import people
from chekpoint.store.store import Store, open_store
from chekpoint.watch.probes.settings import ProbeSettings
from chekpoint.web.access import hashed
from tests.acceptance.browsing import DESK, PHONE, heard, signed_in
from tests.waiting import until

LOOKED = 60_000  # ms at the most; every wait is for something that is seen
PASSWORD = "a-password-of-the-test"


class World(NamedTuple):
    """A node at ``url``, and the site that it is told to look at."""

    url: str
    front: ShopFront
    front_url: str


def _settings(folder: Path, chromium: Path) -> Settings:
    probes = ProbeSettings(
        stage_timeout=3.0, page_again=1.0, page_failing=1.0, journey_failing=1.0, chromium=str(chromium)
    )  # fmt: skip
    return Settings(data=folder, node="a", probes=probes, session_key="of-the-test")


async def _user(settings: Settings) -> None:
    store: Store = open_store(settings.url, node="setup", clock=SystemClock())
    await store.start()
    await store.write(lambda tx: people.add_user(tx, "0" * 31 + "9", "admin", hashed(PASSWORD)))
    await store.stop()


@contextmanager
def _served(folder: Path, chromium: Path) -> Iterator[World]:
    settings = _settings(folder, chromium)
    front, listener, shop_side = ShopFront(SystemClock()), _listener(), _listener()
    made, site, ready = _node(settings), front_server(front), threading.Event()

    async def all_of_it() -> None:
        await _user(settings)
        served = asyncio.gather(made.serve(sockets=[listener]), site.serve(sockets=[shop_side]))
        await until(lambda: made.started and site.started)
        ready.set()
        await served

    thread = threading.Thread(target=lambda: asyncio.run(all_of_it()), name="sites")
    thread.start()
    try:
        assert ready.wait(30)
        yield World(_url(listener), front, _url(shop_side))
    finally:
        made.should_exit = site.should_exit = True
        thread.join(30)


def _node(settings: Settings) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(build(settings), log_level="warning", timeout_graceful_shutdown=1))


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, chromium_path: Path) -> Iterator[World]:
    with _served(tmp_path_factory.mktemp("sites"), chromium_path) as found:
        yield found


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(browser: Browser, world: World, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A signed-in page; the test fails when the browser complained of anything."""
    state = signed_in(browser, world.url, PASSWORD)
    context = browser.new_context(
        viewport=request.param, base_url=world.url, locale="ru-RU", storage_state=state
    )
    complaints = list[str]()
    found = heard(context, complaints)
    found.goto("/sites")
    yield found
    context.close()
    assert [one for one in complaints if "422" not in one and "404" not in one] == []


def fits(page: Page) -> None:
    """Nothing is wider than the screen, with every piece of evidence open."""
    page.wait_for_load_state("load")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") == 0


def stage(page: Page, number: int, do: str, what: str, value: str = "") -> None:
    page.get_by_label(f"Действие {number}", exact=True).select_option(label=do)
    page.get_by_label(f"что {number}", exact=True).fill(what)
    page.get_by_label(f"чем заполнить {number}", exact=True).fill(value)


def test_the_owner_adds_a_site_sees_it_fail_with_a_screenshot_and_sees_it_mended(
    page: Page, world: World
) -> None:
    name = f"Витрина {(page.viewport_size or DESK)['width']}"
    world.front.conduct.dead_button = True
    page.get_by_role("link", name="Новый сайт").click()
    page.get_by_label("Название").fill(name)
    page.get_by_label("Адрес").fill(world.front_url)
    page.get_by_label("Текст на странице").fill("В корзину")
    page.get_by_label("Как часто").fill("10")
    stage(page, 1, "нажать", "css=#tea button")
    stage(page, 2, "виден текст", "Итого 450")
    fits(page)
    page.get_by_role("button", name="Добавить").click()
    expect(page.get_by_role("status")).to_contain_text("Сайт добавлен")
    looks = page.locator("#page")
    expect(looks).to_contain_text("открывается", timeout=LOOKED)
    walk = page.locator("#journey")
    expect(walk).to_contain_text("не проходит дальше шага 2 из 2: виден текст «Итого 450»", timeout=LOOKED)
    shot = page.get_by_role("img", name="Снимок экрана")
    expect(shot).to_be_visible(timeout=LOOKED)
    page.reload()
    fits(page)
    assert shot.evaluate("(one) => one.naturalWidth") == 1280
    address = str(shot.get_attribute("src"))
    stranger = page.context.browser.new_context(base_url=world.url)  # type: ignore[union-attr]
    answer = stranger.request.get(address, max_redirects=0)
    assert answer.status == 303  # to the sign-in
    stranger.close()
    page.goto("/incidents")
    opened = page.locator("#opened li", has_text=name)
    expect(opened).to_contain_text("Заказ до оплаты не доходит")
    world.front.conduct.dead_button = False
    opened.get_by_role("link").click()
    page.get_by_role("button", name="Проверить сейчас").click()
    expect(walk).to_contain_text("покупатель доходит до оплаты", timeout=LOOKED)
    page.goto("/sites")
    expect(page.get_by_role("img", name="Последние взгляды").first).to_be_visible()
    fits(page)
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Больше не проверять").click()
    expect(page.get_by_role("status")).to_contain_text("больше не проверяется")
    assert page.request.get(address).status == 404


def test_what_is_wrong_with_a_form_is_said_at_its_field_and_what_was_written_stays(page: Page) -> None:
    page.goto("/sites/new")
    page.get_by_label("Название").fill("Магазин")
    page.get_by_label("Адрес").fill("не адрес")
    page.get_by_label("Как часто").fill("1")
    stage(page, 1, "нажать", "Купить")
    stage(page, 2, "заполнить", "Карта", "4111 1111 1111 1111")
    page.get_by_label("что 3", exact=True).fill("без действия")
    page.get_by_role("button", name="Добавить").click()
    for words in ("Полный адрес", "от 10 до 86400", "номер банковской карты", "Выберите действие"):
        expect(page.get_by_text(words)).to_be_visible()
    expect(page.get_by_label("Название")).to_have_value("Магазин")
    expect(page.get_by_label("что 1", exact=True)).to_have_value("Купить")
    fits(page)
    assert page.request.get("/sites/nothing").status == 404
