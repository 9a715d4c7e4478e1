"""Rows of a table as documents of an operator, or as payments."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from chekpoint.core.ports import OfdRecord
from chekpoint.fiscal.inn import without_pads
from chekpoint.hub.importing import cells
from chekpoint.hub.importing.cells import Bad
from chekpoint.hub.importing.columns import Chosen, Header, plain
from chekpoint.hub.importing.files import Cell, Row

KINDS: Final[Mapping[str, int]] = {
    "1": 1, "приход": 1, "продажа": 1, "sale": 1, "income": 1,
    "2": 2, "возвратприхода": 2, "возвратпродажи": 2, "возврат": 2, "salereturn": 2, "incomereturn": 2, "refundincome": 2,
    "3": 3, "расход": 3, "покупка": 3, "purchase": 3, "expense": 3,
    "4": 4, "возвратрасхода": 4, "возвратпокупки": 4, "purchasereturn": 4, "expensereturn": 4, "refundexpense": 4,
}  # fmt: skip
"""Признак расчёта (1054) as exports write it, by letters and digits alone."""
DOCUMENTS: Final[Mapping[str, int]] = {
    "3": 3, "чек": 3, "кассовыйчек": 3, "receipt": 3, "ticket": 3,
    "31": 31, "чеккоррекции": 31, "кассовыйчеккоррекции": 31, "receiptcorrection": 31,
    "4": 4, "бсо": 4, "бланкстрогойотчетности": 4, "bso": 4,
    "41": 41, "бсокоррекции": 41, "бланкстрогойотчетностикоррекции": 41, "bsocorrection": 41,
    "2": 2, "отчетоботкрытиисмены": 2, "открытиесмены": 2, "openshift": 2,
    "5": 5, "отчетозакрытиисмены": 5, "закрытиесмены": 5, "closeshift": 5,
    "1": 1, "отчеторегистрации": 1, "11": 11, "отчетобизменениипараметроврегистрации": 11,
    "21": 21, "отчетотекущемсостояниирасчетов": 21, "6": 6, "отчетозакрытиифн": 6,
}  # fmt: skip
RECEIPTS: Final = frozenset({3, 31, 4, 41})
_RETURN: Final = re.compile(r"возврат|refund|return", re.IGNORECASE)
_TRUE: Final = frozenset({"да", "true", "yes", "1", "y"})
_TOTAL_ROW: Final = re.compile(r"\s*(?:итого|всего|total)\b", re.IGNORECASE)


class Told(NamedTuple):
    """A payment as a file tells of it. Kopecks, milliseconds UTC."""

    external_id: str
    order_id: str
    kopecks: int
    refund: int
    paid_at: int


class BadRow(NamedTuple):
    """A row that cannot be used. ``number`` is as a spreadsheet counts, from 1."""

    number: int
    column: str
    ru: str
    en: str


class Context(NamedTuple):
    """What a row alone does not say. ``drives``: known drives by their first 15 digits, where those name one."""

    head: Header
    chosen: Chosen
    epoch: date
    zone: ZoneInfo
    drives: Mapping[str, str]
    timed: bool  # some cell of the date's column has a time: a bare date there is midnight


class Reader:
    """Reads one row by the header. ``bad`` names the column of the last cell that was looked at."""

    def __init__(self, of: Context) -> None:
        self._of, self.at = of, ""

    def cell(self, row: Row, name: str) -> Cell:
        """The cell of a field; None where no column says it."""
        column = self._of.head.columns.get(name)
        self.at = self._of.head.words[column] if column is not None else name
        return row[column] if column is not None and column < len(row) else None

    def has(self, name: str) -> bool:
        """Does a column say it?"""
        return name in self._of.head.columns

    def kopecks(self, row: Row, name: str) -> int:
        """A sum; raises Bad, also where nobody has said in which unit sums are."""
        cell = self.cell(row, name)
        if self._of.head.unit is None:
            raise Bad(
                "не сказано, рубли это или копейки", "nobody has said whether these are roubles or kopecks"
            )
        return cells.kopecks(cell, self._of.head.unit)

    def moment(self, row: Row, name: str, *, needs_time: bool) -> datetime:
        """A date with its time."""
        clock = self.cell(row, "time")
        cell = self.cell(row, name)
        if self._of.timed and isinstance(cell, date) and not isinstance(cell, datetime):
            cell = datetime.combine(cell, time())
        return cells.moment(cell, self._of.epoch, clock, needs_time=needs_time)

    def ofd(self, row: Row) -> OfdRecord:
        """A document as an operator's export shows it."""
        document = self._document(row)
        receipt = document in RECEIPTS
        total = self.kopecks(row, "total") if receipt or cells.text(self.cell(row, "total")) else 0
        if total < 0:
            self.at = self._of.head.words[self._of.head.columns["total"]]
            raise Bad(
                "сумма меньше нуля: у возврата свой признак", "a negative sum: a return has a kind of its own"
            )
        return OfdRecord(
            fn=self._fn(row), fd_number=int(self._number(row, "fd", 1, 10)),
            fiscal_sign=self._number(row, "sign", 1, 10).zfill(10), total=total,
            made_at=cells.wall(self.moment(row, "made_at", needs_time=True)), document=document,
            kind=self._kind(row) if receipt else 0, shift_number=self._shift(row), registration_number=self._rnm(row),
        )  # fmt: skip

    def _number(self, row: Row, name: str, least: int, most: int) -> str:
        return cells.digits(self.cell(row, name), least, most)

    def _fn(self, row: Row) -> str:
        cell = self.cell(row, "fn")
        if not cells.text(cell) and self._of.chosen.fn:
            return self._of.chosen.fn
        begins = cells.begins_drive(cell)
        if begins is not None and begins in self._of.drives:
            return self._of.drives[begins]
        return cells.digits(cell, 16, 16)

    def _document(self, row: Row) -> int:
        said = cells.text(self.cell(row, "document"))
        if not said:
            return 3
        found = DOCUMENTS.get(plain(said))
        if found is None:
            raise Bad(f"{said[:40]}: вид документа не известен", f"{said[:40]}: an unknown kind of document")
        return found

    def _kind(self, row: Row) -> int:
        said = cells.text(self.cell(row, "kind")) or self._of.chosen.kind
        found = KINDS.get(plain(said))
        if found is None:
            raise Bad(
                f"{said[:40] or 'пусто'}: признак расчёта не известен (приход, возврат прихода, расход, возврат расхода)",
                f"{said[:40] or 'empty'}: an unknown kind of settlement (income, income return, expense, expense return)",
            )  # fmt: skip
        return found

    def _shift(self, row: Row) -> int | None:
        cell = self.cell(row, "shift")
        return int(cells.digits(cell, 1, 9)) if cells.text(cell) else None

    def _rnm(self, row: Row) -> str | None:
        cell = self.cell(row, "rnm")
        bare = without_pads(cells.text(cell))
        return cells.digits(bare, 1, 16).zfill(16) if bare else None

    def payment(self, row: Row) -> Told:
        """A payment of a list of payments; a negative sum is money given back."""
        return self._told(
            row, cells.word(self.cell(row, "external_id")), cells.word(self.cell(row, "order_id"))
        )

    def check(self, row: Row) -> Told:
        """A check that a site has made for a payment: the receipt of it is known by the check's number."""
        number = cells.digits(self.cell(row, "external_id"), 1, 18).lstrip("0") or "0"
        return self._told(row, f"check-{number}", f"check-{number}")

    def _told(self, row: Row, external_id: str, order_id: str) -> Told:
        sum_ = self.kopecks(row, "total")
        if sum_ == 0:
            raise Bad("сумма 0: платежа нет", "a sum of 0: no payment")
        made = self.moment(row, "paid_at", needs_time=False)
        refund = sum_ < 0 or self._is_refund(cells.text(self.cell(row, "refund")))
        return Told(external_id, order_id, abs(sum_), int(refund), cells.utc_ms(made, self._of.zone))

    def _is_refund(self, said: str) -> bool:
        own = plain(self._of.head.words[self._of.head.columns["refund"]]) if self.has("refund") else ""
        yes = own in {"возврат", "refund"} and said.lower() in _TRUE
        return yes or _RETURN.search(said) is not None


READERS: Final[Mapping[str, Callable[[Reader, Row], Any]]] = {
    "ofd": Reader.ofd, "payments": Reader.payment, "checks": Reader.check,
}  # fmt: skip


def read(kind: str, of: Context, rows: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Any | BadRow]]:
    """(row number, record or what is wrong with it), for each row that is not empty and no line of totals."""
    reader, make = Reader(of), READERS[kind]
    for number, row in rows:
        if _is_blank(row) or _is_total(of, row):
            continue
        try:
            yield number, make(reader, row)
        except Bad as bad:
            yield number, BadRow(number, reader.at, bad.ru, bad.en)


def _is_blank(row: Row) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _is_total(of: Context, row: Row) -> bool:
    """``Итого`` below a table: a line that names no document."""
    named = any(isinstance(cell, str) and _TOTAL_ROW.match(cell) for cell in row)
    key = of.head.columns.get("fd", of.head.columns.get("external_id"))
    return named and (key is None or key >= len(row) or not cells.text(row[key]) or bool(_TOTAL_ROW.match(cells.text(row[key]))))  # fmt: skip
