"""A file of a person's as sheets of cells. What it is, is seen by its first bytes, never by its name.

Text (csv): UTF-8 with or without its mark, UTF-16 with its mark, else cp1251; ``;``, ``,`` or tab between cells.
Workbook (xlsx): values as they are kept in the file. Before anything is read, the file is measured: its limits
are the constants below, and a file beyond them, or with formulas, is refused in words.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final, NamedTuple, cast

from chekpoint.core.errors import Unfit

FILE_MOST: Final = 32 << 20  # bytes
INFLATED_MOST: Final = 512 << 20  # bytes of a workbook, unpacked
ROWS_MOST: Final = 200_000  # of a sheet, empty ones too
COLUMNS_MOST: Final = 256
CELLS_MOST: Final = 4_000_000  # rows times columns of all sheets: what the reader sets aside
ENTRIES_MOST: Final = 1000
Cell = str | int | float | bool | datetime | date | time | timedelta | None
Row = list[Cell]


class NotRead(Unfit):
    """A file that cannot be read; ``ru`` and ``en`` say why, and what to do."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(f"{ru} / {en}")
        self.ru, self.en = ru, en


class Sheet(NamedTuple):
    """One table. ``epoch``: the day of serial number 0 of its dates."""

    name: str
    rows: Iterable[Row]
    epoch: date = date(1899, 12, 30)


def sheets(content: bytes) -> Iterator[Sheet]:
    """The tables of a file, one after the other; raises NotRead."""
    if not content.strip(b"\0 \t\r\n"):
        raise NotRead("Файл пуст.", "The file is empty.")
    if len(content) > FILE_MOST:
        raise NotRead(
            f"Файл больше {FILE_MOST >> 20} МиБ: разделите его по месяцам.",
            f"The file is over {FILE_MOST >> 20} MiB: split it by months.",
        )
    if content.startswith(b"PK\x03\x04"):
        return _workbook(content)
    _refuse_other(content)
    return iter([_text(content)])


_AS_XLSX: Final = (
    "Откройте его в Excel или LibreOffice и сохраните как «Книга Excel (.xlsx)» или CSV.",
    "Open it in Excel or LibreOffice and save it as “Excel workbook (.xlsx)” or CSV.",
)


def _refuse_other(content: bytes) -> None:
    head = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise NotRead(
            f"Это старый формат .xls (или книга под паролем). {_AS_XLSX[0]}",
            f"This is the old format .xls (or a workbook with a password). {_AS_XLSX[1]}",
        )
    if head.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head", b"<body")):
        raise NotRead(
            f"Это страница HTML (или XML), а не таблица, как бы ни назывался файл. {_AS_XLSX[0]}",
            f"This is a page of HTML (or XML) and no table, whatever its name. {_AS_XLSX[1]}",
        )
    if head.startswith(b"%pdf"):
        raise NotRead("Это PDF: выгрузите таблицу.", "This is a PDF: export a table.")


def _damaged(error: object) -> NotRead:
    return NotRead(
        f"Книга повреждена: {error}. {_AS_XLSX[0]}", f"The workbook is damaged: {error}. {_AS_XLSX[1]}"
    )


# Text -----------------------------------------------------------------------------------------------------------


def _text(content: bytes) -> Sheet:
    text = decoded(content)
    if sum(char < " " and char not in "\t\r\n\f" for char in text[:65_536]) > 0:
        raise NotRead(
            f"Это не таблица: в файле двоичные данные. {_AS_XLSX[0]}",
            f"This is no table: the file holds binary data. {_AS_XLSX[1]}",
        )
    return Sheet("csv", _csv_rows(text, delimiter_of(text)))


def decoded(content: bytes) -> str:
    """The text of a file; raises NotRead where it is in none of the known encodings."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        names: tuple[str, ...] = ("utf-16",)
    else:
        names = ("utf-8-sig", "cp1251")
    for name in names:
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    raise NotRead(
        "Кодировка не понята: сохраните файл в UTF-8 или Windows-1251.",
        "The encoding is not known: save the file as UTF-8 or Windows-1251.",
    )


def delimiter_of(text: str) -> str:
    """What stands between cells: the sign that cuts most of the first rows into equally many cells."""
    sample = "\n".join(line for line in islice(text.splitlines(), 40) if line.strip())
    return max(";\t,", key=lambda sign: _evenness(sample, sign))


def _evenness(sample: str, sign: str) -> int:
    widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=sign)]
    counts = {width: widths.count(width) for width in widths if width > 1}
    return max((width * count for width, count in counts.items()), default=0)


def _csv_rows(text: str, sign: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    try:
        for number, row in enumerate(reader, 1):
            _bounds(number, len(row))
            yield [_unquoted(cell) for cell in row]
    except csv.Error as error:
        raise NotRead(
            f"Строка {reader.line_num} не читается как CSV: {error}. Проверьте кавычки.",
            f"Line {reader.line_num} does not read as CSV: {error}. Check the quotes.",
        ) from None


def _unquoted(cell: str) -> str:
    """``="0123"`` is how exports keep leading zeros from Excel: no formula, but a text."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and len(cell) > 2 else cell


def _bounds(rows: int, columns: int, cells: int = 0) -> None:
    if rows > ROWS_MOST:
        raise NotRead(
            f"Строк больше {ROWS_MOST} (пустые тоже считаются): удалите пустые или разделите файл.",
            f"Over {ROWS_MOST} rows (empty ones count): delete the empty ones or split the file.",
        )
    if columns > COLUMNS_MOST:
        raise NotRead(
            f"Столбцов больше {COLUMNS_MOST}: оставьте нужные.", f"Over {COLUMNS_MOST} columns: keep what is needed."
        )  # fmt: skip
    if max(cells, rows * columns) > CELLS_MOST:
        raise NotRead(
            f"Таблица больше {CELLS_MOST} ячеек: оставьте нужные столбцы или разделите файл.",
            f"The table has over {CELLS_MOST} cells: keep the columns that are needed, or split the file.",
        )


# Workbooks ------------------------------------------------------------------------------------------------------

# A tag ends at the next "<" at the latest: its attributes may hold ">" but never "<", and so every scan is linear.
_NAME: Final = rb"<(?:[^\s<>/:]+:)?"
_ROW: Final = re.compile(_NAME + rb"row\b[^<]*?\br\s*=\s*[\"']\s*(\d{1,9})")
_CELL: Final = re.compile(_NAME + rb"c\b[^<]*?\br\s*=\s*[\"']\s*([A-Za-z]{1,4})(\d{1,9})")
_FORMULA: Final = re.compile(_NAME + rb"f[\s>/]")
_CHUNK: Final = 1 << 20


def _workbook(content: bytes) -> Iterator[Sheet]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            epoch = _measured(packed)
    except NotRead:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile lets out what zlib, lzma and struct say of damaged bytes
        raise _damaged(error) from None
    return _sheets(content, epoch)


def _measured(packed: zipfile.ZipFile) -> date:
    """Look at every part before a reader is trusted with it; the epoch of the book's dates."""
    parts = packed.infolist()
    if "xl/workbook.xml" not in packed.namelist():
        raise NotRead(
            f"Это архив или документ другого вида, а не книга .xlsx. {_AS_XLSX[0]}",
            f"This is an archive or another document, and no workbook .xlsx. {_AS_XLSX[1]}",
        )
    if len(parts) > ENTRIES_MOST or sum(part.file_size for part in parts) > INFLATED_MOST:
        raise NotRead(
            f"Книга распаковывается больше чем в {INFLATED_MOST >> 20} МиБ: разделите её.",
            f"The workbook unpacks to more than {INFLATED_MOST >> 20} MiB: split it.",
        )
    cells = 0
    for part in parts:
        cells += _measure(packed, part)
        _bounds(1, 1, cells)
    book = packed.read("xl/workbook.xml")
    return date(1904, 1, 1) if re.search(rb"date1904=[\"'](?:1|true)[\"']", book) else date(1899, 12, 30)


def _measure(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Raises NotRead; how many cells a reader will set aside for this part."""
    is_sheet, tail, rows, columns, ended = False, b"", 0, 0, 0
    with packed.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            seen = tail + chunk
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise NotRead("В книге определения сущностей XML.", "The workbook defines entities of XML.")
            is_sheet = is_sheet or b"sheetData" in seen
            if is_sheet:
                rows, columns = _extent(seen, rows, columns)
                ended += chunk.count(b"c>")  # cells that do not say where they are
                _bounds(rows, columns, ended)
            tail = seen[seen.rfind(b"<") :] if b"<" in seen else b""
            if len(tail) > _CHUNK:
                raise NotRead(
                    "В книге элемент длиннее мегабайта.", "The workbook holds an element of over a megabyte."
                )
    return max(rows * columns, ended)


def _extent(seen: bytes, rows: int, columns: int) -> tuple[int, int]:
    if _FORMULA.search(seen):
        raise NotRead(
            "В книге формулы. Скопируйте таблицу и вставьте её «как значения», затем сохраните.",
            "The workbook holds formulas. Copy the table, paste it “as values”, and save.",
        )
    rows = max(rows, max((int(found[1]) for found in _ROW.finditer(seen)), default=0))
    for letters, number in _CELL.findall(seen):
        rows, columns = max(rows, int(number)), max(columns, _column(letters))
    return rows, columns


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _sheets(content: bytes, epoch: date) -> Iterator[Sheet]:
    from python_calamine import load_workbook  # noqa: PLC0415 - native code that few processes need

    try:
        with load_workbook(io.BytesIO(content)) as book:
            for name in book.sheet_names:
                rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                yield Sheet(name, cast("list[Row]", rows), epoch)
    except GeneratorExit:
        raise
    except BaseException as error:  # a panic of the native reader is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise _damaged(error) from None
