"""Files as people bring them, and as nobody should: each is read, or refused in words that say what to do."""

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter

from chekpoint.hub.importing import files
from chekpoint.hub.importing.files import NotRead, sheets

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
