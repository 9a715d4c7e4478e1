"""Fiscal documents -> receipts and stamps. Tolerant of what real documents leave out, strict about what they say.

TlvError names the tag that is missing, mistyped or has a value that the law does not know.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.moments import from_unix
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
from chekpoint.fiscal.stamp import Stamp, sign_number
from chekpoint.fiscal.tlv import Node, TlvError
from chekpoint.fiscal.vat import BY_CODE, VatRate

RECEIPT_CODES: Final = frozenset({3, 31, 4, 41})
_CORRECTIONS: Final = frozenset({31, 41})

Word = TypeVar("Word", bound=StrEnum)

_KINDS: Final = {kind.code: kind for kind in Kind}
_METHODS: Final = {method.code: method for method in SettlementMethod}
_OBJECTS: Final = {subject.code: subject for subject in SettlementObject}
_TAXATIONS: Final = {taxation.bit: taxation for taxation in Taxation}
_CODE_KINDS: Final = {kind.tag: kind for kind in ProductCodeKind}
_FFDS: Final = {ffd.code: ffd for ffd in Ffd}


def ffd_of(document: Node) -> Ffd:
    """The document's format version, tag 1209; TlvError when it is missing or unknown."""
    return _word(document, 1209, _FFDS)


def read_receipt(document: Node, *, taxation: Taxation | None = None) -> tuple[Receipt, Stamp]:
    """Document 3, 31, 4 or 41 -> what was sold, and what the register added.

    ``taxation`` is the registration's, for a document without 1055. Not in a document, so not in the receipt:
    ``paper``, ``mark_code``, and ``seller_inn`` (it is in the stamp). Sums of zero are no payments.
    """
    if document.tag not in RECEIPT_CODES:
        raise TlvError("not a receipt", "это не кассовый чек", tag=document.tag)
    receipt = Receipt(
        kind=_word(document, 1054, _KINDS),
        taxation=_word(document, 1055, _TAXATIONS, taxation),
        items=tuple(read_item(node) for node in document.all(1059)),
        payments=_payments(document),
        total=_number(document, 1020),
        buyer=_buyer(document),
        internet=document.number(1125) == 1,
        place=document.text(1187),
        address=document.text(1009),
        seller_email=document.text(1117),
        cashier=_cashier(document),
        agent=_agent(document.number(1057), document),
        industry=_industry(document.all(1261)),
        user_property=_user_property(document.child(1084)),
        note=document.text(1192),
        machine_number=document.text(1036),
        correction=_correction(document) if document.tag in _CORRECTIONS else None,
    )
    return receipt, read_stamp(document)


def read_stamp(document: Node) -> Stamp:
    """The drive's and register's requisites of any document; shift and receipt number are 0 where it has none."""
    return Stamp(
        fn=_text(document, 1041),
        fd_number=_number(document, 1040),
        fiscal_sign=sign_number(document.octets(1077) or b""),
        made_at=from_unix(_number(document, 1012)),
        registration_number=_text(document, 1037),
        seller_inn=_text(document, 1018),
        shift_number=document.number(1038) or 0,
        receipt_number=document.number(1042) or 0,
        seller_name=document.text(1048),
        address=document.text(1009),
        place=document.text(1187),
        machine_number=document.text(1036),
        seller_email=document.text(1117),
        fns_site=document.text(1060),
        internet_register=document.number(1108) == 1,
        mark_result=document.number(2107),
    )


def read_item(node: Node) -> Item:
    """Tag 1059 -> item. Left out: the name is empty, the quantity one, the rate "none", method and object usual."""
    price, cost, quantity = node.number(1079), _number(node, 1043), node.get(1023)
    return Item(
        name=node.text(1030) or "",
        price=cost if price is None else price,
        quantity=quantity if isinstance(quantity, Decimal) else Decimal(1),
        sum=cost,
        vat=_word(node, 1199, BY_CODE, VatRate.NONE),
        vat_sum=node.number(1200),
        method=_word(node, 1214, _METHODS, SettlementMethod.FULL_PAYMENT),
        object=_word(node, 1212, _OBJECTS, SettlementObject.COMMODITY),
        unit=node.number(2108) or 0,
        unit_name=node.text(1197),
        agent=_agent(node.number(1222), node.child(1223)),
        supplier=_supplier(node),
        product_codes=_product_codes(node),
        nomenclature=_hex(node.octets(1162)),
        mark_check=node.number(2106),
        fraction=_fraction(node.child(1291)),
        industry=_industry(node.all(1260)),
        excise=node.number(1229),
        country=node.text(1230),
        declaration=node.text(1231),
        note=node.text(1191),
    )


def _missing(tag: int) -> TlvError:
    return TlvError("a mandatory tag is missing", f"нет обязательного тега {tag}", tag=tag)


def _number(node: Node, tag: int) -> int:
    value = node.number(tag)
    if value is None:
        raise _missing(tag)
    return value


def _text(node: Node, tag: int) -> str:
    value = node.text(tag)
    if value is None:
        raise _missing(tag)
    return value


def _word(node: Node, tag: int, words: dict[int, Word], default: Word | None = None) -> Word:
    code = node.number(tag)
    if code is None:
        if default is None:
            raise _missing(tag)
        return default
    if code not in words:
        raise TlvError(f"unknown value {code}", f"тег {tag}: неизвестное значение {code}", tag=tag)
    return words[code]


def _hex(octets: bytes | None) -> str | None:
    return octets.hex() if octets is not None else None


def _payments(document: Node) -> tuple[Payment, ...]:
    paid = [(form, document.number(form.tag)) for form in PaymentForm]
    return tuple(Payment(form=form, sum=kopecks) for form, kopecks in paid if kopecks)


def _buyer(document: Node) -> Buyer:
    group = document.child(1256) or document
    return Buyer(contact=document.text(1008), name=group.text(1227), inn=group.text(1228))


def _cashier(document: Node) -> Cashier | None:
    name = document.text(1021)
    return Cashier(name=name, inn=document.text(1203)) if name is not None else None


def _agent(bits: int | None, details: Node | None) -> Agent | None:
    """The lowest bit decides when several are set. Details without a sign mean nothing by the order."""
    sign = next((sign for sign in AgentSign if bits and bits & sign.bit), None)
    if sign is None:
        return None
    if details is None:
        return Agent(sign=sign)
    return Agent(
        sign=sign,
        operation=details.text(1044),
        agent_phones=details.texts(1073),
        operator_phones=details.texts(1074),
        transfer_phones=details.texts(1075),
        transfer_name=details.text(1026),
        transfer_address=details.text(1005),
        transfer_inn=details.text(1016),
    )


def _supplier(node: Node) -> Supplier | None:
    inn, details = node.text(1226), node.child(1224)
    if details is None:
        return Supplier(inn=inn) if inn is not None else None
    return Supplier(inn=inn, name=details.text(1225), phones=details.texts(1171))


def _product_codes(node: Node) -> tuple[ProductCode, ...]:
    members = [member for group in node.all(1163) for member in group if member.tag in _CODE_KINDS]
    return tuple(
        ProductCode(kind=_CODE_KINDS[member.tag], value=member.value)
        for member in members
        if isinstance(member.value, str)
    )


def _fraction(node: Node | None) -> Fraction | None:
    if node is None:
        return None
    return Fraction(numerator=_number(node, 1293), denominator=_number(node, 1294))


def _industry(nodes: Iterable[Node]) -> tuple[IndustryDetail, ...]:
    return tuple(
        IndustryDetail(
            authority=node.text(1262) or "",
            date=node.text(1263) or "",
            number=node.text(1264) or "",
            value=node.text(1265) or "",
        )
        for node in nodes
    )


def _user_property(node: Node | None) -> UserProperty | None:
    return UserProperty(name=node.text(1085) or "", value=node.text(1086) or "") if node is not None else None


def _correction(document: Node) -> Correction:
    by = CorrectionBy.INSTRUCTION if document.number(1173) == 1 else CorrectionBy.SELF
    base = document.child(1174)
    if base is None:
        raise _missing(1174)
    date = from_unix(_number(base, 1178)).date().isoformat()
    return Correction(by=by, date=date, number=base.text(1179), name=base.text(1177))
