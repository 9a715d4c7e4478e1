"""The accountant's morning in a real browser: the month, a day, a decision, payments without receipts, a file."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect
from python_calamine import load_workbook
from sqlalchemy import bindparam, select

from chekpoint.store import mismatches
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document
from tests.acceptance import books
from tests.acceptance.browsing import DESK, PHONE, heard, signed_in
from tests.acceptance.showcase import Site, served
from tests.unit.test_importing_files import workbook
from tests.unit.test_importing_rows import HEAD, ROW


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("books")) as found:
        found.world.run(books.plant(found.world.hub))
        yield found


@pytest.fixture(scope="module")
def session(browser: Browser, site: Site) -> StorageState:
    return signed_in(browser, site.url, site.world.password)


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def desk(browser: Browser, site: Site, session: StorageState, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK, base_url=site.url, locale="ru-RU", storage_state=session)
    yield heard(context, complaints)
    context.close()
    assert [told for told in complaints if not refused(told)] == []


def refused(complaint: str) -> bool:
    """A browser also names each answer of ours that refuses a form or an address."""
    return re.search(r"status of (?:404|422)", complaint) is not None


def day(site: Site, n: int) -> str:
    return books.first_days(site.world.hub)[n].isoformat()


def test_the_month_tells_by_shape_and_word_what_each_day_is(desk: Page, site: Site) -> None:
    desk.goto("/reconciliation")
    expect(desk.locator("#books-state")).to_contain_text("Ждут вашего решения: 3")
    line = desk.locator(".heat-line", has_text="Касса 1")
    words = line.locator(".square .sr").all_inner_texts()[:10]
    assert words == [
        "сошлось", "сошлось", "расхождений: 2", "сошлось", "сошлось", "чеков не было", "разобрано", "сошлось", "сошлось",
        "ещё сверяется",
    ]  # fmt: skip
    assert line.locator(".square").nth(2).get_attribute("class") == "square square-broken"
    other = desk.locator(".heat-line", has_text="Касса 2").locator(".square .sr").all_inner_texts()
    assert other[3:5] == ["не сверялось", "расхождений: 1"]
    assert desk.locator(".heat-line", has_text="Касса 3").locator(".sr").first.inner_text() == "не сверялось"


def test_a_day_shows_both_sides_and_a_person_settles_it_with_a_reason(desk: Page, site: Site) -> None:
    desk.goto("/reconciliation")
    desk.locator(f"a[href='/reconciliation/{day(site, 2)}/k1']").click()
    expect(desk.locator("#counts")).to_contain_text("42")
    one = desk.locator(".mismatch", has_text="129,00 ₽").first
    differing = one.locator(".side-differs")
    expect(differing.first).to_contain_text("129,80 ₽")
    expect(differing.first).to_contain_text("отличается")
    expect(one).to_contain_text("Что сделать")
    one.get_by_text("Разобрано").first.click()
    desk.evaluate("document.querySelectorAll('form').forEach((form) => { form.noValidate = true })")
    one.get_by_role("button", name="Разобрано").click()
    expect(desk.get_by_role("status")).to_contain_text("укажите причину")
    one.get_by_text("Разобрано").first.click()
    one.get_by_role("textbox").first.fill("Скидка проведена в кабинете")
    one.get_by_role("button", name="Разобрано").click()
    expect(desk.get_by_role("status")).to_contain_text("Записано")
    expect(desk.locator("#mismatches")).to_contain_text("Скидка проведена в кабинете")
    found = site.world.run(site.world.hub.store.read(lambda tx: mismatches.of_kinds(tx, ["differs_sum"])))
    assert found["differs_sum", f"{books.FN['k1']}/12"].resolved_at is not None
    desk.goto("/audit")
    expect(desk.locator("main")).to_contain_text("Скидка проведена в кабинете")


def test_payments_without_receipts_are_told_by_age(desk: Page) -> None:
    desk.goto("/payments")
    rows = desk.locator(".gaps tbody tr")
    assert [text.strip() for text in rows.locator("th").all_inner_texts()] == ["2202", "2200", "1050", "2201"]
    assert desk.locator("#ages dd").all_inner_texts() == ["2", "1"]
    expect(rows.nth(3)).to_contain_text("возврат денег")
    expect(desk.locator("#unpaid")).to_contain_text("сообщает с")


def test_a_file_is_looked_into_confirmed_once_and_then_taken_at_once(desk: Page, site: Site) -> None:
    row = ROW.replace(books.FN["k1"], "9999078900009999")  # a drive that the hub has never seen
    text = HEAD.replace("Заводской № ФН", "Накопитель").replace(", руб.", "") + "\n" + row + "\n"
    bring(desk, "кабинет.csv", text.encode("cp1251"))
    expect(desk.get_by_role("alert")).to_contain_text("Не хватает: Номер ФН")
    desk.get_by_label("Накопитель").select_option("fn")
    desk.get_by_label("В чём суммы").select_option("rub")
    desk.get_by_role("button", name="Прочитать заново").click()
    expect(desk.locator("main")).to_contain_text("Строк, которые можно записать: 1")
    desk.get_by_role("button", name="Записать").click()
    expect(desk.get_by_role("heading", name="Файл принят")).to_be_visible()
    expect(desk.locator("main")).to_contain_text("ФН хабу не знаком")
    bring(desk, "кабинет-2.csv", (text + row.replace(";7;", ";8;") + "\n").encode("cp1251"))
    expect(desk.get_by_role("heading", name="Файл принят")).to_be_visible()
    assert desk.locator(".tile dd").all_inner_texts() == ["1", "1", "0", "0"]
    bring(desk, "кабинет-2.csv", (text + row.replace(";7;", ";8;") + "\n").encode("cp1251"))
    expect(desk.get_by_role("alert")).to_contain_text("этот файл уже принят")


def test_bad_rows_are_listed_and_kept_out_only_by_a_persons_choice(desk: Page) -> None:
    head = ["Номер платежа", "Номер заказа", "Дата оплаты", "Сумма, руб."]
    rows: list[list[Any]] = [head, ["p1", "3001", "24.11.2026 12:00", 5.0], ["p2", "", "вчера", 5.0]]
    bring(desk, "платежи.xlsx", workbook(rows), "payments")
    expect(desk.locator("main")).to_contain_text("строка 3, «Номер заказа»: пусто")
    desk.get_by_role("button", name="Записать").click()
    expect(desk.get_by_role("alert").first).to_contain_text("ничего не записано")
    desk.get_by_label("записать остальные").check()
    desk.get_by_role("button", name="Записать").click()
    expect(desk.get_by_role("heading", name="Файл принят")).to_be_visible()
    assert desk.locator(".tile dd").all_inner_texts() == ["1", "0", "0", "1"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("чеки.xlsx", b"<html><table></table></html>", "HTML"),
        ("чеки.xlsx", b"", "пуст"),
        ("чеки.csv", workbook([["a", "=1+1"]]), "формулы"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(desk: Page, name: str, content: bytes, words: str) -> None:
    desk.goto("/reconciliation/import")
    choose(desk, name, content)
    with desk.expect_response(lambda answer: answer.status == 422):
        desk.get_by_role("button", name="Загрузить").click()
    expect(desk.get_by_role("alert")).to_contain_text(words)


def choose(page: Page, name: str, content: bytes, kind: str = "ofd") -> None:
    page.get_by_label("Файл *").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.get_by_label("Что в файле").select_option(kind)


def bring(page: Page, name: str, content: bytes, kind: str = "ofd") -> None:
    page.goto("/reconciliation/import")
    choose(page, name, content, kind)
    page.get_by_role("button", name="Загрузить").click()


def test_the_book_is_saved_from_the_page(desk: Page, site: Site) -> None:
    desk.goto("/reconciliation")
    with desk.expect_download() as saved:
        desk.get_by_role("button", name="Сохранить .xlsx").click()
    assert re.fullmatch(r"chekpoint-[\d-]{10}-[\d-]{10}\.xlsx", saved.value.suggested_filename)
    book = load_workbook(io.BytesIO(Path(saved.value.path()).read_bytes()))
    assert book.sheet_names == ["Чеки", "Без документа", "Итоги", "Расхождения"]
    receipts = book.get_sheet_by_name("Чеки").to_python()
    assert len(receipts) > 10
    assert len(book.get_sheet_by_name("Расхождения").to_python()) == 5


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_of_the_books_is_wider_than_its_screen(
    browser: Browser, site: Site, session: StorageState, complaints: list[str], viewport: ViewportSize
) -> None:
    context = browser.new_context(viewport=viewport, base_url=site.url, locale="ru-RU", storage_state=session)
    page = heard(context, complaints)
    paths = ["/reconciliation", f"/reconciliation/{day(site, 2)}/k1", f"/reconciliation/{day(site, 0)}/k1",
             f"/reconciliation/{day(site, 0)}/-", "/payments", "/reconciliation/import"]  # fmt: skip
    for path in paths:
        answer = page.goto(path)
        assert answer is not None
        assert (path, answer.status) == (path, 200)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert (path, page.evaluate("document.documentElement.scrollWidth - window.innerWidth")) == (path, 0)
    context.close()
    assert complaints == []


def test_every_page_of_the_books_speaks_english(desk: Page, site: Site) -> None:
    desk.goto("/reconciliation")
    desk.get_by_title("In English").click()
    for path in (
        "/reconciliation",
        f"/reconciliation/{day(site, 0)}/k1",
        "/payments",
        "/reconciliation/import",
    ):
        desk.goto(path)
        shown = re.sub(
            r"«[^»]*»|Касса.*|Книжная лавка|\S+\.(?:csv|xlsx)", "", desk.locator("main").inner_text()
        )
        assert re.findall(r"[а-яё]{4,}", shown) == []
    desk.get_by_title("По-русски").click()
    expect(desk.locator("html")).to_have_attribute("lang", "ru")  # a page on its way must not meet the end


def test_an_export_of_the_cabinet_is_held_against_the_journal_and_its_day_is_in_the_month(
    desk: Page, site: Site
) -> None:
    rows = site.world.run(site.world.hub.store.read(lambda tx: tx.all(_SIGNED, drive=books.FN["k1"])))
    table = [
        f"{fn};{fd};{sign};{made_at.replace('T', ' ')};{kind};{total}"
        for fn, fd, sign, made_at, kind, total in rows
    ]
    table[0] = table[0].rpartition(";")[0] + ";77"
    text = "\n".join(["ФН;ФД;ФПД;Дата и время;Признак расчёта;Сумма, коп.", *table])
    bring(desk, "касса 1.csv", text.encode())
    desk.get_by_role("button", name="Записать").click()
    expect(desk.get_by_role("heading", name="Сверено с журналом")).to_be_visible()
    cells = desk.locator("#main table .num").all_inner_texts()[-3:]
    assert [re.sub(r"\D", "", cell) for cell in cells] == [str(len(rows)), str(len(rows)), str(len(rows) - 1)]
    desk.goto(f"/reconciliation/{rows[0][3][:10]}/k1")
    one = desk.locator(".mismatch", has_text="другая сумма").first
    expect(one.locator(".side-differs").first).to_contain_text("0,77 ₽")


_SIGNED = Query(
    select(*(fiscal_document.c[n] for n in ("fn", "fd_number", "fiscal_sign", "made_at", "kind", "total")))
    .where(fiscal_document.c.fn == bindparam("drive"), fiscal_document.c.receipt_id.is_not(None))
    .order_by(fiscal_document.c.fd_number)
)


def test_what_is_no_day_and_no_file_is_not_found(desk: Page) -> None:
    for path in (
        "/reconciliation/2026-02-31/k1",
        "/reconciliation/2026-11-24/nobody",
        "/reconciliation/import/" + "0" * 32,
    ):
        answer = desk.goto(path)
        assert answer is not None
        assert (path, answer.status) == (path, 404)
    desk.goto("/reconciliation/export?from=2026-11-30&to=yesterday")
    expect(desk.get_by_role("status")).to_contain_text("период")
