"""The lines of a request -> items of a receipt."""

import base64
import binascii
from typing import Any, Final

from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Fraction,
    IndustryDetail,
    Item,
    ProductCode,
    SettlementMethod,
    SettlementObject,
    Supplier,
)
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.form import Part
from chekpoint.shops import parties
from chekpoint.shops.atol_online import words

_AGENTS: Final = {sign.value: sign for sign in AgentSign}
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_BILLIONS: Final = range(1, 1 << 53)
ITEMS_MOST: Final = 100


def items_of(
    whole: Part, version: str, common: VatRate | None, supplier: Supplier | None
) -> tuple[Item, ...]:
    """All lines. ``common`` and ``supplier`` stand for what a line leaves out. An item with a fault is dropped."""
    lines = whole.parts("items", ITEMS_MOST, required=True)
    made = [_item(line, version, common, supplier) for line in lines]
    return tuple(item for item in made if item is not None)


def _item(line: Part, version: str, common: VatRate | None, supplier: Supplier | None) -> Item | None:
    name, price = line.text("name", 128, required=True), line.money("price", required=True)
    quantity, total = line.quantity("quantity"), line.money("sum", required=True)
    rate, vat_sum = _vat(line, common)
    unit = line.integer("measure", words.MEASURES) if version == words.V5 else None
    unit_name = line.text("measurement_unit", 16) if version == words.V4 else None
    mark_code, codes = _marks(line)
    found: dict[str, Any] = {
        "vat_sum": vat_sum,
        "method": _method(line, version),
        "object": _object(line, version),
        "unit": unit or 0,
        "unit_name": unit_name,
        "agent": agent_of(line),
        "supplier": supplier_of(line) or supplier,
        "product_codes": codes,
        "mark_code": mark_code,
        "fraction": _fraction(line),
        "industry": industry_of(line, "sectoral_item_props"),
        "excise": line.money("excise"),
        "country": line.text("country_code", 3),
        "declaration": line.text("declaration_number", 32),
        "note": line.text("user_data", 64),
        "nomenclature": _nomenclature(line),
    }
    if name is None or price is None or quantity is None or total is None or rate is None:
        return None
    return Item(name=name, price=price, quantity=quantity, sum=total, vat=rate, **found)


def _vat(line: Part, common: VatRate | None) -> tuple[VatRate | None, int | None]:
    vat = line.part("vat", required=common is None)
    if vat is None:
        return common, None
    word = vat.word("type", words.RATES, required=True)
    rate = None if word is None else words.RATES[word]
    given = vat.money("sum")
    # 0 for ``none`` and ``vat0`` says nothing; a turnover in its place is how tag 1104 and 1105 are filled
    return rate, given if rate is not None and rate.percent else None


def _method(line: Part, version: str) -> SettlementMethod:
    word = line.word("payment_method", words.METHODS, required=version == words.V5)
    return SettlementMethod.FULL_PREPAYMENT if word is None else words.METHODS[word]


def _object(line: Part, version: str) -> SettlementObject:
    if version == words.V5:
        code = line.integer("payment_object", words.OBJECTS_V5, required=True)
        return SettlementObject.COMMODITY if code is None else words.OBJECTS_V5[code]
    word = line.word("payment_object", words.OBJECTS_V4)
    return SettlementObject.COMMODITY if word is None else words.OBJECTS_V4[word]


def agent_of(whole: Part) -> Agent | None:
    """``agent_info`` of a line or of the receipt."""
    part = whole.part("agent_info")
    sign = None if part is None else part.word("type", _AGENTS, required=True)
    if part is None or sign is None:
        return None
    return parties.agent(
        _AGENTS[sign],
        paying=part.part("paying_agent"),
        receiving=part.part("receive_payments_operator"),
        transfer=part.part("money_transfer_operator"),
    )


def supplier_of(whole: Part) -> Supplier | None:
    """``supplier_info`` of a line or of the receipt."""
    return parties.supplier(whole.part("supplier_info"))


def industry_of(whole: Part, name: str) -> tuple[IndustryDetail, ...]:
    """Tags 1260 and 1261."""
    made = [
        (
            part.text("federal_id", 3, required=True), part.text("date", 10, required=True),
            part.text("number", 32, required=True), part.text("value", 256, required=True),
        )
        for part in whole.parts(name, 6)
    ]  # fmt: skip
    return tuple(
        IndustryDetail(authority=one[0] or "", date=one[1] or "", number=one[2] or "", value=one[3] or "")
        for one in made
    )


def _fraction(line: Part) -> Fraction | None:
    part = line.part("mark_quantity")
    if part is None:
        return None
    upper = part.integer("numerator", _BILLIONS, required=True)
    lower = part.integer("denominator", _BILLIONS, required=True)
    return None if upper is None or lower is None else Fraction(numerator=upper, denominator=lower)


def _nomenclature(line: Part) -> str | None:
    """Tag 1162 as modules write it: ``44 4D 02 1E``; what is no hexadecimal number is a code as scanned."""
    code = (line.text("nomenclature_code", 150) or "").replace(" ", "")
    return code if code and _is_hex(code) else None


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and _HEX.issuperset(text)


def _marks(line: Part) -> tuple[str | None, tuple[ProductCode, ...]]:
    """(tag 2000, tag 1163): one key under ``mark_code`` (v5), or a scanned code under ``nomenclature_code`` (v4)."""
    scanned = line.text("nomenclature_code", 150)
    if scanned is not None and not _is_hex(scanned.replace(" ", "")):
        return scanned, ()
    part = line.part("mark_code")
    if part is None:
        return None, ()
    given = [name for name in (*words.PRODUCT_CODES, *words.MARK_CODES) if part.has(name)]
    if len(given) != 1:
        line.fault("PropertyRequired" if not given else "TooManyProperties", "mark_code")
        return None, ()
    value = part.text(given[0], 400) or ""
    if given[0] in words.PRODUCT_CODES:
        return None, (ProductCode(kind=words.PRODUCT_CODES[given[0]], value=value),)
    return _decoded(value), ()


def _decoded(value: str) -> str:
    """The code as scanned: modules send it in base64, because of its separators (GS, 0x1D)."""
    try:
        plain = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value
    return plain if plain and all(char.isprintable() or char == "\x1d" for char in plain) else value
