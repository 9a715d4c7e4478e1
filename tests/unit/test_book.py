"""The accountant's book: typed cells, right sums, no formula out of a name, and a period that does not fill the memory."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from python_calamine import load_workbook
from sqlalchemy import bindparam, insert, update

from chekpoint.core.errors import Unfit
from chekpoint.hub.book import Period, write
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, receipt
from tests.unit.books_bench import Books, opened

pytestmark = pytest.mark.anyio
ZONE = ZoneInfo("Europe/Moscow")
FN = "9999078900001111"
_DOCUMENT = Query(
    insert(fiscal_document).values({c.name: bindparam(c.name) for c in fiscal_document.columns})
)
_DONE = Query(
    update(receipt)
    .where(receipt.c.id == bindparam("which"))
    .values(state="fiscalised", proof=bindparam("rung"))
)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    async with opened(f"sqlite:///{tmp_path}/books.db") as made:
        yield made


def document(
    number: int, receipt_id: str | None, *, total: int = 10_000, code: int = 3, day: int = 24
) -> dict[str, Any]:
    return dict.fromkeys(fiscal_document.columns.keys()) | {
        "fn": FN, "fd_number": number, "receipt_id": receipt_id, "register_id": "k1", "document": code,
        "kind": 1 if code == 3 else 0, "total": total, "fiscal_sign": f"{number:010d}",
        "made_at": f"2026-11-{day:02d}T12:00:{number % 60:02d}", "shift_number": 3, "receipt_number": number,
        "registration_number": "0001234567012345", "seen_at": 0,
    }  # fmt: skip


async def registered(
    books: Books, number: int, name: str, total: int = 10_000, *, rung: int = 30, day: int = 24
) -> None:
    key = await books.accept(books.sale(name, total))

    def unit(tx: Tx) -> None:
        tx.run(_DOCUMENT, **document(number, key, total=total, day=day))
        tx.run(_DONE, which=key, rung=rung)

    await books.store.write(unit)


async def book(books: Books, target: Path, lang: str = "ru", day: int = 24) -> dict[str, list[list[Any]]]:
    await write(books.store, target, Period(date(2026, 11, day), date(2026, 11, 24), ZONE, lang))
    read = load_workbook(str(target))
    return {name: read.get_sheet_by_name(name).to_python() for name in read.sheet_names}


async def test_every_document_of_the_period_is_there_with_its_sums_as_numbers(
    books: Books, tmp_path: Path
) -> None:
    await registered(books, 1, "вчерашний", day=23)
    await registered(books, 2, "1041", 129_850, rung=40)
    await registered(books, 3, "1042", 10_001)
    await books.store.write(lambda tx: tx.run(_DOCUMENT, **document(4, None, total=500)))
    await books.store.write(lambda tx: tx.run(_DOCUMENT, **document(5, None, total=0, code=5)))
    await books.accept(books.sale("1043", 700))
    sheets = await book(books, tmp_path / "book.xlsx")
    head, *rows = sheets["Чеки"]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(one["ФД"], one["Сумма, ₽"]) for one in found] == [
        (2.0, 1298.5),
        (3.0, 100.01),
        (4.0, 5.0),
        (5.0, ""),
    ]
    assert found[0]["Дата и время кассы"] == datetime(2026, 11, 24, 12, 0, 2, tzinfo=UTC).replace(tzinfo=None)
    assert [one["ФПД"] for one in found[:2]] == ["0000000002", "0000000003"]
    assert [one["Состояние"] for one in found] == [
        "зарегистрирован",
        "зарегистрирован",
        "чужой: не от Chekpoint",
        "",
    ]
    assert [one["Сверено с ОФД"] for one in found[:2]] == ["сошлось", "не показан"]
    assert [row[2] for row in sheets["Без документа"][1:]] == ["1043"]
    totals = sheets["Итоги"]
    assert ["касса k1", 3.0, "приход", 3.0, 1403.51] in totals
    assert any(row[:1] == ["22%"] and row[3:] == [1398.51, 252.19] for row in totals)
    assert ["безналичными", "приход", 2.0, 1398.51] in [row[:4] for row in totals]


async def test_a_name_that_looks_like_a_formula_stays_a_text(books: Books, tmp_path: Path) -> None:
    for number, name in enumerate(
        ('=HYPERLINK("http://x","y")', "+7 916", "@SUM(A1)", "-1", "http://x.example"), 1
    ):
        await registered(books, number, name)
    target = tmp_path / "book.xlsx"
    sheets = await book(books, target)
    column = sheets["Чеки"][0].index("Номер в магазине")
    assert sheets["Чеки"][1][column] == '=HYPERLINK("http://x","y")'
    with ZipFile(target) as packed:
        parts = [packed.read(name) for name in packed.namelist() if "worksheets/sheet" in name]
    assert [part for part in parts if b"<f>" in part or b"<hyperlink" in part] == []


async def test_the_book_speaks_english(books: Books, tmp_path: Path) -> None:
    await registered(books, 1, "1041")
    sheets = await book(books, tmp_path / "book.xlsx", "en")
    assert list(sheets) == ["Receipts", "No document", "Totals", "Mismatches"]
    assert sheets["Receipts"][1][9] == "sale"


@pytest.mark.parametrize("days", [-1, 366])
async def test_a_period_that_cannot_be_is_refused(books: Books, tmp_path: Path, days: int) -> None:
    first = date(2026, 11, 1)
    with pytest.raises(Unfit):
        await write(books.store, tmp_path / "book.xlsx", Period(first, first + timedelta(days=days), ZONE))
    assert not (tmp_path / "book.xlsx").exists()
