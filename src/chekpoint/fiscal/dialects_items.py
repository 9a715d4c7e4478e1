"""One item of an archive's receipt."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from chekpoint.fiscal.dialects_fields import Json, Purse, first, integer, number, objects, text, texts
from chekpoint.fiscal.dialects_notes import note
from chekpoint.fiscal.inn import without_pads
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Fraction,
    IndustryDetail,
    Item,
    ProductCode,
    ProductCodeKind,
    SettlementMethod,
    SettlementObject,
    Supplier,
)
from chekpoint.fiscal.rules_fault import Fault
from chekpoint.fiscal.vat import VatRate

_Choice = TypeVar("_Choice", bound=StrEnum)
_METHODS: Final = {one.code: one for one in SettlementMethod}
_OBJECTS: Final = {one.code: one for one in SettlementObject}
_CODE_KINDS: Final = {
    "undefined": ProductCodeKind.UNDEFINED, "ean8": ProductCodeKind.EAN8, "ean13": ProductCodeKind.EAN13,
    "itf14": ProductCodeKind.ITF14, "gs1": ProductCodeKind.GS10, "gs1m": ProductCodeKind.GS1M,
    "kmk": ProductCodeKind.SHORT, "mi": ProductCodeKind.FUR, "egais2": ProductCodeKind.EGAIS20,
    "egais3": ProductCodeKind.EGAIS30, "f1": ProductCodeKind.F1, "f2": ProductCodeKind.F2,
    "f3": ProductCodeKind.F3, "f4": ProductCodeKind.F4, "f5": ProductCodeKind.F5, "f6": ProductCodeKind.F6,
}  # fmt: skip
"""Members of tag 1163 as the tax service names them; ``productIdType`` counts them from one."""
_PLAIN: Final = frozenset({ProductCodeKind.EAN8, ProductCodeKind.EAN13, ProductCodeKind.ITF14})
_UNRECOGNISED: Final = "00000000"  # tag 1162 of a code that the register did not know


def read_item(source: Json, purse: Purse, at: str, notes: list[Fault]) -> Item:
    """The item with everything but its VAT, which may need the whole receipt to be known."""
    quantity = number(first(source, "quantity") or 0, f"{at}/quantity")
    total = purse.take(source, "sum", at=at) or 0
    name = text(source, "name")
    price = purse.take(source, "price", at=at) or 0
    _note_content(name, price, source, at, notes)
    return Item(
        name=name or "",
        price=price,
        quantity=quantity,
        sum=total,
        vat=VatRate.NONE,
        method=choose(_METHODS, source, ("paymentType", "calculationTypeSign"), tag=1214, at=at, notes=notes)
        or SettlementMethod.FULL_PAYMENT,
        object=choose(
            _OBJECTS, source, ("productType", "calculationSubjectSign"), tag=1212, at=at, notes=notes
        )
        or SettlementObject.COMMODITY,
        unit=integer(source, "itemsQuantityMeasure", at=at) or 0,
        unit_name=(text(source, "measure", "unit") or "")[:16] or None,
        agent=read_agent(source, "paymentAgentByProductType", at, notes),
        supplier=_supplier(source),
        excise=purse.take(source, "exciseDuty", at=at) or None,
        country=text(source, "originCountryCode"),
        declaration=text(source, "customEntryNum"),
        note=text(source, "propertiesItem"),
        **_marks(source, at, notes),
    )


def _note_content(name: str | None, price: int, source: Json, at: str, notes: list[Fault]) -> None:
    if name is None:
        notes.append(note("name_absent", f"{at}/name"))
    if price == 0:
        notes.append(note("price_zero", f"{at}/price"))
    if source.get("modifiers"):
        notes.append(note("modifiers_ignored", f"{at}/modifiers"))


def choose(
    table: dict[int, _Choice], source: Json, names: tuple[str, ...], *, tag: int, at: str, notes: list[Fault]
) -> _Choice | None:
    """A coded field; -1, 0 and absence are all ways not to say it, an unknown code is noted."""
    code = integer(source, *names, at=at)
    if code is None or code <= 0:
        return None
    if code not in table:
        notes.append(note("code_unknown", f"{at}/{names[0]}", value=code, tag=tag))
    return table.get(code)


def read_agent(source: Json, name: str, at: str, notes: list[Fault]) -> Agent | None:
    """Tags 1057 and 1222 are masks: the lowest known bit; with what is told of tag 1223."""
    mask = integer(source, name, at=at)
    if mask is None or mask <= 0:
        return None
    sign = next((one for one in AgentSign if mask & one.bit), None)
    if sign is None:
        notes.append(note("code_unknown", f"{at}/{name}", value=mask, tag=1222))
        return None
    told: Any = source.get("paymentAgentData")
    told = told if isinstance(told, dict) else source
    return Agent(
        sign=sign,
        operation=text(told, "paymentAgentOperation"),
        agent_phones=texts(told.get("paymentAgentPhone")),
        operator_phones=texts(told.get("paymentOperatorPhone")),
        transfer_phones=texts(told.get("transferOperatorPhone")),
        transfer_name=text(told, "transferOperatorName"),
        transfer_address=text(told, "transferOperatorAddress"),
        transfer_inn=text(told, "transferOperatorInn"),
    )


def _supplier(source: Json) -> Supplier | None:
    told: Any = source.get("providerData")
    told = told if isinstance(told, dict) else {}
    inn = text(source, "providerInn")
    found = Supplier(
        inn=without_pads(inn) if inn else None,
        name=text(told, "providerName"),
        phones=texts(told.get("providerPhone")),
    )
    return found if found != Supplier() else None


def _marks(source: Json, at: str, notes: list[Fault]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "product_codes": _product_codes(source),
        "nomenclature": _nomenclature(source, at, notes),
        "mark_check": integer(source, "checkingProdInformationResult", at=at),
        "fraction": _fraction(source, at),
        "industry": read_industry(source, "itemsIndustryDetails", at),
    }
    if source.get("productCodeDataError"):
        why = str(source["productCodeDataError"])[:80]
        notes.append(note("product_code_unread", f"{at}/productCodeDataError", why=why))
    return found


def _product_codes(source: Json) -> tuple[ProductCode, ...]:
    """Either ``productCodeNew`` by member or ``productCodeData`` by number.

    Archives may tell a barcode beside the mark; a document has one code, and the mark tells more.
    """
    found: list[ProductCode] = []
    by_member: Any = source.get("productCodeNew")
    for name, code in by_member.items() if isinstance(by_member, dict) else ():
        _add_code(found, _CODE_KINDS.get(name), code)
    by_number: Any = source.get("productCodeData")
    if isinstance(by_number, dict):
        place = integer(by_number, "productIdType") or 0
        kinds = list(_CODE_KINDS.values())
        _add_code(found, kinds[place - 1] if 0 < place <= len(kinds) else None, by_number)
    return tuple(sorted(found, key=lambda code: code.kind in _PLAIN)[:1])


def _add_code(found: list[ProductCode], kind: ProductCodeKind | None, code: Any) -> None:
    raw = text(code, "rawProductCode") if isinstance(code, dict) else None
    if kind is not None and raw is not None:
        found.append(ProductCode(kind=kind, value=raw))


def _nomenclature(source: Json, at: str, notes: list[Fault]) -> str | None:
    raw = text(source, "nomenclatureCode", "productCode")
    if raw is None or raw == _UNRECOGNISED:
        return None
    try:
        return bytes.fromhex(raw).hex()
    except ValueError:
        notes.append(note("nomenclature_unread", f"{at}/nomenclatureCode"))
        return None


def _fraction(source: Json, at: str) -> Fraction | None:
    told: Any = source.get("labeledProdFractionalQuantity")
    if not isinstance(told, dict):
        return None
    where = f"{at}/labeledProdFractionalQuantity"
    numerator, denominator = integer(told, "numerator", at=where), integer(told, "denominator", at=where)
    if numerator is None or denominator is None:
        return None
    return Fraction(numerator=numerator, denominator=denominator)


def read_industry(source: Json, name: str, at: str) -> tuple[IndustryDetail, ...]:
    """Tags 1260 and 1261."""
    told: Callable[[Json, str], str] = lambda one, field: text(one, field) or ""  # noqa: E731
    return tuple(
        IndustryDetail(
            authority=told(one, "idFoiv"),
            date=told(one, "foundationDocDateTime"),
            number=told(one, "foundationDocNumber"),
            value=told(one, "industryPropValue"),
        )
        for one in objects(source, name, at)
    )


def same_goods(one: Item, other: Item) -> bool:
    """Is ``other`` the line that voids ``one``?"""
    return (one.name, one.price, abs(one.quantity), one.sum) == (
        other.name, other.price, abs(Decimal(other.quantity)), abs(other.sum),
    )  # fmt: skip
