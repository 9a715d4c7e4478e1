"""One position of a receipt task, as the receipt model's item."""

import base64
import binascii
from datetime import date
from decimal import Decimal
from typing import Final

from chekpoint.emulators.atol_web import words
from chekpoint.emulators.atol_web.shape import Fields, bad_value, wrong_type
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import (
    Agent,
    Fraction,
    IndustryDetail,
    Item,
    ProductCode,
    ProductCodeKind,
    SettlementMethod,
    SettlementObject,
    Supplier,
)
from chekpoint.fiscal.vat import VatRate

_BY_LENGTH: Final = {8: ProductCodeKind.EAN8, 13: ProductCodeKind.EAN13, 14: ProductCodeKind.ITF14}
_GS: Final = "\x1d"
_TAG_1162_BYTES: Final = 32


def read_position(position: Fields, ffd: Ffd) -> Item:
    """Read a ``position`` element; raises DriverError 501 naming the path.

    ``name, price, quantity, amount`` are required, the last three as JSON numbers in roubles and units.
    """
    tax = position.object_or_none("tax")
    mark = _mark(position) if ffd is Ffd.V1_2 else None
    unit, unit_name = _unit(position, ffd)
    return Item(
        name=position.text("name"),
        price=position.kopecks("price"),
        quantity=_quantity(position),
        sum=position.kopecks("amount"),
        vat=tax.choice("type", words.VATS) if tax else VatRate.NONE,
        vat_sum=tax.kopecks_or_none("sum") if tax else None,
        method=position.choice_or("paymentMethod", words.METHODS, SettlementMethod.FULL_PAYMENT),
        object=position.choice_or("paymentObject", words.OBJECTS, SettlementObject.COMMODITY),
        unit=unit,
        unit_name=unit_name,
        agent=read_agent(position),
        supplier=read_supplier(position),
        product_codes=_product_codes(position, mark) if ffd is Ffd.V1_2 else (),
        nomenclature=None if ffd is Ffd.V1_2 else _nomenclature(position),
        mark_code=mark,
        mark_check=_mark_check(position) if mark is not None else None,
        fraction=_fraction(position) if mark is not None else None,
        industry=read_industry(position) if ffd is Ffd.V1_2 else (),
        excise=position.kopecks_or_none("exciseSum"),
        country=position.text_or_none("countryCode"),
        declaration=position.text_or_none("customsDeclaration"),
        note=position.text_or_none("additionalAttribute"),
    )


def read_agent(owner: Fields) -> Agent | None:
    """``agentInfo`` of a position or of the whole receipt; the model keeps one sign, the first named."""
    agent = owner.object_or_none("agentInfo")
    if agent is None:
        return None
    signs = agent.texts("agents")
    if not signs:
        bad_value(agent.at("agents"), "[]")
    first = Fields({"agents": signs[0]}, agent.path).choice("agents", words.AGENTS)
    paying = agent.object_or_none("payingAgent")
    receiving = agent.object_or_none("receivePaymentsOperator")
    transfer = agent.object_or_none("moneyTransferOperator")
    return Agent(
        sign=first,
        operation=paying.text_or_none("operation") if paying else None,
        agent_phones=paying.texts("phones") if paying else (),
        operator_phones=receiving.texts("phones") if receiving else (),
        transfer_phones=transfer.texts("phones") if transfer else (),
        transfer_name=transfer.text_or_none("name") if transfer else None,
        transfer_address=transfer.text_or_none("address") if transfer else None,
        transfer_inn=transfer.text_or_none("vatin") if transfer else None,
    )


def read_supplier(owner: Fields) -> Supplier | None:
    """``supplierInfo`` of a position or of the whole receipt."""
    supplier = owner.object_or_none("supplierInfo")
    if supplier is None:
        return None
    return Supplier(
        inn=supplier.text_or_none("vatin"),
        name=supplier.text_or_none("name"),
        phones=supplier.texts("phones"),
    )


def read_industry(owner: Fields) -> tuple[IndustryDetail, ...]:
    """``industryInfo``: dates come as yyyy.mm.dd and are kept as dd.mm.yyyy (tag 1263)."""
    if not owner.has("industryInfo"):
        return ()
    return tuple(
        IndustryDetail(
            authority=detail.text("fois"),
            date=".".join(reversed(dotted_date(detail, "date"))),
            number=detail.text("number"),
            value=detail.text("industryAttribute"),
        )
        for detail in owner.objects("industryInfo")
    )


def dotted_date(owner: Fields, name: str) -> tuple[str, str, str]:
    """A required ``yyyy.mm.dd`` that is a day of the calendar, as its three parts."""
    text = owner.text(name)
    parts = text.split(".")
    if [len(p) for p in parts] != [4, 2, 2]:
        bad_value(owner.at(name), text)
    try:
        date.fromisoformat("-".join(parts))
    except ValueError:
        bad_value(owner.at(name), text)
    return parts[0], parts[1], parts[2]


def _quantity(position: Fields) -> Decimal:
    quantity = position.number("quantity")
    if quantity <= 0:
        bad_value(position.at("quantity"), position.value["quantity"])
    return Decimal(quantity_text(quantity))


def _unit(position: Fields, ffd: Ffd) -> tuple[int, str | None]:
    """FFD 1.2 knows the unit by code (tag 2108), the formats before it by any text (tag 1197)."""
    if ffd is Ffd.V1_2:
        return position.choice_or("measurementUnit", words.UNITS, 0), None
    value = position.value.get("measurementUnit")
    return 0, (str(value) or None) if isinstance(value, str | int) else None


def _bytes(owner: Fields, name: str) -> bytes:
    """A base64 string; a string that is no base64 is taken as the code itself."""
    text = owner.text(name)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8")


def _mark(position: Fields) -> str | None:
    """The marking code as scanned (tag 2000) out of ``imcParams.imc``."""
    params = position.object_or_none("imcParams")
    if params is None:
        return None
    params.choice_or("imcType", words.IMC_TYPES, True)
    params.choice_or("itemEstimatedStatus", words.PLANNED_STATUSES, 255)
    return _bytes(params, "imc").decode("latin-1")


def _mark_check(position: Fields) -> int:
    """Bits 0..4 of tag 2106 out of ``imcParams.itemInfoCheckResult``; 0 when nothing was checked."""
    result = position.object("imcParams").object_or_none("itemInfoCheckResult")
    if result is None:
        return 0
    return sum(result.flag(name) << bit for bit, name in enumerate(words.CHECK_RESULT_BITS))


def _fraction(position: Fields) -> Fraction | None:
    params = position.object("imcParams")
    text = params.text_or_none("itemFractionalAmount")
    if text is None:
        return None
    numerator, _, denominator = text.partition("/")
    if not (numerator.isdecimal() and denominator.isdecimal() and 0 < int(numerator) < int(denominator)):
        bad_value(params.at("itemFractionalAmount"), text)
    return Fraction(numerator=int(numerator), denominator=int(denominator))


def _product_codes(position: Fields, mark: str | None) -> tuple[ProductCode, ...]:
    """Tag 1163: named members or ``codes``, one of the two; without them the mark's own code."""
    codes = position.object_or_none("productCodes")
    if codes is None:
        return _code_of_mark(mark)
    named = [name for name in words.PRODUCT_CODES if codes.has(name)]
    if bool(named) == codes.has("codes"):
        bad_value(codes.path, "productCodes")
    if named:
        return tuple(ProductCode(kind=words.PRODUCT_CODES[name], value=codes.text(name)) for name in named)
    return tuple(
        ProductCode(kind=_BY_LENGTH.get(len(text), ProductCodeKind.UNDEFINED), value=text)
        for text in codes.texts("codes")
    )


def _code_of_mark(mark: str | None) -> tuple[ProductCode, ...]:
    """Tag 1305 is ``01`` GTIN ``21`` serial, without the crypto tail behind the first group separator."""
    if mark is None:
        return ()
    body = mark.removeprefix(_GS)
    if body[:2] == "01" and body[2:16].isdigit() and body[16:18] == "21":
        return (ProductCode(kind=ProductCodeKind.GS1M, value=body.split(_GS)[0]),)
    return (ProductCode(kind=ProductCodeKind.UNDEFINED, value=body[:32]),)


def _nomenclature(position: Fields) -> str | None:
    """Tag 1162 as hex: two bytes of type, six of GTIN (big-endian), the serial; at most 32 bytes."""
    if position.has("markingCode"):
        return _marking_code(position.object("markingCode")).hex()
    code = position.value.get("nomenclatureCode")
    if code is None:
        return None
    if isinstance(code, str):
        return _bytes(position, "nomenclatureCode").hex()
    if not isinstance(code, dict):
        wrong_type(position.at("nomenclatureCode"), "string")
    fields = position.object("nomenclatureCode")
    prefix = fields.choice("type", words.NOMENCLATURE_PREFIXES)
    return _tag_1162(fields, prefix, fields.text("gtin"), fields.text("serial")).hex()


def _tag_1162(owner: Fields, prefix: bytes, gtin: str, serial: str) -> bytes:
    if not (gtin.isascii() and gtin.isdigit() and len(gtin) <= 14):
        bad_value(owner.at("gtin"), gtin)
    return (prefix + int(gtin).to_bytes(6, "big") + serial.encode("utf-8"))[:_TAG_1162_BYTES]


def _marking_code(code: Fields) -> bytes:
    """``markingCode`` of FFD below 1.2: a GS1 DataMatrix is split, an alcohol stamp is kept as it is."""
    kinds = {"other": b"\x44\x4d", "egais20": b"\xc5\x14", "egais30": b"\xc5\x1e"}
    prefix = code.choice("type", kinds)
    mark = _bytes(code, "mark").decode("latin-1").removeprefix(_GS)
    if code.value["type"] == "other" and mark[:2] == "01" and mark[2:16].isdigit() and mark[16:18] == "21":
        return _tag_1162(code, prefix, mark[2:16], mark[18:].split(_GS)[0])
    if code.value["type"] == "other":
        prefix = b"\x00\x00"
    return (prefix + mark.encode("latin-1"))[:_TAG_1162_BYTES]
