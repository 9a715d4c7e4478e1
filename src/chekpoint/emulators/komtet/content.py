"""The body of a task -> a receipt, as the service reads it. Anything it would refuse is ``Wrong``."""

import json
from decimal import Decimal
from typing import Any, Final

import msgspec

from chekpoint.emulators.cloud_content import (
    Wrong,
    correction,
    fraction,
    industry,
    kopecks,
    snake_agent,
    supplier,
)
from chekpoint.fiscal.receipt import (
    AgentSign,
    Buyer,
    Cashier,
    Item,
    Kind,
    Payment,
    PaymentForm,
    ProductCode,
    ProductCodeKind,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Taxation,
    UserProperty,
)
from chekpoint.fiscal.vat import VatRate

KINDS: Final = {
    "sell": Kind.SALE, "sellReturn": Kind.SALE_RETURN, "buy": Kind.PURCHASE, "buyReturn": Kind.PURCHASE_RETURN,
}  # fmt: skip
_TAXATIONS: Final = {
    0: Taxation.OSN, 1: Taxation.USN_INCOME, 2: Taxation.USN_INCOME_OUTCOME, 4: Taxation.ESN, 5: Taxation.PATENT,
}  # fmt: skip
_RATES: Final = {
    "no": VatRate.NONE, "0": VatRate.VAT0, "5": VatRate.VAT5, "7": VatRate.VAT7, "10": VatRate.VAT10,
    "20": VatRate.VAT20, "22": VatRate.VAT22, "105": VatRate.VAT105, "107": VatRate.VAT107, "110": VatRate.VAT110,
    "120": VatRate.VAT120, "122": VatRate.VAT122,
}  # fmt: skip
_FORMS: Final = {
    "cash": PaymentForm.CASH, "card": PaymentForm.ELECTRONIC, "prepayment": PaymentForm.PREPAID,
    "credit": PaymentForm.CREDIT, "counter_provisioning": PaymentForm.OTHER,
}  # fmt: skip
_METHODS: Final = {
    "pre_payment_full": SettlementMethod.FULL_PREPAYMENT, "pre_payment_part": SettlementMethod.PREPAYMENT,
    "advance": SettlementMethod.ADVANCE, "full_payment": SettlementMethod.FULL_PAYMENT,
    "credit_part": SettlementMethod.PARTIAL_PAYMENT, "credit": SettlementMethod.CREDIT,
    "credit_pay": SettlementMethod.CREDIT_PAYMENT,
}  # fmt: skip
_OBJECT_WORDS: Final = (
    "product product_practical work service gambling_bet gambling_win lottery_bet lottery_win rid payment commission pay"
    " other property_right non_operating insurance sales_tax resort_fee deposit consumption"
    " sole_proprietor_cpi_contributins cpi_contributins sole_proprietor_cmi_contributins cmi_contributins"
    " csi_contributins casino_payment payment_of_the_money atnm atm tnm tm"
)
_OBJECTS: Final = dict(zip(_OBJECT_WORDS.split(), SettlementObject, strict=True)) | {
    "composite": SettlementObject.ANOTHER
}
_AGENT_WORDS: Final = (
    "bank_payment_agent bank_payment_subagent payment_agent payment_subagent solicitor commissionaire agent"
)
_AGENTS: Final = dict(zip(_AGENT_WORDS.split(), AgentSign, strict=True))
_MARKED: Final = frozenset({SettlementObject.EXCISE_MARKED, SettlementObject.COMMODITY_MARKED})


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A task: what to register, and what the service must know of it."""

    external_id: str
    receipt: Receipt
    inn: str | None
    callback_url: str | None


def offered(body: bytes) -> Offered:
    """One task; raises Wrong."""
    try:
        return of_task(json.loads(body, parse_float=Decimal))
    except RecursionError as error:
        raise Wrong("body: слишком глубоко") from error
    except ValueError as error:
        raise Wrong(str(error) if isinstance(error, Wrong) else f"body: {error}") from error


def of_task(task: Any) -> Offered:
    """The same from JSON that was read with ``Decimal``; raises Wrong."""
    try:
        return _offered(task)
    except Wrong:
        raise
    except KeyError as error:
        raise Wrong(f"{error.args[0]}: обязательное поле или неизвестное значение") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError, IndexError) as error:
        raise Wrong(f"Ошибка в данных чека: {error}") from error


def _offered(task: dict[str, Any]) -> Offered:
    external_id = str(task["external_id"])
    if not 0 < len(external_id) <= 255:
        raise Wrong("external_id: длина от 1 до 255")
    corrects = task["intent"].endswith("Correction")
    receipt = _receipt(task, KINDS[task["intent"].removesuffix("Correction")], corrects=corrects)
    if not corrects and not receipt.buyer.contact:
        raise Wrong("client: нужен email или phone")
    if sum(item.sum for item in receipt.items) != sum(payment.sum for payment in receipt.payments):
        raise Wrong("payments: сумма оплат не равна стоимости всех позиций")
    whole = {
        "external_id": external_id, "receipt": msgspec.to_builtins(receipt), "inn": task["company"].get("inn"),
        "callback_url": task.get("callback_url"),
    }  # fmt: skip
    return msgspec.convert(whole, Offered)  # a number in the place of a text is found here


def _receipt(task: dict[str, Any], kind: Kind, *, corrects: bool) -> Receipt:
    company, client = task["company"], task.get("client") or {}
    cashier = task.get("cashier") or task.get("authorised_person")
    own = task.get("additional_user_props")
    return Receipt(
        kind=kind, taxation=_TAXATIONS[company["sno"]], items=tuple(_item(one) for one in task["positions"]),
        payments=tuple(Payment(form=_FORMS[one["type"]], sum=kopecks(one["sum"])) for one in task["payments"]),
        buyer=Buyer(
            contact=client.get("email") or client.get("phone") or None, name=client.get("name"), inn=client.get("inn")
        ),
        internet=bool(task.get("internet", True)), place=company["payment_address"], address=company.get("place_address"),
        cashier=Cashier(name=cashier["name"], inn=cashier.get("inn")) if cashier else None,
        note=task.get("additional_check_props"), industry=industry(task.get("sectoral_check_props")),
        user_property=UserProperty(name=own["name"], value=own["value"]) if own else None,
        paper=bool(task.get("print")), correction=correction(task["correction_info"]) if corrects else None,
    )  # fmt: skip


def _item(one: dict[str, Any]) -> Item:
    thing = _OBJECTS[one["payment_object"]]
    codes, mark = _marks(one.get("mark_code"), thing)
    return Item(
        name=one["name"], price=kopecks(one["price"]), quantity=Decimal(one["quantity"]), sum=kopecks(one["total"]),
        vat=_RATES[one["vat"]], method=_METHODS[one["payment_method"]], object=thing, unit=int(one.get("measure") or 0),
        agent=snake_agent(one.get("agent_info"), _AGENTS), supplier=supplier(one.get("supplier_info")), product_codes=codes,
        mark_code=mark, mark_check=0b1111 if mark else None, fraction=fraction(one.get("mark_quantity")),
        industry=industry(one.get("sectoral_item_props")), country=one.get("country_code"),
        excise=kopecks(one["excise"]) if one.get("excise") is not None else None,
        declaration=one.get("declaration_number"), note=one.get("user_data"),
    )  # fmt: skip


def _marks(
    told: dict[str, str] | None, thing: SettlementObject
) -> tuple[tuple[ProductCode, ...], str | None]:
    if not told:
        return (), None
    ((name, value),) = told.items()
    if thing in _MARKED:
        return (), value
    kind = ProductCodeKind.UNDEFINED if name == "unknown" else ProductCodeKind(name)
    return (ProductCode(kind=kind, value=value),), None
