"""A document as a module posts it -> a receipt. Everything that is wrong with its form is found at once."""

from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final, NamedTuple

import msgspec

from chekpoint.fiscal.money import cost, round_half_up
from chekpoint.fiscal.receipt import (
    Agent,
    Buyer,
    Cashier,
    Item,
    Payment,
    Receipt,
    SettlementMethod,
    SettlementObject,
)
from chekpoint.fiscal.rules_parties import is_email
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.calling import is_address
from chekpoint.hub.form import Part
from chekpoint.hub.phones import phone_of
from chekpoint.shops import parties
from chekpoint.shops.modulkassa import words
from chekpoint.shops.modulkassa.errors import Refusal
from chekpoint.shops.modulkassa.settings import ModulKassaSettings

ID_MOST: Final = 120  # room for the number of a repetition
_ITEMS_MOST: Final = 1000
_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
_HEX: Final = frozenset("0123456789abcdefABCDEF")


class Taken(NamedTuple):
    """A document of the right form; ``callback`` is empty when none is wanted."""

    id: str
    receipt: Receipt
    callback: str


def taken(raw: bytes, settings: ModulKassaSettings) -> Taken:
    """Read a document; raises Refusal (400)."""
    try:
        body = _JSON.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, ArithmeticError):
        raise Refusal(400, "BAD_REQUEST", "Тело запроса не читается как JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "BAD_REQUEST", "Ожидается объект JSON")
    whole = Part(body, "", [])
    name, receipt = whole.text("id", ID_MOST, required=True), _receipt(whole, settings)
    callback = whole.text("responseURL", 2000) or ""
    if callback and not is_address(callback):
        whole.fault("UrlExpected", "responseURL")
    if whole.faults or name is None or receipt is None:
        found = ", ".join(dict.fromkeys(whole.faults))
        raise Refusal(400, "VALIDATION", f"Ошибка в документе: {found}")
    return Taken(name, receipt, callback)


def _receipt(whole: Part, settings: ModulKassaSettings) -> Receipt | None:
    kind = whole.word("docType", words.KINDS, required=True)
    mode = whole.word("taxMode", words.TAXATIONS)
    items = tuple(
        item for line in whole.parts("inventPositions", _ITEMS_MOST, required=True) for item in _items(line)
    )
    found: dict[str, Any] = {
        "taxation": settings.taxation if mode is None else words.TAXATIONS[mode],
        "payments": _payments(whole),
        "buyer": _buyer(whole, settings),
        "cashier": _cashier(whole),
        "agent": _agent(whole),
        "paper": bool(whole.flag("printReceipt")),
    }
    return None if kind is None else Receipt(kind=words.KINDS[kind], items=items, **found)


def _payments(whole: Part) -> tuple[Payment, ...]:
    made = []
    for part in whole.parts("moneyPositions", 100, required=True):
        form, total = (
            part.word("paymentType", words.PAYMENTS, required=True),
            part.money("sum", required=True),
        )
        if form is not None and total is not None:
            made.append(Payment(form=words.PAYMENTS[form], sum=total))
    return tuple(made)


def _buyer(whole: Part, settings: ModulKassaSettings) -> Buyer:
    """``email`` holds an address or a phone."""
    said = whole.text("email", 100)
    usable = said if said and is_email(said) else phone_of(said or "")
    return Buyer(
        contact=usable or settings.own_email or said,
        name=whole.text("clientName", 256),
        inn=whole.text("clientInn", 12),
    )


def _cashier(whole: Part) -> Cashier | None:
    name, inn = whole.text("cashierName", 64), whole.text("cashierInn", 12)
    return None if name is None else Cashier(name=name, inn=inn)


def _items(line: Part) -> tuple[Item, ...]:
    """One line; two when a discount does not divide by the number of pieces."""
    name, price = line.text("name", 128, required=True), line.money("price", required=True)
    quantity, rate = line.quantity("quantity"), line.integer("vatTag", words.RATES, required=True)
    discount = line.money("discSum") or 0
    method, thing = line.word("paymentMethod", words.METHODS), line.word("paymentObject", words.OBJECTS)
    vat_sum = line.money("vatSum")
    nomenclature = (line.text("nomenclatureCode", 150) or "").replace(" ", "")
    found: dict[str, Any] = {
        "method": SettlementMethod.FULL_PAYMENT if method is None else words.METHODS[method],
        "object": SettlementObject.COMMODITY if thing is None else words.OBJECTS[thing],
        "nomenclature": nomenclature if nomenclature and _HEX.issuperset(nomenclature) else None,
        "mark_code": line.text("productMark", 255),
        "country": (line.text("originCountryCode", 3) or "").rjust(3, "0").replace("000", "") or None,
        "declaration": line.text("customsDeclarationNumber", 32),
        "agent": _agent(line),
        "supplier": parties.supplier(line.part("supplierInfo")),
    }
    if name is None or price is None or quantity is None or rate is None:
        return ()
    total = cost(price, quantity) - discount
    if total < 0:
        line.fault("NumberTooBig", "discSum")
        return ()
    priced = _priced(price, quantity, total) if discount else [(price, quantity, total)]
    given = vat_sum if len(priced) == 1 and words.RATES[rate] not in {VatRate.NONE, VatRate.VAT0} else None
    return tuple(
        Item(name=name, price=each, quantity=many, sum=sum_, vat=words.RATES[rate], vat_sum=given, **found)
        for each, many, sum_ in priced
    )


def _priced(price: int, quantity: Decimal, total: int) -> list[tuple[int, Decimal, int]]:
    """(price after the discount, quantity, sum): whole pieces share it to the kopeck, weights as near as it goes."""
    if quantity != quantity.to_integral_value():
        nearest = round_half_up(total / quantity)
        return [(nearest if abs(cost(nearest, quantity) - total) <= 1 else price, quantity, total)]
    pieces = int(quantity)
    each = int((total / quantity).to_integral_value(ROUND_FLOOR))
    dearer = total - each * pieces
    parts = [(each, Decimal(pieces - dearer)), (each + 1, Decimal(dearer))]
    return [(one, many, int(one * many)) for one, many in parts if many]


def _agent(whole: Part) -> Agent | None:
    part = whole.part("agentInfo")
    if part is None:
        return None
    types = part.texts("types", 40)
    if len(types) != 1 or types[0] not in words.AGENTS:
        part.fault("NotInEnumeration", "types")
        return None
    return parties.agent(
        words.AGENTS[types[0]],
        paying=part.part("payingAgent"),
        receiving=part.part("receivePaymentsOperator"),
        transfer=part.part("moneyTransferOperator"),
    )
