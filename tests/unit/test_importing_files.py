"""Files as people bring them, and as nobody should: each is read, or refused in words that say what to do."""

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from chekpoint.hub.importing import files
from chekpoint.hub.importing.files import NotRead, sheets
from chekpoint.hub.importing.plan import Surroundings, plan

TABLE = [["ФН", "ФД", "Сумма, руб."], ["9999078900001111", "7", "12,50"]]


def csv_of(sign: str, rows: list[list[str]] = TABLE) -> str:
    return "\r\n".join(sign.join(row) for row in rows) + "\r\n"


def workbook(rows: list[list[Any]], **options: Any) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, **options})
    sheet = book.add_worksheet("Чеки")
    day = book.add_format({"num_format": "dd.mm.yyyy hh:mm:ss"})
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(at, column, value, day)
            elif isinstance(value, str) and value.startswith("="):
                sheet.write_formula(at, column, value)
            elif isinstance(value, str):
                sheet.write_string(at, column, value)
            else:
                sheet.write(at, column, value)
    book.close()
    return target.getvalue()


def first(content: bytes) -> list[list[Any]]:
    return [list(row) for row in next(sheets(content)).rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("sign", [";", ",", "\t"])
def test_a_text_is_read_in_each_encoding_with_each_delimiter(encoding: str, sign: str) -> None:
    rows = [["ФН", "ФД", "Итог"], ["9999078900001111", "7", "12.50"], ["9999078900001111", "8", "1"]]
    assert first(csv_of(sign, rows).encode(encoding)) == rows


def test_a_comma_inside_sums_is_no_delimiter() -> None:
    assert first(csv_of(";").encode("cp1251")) == TABLE


def test_quotes_and_kept_zeros_are_texts() -> None:
    content = 'Название;ФПД\r\n"ООО ""Ромашка""; склад";="0012345678"\r\n'.encode()
    assert first(content)[1] == ['ООО "Ромашка"; склад', "0012345678"]


def test_a_workbook_is_read_with_its_types() -> None:
    made = datetime.fromisoformat("2026-11-24T12:30:15")
    rows = first(workbook([["Дата", "Сумма", "ФПД"], [made, 12.5, "0012345678"]]))
    assert rows[0] == ["Дата", "Сумма", "ФПД"]
    assert rows[1] == [made, 12.5, "0012345678"]


def test_the_epoch_of_a_workbook_is_its_own() -> None:
    assert next(sheets(workbook([["a", "b"]]))).epoch == date(1899, 12, 30)
    assert next(sheets(workbook([["a", "b"]], date_1904=True))).epoch == date(1904, 1, 1)


def zipped(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return target.getvalue()


def sheet_of(body: bytes) -> bytes:
    """A workbook whose one sheet holds what no honest program writes."""
    honest = io.BytesIO(workbook([["a", "b"]]))
    target = io.BytesIO()
    with zipfile.ZipFile(honest) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, body if "sheet1" in part.filename else old.read(part))
    return target.getvalue()


_HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_TAIL = b"</sheetData></worksheet>"
HOSTILE = {
    "empty": (b"", "пуст"),
    "blank": (b"  \r\n\r\n", "пуст"),
    "html as xls": (b"\xef\xbb\xbf <html><table><tr><td>1</td></tr></table></html>", "HTML"),
    "old xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls"),
    "pdf": (b"%PDF-1.7 ...", "PDF"),
    "archive": (zipped(notes=b"x"), "архив"),
    "cut off": (workbook([["a", "b"]])[:-40], "повреждена"),
    "no workbook": (b"PK\x03\x04" + bytes(100), "повреждена"),
    "binary": (bytes(range(1, 120)) * 5, "двоичные"),
    "no encoding": ("ФН;".encode("cp1251") + b"\x98\n", "Кодировка"),
    "formulas": (workbook([["ФН", "Сумма"], ["1", "=SUM(A1:A2)"]]), "формулы"),
    "a cell far away": (sheet_of(_HEAD + b'<row r="1"><c r="XFD1"><v>1</v></c></row>' + _TAIL), "Столбцов"),
    "a million empty rows": (
        sheet_of(_HEAD + b"".join(b'<row r="%d"/>' % n for n in range(1, 1_000_001)) + _TAIL), "пустые",
    ),
    "a row far away": (sheet_of(_HEAD + b'<row r="1048576"><c><v>1</v></c></row>' + _TAIL), "пустые"),
    "a wide block": (
        sheet_of(_HEAD + b'<row r="1"><c r="A1"/></row><row r="190000"><c r="CV190000"><v>1</v></c></row>' + _TAIL),
        "ячеек",
    ),
    "a cell behind a sign": (sheet_of(_HEAD + b'<row r="1"><c x=">" r="XFD1"><v>1</v></c></row>' + _TAIL), "Столбцов"),
    "a cell under a prefix": (sheet_of(_HEAD + b'<a-b:row r="1"><a-b:c r = " XFD1"/></a-b:row>' + _TAIL), "Столбцов"),
    "a cell cut by a chunk": (
        sheet_of(_HEAD + b" " * ((1 << 20) - 600) + b'<row r="1"><c x="' + b"y" * 2000 + b'" r="XFD1"/></row>' + _TAIL),
        "Столбцов",
    ),
    "cells that do not say where they are": (
        sheet_of(_HEAD + b"<row>" + b"<c><v>1</v></c>" * 2_100_000 + b"</row>" + _TAIL), "ячеек",
    ),
    "an endless element": (sheet_of(_HEAD + b'<c x="' + b"y" * (3 << 20) + b'"/>' + _TAIL), "мегабайта"),
    "entities": (sheet_of(b'<!DOCTYPE x [<!ENTITY a "b">]>' + _HEAD + _TAIL), "сущностей"),
    "not xml": (sheet_of(b"<<<<"), "повреждена"),
    "many rows": (b"a;b\n" * 200_001, "Строк больше"),
    "many columns": (b";".join([b"a"] * 300) + b"\n", "Столбцов"),
}  # fmt: skip


def read_all(content: bytes) -> None:
    for sheet in sheets(content):
        list(sheet.rows)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_in_words(name: str) -> None:
    content, word = HOSTILE[name]
    with pytest.raises(NotRead) as refused:
        read_all(content)
    assert word in refused.value.ru
    assert refused.value.en


def test_a_scan_of_tags_that_never_end_is_linear() -> None:
    with pytest.raises(NotRead):
        read_all(sheet_of(_HEAD + b"<row <c " * (4 << 20) + _TAIL))


HONEST = workbook([["ФН", "ФД", "Сумма, руб."], ["9999078900001111", 7, 12.5]])


def survives(content: bytes) -> None:
    """Whatever the bytes: a plan, or a refusal in words."""
    for kind in ("ofd", "payments", "checks"):
        with suppress(NotRead):
            plan(kind, content, Surroundings(ZoneInfo("Europe/Moscow")))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=400).map(str.encode)
    | st.text('ФНфд;,\t\n"=№ 0123.', max_size=300).map(str.encode)
)
def test_no_bytes_break_the_reader(content: bytes) -> None:
    survives(content)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.integers(0, len(HONEST) - 1), st.binary(min_size=1, max_size=8), st.booleans())
def test_no_damage_to_a_workbook_breaks_the_reader(at: int, damage: bytes, cut: bool) -> None:
    survives(HONEST[:at] + damage + (b"" if cut else HONEST[at + len(damage) :]))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.integers(0, 900),
    st.sampled_from([b"<", b"&#0;", b"\xff", b"", b"r='ZZZZZ9'", b"1e999", b"-1", b"</row>"]),
)
def test_no_damage_inside_a_sheet_breaks_the_reader(at: int, damage: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(HONEST)) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml")
    survives(sheet_of(sheet[:at] + damage + sheet[at + len(damage) :]))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = sheet_of(_HEAD + b" " * (64 << 20) + _TAIL)
    assert len(bomb) < 200_000
    monkeypatch.setattr(files, "INFLATED_MOST", 32 << 20)
    with pytest.raises(NotRead, match="распаковывается"):
        next(sheets(bomb))


def test_a_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FILE_MOST", 1 << 20)
    with pytest.raises(NotRead, match="МиБ"):
        next(sheets(b"a;b\n" * (1 << 19)))
