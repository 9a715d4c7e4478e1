"""The accountant's book: a period as a workbook of typed cells, written row by row.

Sums are numbers of roubles with two decimals, made from kopecks; moments are dates. What comes from outside (a
shop's number, a register's name) is written as a text and never as a formula, whatever it begins with. Memory
does not grow with the period: a row is on disk before the next one is read.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import xlsxwriter

from chekpoint.core.clock import epoch_ms, from_epoch_ms
from chekpoint.core.errors import Unfit
from chekpoint.core.lifecycle import Proof
from chekpoint.fiscal.receipt import Kind, PaymentForm, Receipt
from chekpoint.fiscal.vat import VatRate
from chekpoint.fiscal.vat_totals import item_vat
from chekpoint.hub import book_words as words
from chekpoint.hub.content import restore
from chekpoint.hub.mismatch_words import KINDS as MISMATCHES
from chekpoint.store import people, views_export, views_reconciliation, views_registers
from chekpoint.store.journal import Tx
from chekpoint.store.listing import id_at
from chekpoint.store.mismatches import Mismatch
from chekpoint.store.store import Store
from chekpoint.store.views_export import Booked

DAYS_MOST: Final = 366
ROWS_MOST: Final = 1_000_000  # a sheet holds 1,048,576
RECEIPTS: Final = frozenset({3, 4, 31, 41})  # document codes of receipts
_FORMS: Final = tuple(PaymentForm)
_OPTIONS: Final = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip
Pair = tuple[str, str]


class Period(NamedTuple):
    """Days of the registers' clocks, both included. ``lang`` is ru or en; ``zone`` the sellers'."""

    first: date
    last: date
    zone: ZoneInfo
    lang: str = "ru"

    def checked(self) -> "Period":
        """Raises Unfit for a period that cannot be."""
        if self.last < self.first or (self.last - self.first).days >= DAYS_MOST:
            raise Unfit(
                f"период: от первого дня до последнего, не больше {DAYS_MOST} дней"
                f" / a period goes from its first day to its last, {DAYS_MOST} days at the most"
            )
        return self


async def write(store: Store, target: Path, period: Period) -> int:
    """Write the book; how many documents are in it. Raises Unfit. Runs on a reader's thread, in one snapshot."""
    period.checked()
    return await store.read(lambda tx: Book(target, period).write(tx))


class Totals:
    """Sums of a period, kept while its rows go by."""

    def __init__(self) -> None:
        self.shifts: dict[tuple[str, int, int], list[int]] = defaultdict(lambda: [0, 0])
        self.rates: dict[tuple[VatRate, int], list[int]] = defaultdict(lambda: [0, 0, 0])
        self.forms: dict[tuple[PaymentForm, int], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, row: Booked, content: Receipt | None) -> None:
        """One receipt more."""
        if row.document not in RECEIPTS:
            return
        _add(self.shifts[row.register_id, row.shift_number or 0, row.kind], 1, row.total)
        for item in content.items if content else ():
            _add(self.rates[item.vat, row.kind], 1, item.sum, item_vat(item))
        for paid in content.payments if content else ():
            _add(self.forms[paid.form, row.kind], 1, paid.sum)


def _add(sums: list[int], *values: int) -> None:
    for at, value in enumerate(values):
        sums[at] += value


class Book:
    """One workbook."""

    def __init__(self, target: Path, period: Period) -> None:
        self._period, self._at = period, 0 if period.lang == "ru" else 1
        self._book = xlsxwriter.Workbook(str(target), _OPTIONS)
        self._money = self._book.add_format({"num_format": "#,##0.00"})
        self._moment = self._book.add_format({"num_format": "dd.mm.yyyy hh:mm:ss", "align": "left"})
        self._head = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._wrap = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._totals = Totals()
        self._names: dict[str, str] = {}
        self._shops: dict[str, str] = {}

    def write(self, tx: Tx) -> int:
        """All sheets, in their order."""
        self._names = views_registers.names(tx)
        self._shops = {shop.id: shop.name for shop in people.shops(tx)}
        with self._book:
            count = self._receipts(tx)
            self._loose(tx)
            self._write_totals()
            self._mismatches(tx)
        return count

    def _word(self, pair: Pair) -> str:
        return pair[self._at]

    def _sheet(self, name: str, heads: Sequence[tuple[Pair, int]]) -> Any:
        sheet = self._book.add_worksheet(self._word(words.SHEETS[name]))
        sheet.freeze_panes(1, 0)
        for column, (head, width) in enumerate(heads):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, self._word(head), self._head)
        return sheet

    def _row(self, sheet: Any, number: int, cells: Iterable[Any]) -> None:
        for column, cell in enumerate(cells):
            if cell is None or cell == "":
                continue
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell, self._moment)
            elif isinstance(cell, Roubles):
                sheet.write_number(number, column, cell.kopecks / 100, self._money)
            elif isinstance(cell, int):
                sheet.write_number(number, column, cell)
            else:
                sheet.write_string(number, column, _clean(str(cell)))

    def _receipts(self, tx: Tx) -> int:
        sheet = self._sheet("receipts", words.RECEIPTS)
        first = self._period.first.isoformat()
        last = (self._period.last + timedelta(days=1)).isoformat()
        number = 0
        for number, row in enumerate(views_export.booked(tx, first, last), 1):
            if number > ROWS_MOST:
                raise Unfit(
                    f"документов больше {ROWS_MOST}: сузьте период / over {ROWS_MOST} documents: narrow it"
                )
            content = restore(bytes(row.content), None) if row.content is not None else None
            self._totals.add(row, content)
            self._row(sheet, number, self._receipt(row, content))
        sheet.autofilter(0, 0, max(number, 1), len(words.RECEIPTS) - 1)
        return number

    def _receipt(self, row: Booked, content: Receipt | None) -> Iterable[Any]:
        paid = [Roubles(content.paid(form)) if content else None for form in _FORMS]
        own = self._word(words.STATES[row.state]) if row.state else None
        receipt = row.document in RECEIPTS
        return (
            _wall(row.made_at), self._names.get(row.register_id, row.register_id), row.registration_number, row.fn,
            row.fd_number, row.fiscal_sign, row.shift_number, row.receipt_number,
            self._word(words.DOCUMENTS.get(row.document, (str(row.document),) * 2)),
            self._word(words.KINDS.get(row.kind, words.KINDS[0])) if receipt else None,
            Roubles(row.total) if receipt else None, *paid, self._shops.get(row.shop_id or "", row.shop_id), row.external_id,
            own or (self._word(words.FOREIGN) if receipt else None),
            self._word(words.PROOFS[row.proof]) if row.proof is not None else None,
            self._word(words.MATCHED[_matched(row)]),
        )  # fmt: skip

    def _loose(self, tx: Tx) -> None:
        sheet = self._sheet("loose", words.LOOSE)
        low, high = (
            id_at(self._midnight(day)) for day in (self._period.first, self._period.last + timedelta(days=1))
        )
        codes = {kind.value: kind.code for kind in Kind}
        for number, row in enumerate(views_export.loose(tx, low, high), 1):
            if number > ROWS_MOST:
                break
            self._row(sheet, number, (
                from_epoch_ms(row.accepted_at).replace(tzinfo=None, microsecond=0), self._shops.get(row.shop_id, row.shop_id),
                row.external_id, self._word(words.KINDS[codes.get(row.kind, 0)]), Roubles(row.total),
                self._word(words.STATES[row.state]), row.error_text,
            ))  # fmt: skip

    def _midnight(self, day: date) -> int:
        return epoch_ms(datetime(day.year, day.month, day.day, tzinfo=self._period.zone))

    def _write_totals(self) -> None:
        sheet = self._sheet("totals", [(head, 18) for head in words.TOTALS])
        number = 0
        for (register, shift, kind), (count, total) in sorted(self._totals.shifts.items()):
            number += 1
            name = self._names.get(register, register)
            self._row(
                sheet, number, (name, shift or None, self._word(words.KINDS[kind]), count, Roubles(total))
            )
        number = self._heads(sheet, number + 2, words.BY_VAT)
        for (rate, kind), (count, total, vat) in sorted(
            self._totals.rates.items(), key=lambda one: (one[0][0].code, one[0][1])
        ):
            number += 1
            self._row(
                sheet,
                number,
                (rate.label, self._word(words.KINDS[kind]), count, Roubles(total), Roubles(vat)),
            )
        number = self._heads(sheet, number + 2, words.BY_FORM)
        for (form, kind), (count, total) in sorted(self._totals.forms.items()):
            number += 1
            self._row(
                sheet,
                number,
                (self._word(words.FORMS[form]), self._word(words.KINDS[kind]), count, Roubles(total)),
            )

    def _heads(self, sheet: Any, number: int, heads: Sequence[Pair]) -> int:
        for column, head in enumerate(heads):
            sheet.write_string(number, column, self._word(head), self._head)
        return number

    def _mismatches(self, tx: Tx) -> None:
        sheet = self._sheet("mismatches", words.MISMATCHES)
        first, last = self._period.first.isoformat(), self._period.last.isoformat()
        for number, one in enumerate(views_reconciliation.of_period(tx, first, last, ROWS_MOST), 1):
            self._row(sheet, number, self._mismatch(one))

    def _mismatch(self, one: Mismatch) -> Iterable[Any]:
        outcome = "closed" if one.closed_at else "resolved" if one.resolved_at else "open"
        known = MISMATCHES.get(one.kind)
        return (
            one.day, self._names.get(one.register_id or "", one.register_id), one.fn, one.fd_number,
            self._word(known.name) if known else one.kind,
            self._word(words.SEVERITIES.get(one.severity, (one.severity,) * 2)), self._word((one.text_ru, one.text_en)),
            self._word((one.act_ru, one.act_en)), self._word(words.OUTCOMES[outcome]), one.resolved_by, one.reason,
        )  # fmt: skip


class Roubles(NamedTuple):
    """A sum of money: written as a number of roubles."""

    kopecks: int


def _matched(row: Booked) -> str:
    if row.proof is not None and row.proof >= Proof.MATCHED:
        return "equal"
    if row.operator_total is None:
        return "none"
    return "seen" if row.operator_total == row.total else "sum"


def _wall(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return text


def _clean(text: str) -> str:
    """What XML takes, and no longer than a cell may be."""
    return "".join(char for char in text if char >= " " or char in "\n\t")[:32_000]
