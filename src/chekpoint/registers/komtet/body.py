"""An attempt -> the JSON body of a task. Pure.

Guessed, for the service's page does not say it: a scanned mark travels as it is, under the word of its own form
(``gs1m`` and so on); a supplier may be named without an agent.
"""

import re
from decimal import Decimal
from typing import Final

import msgspec

from chekpoint.core.errors import Rejected
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import (
    Agent,
    Correction,
    Fraction,
    Item,
    Kind,
    PaymentForm,
    Receipt,
)
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.vat import vat_of
from chekpoint.registers.cloud_body import Body, agent_details, given, industry, money, supplier
from chekpoint.registers.komtet.config import KomtetConfig
from chekpoint.registers.komtet.words import (
    AGENTS,
    CODES,
    FORMS,
    INTENTS,
    METHODS,
    OBJECTS,
    RATES,
    TAXATIONS,
)

MARK_NAME: Final = "Идентификатор"  # 1085 when the order mark has to go into 1084
_RETURNS: Final = frozenset({Kind.SALE_RETURN, Kind.PURCHASE})  # the goods come back to the seller
_MARKS: Final = (
    (re.compile(r"01\d{14}21"), "gs1m"),
    (re.compile(r"\d{14}[!-~]{7,15}$"), "short"),  # tobacco: no identifiers, the number at once
    (re.compile(r"[A-Z]{2}-\d{6}-[A-Z\d]{10}$"), "fur"),
    (re.compile(r"[A-Z\d]{150}$"), "egais30"),
    (re.compile(r"[A-Z\d]{68}$"), "egais20"),
)


def body_of(attempt: Attempt, config: KomtetConfig) -> Body:
    """What registers this attempt's receipt. Raises Rejected for what the service has no words for."""
    receipt = attempt.receipt
    _refuse_misfit(receipt)
    correction = receipt.correction
    return {
        "external_id": attempt.id, "intent": INTENTS[receipt.kind] + ("Correction" if correction else ""),
        "print": receipt.paper, "internet": receipt.internet, "client": _client(receipt),
        "company": _company(receipt, config), "positions": [_position(item, receipt.kind) for item in receipt.items],
        "payments": _payments(receipt), **_attributes(attempt),
    } | given(
        cashier=msgspec.to_builtins(receipt.cashier) if receipt.cashier else None,
        correction_info=_correction(correction) if correction else None,
        sectoral_check_props=[industry(one) for one in receipt.industry],
        callback_url=config.callback_url, timezone=config.time_zone,
    )  # fmt: skip


def _refuse_misfit(receipt: Receipt) -> None:
    if receipt.taxation not in TAXATIONS:
        raise _unsupported("ЕНВД", "ENVD")
    if receipt.agent is not None:
        raise _unsupported("агент на весь чек: укажите его в позициях", "an agent of the whole receipt")
    if receipt.machine_number is not None:
        raise _unsupported("номер автомата", "a vending machine's number")
    if receipt.amount != sum(item.sum for item in receipt.items):
        raise _unsupported("итог, который меньше суммы позиций", "a total below the sum of the items")
    for item in receipt.items:
        _refuse_misfit_of(item)


def _refuse_misfit_of(item: Item) -> None:
    if item.nomenclature is not None:
        raise _unsupported("код товара 1162 (ФФД 1.05)", "the nomenclature code of FFD 1.05")
    if item.vat_sum is not None and item.vat_sum != vat_of(item.vat, item.sum):
        raise _unsupported("сумма НДС, отличная от вычисленной", "a VAT sum other than the computed one")
    codes = item.product_codes
    if len(codes) > 1 or (codes and item.mark_code) or any(code.kind not in CODES for code in codes):
        raise _unsupported(f"коды товара «{item.name}»", f"the product codes of {item.name}")


def _unsupported(ru: str, en: str) -> Rejected:
    return Rejected(f"Комтет Касса не принимает: {ru} / Komtet does not take {en}", code="unsupported")


def _client(receipt: Receipt) -> Body:
    buyer = receipt.buyer
    contact = buyer.contact or ""
    named = {"email" if "@" in contact else "phone": buyer.contact}
    return given(**named, name=buyer.name, inn=buyer.inn)


def _company(receipt: Receipt, config: KomtetConfig) -> Body:
    return {
        "payment_address": receipt.place or config.payment_address, "sno": TAXATIONS[receipt.taxation],
    } | given(inn=config.inn, place_address=receipt.address)  # fmt: skip


def _attributes(attempt: Attempt) -> Body:
    """1192 and 1084: the shop's own, and the order mark in the first one that is free."""
    receipt = attempt.receipt
    own = msgspec.to_builtins(receipt.user_property) if receipt.user_property else None
    if receipt.note is None:
        return {"additional_check_props": attempt.mark} | given(additional_user_props=own)
    mark = {"name": MARK_NAME, "value": attempt.mark}
    return {"additional_check_props": receipt.note, "additional_user_props": own or mark}


def _payments(receipt: Receipt) -> list[Body]:
    used = {payment.form for payment in receipt.payments}
    return [{"sum": money(receipt.paid(form)), "type": FORMS[form]} for form in PaymentForm if form in used]


def _correction(correction: Correction) -> Body:
    year, month, day = correction.date.split("-")
    told: Body = {"type": correction.by.value, "base_date": f"{day}.{month}.{year}"}
    return told | given(base_number=correction.number)


def _position(item: Item, kind: Kind) -> Body:
    return {
        "name": substitute(item.name), "price": money(item.price), "quantity": Decimal(quantity_text(item.quantity)),
        "total": money(item.sum), "vat": RATES[item.vat], "measure": item.unit,
        "payment_method": METHODS[item.method], "payment_object": OBJECTS[item.object],
    } | given(
        agent_info=_agent(item.agent) if item.agent else None,
        supplier_info=supplier(item.supplier) if item.supplier else None,
        excise=None if item.excise is None else money(item.excise), country_code=item.country,
        declaration_number=item.declaration, user_data=item.note, mark_code=_mark(item),
        planned_status=_planned(item, kind) if item.mark_code else None,
        mark_quantity=msgspec.to_builtins(item.fraction) if item.fraction else None,
        sectoral_item_props=[industry(one) for one in item.industry],
    )  # fmt: skip


def _mark(item: Item) -> Body | None:
    if item.mark_code is not None:
        code = item.mark_code
        return {next((word for form, word in _MARKS if form.match(code)), "unknown"): code}
    return {CODES[code.kind]: code.value for code in item.product_codes} or None


def _planned(item: Item, kind: Kind) -> int:
    """2003: 1 piece sold, 2 measured sold, 3 piece returned, 4 measured returned."""
    fraction: Fraction | None = item.fraction
    return 1 + (fraction is not None or item.unit != 0) + 2 * (kind in _RETURNS)


def _agent(agent: Agent) -> Body:
    return {"type": AGENTS[agent.sign]} | agent_details(agent)
