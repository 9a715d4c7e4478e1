"""The body of a registration -> a receipt, as the service reads it. Anything it would refuse is ``Wrong``."""

import base64
import binascii
import json
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from chekpoint.emulators.cloud_content import Wrong, correction, fraction, industry, snake_agent, supplier
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

_AGENTS: Final = {sign.value: sign for sign in AgentSign}
KINDS: Final = {
    "sell": Kind.SALE,
    "sell_refund": Kind.SALE_RETURN,
    "buy": Kind.PURCHASE,
    "buy_refund": Kind.PURCHASE_RETURN,
}
_FORMS: Final = tuple(PaymentForm)
_WORDS: Final = {"award": SettlementObject.PAYOUT, "non-operating_gain": SettlementObject.NON_OPERATING_GAIN}
_CODES: Final = {"ean8": ProductCodeKind.EAN8, "ean13": ProductCodeKind.EAN13, "itf14": ProductCodeKind.ITF14}
ID_MOST: Final = 128


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A registration: what to register, and what the service must know of it."""

    external_id: str
    receipt: Receipt
    inn: str
    callback_url: str | None


def taken(body: bytes, version: str, operation: str) -> Taken:
    """Raises Wrong."""
    corrects = operation.endswith("_correction")
    plain = operation.removesuffix("_correction")
    if plain not in KINDS or (version == "v4" and corrects and plain.endswith("_refund")):
        raise Wrong(f"IncomingOperationNotSupported: {operation}")
    try:
        whole = json.loads(body, parse_float=Decimal)
        inside = whole["correction" if corrects else "receipt"]
        external_id = whole["external_id"]
        datetime.strptime(whole["timestamp"], "%d.%m.%Y %H:%M:%S")  # noqa: DTZ007 - only its form is looked at
        _check_id(external_id)
        receipt = _receipt(inside, KINDS[plain], version, corrects=corrects)
        url = (whole.get("service") or {}).get("callback_url")
        return Taken(
            external_id=external_id, receipt=receipt, inn=str(inside["company"]["inn"]), callback_url=url
        )
    except Wrong:
        raise
    except KeyError as error:
        raise Wrong(f"PropertyRequired: #/receipt.{error.args[0]}") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Wrong(f"Ошибка валидации входного чека: {error}") from error


def _check_id(text: Any) -> None:
    if not isinstance(text, str) or not 0 < len(text) <= ID_MOST:
        raise Wrong("StringLength: #/external_id")


def kopecks(value: Any) -> int:
    """Roubles with at most two decimals."""
    exact = Decimal(value) * 100
    if exact != exact.to_integral_value():
        raise Wrong(f"NumberMultipleOf 0.01: {value}")
    return int(exact)


def _receipt(inside: dict[str, Any], kind: Kind, version: str, *, corrects: bool) -> Receipt:
    company, client = inside["company"], inside.get("client") or {}
    bare = corrects and version == "v4"
    if not bare and not (client.get("email") or client.get("phone")):
        raise Wrong("PropertyRequired: #/receipt.client.email")
    own = inside.get("additional_user_props")
    return Receipt(
        kind=kind, taxation=Taxation(company["sno"] if version == "v5" else company.get("sno") or "osn"),
        items=() if bare else tuple(_item(one, version) for one in inside["items"]),
        payments=tuple(Payment(form=_FORMS[one["type"]], sum=kopecks(one["sum"])) for one in inside["payments"]),
        total=None if bare else kopecks(inside["total"]),
        buyer=Buyer(contact=client.get("email") or client.get("phone") or None, name=client.get("name"), inn=client.get("inn")),
        internet=bool(inside.get("internet")), place=company["payment_address"], seller_email=company.get("email"),
        cashier=Cashier(name=inside["cashier"], inn=inside.get("cashier_inn")) if inside.get("cashier") else None,
        agent=snake_agent(inside.get("agent_info"), _AGENTS), note=inside.get("additional_check_props"),
        user_property=UserProperty(name=own["name"], value=own["value"]) if own else None,
        industry=industry(inside.get("sectoral_check_props")), correction=correction(inside["correction_info"]) if corrects else None,
    )  # fmt: skip


def _item(one: dict[str, Any], version: str) -> Item:
    v5 = version == "v5"
    codes, mark = _marks(one.get("mark_code"))
    vat = one["vat"]
    rate = VatRate(vat["type"])
    return Item(
        name=one["name"], price=kopecks(one["price"]), quantity=Decimal(one["quantity"]), sum=kopecks(one["sum"]), vat=rate,
        vat_sum=kopecks(vat["sum"]) if "sum" in vat and rate.percent else None,
        method=SettlementMethod(one["payment_method"] if v5 else one.get("payment_method", "full_prepayment")),
        object=_object(one, v5=v5), unit=one["measure"] if v5 else 0, unit_name=one.get("measurement_unit"),
        agent=snake_agent(one.get("agent_info"), _AGENTS), supplier=supplier(one.get("supplier_info")), product_codes=codes,
        mark_code=mark, mark_check=0b1111 if mark else None, fraction=fraction(one.get("mark_quantity")),
        industry=industry(one.get("sectoral_item_props")),
        nomenclature=one["nomenclature_code"].replace(" ", "").lower() if one.get("nomenclature_code") else None,
        excise=kopecks(one["excise"]) if one.get("excise") is not None else None, country=one.get("country_code"),
        declaration=one.get("declaration_number"), note=one.get("user_data"),
    )  # fmt: skip


def _object(one: dict[str, Any], *, v5: bool) -> SettlementObject:
    if v5:
        return next(thing for thing in SettlementObject if thing.code == one["payment_object"])
    word = one.get("payment_object", "commodity")
    return _WORDS.get(word) or SettlementObject(word)


def _marks(told: dict[str, str] | None) -> tuple[tuple[ProductCode, ...], str | None]:
    if not told:
        return (), None
    ((name, value),) = told.items()
    if name in _CODES:
        return (ProductCode(kind=_CODES[name], value=value),), None
    try:
        return (), base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return (), value
