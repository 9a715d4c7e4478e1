"""The screens as a person meets them: in a real browser, at a desk and on a phone, with scripts and without."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import (
    Browser,
    Page,
    StorageState,
    ViewportSize,
    expect,
)

from chekpoint.core.lifecycle import State
from chekpoint.store import views_receipt
from tests.acceptance.browsing import DESK, PHONE, WAIT, heard, sign_in, signed_in
from tests.acceptance.showcase import Site, doubtful, only, reach, receipt_id, send, served, state_of
from tests.doubles.hubs import SHOP


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("showcase")) as found:
        yield found


@pytest.fixture
def complaints() -> list[str]:
    """What browsers complained of: a refused style or script shows here."""
    return []


@pytest.fixture(scope="module")
def session(browser: Browser, site: Site) -> StorageState:
    """The cookies of somebody who has signed in."""
    return signed_in(browser, site.url, site.world.password)


@pytest.fixture
def desk(browser: Browser, site: Site, session: StorageState, complaints: list[str]) -> Iterator[Page]:
    """A signed-in page at a desk; the test fails when the browser complained of anything."""
    context = browser.new_context(viewport=DESK, base_url=site.url, locale="ru-RU", storage_state=session)
    yield heard(context, complaints)
    context.close()
    assert complaints == []


def pages(site: Site) -> list[str]:
    numbers = (1045, 1049, 1050, 1052, 1053, 1054)
    receipts = [f"/receipts/{receipt_id(site.world, number)}" for number in numbers]
    return ["/", "/receipts", "/receipts?q=1045", "/receipts?state=in_doubt", "/registers", "/registers/k1",
            "/registers/k4", "/incidents", "/audit", "/shops", f"/shops/{SHOP.id}", "/connect", "/connect/bitrix",
            "/connect/api", "/pools", "/registers/new", "/registers/new/atol", "/registers/k1/day", *receipts]  # fmt: skip


def token_of(site: Site, number: int) -> str:
    key = receipt_id(site.world, number)
    head = site.world.run(site.world.hub.store.read(lambda tx: views_receipt.head(tx, key)))
    return str(head.token)


def test_a_stranger_sees_nothing_and_comes_back_to_the_page_that_was_asked_for(
    browser: Browser, site: Site
) -> None:
    context = browser.new_context(base_url=site.url, locale="ru-RU")
    page = context.new_page()
    page.goto("/receipts?state=rejected")
    expect(page.get_by_role("heading", name="Вход")).to_be_visible()
    assert "1050" not in page.content()
    sign_in(page, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("не подходят")
    page.get_by_label("Пароль").fill(site.world.password)
    page.get_by_role("button", name="Войти").click()
    expect(page).to_have_url(f"{site.url}/receipts?state=rejected")
    expect(page.get_by_role("link", name="1050")).to_be_visible()
    page.get_by_role("button", name="Выйти").click()
    page.goto("/")
    expect(page.get_by_role("heading", name="Вход")).to_be_visible()
    context.close()


def test_the_chain_says_no_more_than_is_proven(desk: Page) -> None:
    desk.goto("/")
    tones = {key: desk.locator(f"[data-link={key}]").get_attribute("data-tone") for key in LINKS}
    assert tones == {
        "shop": "waits", "hub": "waits", "register": "waits", "drive": "well", "operator": "waits", "tax": "unchecked",
    }  # fmt: skip
    expect(desk.locator("[data-link=tax]")).to_contain_text("доказательств от ФНС пока нет")
    expect(desk.locator("[data-link=register]")).to_contain_text("На связи 2 из 4 касс")
    expect(desk.locator("[data-link=drive]")).to_contain_text("2 документа")
    expect(desk.locator("[data-link=operator]")).to_contain_text("ОФД не принял 1 документ")
    expect(desk.locator(".banner")).to_contain_text("не имеют фискальной силы")


LINKS = ("shop", "hub", "register", "drive", "operator", "tax")


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_is_wider_than_its_screen_or_breaks_the_content_policy(
    browser: Browser, site: Site, session: StorageState, complaints: list[str], viewport: ViewportSize
) -> None:
    context = browser.new_context(viewport=viewport, base_url=site.url, locale="ru-RU", storage_state=session)
    page = heard(context, complaints)
    for path in [*pages(site), f"/c/{token_of(site, 1045)}"]:
        answer = page.goto(path)
        assert answer is not None
        assert (path, answer.status) == (path, 200)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert (path, page.evaluate("document.documentElement.scrollWidth - window.innerWidth")) == (path, 0)
    context.close()
    assert complaints == []


def test_a_verdict_on_a_receipt_in_doubt_needs_a_reason_and_a_tick(desk: Page, site: Site) -> None:
    key = receipt_id(site.world, 1053)
    desk.goto(f"/receipts/{key}")
    desk.evaluate("document.querySelectorAll('form').forEach((form) => { form.noValidate = true })")
    desk.get_by_text("Документа нет, отправить снова").first.click()
    verdict = desk.locator("#verb-not_registered")
    verdict.get_by_role("button").click()
    expect(desk.get_by_role("status")).to_contain_text("Напишите причину")
    desk.evaluate("document.querySelectorAll('form').forEach((form) => { form.noValidate = true })")
    desk.get_by_text("Документа нет, отправить снова").first.click()
    verdict.get_by_role("textbox").fill("Архив ФН прочитан целиком")
    verdict.get_by_role("button").click()
    expect(desk.get_by_role("status")).to_contain_text("Подтвердите")
    assert site.world.run(state_of(site.world.hub, key))[0] == "in_doubt"
    desk.get_by_text("Документа нет, отправить снова").first.click()
    verdict.get_by_role("textbox").fill("Архив ФН прочитан целиком")
    verdict.get_by_role("checkbox").check()
    verdict.get_by_role("button").click()
    expect(desk.get_by_role("status")).to_contain_text("Решение записано")
    expect(desk.locator("#head")).to_contain_text("в очереди")
    desk.goto("/audit")
    expect(desk.locator("main")).to_contain_text("Архив ФН прочитан целиком")


def test_a_document_found_by_a_person_must_fit_the_receipt(desk: Page, site: Site) -> None:
    site.world.run(send(site.world.hub, 2005))
    key = site.world.run(doubtful(site.world))
    desk.goto(f"/receipts/{key}")
    for total, answer in (("100,00", "Реквизиты не подходят"), ("2691,25", "Документ записан")):
        found = desk.locator("#verb-registered")
        found.locator("summary").click()
        for name, value in (
            ("fd", "777"),
            ("sign", "1234567890"),
            ("total", total),
            ("made_at", "2026-11-24T10:00"),
        ):
            found.locator(f"[name={name}]").fill(value)
        found.locator("[name=reason]").fill("Кабинет ОФД, документ 777")
        found.get_by_role("checkbox").check()
        found.get_by_role("button").click()
        expect(desk.get_by_role("status")).to_contain_text(answer)
    expect(desk.locator("[data-rung=signed]")).to_have_class(re.compile("rung-on"))
    expect(desk.locator("#printed")).to_contain_text("777")


def test_a_rejected_receipt_can_be_sent_again(desk: Page, site: Site) -> None:
    desk.goto(f"/receipts/{receipt_id(site.world, 1050)}")
    expect(desk.locator("#status")).to_contain_text("Неверная сумма расчёта")
    again = desk.locator("#verb-again")
    again.locator("summary").click()
    again.get_by_role("textbox").fill("Касса перенастроена")
    again.get_by_role("checkbox").check()
    again.get_by_role("button").click()
    expect(desk.get_by_role("status")).to_contain_text("снова в очереди")


def test_a_decision_that_came_too_late_is_refused_in_words(desk: Page, site: Site) -> None:
    key = site.world.run(send(site.world.hub, 2001))
    desk.goto(f"/receipts/{key}")
    cancel = desk.locator("#verb-cancel")
    cancel.locator("summary").click()
    cancel.get_by_role("textbox").fill("Передумали")
    cancel.get_by_role("checkbox").check()
    site.world.run(site.world.hub.verdicts.cancel(key, who="someone else", reason="quicker"))
    cancel.get_by_role("button").click()
    expect(desk.get_by_role("status")).to_contain_text("с чеком уже что-то произошло")
    expect(desk.locator("#head")).to_contain_text("отменён")


def test_a_page_shows_by_itself_that_its_receipt_was_registered(desk: Page, site: Site) -> None:
    key = site.world.run(send(site.world.hub, 2002))
    desk.goto(f"/receipts/{key}")
    expect(desk.locator("#printed")).to_contain_text("документа ещё нет")
    desk.evaluate("window.notReloaded = true")
    expect(desk.locator("html[data-stream=ready]")).to_have_count(1)
    site.world.run(only(site.world.hub, "k1"))
    site.world.run(reach(site.world.hub, key, State.FISCALISED, 30))
    site.world.run(only(site.world.hub, None))
    expect(desk.locator("#head")).to_contain_text("подтверждён ОФД", timeout=WAIT)
    expect(desk.locator("#printed svg.code")).to_be_visible()
    expect(desk.locator("[data-rung=ticketed]")).to_have_class(re.compile("rung-on"))
    expect(desk.locator("[data-rung=matched]")).not_to_have_class(re.compile("rung-on"))
    assert desk.evaluate("window.notReloaded") is True


def test_a_reason_that_is_being_written_survives_an_update_of_the_page(desk: Page, site: Site) -> None:
    key = site.world.run(send(site.world.hub, 2003))
    desk.goto(f"/receipts/{key}")
    desk.locator("#verb-cancel summary").click()
    desk.locator("#verb-cancel textarea").fill("Наполовину")
    expect(desk.locator("html[data-stream=ready]")).to_have_count(1)
    with desk.expect_response(
        lambda answer: answer.url.endswith(key) and answer.request.resource_type == "fetch"
    ):
        site.world.run(send(site.world.hub, 2004))
    desk.locator("#facts").wait_for()
    expect(desk.locator("#verb-cancel textarea")).to_have_value("Наполовину")


def test_all_can_be_done_without_scripts(browser: Browser, site: Site, complaints: list[str]) -> None:
    context = browser.new_context(
        viewport=PHONE, base_url=site.url, java_script_enabled=False, locale="ru-RU"
    )  # fmt: skip
    page = heard(context, complaints)
    page.goto("/sign-in")
    sign_in(page, site.world.password)
    expect(page.locator("[data-link=operator]")).to_be_visible()
    page.get_by_role("link", name="Чеки", exact=True).click()
    page.get_by_role("searchbox").fill("1045")
    page.get_by_role("button", name="Найти").click()
    page.get_by_role("link", name="1045").click()
    expect(page.locator("#printed")).to_contain_text("ИТОГ")
    page.goto(f"/receipts/{receipt_id(site.world, 1052)}")
    page.get_by_role("button", name="Посмотреть ещё раз").click()
    expect(page.get_by_role("status")).to_contain_text("Касса спрошена")
    context.close()
    assert complaints == []


LINK = "http://127.0.0.1:9/bitrix/tools/sale_check_print.php?hash=" + "a" * 32


def test_a_shop_is_connected_tried_and_ruled_without_scripts(
    browser: Browser, site: Site, session: StorageState
) -> None:
    context = browser.new_context(
        viewport=PHONE, base_url=site.url, java_script_enabled=False, locale="ru-RU", storage_state=session
    )
    page = heard(context, [])
    page.goto("/shops")
    page.get_by_role("link", name="Подключить магазин").click()
    page.get_by_role("link", name="Выбрать: 1С-Битрикс: обмен").click()
    page.get_by_label("Название магазина").fill("Сайт на Битриксе")
    page.get_by_label("Ссылка обмена").fill(LINK)
    page.get_by_role("button", name="Подключить и проверить").click()
    expect(page.get_by_text("Есть шаги с ошибкой")).to_be_visible(
        timeout=20_000
    )  # nobody listens at that site
    page.get_by_role("link", name="К магазину").click()
    page.get_by_role("button", name="Отправить пробный чек").click()
    expect(page.get_by_text("Все шаги пройдены")).to_be_visible(timeout=40_000)
    page.get_by_role("link", name="К магазину").click()
    page.get_by_label("Почта магазина").fill("не почта")
    page.get_by_label("Почему меняете").fill("новая почта")
    page.get_by_role("button", name="Сохранить правила").click()
    expect(page.get_by_text("Это не адрес почты.")).to_be_visible()
    page.get_by_label("Почта магазина").fill("shop@example.com")
    page.get_by_role("button", name="Сохранить правила").click()
    expect(page.get_by_role("status")).to_contain_text("Правила сохранены")
    expect(page.get_by_label("Почта магазина")).to_have_value("shop@example.com")
    expect(page.get_by_text("новая почта")).to_be_visible()
    context.close()


def test_the_screens_speak_english_when_asked(desk: Page) -> None:
    desk.goto("/receipts?state=fiscalised")
    desk.get_by_role("button", name="EN").click()
    expect(desk.get_by_role("heading", name="Receipts")).to_be_visible()
    assert desk.url.endswith("/receipts?state=fiscalised")
    expect(desk.locator("html")).to_have_attribute("lang", "en")
    expect(desk.locator("tbody tr").first).to_contain_text("registered")
    desk.get_by_role("button", name="RU").click()
    expect(desk.get_by_role("heading", name="Чеки")).to_be_visible()


def test_a_receipt_is_found_by_whatever_a_caller_can_name(desk: Page) -> None:
    desk.goto("/receipts")
    for word in ("1045", "6", "+7 916 123-45-67", "1799.00", "1 799,00 ₽", "9999078900001111/6"):
        desk.get_by_role("searchbox").fill(word)
        with desk.expect_navigation():
            desk.get_by_role("button", name="Найти").click()
        expect(desk.get_by_role("searchbox")).to_have_value(word)
        expect(desk.get_by_role("link", name="1045", exact=True)).to_be_visible()


def test_a_register_is_drained_with_a_reason_and_takes_receipts_again(desk: Page, site: Site) -> None:
    desk.goto("/registers/k2")
    desk.locator("#switch-disable summary").click()
    desk.locator("#switch-disable").get_by_role("textbox").fill("В ремонт")
    desk.locator("#switch-disable").get_by_role("button").click()
    expect(desk.get_by_role("status")).to_contain_text("Касса выключена")
    expect(desk.locator("#head")).to_contain_text("выключена")
    desk.locator("#switch-drain summary").click()
    desk.locator("#switch-drain").get_by_role("textbox").fill("Вернулась")
    desk.locator("#switch-drain").get_by_role("button").click()
    expect(desk.locator("#head")).to_contain_text("новых чеков не берёт")
    assert site.world.hub.lanes["k2"].row.draining == 1


def test_an_incident_that_was_seen_stays_open_until_it_is_right(desk: Page) -> None:
    desk.goto("/incidents")
    paper = desk.locator("#opened li", has_text="кончилась бумага")
    paper.get_by_role("button", name="Прочитано").click()
    expect(desk.get_by_role("status")).to_contain_text("Отмечено")
    expect(paper).to_contain_text("прочитано")
    expect(paper.get_by_role("button")).to_have_count(0)


def test_a_buyer_sees_the_receipt_and_nothing_else(browser: Browser, site: Site) -> None:
    page = browser.new_page(viewport=PHONE, base_url=site.url, locale="ru-RU")
    answer = page.goto(f"/c/{token_of(site, 1045)}")
    assert answer is not None
    assert "noindex" in answer.headers["x-robots-tag"]
    expect(page.locator(".paper")).to_contain_text("ИТОГ")
    expect(page.get_by_role("link", name="kkt-online.nalog.ru")).to_be_visible()
    assert receipt_id(site.world, 1045) not in page.content()
    missing = page.goto(f"/c/{'0' * 32}")
    assert missing is not None
    assert missing.status == 404
    expect(page.get_by_role("heading", name="Не найдено")).to_be_visible()
    page.close()
