"""A receipt or correction task as the receipt model, and the arithmetic of its payment.

Reading a task complains with code 501 only; sums are judged later by ``settle``, at the point of the
execution where the driver does it: after the receipt was opened, so a shift may have been opened already.
"""

from decimal import Decimal
from typing import Final

import msgspec

from chekpoint.emulators.atol_web import words
from chekpoint.emulators.atol_web.codes import Code, DriverError
from chekpoint.emulators.atol_web.positions import (
    dotted_date,
    read_agent,
    read_industry,
    read_position,
    read_supplier,
)
from chekpoint.emulators.atol_web.shape import MAX_RECEIPT_BYTES, Fields, bad_value, too_big
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import (
    Buyer,
    Cashier,
    Correction,
    CorrectionBy,
    Item,
    Payment,
    PaymentForm,
    Receipt,
    Taxation,
    UserProperty,
)
from chekpoint.fiscal.vat import VatRate

_ONE: Final = Decimal(1)
_PRINTED_ONLY: Final = ("text", "barcode", "pictureFromMemory", "pixels")
_ELEMENTS: Final = {
    name: name for name in ("position", "userAttribute", "additionalAttribute", *_PRINTED_ONLY)
}
_ITEM_OVERHEAD: Final = 90  # bytes of the fixed tags of one item, about
_DOCUMENT_OVERHEAD: Final = 500  # bytes of the receipt's own tags, about


def read_receipt(task: Fields, *, ffd: Ffd, default_taxation: Taxation) -> Receipt:
    """Read a task of any of the eight receipt types; raises DriverError 501 naming the field.

    The payments are as tendered: cash may exceed the total. ``default_taxation`` is the device's own.
    """
    correcting = task.text("type").endswith("Correction")
    if correcting and ffd is Ffd.V1_05:
        return _old_correction(task, default_taxation)
    items = _items(task, ffd)
    receipt = msgspec.structs.replace(
        _frame(task, default_taxation),
        items=items,
        total=task.kopecks_or_none("total"),
        correction=_correction(task, ffd) if correcting else None,
        industry=read_industry(task) if ffd is Ffd.V1_2 else (),
    )
    size = _DOCUMENT_OVERHEAD + sum(_ITEM_OVERHEAD + len(item.name) for item in items)
    return too_big(size) if size > MAX_RECEIPT_BYTES else receipt


def settle(receipt: Receipt) -> Receipt:
    """Take the change out of the cash; raises DriverError 227, 66 or 52.

    The total may be below the positions by kopecks only; only cash may be paid over.
    """
    total = receipt.amount
    if receipt.items and not 0 <= sum(item.sum for item in receipt.items) - total < 100:
        raise DriverError(Code.WRONG_TOTAL)
    cash = receipt.paid(PaymentForm.CASH)
    non_cash = sum(payment.sum for payment in receipt.payments) - cash
    if cash + non_cash < total:
        raise DriverError(Code.NOT_ENOUGH_PAID)
    if non_cash > total:
        raise DriverError(Code.NON_CASH_OVER_TOTAL)
    return msgspec.structs.replace(receipt, payments=_net(receipt, total - non_cash))


def _net(receipt: Receipt, cash: int) -> tuple[Payment, ...]:
    """Non-cash first, then the cash that stays in the drawer (tag 1031 is net of the change)."""
    others = tuple(p for p in receipt.payments if p.form is not PaymentForm.CASH and p.sum)
    return (*others, Payment(form=PaymentForm.CASH, sum=cash)) if cash else others


def _frame(task: Fields, default_taxation: Taxation) -> Receipt:
    """Everything that a receipt and both forms of a correction have in common."""
    client, company = task.object_or_none("clientInfo"), task.object_or_none("companyInfo")
    name, note = _attributes(task)
    return Receipt(
        kind=task.choice("type", words.KINDS),
        taxation=task.choice_or("taxationType", words.TAXATIONS, default_taxation),
        payments=_payments(task),
        buyer=_buyer(client) if client else Buyer(),
        internet=task.flag("internet"),
        place=task.text_or_none("paymentsPlace"),
        address=task.text_or_none("paymentsAddress"),
        seller_email=company.text_or_none("email") if company else None,
        cashier=read_cashier(task),
        agent=read_agent(task),
        user_property=name,
        note=note,
        machine_number=task.text_or_none("machineNumber"),
        paper=not task.flag("electronically"),
    )


def read_cashier(task: Fields) -> Cashier | None:
    """``operator``: optional, but its name is required when it is given (tags 1021, 1203)."""
    operator = task.object_or_none("operator")
    return Cashier(name=operator.text("name"), inn=operator.text_or_none("vatin")) if operator else None


def _buyer(client: Fields) -> Buyer:
    return Buyer(
        contact=client.text_or_none("emailOrPhone"),
        name=client.text_or_none("name"),
        inn=client.text_or_none("vatin"),
    )


def _payments(task: Fields) -> tuple[Payment, ...]:
    return tuple(
        Payment(form=payment.choice("type", words.PAYMENT_FORMS), sum=payment.kopecks("sum"))
        for payment in task.objects("payments")
    )


def _items(task: Fields, ffd: Ffd) -> tuple[Item, ...]:
    """The positions among ``items``; a supplier named for the whole receipt holds for each of them."""
    supplier = read_supplier(task)
    items = tuple(
        read_position(element, ffd)
        for element in task.objects("items")
        if element.choice("type", _ELEMENTS) == "position"
    )
    if supplier is None:
        return items
    return tuple(
        item if item.supplier else msgspec.structs.replace(item, supplier=supplier) for item in items
    )


def _attributes(task: Fields) -> tuple[UserProperty | None, str | None]:
    """Tags 1084 and 1192: they travel as elements of ``items``, not as fields of the task."""
    user: UserProperty | None = None
    note: str | None = None
    for element in task.objects("items") if task.has("items") else ():
        match element.choice("type", _ELEMENTS):
            case "userAttribute":
                user = UserProperty(name=element.text("name"), value=element.text("value"))
            case "additionalAttribute":
                note = element.text("value")
    return user, note


def _correction(task: Fields, ffd: Ffd) -> Correction:
    """Tags 1173, 1178, 1179; the description 1177 exists in FFD 1.05 only."""
    return Correction(
        by=task.choice("correctionType", words.CORRECTIONS),
        date="-".join(dotted_date(task, "correctionBaseDate")),
        number=task.text_or_none("correctionBaseNumber"),
        name=task.text_or_none("correctionBaseName") if ffd is Ffd.V1_05 else None,
    )


def _old_correction(task: Fields, default_taxation: Taxation) -> Receipt:
    """The form of FFD 1.05: no positions, sums by payment and by VAT rate, sales and purchases only."""
    if task.value["type"] not in {"sellCorrection", "buyCorrection"}:
        bad_value("type", task.value["type"])
    correction = _correction(task, Ffd.V1_05)
    if correction.by is CorrectionBy.INSTRUCTION and correction.number is None:
        task.raw("correctionBaseNumber")
    receipt = _frame(task, default_taxation)
    total = sum(payment.sum for payment in receipt.payments)
    return msgspec.structs.replace(receipt, items=_by_rate(task, total), total=total, correction=correction)


def _by_rate(task: Fields, total: int) -> tuple[Item, ...]:
    """One line per VAT rate, so that the document's VAT totals are those the task gave.

    Only the VAT of each rate is known, so turnovers are derived from it and the last rate takes the rest.
    """
    taxes = (
        [(t.choice("type", words.VATS), t.kopecks("sum")) for t in task.objects("taxes")]
        if task.has("taxes")
        else []
    )
    taxes = taxes or [(VatRate.NONE, total)]
    rest, lines = total, []
    for rate, vat in taxes[:-1]:
        turnover = min(rest, vat * (100 + rate.percent) // rate.percent if rate.percent else vat)
        lines.append(_line(rate, turnover, vat))
        rest -= turnover
    return (*lines, _line(taxes[-1][0], rest, taxes[-1][1]))


def _line(rate: VatRate, turnover: int, vat: int) -> Item:
    return Item(
        name="Коррекция",
        price=turnover,
        quantity=_ONE,
        sum=turnover,
        vat=rate,
        vat_sum=vat if rate.percent else None,
    )
