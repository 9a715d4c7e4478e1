"""An attempt -> the JSON body of the service. Pure but for the moment, which is only told.

Guessed: the form of ``nomenclature_code`` (bytes in hex, by spaces) and that ``mark_code`` travels in base64.
"""

from base64 import b64encode
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from chekpoint.core.errors import Rejected
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import (
    Agent,
    Correction,
    Item,
    Kind,
    PaymentForm,
    ProductCodeKind,
    Receipt,
    SettlementObject,
)
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.vat import total_value
from chekpoint.registers.atol_online.config import AtolOnlineConfig
from chekpoint.registers.cloud_body import Body, agent_details, given, industry, money, supplier

OPERATIONS: Final = {
    Kind.SALE: "sell", Kind.SALE_RETURN: "sell_refund", Kind.PURCHASE: "buy", Kind.PURCHASE_RETURN: "buy_refund",
}  # fmt: skip
MARK_NAME: Final = "Идентификатор"  # 1085 when the order mark has to go into 1084
ITEMS_MOST: Final = 100
_OBJECTS_V4: Final = {
    SettlementObject.PAYOUT: "award", SettlementObject.NON_OPERATING_GAIN: "non-operating_gain",
}  # fmt: skip
_CODES: Final = {ProductCodeKind.EAN8: "ean8", ProductCodeKind.EAN13: "ean13", ProductCodeKind.ITF14: "itf14"}
_FORMS: Final = tuple(PaymentForm)  # their place is the service's number of a payment's type


def operation(receipt: Receipt) -> str:
    """The last part of the address."""
    return OPERATIONS[receipt.kind] + ("_correction" if receipt.correction is not None else "")


def body_of(attempt: Attempt, config: AtolOnlineConfig, now: datetime) -> Body:
    """What registers this attempt's receipt. Raises Rejected for what the service has no words for."""
    receipt = attempt.receipt
    _refuse_misfit(receipt, config)
    whole: Body = {"external_id": attempt.id, "timestamp": now.strftime("%d.%m.%Y %H:%M:%S")}
    if config.callback_url:
        whole["service"] = {"callback_url": config.callback_url}
    without_items = receipt.correction is not None and config.version == "v4"
    inside = _head(attempt, config)
    if without_items:
        inside |= {"vats": _vats(receipt), "payments": _payments(receipt)}
    else:
        inside |= _sold(receipt, config)
    if receipt.correction is not None:
        inside["correction_info"] = _correction(receipt.correction)
    whole["correction" if receipt.correction is not None else "receipt"] = inside
    return whole


def _refuse_misfit(receipt: Receipt, config: AtolOnlineConfig) -> None:
    v4 = config.version == "v4"
    if receipt.buyer.contact is None and not (v4 and receipt.correction is not None):
        raise _unsupported("чек без контакта покупателя", "a receipt without the buyer's contact")
    if v4 and receipt.correction is not None and receipt.kind in {Kind.SALE_RETURN, Kind.PURCHASE_RETURN}:
        raise _unsupported("коррекция возврата в v4 (ФФД 1.05)", "a correction of a return in v4")
    if v4 and receipt.marked:
        raise _unsupported("маркированный товар в v4 (ФФД 1.05)", "marked goods in v4")
    if len(receipt.items) > ITEMS_MOST:
        raise _unsupported(f"чек больше чем с {ITEMS_MOST} позициями", f"more than {ITEMS_MOST} items")
    for item in receipt.items:
        if v4 and item.object.code > SettlementObject.CASINO_PAYMENT.code:
            raise _unsupported(
                f"предмет расчёта {item.object.value} в v4", f"the object {item.object.value} in v4"
            )


def _unsupported(ru: str, en: str) -> Rejected:
    return Rejected(f"АТОЛ Онлайн не принимает: {ru} / ATOL Online does not take {en}", code="unsupported")


def _head(attempt: Attempt, config: AtolOnlineConfig) -> Body:
    receipt = attempt.receipt
    buyer, cashier = receipt.buyer, receipt.cashier
    contact = buyer.contact or ""
    v5 = config.version == "v5"
    client = given(
        **{"email" if "@" in contact else "phone": contact or None}, name=buyer.name, inn=buyer.inn
    )
    company = {
        "email": receipt.seller_email or config.email, "sno": receipt.taxation.value, "inn": config.inn,
        "payment_address": receipt.place or config.payment_address,
    }  # fmt: skip
    return {"company": company} | given(
        client=client,
        cashier=cashier.name if cashier else None,
        cashier_inn=cashier.inn if cashier and v5 else None,
        internet=receipt.internet or None,
        agent_info=_agent(receipt.agent) if receipt.agent else None,
        sectoral_check_props=[industry(one) for one in receipt.industry] if v5 else None,
        **_attributes(attempt),
    )


def _attributes(attempt: Attempt) -> Body:
    """1192 and 1084: the shop's own, and the order mark in the first one that is free."""
    receipt = attempt.receipt
    own = receipt.user_property
    if receipt.note is None:
        mark: Body = {"additional_check_props": attempt.mark}
    else:
        mark = {"additional_check_props": receipt.note}
        if own is None:
            return mark | {"additional_user_props": {"name": MARK_NAME, "value": attempt.mark}}
    return mark | ({"additional_user_props": msgspec.to_builtins(own)} if own is not None else {})


def _sold(receipt: Receipt, config: AtolOnlineConfig) -> Body:
    return {
        "items": [_item(item, config) for item in receipt.items], "payments": _payments(receipt),
        "total": money(receipt.amount),
    }  # fmt: skip


def _payments(receipt: Receipt) -> list[Body]:
    used = {payment.form for payment in receipt.payments}
    return [{"type": n, "sum": money(receipt.paid(form))} for n, form in enumerate(_FORMS) if form in used]


def _vats(receipt: Receipt) -> list[Body]:
    totals: Counter[str] = Counter()
    for item in receipt.items:
        computed = item.vat_sum is None or not item.vat.percent
        totals[item.vat.value] += total_value(item.vat, item.sum) if computed else item.vat_sum or 0
    return [{"type": rate, "sum": money(total)} for rate, total in totals.items()]


def _correction(correction: Correction) -> Body:
    year, month, day = correction.date.split("-")
    return {
        "type": correction.by.value,
        "base_date": f"{day}.{month}.{year}",
        "base_number": correction.number or "0",
    }


def _item(item: Item, config: AtolOnlineConfig) -> Body:
    vat = given(type=item.vat.value, sum=None if item.vat_sum is None else money(item.vat_sum))
    return {
        "name": substitute(item.name), "price": money(item.price), "quantity": Decimal(quantity_text(item.quantity)),
        "sum": money(item.sum), "payment_method": item.method.value, "vat": vat,
    } | given(
        agent_info=_agent(item.agent) if item.agent else None,
        supplier_info=supplier(item.supplier) if item.supplier else None,
        excise=None if item.excise is None else money(item.excise), country_code=item.country,
        declaration_number=item.declaration, user_data=item.note,
        **(_of_v4(item) if config.version == "v4" else _of_v5(item)),
    )  # fmt: skip


def _of_v4(item: Item) -> Body:
    code = bytes.fromhex(item.nomenclature).hex(" ").upper() if item.nomenclature else None
    words = _OBJECTS_V4.get(item.object, item.object.value)
    return {"payment_object": words, "measurement_unit": item.unit_name, "nomenclature_code": code}


def _of_v5(item: Item) -> Body:
    whole: Body = {"payment_object": item.object.code, "measure": item.unit}
    if item.mark_code is not None:
        whole["mark_code"] = {"unknown": b64encode(item.mark_code.encode()).decode()}
        whole["mark_processing_mode"] = "0"
    elif item.product_codes:
        whole["mark_code"] = {_code_name(item): item.product_codes[0].value}
    if item.fraction is not None:
        whole["mark_quantity"] = msgspec.to_builtins(item.fraction)
    if item.industry:
        whole["sectoral_item_props"] = [industry(one) for one in item.industry]
    return whole


def _code_name(item: Item) -> str:
    name = _CODES.get(item.product_codes[0].kind)
    if name is None or len(item.product_codes) > 1:
        raise _unsupported(f"коды товара «{item.name}»", f"the product codes of {item.name}")
    return name


def _agent(agent: Agent) -> Body:
    return {"type": agent.sign.value} | agent_details(agent)
