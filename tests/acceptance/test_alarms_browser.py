"""A person adds a channel, hears of an incident, answers it: in a real browser and an emulated chat, desk and phone."""

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from chekpoint.emulators.telegram import Trouble
from tests.acceptance.alarms_stage import PASSWORD, SILENT, UNPROVEN, Stage, staged
from tests.acceptance.browsing import DESK, PHONE, heard, signed_in

WAIT, TOLD = 15_000, 30_000  # ms at the most; every wait is for something that is seen


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("alarms")) as found:
        yield found


@pytest.fixture(scope="module")
def session(browser: Browser, stage: Stage) -> StorageState:
    return signed_in(browser, stage.url, PASSWORD)


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(
    browser: Browser, stage: Stage, session: StorageState, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A signed-in page; the test fails when the browser complained of anything."""
    context = browser.new_context(
        viewport=request.param, base_url=stage.url, locale="ru-RU", storage_state=session
    )
    complaints = list[str]()
    found = heard(context, complaints, WAIT)
    yield found
    context.close()
    assert [one for one in complaints if "422" not in one] == []  # a form that does not fit is answered so


def width(page: Page) -> int:
    return (page.viewport_size or DESK)["width"]


def shot(page: Page, name: str) -> None:
    """Nothing is wider than the screen; a picture where somebody wants to see it."""
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") == 0, name
    folder = os.environ.get("SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}-{width(page)}.png", full_page=True)


def add(page: Page, stage: Stage, name: str, chat: str = "100200300") -> None:
    page.goto("/channels")
    page.get_by_role("link", name="Добавить канал").click()
    page.get_by_role("link", name="Выбрать: Telegram").click()
    page.get_by_label("Название").fill(name)
    page.get_by_label("Токен бота").fill(stage.chat.service.token)
    page.get_by_label(re.compile("^Чат")).fill(chat)
    page.get_by_label("Адрес Bot API").fill(stage.chat.url)
    shot(page, "channel-new")
    page.get_by_role("button", name="Добавить и проверить").click()


def remove(page: Page) -> None:
    page.locator("#remove summary").click()
    page.locator("#remove").get_by_label("Да, удалить").check()
    page.locator("#remove").get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("удалён")


def test_without_a_channel_the_page_says_that_nobody_is_told(page: Page) -> None:
    page.goto("/incidents")
    expect(page.get_by_text("Ни одного работающего канала")).to_be_visible()
    page.goto("/channels")
    expect(page.get_by_text("Каналов нет")).to_be_visible()
    shot(page, "channels-none")
    page.get_by_role("link", name="Добавить канал").click()
    shot(page, "channel-kinds")
    page.get_by_role("link", name="Выбрать: Почта").click()
    shot(page, "channel-email")


def test_what_is_wrong_with_a_channel_is_said_beside_the_field(page: Page, stage: Stage) -> None:
    page.goto("/channels/new/telegram")
    page.get_by_label("Название").fill("Дежурный")
    page.get_by_label("Токен бота").fill("не токен")
    page.get_by_label(re.compile("^Чат")).fill("директор")
    page.get_by_label("Только если никто").fill("скоро")
    page.get_by_role("button", name="Добавить и проверить").click()
    expect(page.get_by_text("Минуты, от 0 до")).to_be_visible()
    expect(page.get_by_label("Название")).to_have_value("Дежурный")
    shot(page, "channel-wrong")
    page.goto("/channels")
    expect(page.get_by_text("Каналов нет")).to_be_visible()


def test_a_channel_that_is_refused_says_why_and_works_once_it_is_mended(page: Page, stage: Stage) -> None:
    stage.chat.service.trouble(Trouble.BLOCKED)
    add(page, stage, "Дежурный")
    expect(page.get_by_role("status")).to_contain_text("бот не может писать в этот чат")
    assert stage.chat.service.token not in page.content()
    page.goto("/channels")
    expect(page.locator("#channels")).to_contain_text("не принимает сообщения")
    shot(page, "channels-failing")
    stage.chat.service.heal()
    page.get_by_role("button", name="Проверить: Дежурный").click()
    expect(page.get_by_role("status")).to_contain_text("Провайдер принял сообщение: message_id")
    assert stage.titles()[-1] == "Проверка канала «Дежурный»"
    shot(page, "channel")
    page.get_by_label("Тихие часы с").fill("22:00")
    page.get_by_label("до", exact=True).fill("07:00")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("status")).to_contain_text("Сохранено")
    page.goto("/channels")
    expect(page.locator("#channels")).to_contain_text("предупреждения не в 22:00–07:00")
    shot(page, "channels")
    page.get_by_role("link", name="Дежурный").click()
    remove(page)


def test_an_incident_is_told_answered_and_its_end_is_told(page: Page, stage: Stage) -> None:
    add(page, stage, "Дежурный")
    expect(page.get_by_role("status")).to_contain_text("принял")
    before = len(stage.titles())
    stage.open("register_blocked", "k1", SILENT)
    stage.open("in_doubt", "k1", UNPROVEN)
    page.goto("/incidents")
    opened = page.locator("#opened > .incidents > li")
    expect(opened).to_have_count(1)  # what follows stands under its cause
    expect(opened.locator(".follows")).to_contain_text("3 документов подписаны")
    expect(opened.locator(".heard").first).to_contain_text("Сообщено: Дежурный", timeout=TOLD)
    assert [title.split(":")[0] for title in stage.titles()[before:]] == ["🔴 Критично"], stage.titles()[
        before:
    ]
    assert "Из-за этого открыто и другое: 1" in stage.chat.texts()[-1]
    shot(page, "incidents")
    page.locator("#opened .act summary").last.click()  # the cause's own: the consequence's stands above it
    page.locator("#opened .act[open]").get_by_label("Что делаете").fill("еду в магазин")
    shot(page, "incidents-act")
    page.get_by_role("button", name="Прочитано, с причиной").click()
    expect(page.get_by_role("status")).to_contain_text("Отмечено")
    expect(opened).to_contain_text("прочитано admin")
    page.locator("#opened .act summary").last.click()
    acts = page.locator("#opened .act[open]")
    acts.get_by_label("Почему").fill("меняем кабель")
    acts.get_by_role("button", name="Тишина").click()
    expect(page.locator("#silences")).to_contain_text("меняем кабель")
    expect(opened).to_contain_text("тихо до")
    shot(page, "incidents-silent")
    page.get_by_role("button", name="Снова сообщать").click()
    expect(page.locator("#silences")).to_have_count(0)
    stage.close("in_doubt", "k1")
    stage.close("register_blocked", "k1")
    past = page.locator("[aria-labelledby=past-head] .incident", has_text="нет связи с кассой").first
    expect(page.locator("#opened")).to_contain_text("Открытых происшествий нет", timeout=TOLD)
    page.wait_for_function("() => fetch('/incidents').then(a => a.text()).then(t => t.includes('об окончании'))", timeout=TOLD)  # fmt: skip
    page.reload()
    expect(past).to_contain_text("длилось")
    expect(past).to_contain_text("об окончании")
    assert stage.titles()[-1].startswith("🟢 Исправлено")
    shot(page, "incidents-past")
    page.goto("/channels")
    page.get_by_role("link", name="Дежурный").click()
    remove(page)
    page.goto("/audit")
    expect(page.locator("main")).to_contain_text("еду в магазин")
    expect(page.locator("main")).to_contain_text("меняем кабель")


def test_a_command_from_the_phone_is_seen_on_the_page(page: Page, stage: Stage) -> None:
    add(page, stage, "Дежурный")
    expect(page.get_by_role("status")).to_contain_text("принял")
    key = stage.open("webhook_failing", f"shop-{width(page)}", SILENT._replace(ru="Магазин не отвечает."))
    page.goto(stage.chat.url)  # the emulated chat, as a person sees it
    expect(page.get_by_text("ТЕСТОВЫЙ ДВОЙНИК", exact=True)).to_be_visible()
    page.locator("#chat100200300").get_by_label("Сообщение").fill(f"/ack {key[-6:]} звоню им")
    page.locator("#chat100200300").get_by_role("button", name="Отправить").click()
    expect(page.locator("#chat100200300 .me").last).to_contain_text("звоню им")
    page.goto("/incidents")
    item = page.locator("#opened li", has_text="Магазин не отвечает.")
    expect(item).to_contain_text("прочитано Дежурный: @director", timeout=TOLD)
    page.goto(stage.chat.url)
    expect(page.locator("#chat100200300")).to_contain_text("Записано: вижу. Магазин не отвечает.")
    shot(page, "chat")
    stage.close("webhook_failing", f"shop-{width(page)}")
    page.goto("/channels")
    page.get_by_role("link", name="Дежурный").click()
    remove(page)


def test_it_all_works_in_english_and_without_scripts(
    browser: Browser, stage: Stage, session: StorageState
) -> None:
    context = browser.new_context(base_url=stage.url, storage_state=session, java_script_enabled=False)
    page = context.new_page()
    page.goto("/incidents")
    page.get_by_role("button", name="EN").click()
    stage.open("clash", "order-1", SILENT)
    page.goto("/incidents")
    expect(page.get_by_text("No channel works")).to_be_visible()
    page.locator("#opened .act summary").click()
    page.locator("#opened .act").get_by_role("button", name="Silence").click()
    expect(page.locator("#silences")).to_have_count(0)  # a reason is asked for
    page.locator("#opened .act").get_by_label("Why").fill("known")
    page.locator("#opened .act").get_by_role("button", name="Silence").click()
    expect(page.get_by_role("status")).to_contain_text("Nobody will be told")
    stage.close("clash", "order-1")
    context.close()
