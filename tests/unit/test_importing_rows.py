"""What a row says, and what spreadsheets do to numbers, dates and zeros: nothing is guessed, nothing is lost."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chekpoint.core.ports import OfdRecord
from chekpoint.hub.importing import cells
from chekpoint.hub.importing.cells import Bad
from chekpoint.hub.importing.columns import Chosen, known, plain, unit_of
from chekpoint.hub.importing.files import NotRead
from chekpoint.hub.importing.plan import Plan, Surroundings, plan
from chekpoint.hub.importing.rows import Told
from tests.unit.test_importing_files import workbook

DRIVE = "9999078900001111"
EPOCH = date(1899, 12, 30)
AROUND = Surroundings(ZoneInfo("Europe/Moscow"), ["9999078900001111", "9999078900002222"])
HEAD = "РН ККТ;Заводской № ФН;№ ФД;Фискальный признак;Дата/время;Признак расчёта;Сумма чека, руб.;Смена"
ROW = "0001234567012345;9999078900001111;7;0012345678;24.11.2026 12:30:15;Приход;1 234,50;3"


@pytest.mark.parametrize(
    ("cell", "unit", "sum_"),
    [
        ("1 234,50", "rub", 123_450), ("1\u00a0234.5", "rub", 123_450), ("1\u202f234", "rub", 123_400),
        (12.5, "rub", 1250), (0.1 + 0.2, "rub", 30), (1_234_567.89, "rub", 123_456_789), (7, "rub", 700),
        ("12 ₽", "rub", 1200), ("12,00 руб.", "rub", 1200), ("-5", "rub", -500), ("1250", "kop", 1250),
        (1250.0, "kop", 1250), ("1250,00", "kop", 1250),
    ],
)  # fmt: skip
def test_a_sum_is_read_in_the_unit_that_was_declared(cell: Any, unit: str, sum_: int) -> None:
    assert cells.kopecks(cell, unit) == sum_


@pytest.mark.parametrize(
    "cell", ["", None, "двенадцать", "1,234.50", "1.234,50", "12,345", 12.345, True, "1e5", "nan", float("nan"),
             float("inf"), 1e15, datetime.fromisoformat("2026-01-01T00:00:00"), "=1+1", "١٢"],
)  # fmt: skip
def test_what_is_no_sum_is_said_to_be_none(cell: Any) -> None:
    with pytest.raises(Bad):
        cells.kopecks(cell, "rub")


@pytest.mark.parametrize(
    ("cell", "clock", "made"),
    [
        ("24.11.2026 12:30:15", None, "2026-11-24T12:30:15"), ("24.11.2026 9:05", None, "2026-11-24T09:05:00"),
        ("24.11.2026, 12:30", None, "2026-11-24T12:30:00"), ("24.11.2026", "12:30:15", "2026-11-24T12:30:15"),
        ("2026-11-24T12:30:15", None, "2026-11-24T12:30:15"), ("2026-11-24 12:30:15.500", None, "2026-11-24T12:30:16"),
        ("2026-11-24T12:30:15+03:00", None, "2026-11-24T12:30:15"), (46350.521006944444, None, "2026-11-24T12:30:15"),
        (46350, 0.521006944444, "2026-11-24T12:30:15"), (date(2026, 11, 24), time(12, 30, 15), "2026-11-24T12:30:15"),
        (datetime.fromisoformat("2026-11-24T12:30:14.999999"), None, "2026-11-24T12:30:15"),
    ],
)  # fmt: skip
def test_a_moment_is_read_as_people_and_spreadsheets_write_it(cell: Any, clock: Any, made: str) -> None:
    assert cells.wall(cells.moment(cell, EPOCH, clock)) == made


@pytest.mark.parametrize(
    "cell", ["", "24.11.2026", "11/24/2026 12:00", "31.02.2026 12:00", "24.11.26 12:00", "вчера", 0.5, 46350, 1e9, True,
             "2026-11-24", "24.11.2026 25:00", "24.11.1026 12:00"],
)  # fmt: skip
def test_what_is_no_moment_is_said_to_be_none(cell: Any) -> None:
    with pytest.raises(Bad):
        cells.moment(cell, EPOCH)


def test_a_receipts_time_in_utc_is_not_taken_for_the_registers() -> None:
    with pytest.raises(Bad):
        cells.wall(cells.moment("2026-11-24T12:30:15Z", EPOCH))


def test_headers_are_known_by_their_letters() -> None:
    assert plain(" № ФД ") == plain("Номер ФД")
    assert known("ofd", HEAD.split(";")) == {
        "rnm": 0, "fn": 1, "fd": 2, "sign": 3, "made_at": 4, "kind": 5, "total": 6, "shift": 7,
    }  # fmt: skip
    units = {"Сумма, руб.": "rub", "Сумма (коп)": "kop", "Итог, ₽": "rub", "Сумма р.": "rub", "Сумма": None}
    assert {word: unit_of(word) for word in units} == units


def read(kind: str, text: str, chosen: Chosen | None = None) -> Plan:
    return plan(kind, text.encode("cp1251"), AROUND, chosen or Chosen())


def test_a_register_of_receipts_becomes_records() -> None:
    made = read("ofd", f"Выгрузка кабинета;;\n\n{HEAD}\n{ROW}\n;;;;;;;\nИтого;;;;;;1 234,50;\n")
    assert (made.head.row, made.bad, made.missing) == (3, [], ())
    assert made.records == [(4, OfdRecord(
        fn="9999078900001111", fd_number=7, fiscal_sign="0012345678", total=123_450, made_at="2026-11-24T12:30:15",
        kind=1, shift_number=3, registration_number="0001234567012345",
    ))]  # fmt: skip


def test_numbers_that_a_spreadsheet_has_spoilt_are_mended_or_refused() -> None:
    """Zeros in front are put back; the sixteenth digit of a drive only where one known drive has the others."""
    made_at, names = (
        datetime.fromisoformat("2026-11-24T12:30:15"),
        (9999078900001110.0, 8888078900001110.0, DRIVE),
    )
    spoilt = ([1234567012345.0, fn, 7.0, 12345678.0, made_at, "приход", 1234.5, 3.0] for fn in names)
    rows: list[list[Any]] = [HEAD.split(";"), *spoilt]
    made = plan("ofd", workbook(rows), AROUND, Chosen())
    assert [(record.fn, record.fiscal_sign, record.registration_number) for _, record in made.records] == [
        ("9999078900001111", "0012345678", "0001234567012345")
    ] * 2
    assert [(bad.number, bad.column) for bad in made.bad] == [(3, "Заводской № ФН")]
    assert "15" in made.bad[0].ru


def test_midnight_in_a_workbook_is_a_time() -> None:
    cells_of = ["0001234567012345", "9999078900001111", 7, "12345678"]
    times = (datetime.fromisoformat("2026-11-24T12:00:00"), datetime.fromisoformat("2026-11-24T00:00:00"))
    rows: list[list[Any]] = [HEAD.split(";"), *([*cells_of, at, "приход", 5, 1] for at in times)]
    made = plan("ofd", workbook(rows), AROUND, Chosen())
    assert [record.made_at for _, record in made.records] == ["2026-11-24T12:00:00", "2026-11-24T00:00:00"]


def test_shift_documents_are_taken_and_need_no_sum() -> None:
    head = "Вид документа;ФН;ФД;ФПД;Дата и время;Тип операции;Сумма, коп."
    made = read("ofd", f"{head}\nОтчёт об открытии смены;9999078900001111;6;1;24.11.2026 9:00;;\n"
                       f"Чек коррекции;9999078900001111;7;2;24.11.2026 9:01;возврат прихода;500\n"
                       f"Письмо;9999078900001111;8;3;24.11.2026 9:02;приход;500\n")  # fmt: skip
    assert [(r.document, r.kind, r.total) for _, r in made.records] == [(2, 0, 0), (31, 2, 500)]
    assert [bad.column for bad in made.bad] == ["Вид документа"]


def test_without_a_unit_nothing_is_read_until_a_person_says_which() -> None:
    text = HEAD.replace(", руб.", "") + "\n" + ROW
    assert read("ofd", text).needs_unit
    assert read("ofd", text, Chosen(unit="rub")).records[0][1].total == 123_450
    assert read("ofd", text.replace("1 234,50", "123450"), Chosen(unit="kop")).records[0][1].total == 123_450


def test_unknown_headers_are_named_and_can_be_mapped() -> None:
    text = "Накопитель;ФД;ФПД;Когда;Вид;Деньги, руб.\n9999078900001111;7;12345678;24.11.2026 12:30;Приход;5\n"
    made = read("ofd", text)
    assert [field.name for field in made.missing] == ["fn", "made_at", "total", "kind"]
    assert [made.head.words[at] for at in made.head.unknown] == ["Накопитель", "Когда", "Вид", "Деньги, руб."]
    done = read("ofd", text, Chosen(columns={0: "fn", 3: "made_at", 4: "kind", 5: "total"}))
    assert [(r.fn, r.total) for _, r in done.records] == [("9999078900001111", 500)]


def test_what_holds_for_a_whole_file_is_said_once() -> None:
    text = "ФД;ФПД;Дата и время;Сумма, руб.\n7;12345678;24.11.2026 12:30;5\n"
    made = read("ofd", text, Chosen(fn="9999078900001111", kind="1"))
    assert [(r.fn, r.kind) for _, r in made.records] == [("9999078900001111", 1)]


def test_a_list_of_payments() -> None:
    text = (
        "Номер платежа;Номер заказа;Дата оплаты;Сумма, руб.;Тип\n"
        "p1;1041;24.11.2026 12:30;1 298,00;Оплата\np2;1041;24.11.2026;-298;\np3;1042;24.11.2026 13:00;5;Возврат\n"
        "p4;;24.11.2026;5;\n"
    )
    made = read("payments", text)
    assert [record for _, record in made.records] == [
        Told("p1", "1041", 129_800, 0, 1_795_512_600_000), Told("p2", "1041", 29_800, 1, 1_795_467_600_000),
        Told("p3", "1042", 500, 1, 1_795_514_400_000),
    ]  # fmt: skip
    assert [(bad.number, bad.column, bad.ru) for bad in made.bad] == [(5, "Номер заказа", "пусто")]


def test_a_list_of_checks_of_a_site() -> None:
    text = "ID;Касса;Заказ;Дата создания;Сумма;Валюта;Тип;Статус\n17;К1;5;24.11.2026 12:30:00;1 298.00;RUB;Полный возврат;Напечатан\n"
    made = read("checks", text, Chosen(unit="rub"))
    assert [(r.external_id, r.order_id, r.kopecks, r.refund) for _, r in made.records] == [
        ("check-17", "check-17", 129_800, 1)
    ]


def test_a_table_without_headers_is_refused() -> None:
    with pytest.raises(NotRead, match="заголовков"):
        read("ofd", "1\n2\n3\n")
