"""Connecting a shop as its owner does it: in a real browser, at a desk and on a phone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.acceptance.browsing import DESK, PHONE, heard, signed_in
from tests.acceptance.showcase import Site, served
from tests.doubles.hubs import SHOP

PLAYED = 60_000  # ms at the most; every wait is for something that is seen
LINK = "http://127.0.0.1:9/bitrix/tools/sale_check_print.php?hash=" + "a" * 32


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("shops")) as found:
        yield found


@pytest.fixture(scope="module")
def session(browser: Browser, site: Site) -> StorageState:
    return signed_in(browser, site.url, site.world.password)


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(
    browser: Browser, site: Site, session: StorageState, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A signed-in page; the test fails when the browser complained of anything."""
    context = browser.new_context(
        viewport=request.param, base_url=site.url, locale="ru-RU", storage_state=session
    )
    complaints = list[str]()
    found = heard(context, complaints)
    yield found
    context.close()
    assert [one for one in complaints if "422" not in one] == []  # a form that does not fit is answered so


def fits(page: Page) -> None:
    """Nothing is wider than the screen, with every piece of evidence open."""
    page.wait_for_load_state("load")  # a page without its styles yet is wider
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") == 0


def connect(page: Page, kind: str, name: str, **answers: str) -> None:
    page.goto("/shops")
    page.get_by_role("link", name="Подключить магазин").click()
    page.get_by_role("link", name=f"Выбрать: {kind}").click()
    page.get_by_label("Название магазина").fill(name)
    for label, value in answers.items():
        page.get_by_label(label.replace("_", " ")).fill(value)
    page.get_by_role("button", name="Подключить и проверить").click()


def test_the_owner_of_a_module_gets_what_to_paste_and_sees_a_trial_receipt_through(page: Page) -> None:
    width = page.viewport_size
    connect(page, "Модуль «АТОЛ Онлайн»", f"Витрина {width and width['width']}")
    expect(page.get_by_text("Все шаги пройдены")).to_be_visible()
    expect(page.locator(".pastes")).to_contain_text("/possystem/v4/")
    password = page.locator(".pastes .once").inner_text()
    fits(page)
    page.get_by_role("link", name="К магазину").click()
    assert password.split()[0] not in page.content()
    page.get_by_role("button", name="Отправить пробный чек").click()
    expect(page.get_by_text("Все шаги пройдены")).to_be_visible(timeout=PLAYED)
    expect(page.locator(".steps-told")).to_contain_text("Чек зарегистрирован: ФД")
    fits(page)
    page.get_by_role("link", name="К магазину").click()
    page.get_by_role("link", name="Новый пароль").click()
    page.get_by_role("button", name="Выдать новый пароль").click()
    expect(page.get_by_text("Все шаги пройдены")).to_be_visible()
    assert page.locator(".pastes .once").inner_text() != password
    fits(page)


def test_what_is_wrong_with_a_rule_is_said_beside_it_and_what_was_written_stays(page: Page) -> None:
    width = (page.viewport_size or DESK)["width"]
    connect(
        page, "1С-Битрикс: обмен", f"Сайт {width}", Ссылка_обмена=LINK.replace(":9/", f":{width // 100}/")
    )
    expect(page.get_by_text("Есть шаги с ошибкой")).to_be_visible(timeout=PLAYED)  # nobody listens there
    page.get_by_role("link", name="К магазину").click()
    page.get_by_label("Как называет сайт 2").fill("vat18")
    page.get_by_label("Почему меняете").fill("НДС 18 %")
    page.get_by_role("button", name="Сохранить правила").click()
    row = page.get_by_label("Что в чеке 2")
    expect(row).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Выберите ставку")).to_be_visible()
    expect(page.get_by_label("Как называет сайт 2")).to_have_value("vat18")
    expect(page.get_by_label("Почему меняете")).to_have_value("НДС 18 %")
    fits(page)
    row.select_option("refuse")
    page.get_by_role("button", name="Сохранить правила").click()
    expect(page.get_by_role("status")).to_contain_text("Правила сохранены")
    expect(page.get_by_label("Что в чеке 2")).to_have_value("refuse")
    expect(page.get_by_label("Как называет сайт 5")).to_have_value("")  # as many spare rows as before
    page.get_by_label("Как называет сайт 2").fill("")
    page.get_by_label("Что в чеке 2").select_option("")
    page.get_by_label("Почему меняете").fill("строка не нужна")
    page.get_by_role("button", name="Сохранить правила").click()
    expect(page.get_by_label("Как называет сайт 5")).to_have_count(0)
    expect(page.get_by_text("строка не нужна")).to_be_visible()


def test_a_key_and_a_signing_secret_are_shown_once(page: Page) -> None:
    page.goto(f"/shops/{SHOP.id}")
    page.get_by_role("button", name="Новый ключ").click()
    key = page.locator(".once").inner_text()
    assert re.fullmatch(r"ck_[\w-]{43}", key)
    page.goto(f"/shops/{SHOP.id}")
    assert key not in page.content()
    page.get_by_label("Срок регистрации").fill("скоро")
    page.get_by_role("button", name="Сохранить настройки").click()
    expect(page.get_by_text("Секунды, от 1")).to_be_visible()
    page.get_by_label("Срок регистрации").fill("600")
    page.get_by_label("новый секрет подписи").check()
    page.get_by_role("button", name="Сохранить настройки").click()
    expect(page.get_by_role("status")).to_contain_text("секрет подписи")
    fits(page)
