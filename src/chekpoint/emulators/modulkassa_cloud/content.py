"""A document of the service -> a receipt. Anything it would refuse is ``Wrong``."""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from chekpoint.emulators.cloud_content import Wrong, agent, kopecks, supplier
from chekpoint.fiscal.money import cost
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Buyer,
    Cashier,
    Item,
    Kind,
    Payment,
    PaymentForm,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.vat import VatRate

KINDS: Final = {
    "SALE": Kind.SALE, "RETURN": Kind.SALE_RETURN, "BUY": Kind.PURCHASE, "BUY_RETURN": Kind.PURCHASE_RETURN,
}  # fmt: skip
_TAXATIONS: Final = dict(zip(
    ("COMMON", "SIMPLIFIED", "SIMPLIFIED_WITH_EXPENSE", "ENVD", "COMMON_AGRICULTURAL", "PATENT"), Taxation, strict=True,
))  # fmt: skip
_RATES: Final = dict(zip(
    (1102, 1103, 1106, 1107, 1104, 1105, 1109, 1110, 1111, 1112, 1113, 1114), VatRate, strict=True,
))  # fmt: skip
_FORMS: Final = dict(zip(("CASH", "CARD", "PREPAID", "POSTPAY", "OTHER"), PaymentForm, strict=True))
_OBJECTS: Final = {
    "non-operating_gain": SettlementObject.NON_OPERATING_GAIN,
    "composite": SettlementObject.ANOTHER,
}
_CONTACT: Final = re.compile(r"\+7\d{10}|[^@\s]+@[^@\s]+")
BIGGEST_CODE: Final = 32  # bytes of ``nomenclatureCode``


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A document: what to register, and what the service must know of it."""

    id: str
    number: str
    receipt: Receipt
    response_url: str | None


def offered(body: bytes) -> Offered:
    """Raises Wrong."""
    try:
        return _offered(json.loads(body, parse_float=Decimal))
    except Wrong:
        raise
    except KeyError as error:
        raise Wrong(f"{error.args[0]}: обязательное поле или неизвестное значение") from error
    except (
        ValueError, TypeError, AttributeError, ArithmeticError, IndexError, RecursionError,
    ) as error:  # fmt: skip
        raise Wrong(f"Ошибка в документе: {error}") from error


def _offered(document: dict[str, Any]) -> Offered:
    if datetime.fromisoformat(document["checkoutDateTime"]).tzinfo is None:
        raise Wrong("checkoutDateTime: нужно смещение от UTC")
    if not document["id"] or not _CONTACT.fullmatch(document["email"]):
        raise Wrong("id, email: пустой номер или не e-mail и не телефон +7")
    receipt = _receipt(document)
    if sum(item.sum for item in receipt.items) != sum(payment.sum for payment in receipt.payments):
        raise Wrong("moneyPositions: сумма оплат не равна сумме позиций")
    whole = {
        "id": document["id"], "number": str(document["docNum"]), "receipt": msgspec.to_builtins(receipt),
        "response_url": document.get("responseURL"),
    }  # fmt: skip
    return msgspec.convert(whole, Offered)  # a number in the place of a text is found here


def _receipt(document: dict[str, Any]) -> Receipt:
    return Receipt(
        kind=KINDS[document["docType"]], taxation=_TAXATIONS[document.get("taxMode", "COMMON")],
        items=tuple(item for one in document["inventPositions"] for item in _discounted(_item(one), one)),
        payments=tuple(
            Payment(form=_FORMS[one["paymentType"]], sum=kopecks(one["sum"])) for one in document["moneyPositions"]
        ),
        buyer=Buyer(contact=document["email"], name=document.get("clientName"), inn=document.get("clientInn")),
        cashier=(
            Cashier(name=document["cashierName"], inn=document.get("cashierInn"))
            if document.get("cashierName") else None
        ),
        agent=_agent(document.get("agentInfo")), paper=bool(document.get("printReceipt")),
    )  # fmt: skip


def _item(one: dict[str, Any]) -> Item:
    price, quantity = kopecks(one["price"]), Decimal(one["quantity"])
    if not 0 < quantity < 10**9:
        raise Wrong("quantity: больше нуля")
    word = one.get("paymentObject", "commodity")
    code = bytes.fromhex(one["nomenclatureCode"]) if one.get("nomenclatureCode") else b""
    if len(code) > BIGGEST_CODE:
        raise Wrong("nomenclatureCode: не больше 32 байт")
    rate = _RATES[one["vatTag"]]
    mark = one.get("productMark")
    return Item(
        name=one["name"], price=price, quantity=quantity,
        sum=cost(price, quantity), vat=rate,
        vat_sum=kopecks(one["vatSum"]) if one.get("vatSum") is not None and rate.percent else None,
        method=SettlementMethod(one.get("paymentMethod", "full_payment")),
        object=_OBJECTS.get(word) or SettlementObject(word),
        agent=_agent(one.get("agentInfo")), supplier=supplier(one.get("supplierInfo")),
        nomenclature=code.hex() or None, mark_code=mark, mark_check=0b1111 if mark else None,
        country=one.get("originCountryCode"), declaration=one.get("customsDeclarationNumber"),
    )  # fmt: skip


def _discounted(item: Item, one: dict[str, Any]) -> tuple[Item, ...]:
    """``discSum`` lowers the price; where it does not divide to the kopeck, one piece takes the rest."""
    discount = kopecks(one.get("discSum") or 0)
    if not discount:
        return (item,)
    total, whole = item.sum - discount, int(item.quantity)
    if total < 0 or whole != item.quantity:
        raise Wrong("discSum: больше суммы позиции, или количество не целое")
    price, rest = divmod(total, whole)
    change = msgspec.structs.replace
    if not rest:
        return (change(item, price=price, sum=total),)
    last = change(item, price=price + rest, sum=price + rest, quantity=Decimal(1))
    return change(item, price=price, sum=price * (whole - 1), quantity=Decimal(whole - 1)), last


def _agent(told: dict[str, Any] | None) -> Agent | None:
    if not told:
        return None
    (sign,) = told["types"]
    parts = ("payingAgent", "receivePaymentsOperator", "moneyTransferOperator")
    return agent(AgentSign(sign), *(told.get(name) for name in parts))
