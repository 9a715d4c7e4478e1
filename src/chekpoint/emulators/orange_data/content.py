"""The body of a document -> a receipt, as the service reads it. Anything it would refuse is ``Wrong``."""

import base64
import json
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from chekpoint.emulators.cloud_content import Wrong, kopecks
from chekpoint.fiscal.money import cost
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Buyer,
    Cashier,
    Correction,
    CorrectionBy,
    Fraction,
    IndustryDetail,
    Item,
    Kind,
    Payment,
    PaymentForm,
    ProductCode,
    ProductCodeKind,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Supplier,
    Taxation,
    UserProperty,
)
from chekpoint.fiscal.vat import VatRate

SECTIONS: Final = ("documents", "corrections", "correction12")
ID_MOST: Final = 64
_RATES: Final = {
    1: VatRate.VAT22, 2: VatRate.VAT10, 3: VatRate.VAT122, 4: VatRate.VAT110, 5: VatRate.VAT0, 6: VatRate.NONE,
    7: VatRate.VAT5, 8: VatRate.VAT7, 9: VatRate.VAT105, 10: VatRate.VAT107,
}  # fmt: skip
_RATES_OF_2025: Final = _RATES | {1: VatRate.VAT20, 3: VatRate.VAT120}  # with useTax20
_FORMS: Final = {
    1: PaymentForm.CASH, **dict.fromkeys(range(2, 14), PaymentForm.ELECTRONIC), 14: PaymentForm.PREPAID,
    15: PaymentForm.CREDIT, 16: PaymentForm.OTHER,
}  # fmt: skip
_FORM_SUMS: Final = {
    "cashSum": PaymentForm.CASH, "eCashSum": PaymentForm.ELECTRONIC, "prepaymentSum": PaymentForm.PREPAID,
    "postpaymentSum": PaymentForm.CREDIT, "otherPaymentTypeSum": PaymentForm.OTHER,
}  # fmt: skip
_KINDS: Final = {kind.code: kind for kind in Kind}
_METHODS: Final = {method.code: method for method in SettlementMethod}
_OBJECTS: Final = {thing.code: thing for thing in SettlementObject}
_SIGNS: Final = {sign.bit: sign for sign in AgentSign}
_TAXATIONS: Final = tuple(Taxation)
_CODES: Final = {
    "ean8": ProductCodeKind.EAN8, "ean13": ProductCodeKind.EAN13, "itf14": ProductCodeKind.ITF14,
    "gs1": ProductCodeKind.GS10, "mi": ProductCodeKind.FUR, "egais20": ProductCodeKind.EGAIS20,
    "egais30": ProductCodeKind.EGAIS30, "f1": ProductCodeKind.F1, "f2": ProductCodeKind.F2, "f3": ProductCodeKind.F3,
    "f4": ProductCodeKind.F4, "f5": ProductCodeKind.F5, "f6": ProductCodeKind.F6,
}  # fmt: skip


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A document: what to register, and what the service must know of it."""

    id: str
    inn: str
    group: str
    key: str
    ffd: str
    receipt: Receipt
    content: dict[str, Any]  # as it came, to be given back
    callback_url: str | None = None


def offered(body: bytes, section: str) -> Offered:
    """One document; raises Wrong."""
    try:
        return _offered(json.loads(body, parse_float=Decimal), section, body)
    except Wrong:
        raise
    except KeyError as error:
        raise Wrong(f"{error.args[0]}: обязательное поле или неизвестное значение") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError, IndexError, RecursionError) as error:
        raise Wrong(f"Ошибка в данных документа: {error}") from error


def _offered(whole: dict[str, Any], section: str, body: bytes) -> Offered:
    content = whole["content"]
    if not isinstance(whole["id"], str) or not 0 < len(whole["id"]) <= ID_MOST:
        raise Wrong(f"id: строка от 1 до {ID_MOST} символов")
    version = content.get("ffdVersion", 2)
    if version not in {2, 4} or (version, section) in {(2, "correction12"), (4, "corrections")}:
        raise Wrong(f"content.ffdVersion: {version} не подходит для {section}")
    receipt = _bare(content) if section == "corrections" else _full(content, section, old=version == 2)
    named = {
        "id": whole["id"], "inn": whole["inn"], "group": whole.get("group") or "Main", "key": whole["key"],
        "ffd": "1.05" if version == 2 else "1.2", "receipt": msgspec.to_builtins(receipt),
        "content": json.loads(body)["content"], "callback_url": whole.get("callbackUrl"),
    }  # fmt: skip
    return msgspec.convert(named, Offered)  # a number in the place of a text is found here


def _full(content: dict[str, Any], section: str, *, old: bool) -> Receipt:
    if not content.get("customerContact"):
        raise Wrong("content.customerContact: обязательное поле")
    close, own = content["checkClose"], content.get("additionalUserAttribute")
    rates = _RATES_OF_2025 if content.get("useTax20") else _RATES
    items = tuple(_item(one, rates, old=old) for one in content["positions"])
    payments = tuple(
        Payment(form=_FORMS[one["type"]], sum=kopecks(one["amount"])) for one in close["payments"]
    )
    total = kopecks(content["totalSum"]) if "totalSum" in content else None
    _check_paid(items, payments, total)
    return Receipt(
        kind=_KINDS[content["type"]], taxation=_taxation(close["taxationSystem"]), items=items, payments=payments,
        total=total, buyer=_buyer(content, old=old), internet=bool(content.get("isInternetStore", True)),
        place=content.get("settlementPlace"), address=content.get("settlementAddress"),
        seller_email=content.get("senderEmail"), cashier=_cashier(content), machine_number=content.get("automatNumber"),
        agent=_agent(content.get("agentType"), content) if old else None, note=content.get("additionalAttribute"),
        user_property=UserProperty(name=own["name"], value=own["value"]) if own else None,
        industry=_industry(content.get("industryAttribute")),
        correction=_correction(content) if section == "correction12" else None,
    )  # fmt: skip


def _check_paid(items: tuple[Item, ...], payments: tuple[Payment, ...], total: int | None) -> None:
    """The service refuses what the register would: too little money, or more than the sum without cash."""
    due = sum(item.sum for item in items) if total is None else total
    given = sum(payment.sum for payment in payments)
    if not items or given < due:
        raise Wrong(f"checkClose.payments: сумма оплат {given} меньше суммы чека {due}")
    if given - due > sum(payment.sum for payment in payments if payment.form is PaymentForm.CASH):
        raise Wrong(f"checkClose.payments: безналичных больше суммы чека {due}")


def _bare(content: dict[str, Any]) -> Receipt:
    """A correction of FFD 1.05: no items."""
    kind = _KINDS[content["type"]]
    if kind not in {Kind.SALE, Kind.PURCHASE}:
        raise Wrong("content.type: только 1 или 3")
    sums = {form: kopecks(content[name]) for name, form in _FORM_SUMS.items() if content.get(name)}
    if sum(sums.values()) != kopecks(content["totalSum"]):
        raise Wrong("content.totalSum: не равна сумме оплат")
    return Receipt(
        kind=kind, taxation=_taxation(content["taxationSystem"]),
        payments=tuple(Payment(form=form, sum=value) for form, value in sums.items()),
        buyer=Buyer(contact=content.get("customerContact")), internet=bool(content.get("isInternetStore", True)),
        place=content.get("settlementPlace"), address=content.get("settlementAddress"),
        seller_email=content.get("senderEmail"), machine_number=content.get("automatNumber"),
        correction=_correction(content),
    )  # fmt: skip


def _taxation(number: int) -> Taxation:
    if number not in range(len(_TAXATIONS)):
        raise Wrong(f"taxationSystem: {number}")
    return _TAXATIONS[number]


def _buyer(content: dict[str, Any], *, old: bool) -> Buyer:
    told = content.get("customerInfo") or {}
    name, inn = (
        (content.get("customer"), content.get("customerINN")) if old else (told.get("name"), told.get("inn"))
    )
    return Buyer(contact=content["customerContact"], name=name, inn=inn)


def _cashier(content: dict[str, Any]) -> Cashier | None:
    name = content.get("cashier")
    return Cashier(name=name, inn=content.get("cashierINN")) if name else None


def _correction(content: dict[str, Any]) -> Correction:
    by = tuple(CorrectionBy)[(0, 1).index(content["correctionType"])]
    day = datetime.fromisoformat(content["causeDocumentDate"]).date()
    return Correction(by=by, date=day.isoformat(), number=content["causeDocumentNumber"])


def _item(one: dict[str, Any], rates: dict[int, VatRate], *, old: bool) -> Item:
    price, quantity = kopecks(one["price"]), Decimal(one["quantity"])
    mark, rate = one.get("itemCode"), rates[one["tax"]]
    code = one.get("nomenclatureCode")
    return Item(
        name=_text(one["text"], 128), price=price, quantity=quantity, sum=cost(price, quantity), vat=rate,
        vat_sum=kopecks(one["taxSum"]) if "taxSum" in one else None,
        method=_METHODS[one.get("paymentMethodType", 4)], object=_OBJECTS[one.get("paymentSubjectType", 1)],
        unit=0 if old else one.get("quantityMeasurementUnit", 0), unit_name=one.get("unitOfMeasurement"),
        agent=_agent(one.get("agentType"), one.get("agentInfo") or {}), supplier=_supplier(one),
        product_codes=_barcodes(one.get("barcodes")), mark_code=mark, mark_check=0b1111 if mark else None,
        nomenclature=base64.b64decode(code, validate=True).hex() if code else None,
        fraction=_fraction(one.get("fractionalQuantity")), industry=_industry(one.get("industryAttribute")),
        excise=kopecks(one["excise"]) if "excise" in one else None, country=one.get("manufacturerCountryCode"),
        declaration=one.get("customsDeclarationNumber"), note=one.get("additionalAttribute"),
    )  # fmt: skip


def _text(text: str, most: int) -> str:
    if not 0 < len(text) <= most:
        raise Wrong(f"positions.text: строка от 1 до {most} символов")
    return text


def _barcodes(told: dict[str, str | None] | None) -> tuple[ProductCode, ...]:
    return tuple(ProductCode(kind=_CODES[name], value=value) for name, value in (told or {}).items() if value)


def _fraction(told: dict[str, int] | None) -> Fraction | None:
    return Fraction(numerator=told["numerator"], denominator=told["denominator"]) if told else None


def _industry(told: dict[str, str] | None) -> tuple[IndustryDetail, ...]:
    if not told:
        return ()
    detail = IndustryDetail(
        authority=told["foivId"], date=told["causeDocumentDate"], number=told["causeDocumentNumber"], value=told["value"]
    )  # fmt: skip
    return (detail,)


def _agent(sign: int | None, told: dict[str, Any]) -> Agent | None:
    if not sign:
        return None
    return Agent(
        sign=_SIGNS[sign], operation=told.get("paymentAgentOperation"),
        agent_phones=tuple(told.get("paymentAgentPhoneNumbers") or ()),
        operator_phones=tuple(told.get("paymentOperatorPhoneNumbers") or ()),
        transfer_phones=tuple(told.get("paymentTransferOperatorPhoneNumbers") or ()),
        transfer_name=told.get("paymentOperatorName"), transfer_address=told.get("paymentOperatorAddress"),
        transfer_inn=told.get("paymentOperatorINN"),
    )  # fmt: skip


def _supplier(one: dict[str, Any]) -> Supplier | None:
    told = one.get("supplierInfo") or {}
    if not told and not one.get("supplierINN"):
        return None
    phones = tuple(told.get("phoneNumbers") or ())
    return Supplier(phones=phones, name=told.get("name"), inn=one.get("supplierINN"))
