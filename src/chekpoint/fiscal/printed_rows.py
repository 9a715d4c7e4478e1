"""What a printed receipt says, row by row, before anyone decides how wide it is or whether it is HTML."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from chekpoint.fiscal.money import quantity_text, roubles
from chekpoint.fiscal.printed_words import AGENTS, FORMS, KINDS, METHODS, OBJECTS, TAXATIONS, UNITS
from chekpoint.fiscal.receipt import Agent, Correction, CorrectionBy, Item, PaymentForm, Receipt, Supplier
from chekpoint.fiscal.rules_marks import MARKED
from chekpoint.fiscal.vat import VatRate
from chekpoint.fiscal.vat_totals import item_vat, vat_totals

TEST_FN: Final = "9999078"
"""Numbers of test drives begin so: what they sign is no fiscal document."""
TEST_MARK: Final = "ТЕСТОВЫЙ ЧЕК - НЕ ЯВЛЯЕТСЯ ФИСКАЛЬНЫМ ДОКУМЕНТОМ"
_MARK_GOOD: Final = 0b1111  # tag 2106: checked twice, good twice


class PrintedStamp(msgspec.Struct, frozen=True, kw_only=True):
    """What the register adds to the receipt. Times are the register's local ones; None is not printed."""

    fn: str  # 1041
    fd_number: int  # 1040
    fiscal_sign: str  # 1077 as decimal digits
    made_at: str  # 1012: local ISO 8601 without zone
    shift_number: int | None = None  # 1038
    receipt_number: int | None = None  # 1042
    registration_number: str | None = None  # 1037
    seller_name: str | None = None  # 1048
    seller_inn: str | None = None  # 1018
    address: str | None = None  # 1009, when the receipt has none of its own
    place: str | None = None  # 1187, when the receipt has none of its own
    seller_email: str | None = None  # 1117, when the receipt has none of its own
    serial: str | None = None  # 1013
    ffd: str | None = None  # 1209
    fns_site: str = "www.nalog.gov.ru"  # 1060

    @property
    def is_test(self) -> bool:
        """Signed by a test drive?"""
        return self.fn.startswith(TEST_FN)


class RowKind(StrEnum):
    """How a row stands on the receipt."""

    TITLE = "title"  # in the middle
    TEXT = "text"  # from the left, as long as it takes
    PAIR = "pair"  # a label on the left, a value on the right
    TOTAL = "total"  # the pair that everyone looks for
    WARNING = "warning"  # in the middle, and not to be overlooked
    RULE = "rule"  # a line across


class Row(msgspec.Struct, frozen=True):
    """``label`` alone, or ``label`` and ``value``."""

    kind: RowKind
    label: str = ""
    value: str = ""


RULE: Final = Row(RowKind.RULE)


def rows(receipt: Receipt, stamp: PrintedStamp) -> list[Row]:
    """All requisites of the buyer's receipt (order, table 146), top to bottom."""
    warning = [Row(RowKind.WARNING, TEST_MARK)] if stamp.is_test else []
    body = [row for item in receipt.items for row in _item(item)]
    return [
        *warning, *_head(receipt, stamp), RULE, *body, RULE, *_sums(receipt), RULE,
        *_parties(receipt, stamp), RULE, *_fiscal(stamp), *warning,
    ]  # fmt: skip


def _said(label: str, value: str | None) -> Iterator[Row]:
    if value:
        yield Row(RowKind.PAIR, label, value)


def _head(receipt: Receipt, stamp: PrintedStamp) -> Iterator[Row]:
    if stamp.seller_name:
        yield Row(RowKind.TITLE, stamp.seller_name)
    if stamp.seller_inn:
        yield Row(RowKind.TITLE, f"ИНН {stamp.seller_inn}")
    address, place = receipt.address or stamp.address, receipt.place or stamp.place
    if address:
        yield Row(RowKind.TITLE, address)
    yield from _said("МЕСТО РАСЧЕТОВ", place)
    title = "КАССОВЫЙ ЧЕК" if receipt.correction is None else "КАССОВЫЙ ЧЕК КОРРЕКЦИИ"
    yield Row(RowKind.TITLE, title)
    yield Row(RowKind.TITLE, KINDS[receipt.kind])
    if receipt.correction is not None:
        yield from _correction(receipt.correction)


def _correction(correction: Correction) -> Iterator[Row]:
    ordered = correction.by is CorrectionBy.INSTRUCTION
    yield Row(RowKind.PAIR, "ТИП КОРРЕКЦИИ", "ПО ПРЕДПИСАНИЮ" if ordered else "САМОСТОЯТЕЛЬНО")
    yield Row(RowKind.PAIR, "ДАТА КОРРЕКТИРУЕМОГО РАСЧЕТА", day_text(correction.date))
    yield from _said("№ ПРЕДПИСАНИЯ", correction.number)
    yield from _said("ОСНОВАНИЕ", correction.name)


def _item(item: Item) -> Iterator[Row]:
    yield Row(RowKind.TEXT, item.name.strip() or OBJECTS[item.object])
    unit = item.unit_name or UNITS.get(item.unit, "")
    amount = f"{quantity_text(item.quantity)} {unit}".strip()
    yield Row(RowKind.PAIR, f"{amount} x {roubles(item.price)}", f"= {roubles(item.sum)}")
    if item.vat is VatRate.NONE:
        yield Row(RowKind.TEXT, "БЕЗ НДС")
    else:
        yield Row(RowKind.PAIR, f"В Т.Ч. НДС {item.vat.label}", roubles(item_vat(item)))
    yield Row(RowKind.TEXT, f"{OBJECTS[item.object]}, {METHODS[item.method]}{_mark(item)}")
    yield from _said("СТРАНА", item.country)
    yield from _said("ДЕКЛАРАЦИЯ", item.declaration)
    yield from _said("АКЦИЗ", roubles(item.excise) if item.excise else None)
    yield from _agency(item.agent, item.supplier)
    if item.note:
        yield Row(RowKind.TEXT, item.note)


def _mark(item: Item) -> str:
    """[М+] all checks good, [М-] a check was bad, [М] not checked to the end (tag 2106)."""
    if item.object not in MARKED:
        return ""
    bits = item.mark_check or 0
    if bits & _MARK_GOOD == _MARK_GOOD:
        return " [М+]"
    bad = (bits & 0b0001 and not bits & 0b0010) or (bits & 0b0100 and not bits & 0b1000)
    return " [М-]" if bad else " [М]"


def _agency(agent: Agent | None, supplier: Supplier | None) -> Iterator[Row]:
    if agent is not None:
        yield Row(RowKind.TEXT, AGENTS[agent.sign])
        yield from _said("ОПЕРАЦИЯ АГЕНТА", agent.operation)
        yield from _said("ТЛФ. АГЕНТА", ", ".join(agent.agent_phones))
        yield from _said("ТЛФ. ОП. ПР. ПЛАТЕЖА", ", ".join(agent.operator_phones))
        yield from _said("ОПЕРАТОР ПЕРЕВОДА", agent.transfer_name)
        yield from _said("ИНН ОП. ПЕРЕВОДА", agent.transfer_inn)
        yield from _said("АДР. ОП. ПЕРЕВОДА", agent.transfer_address)
        yield from _said("ТЛФ. ОП. ПЕРЕВОДА", ", ".join(agent.transfer_phones))
    if supplier is not None:
        yield from _said("ПОСТАВЩИК", supplier.name)
        yield from _said("ИНН ПОСТАВЩИКА", supplier.inn)
        yield from _said("ТЛФ. ПОСТАВЩИКА", ", ".join(supplier.phones))


def _sums(receipt: Receipt) -> Iterator[Row]:
    yield Row(RowKind.TOTAL, "ИТОГ", f"= {roubles(receipt.amount)}")
    for form in PaymentForm:
        if paid := receipt.paid(form):
            yield Row(RowKind.PAIR, FORMS[form], f"= {roubles(paid)}")
    for rate, value in vat_totals(receipt.items).items():
        yield Row(RowKind.PAIR, _vat_label(rate), f"= {roubles(value)}")
    yield Row(RowKind.PAIR, "СНО", TAXATIONS[receipt.taxation])


def _vat_label(rate: VatRate) -> str:
    if rate is VatRate.NONE:
        return "СУММА БЕЗ НДС"
    return "СУММА С НДС 0%" if rate is VatRate.VAT0 else f"СУММА НДС {rate.label}"


def _parties(receipt: Receipt, stamp: PrintedStamp) -> Iterator[Row]:
    if receipt.cashier is not None:
        yield Row(RowKind.PAIR, "КАССИР", receipt.cashier.name)
        yield from _said("ИНН КАССИРА", receipt.cashier.inn)
    if receipt.agent is not None:
        yield from _agency(receipt.agent, None)
    buyer = receipt.buyer
    yield from _said("ПОКУПАТЕЛЬ", buyer.name)
    yield from _said("ИНН ПОКУПАТЕЛЯ", buyer.inn)
    yield from _said("ЭЛ. АДР. ПОКУПАТЕЛЯ", buyer.contact)
    yield from _said("ЭЛ. АДР. ОТПРАВИТЕЛЯ", receipt.seller_email or stamp.seller_email)
    if receipt.internet:
        yield Row(RowKind.TEXT, "РАСЧЕТ В ИНТЕРНЕТ")
    yield from _said("АВТОМАТ", receipt.machine_number)
    if receipt.user_property is not None:
        yield Row(RowKind.PAIR, receipt.user_property.name, receipt.user_property.value)
    yield from _said("ДОП. РЕКВИЗИТ ЧЕКА", receipt.note)


def _fiscal(stamp: PrintedStamp) -> Iterator[Row]:
    yield Row(RowKind.PAIR, "ДАТА И ВРЕМЯ", day_text(stamp.made_at))
    yield from _said("СМЕНА", _number(stamp.shift_number))
    yield from _said("ЧЕК", _number(stamp.receipt_number))
    yield from _said("ЗН ККТ", stamp.serial)
    yield from _said("РН ККТ", stamp.registration_number)
    yield Row(RowKind.PAIR, "ФН", stamp.fn)
    yield Row(RowKind.PAIR, "ФД", str(stamp.fd_number))
    yield Row(RowKind.PAIR, "ФП", stamp.fiscal_sign)
    yield from _said("ФФД", stamp.ffd)
    yield from _said("САЙТ ФНС", stamp.fns_site)


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def day_text(text: str) -> str:
    """``2026-11-24T12:34:56`` as receipts print it, ``24.11.2026 12:34``; what is not such a date as it is."""
    day, _, time = text.partition("T")
    parts = day.split("-")
    if [len(part) for part in parts] != [4, 2, 2]:
        return text
    return " ".join(filter(None, (".".join(reversed(parts)), time[:5])))
