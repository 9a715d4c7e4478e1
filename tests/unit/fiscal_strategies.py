"""Random receipts, stamps and nodes that the format can hold."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from chekpoint.fiscal.ffd import Ffd
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
from chekpoint.fiscal.stamp import Stamp
from chekpoint.fiscal.tags import TAGS, Tag, TagKind
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.tlv_read import MAX_DEPTH
from chekpoint.fiscal.vat import VatRate

CP866 = "".join(chr(code) for code in range(32, 127)) + "".join(
    character for character in bytes(range(128, 256)).decode("cp866") if substitute(character) == character
)
kopecks = st.integers(min_value=0, max_value=10**12)
quantities = st.builds(
    lambda whole, places: Decimal(whole).scaleb(-places), st.integers(1, 99_999_999), st.integers(0, 6)
)


def words(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Text that fits a field and stands in CP866 as it is."""
    return st.text(CP866, min_size=least, max_size=min(most, 24)).filter(
        lambda text: substitute(text) == text
    )


def digits(size: int) -> st.SearchStrategy[str]:
    """Exactly so many digits, the first not zero."""
    return st.integers(10 ** (size - 1), 10**size - 1).map(str)


inns = st.one_of(digits(10), digits(12))
phones = st.lists(digits(11).map("+{}".format), max_size=2).map(tuple)
optional: Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]] = lambda of: st.none() | of  # noqa: E731
moments = st.datetimes(datetime(2017, 1, 1), datetime(2099, 1, 1)).map(lambda m: m.replace(microsecond=0))  # noqa: DTZ001

agents = st.builds(
    Agent,
    sign=st.sampled_from(AgentSign),
    operation=optional(words(24)),
    agent_phones=phones,
    operator_phones=phones,
    transfer_phones=phones,
    transfer_name=optional(words(64)),
    transfer_address=optional(words(256)),
    transfer_inn=optional(inns),
)
suppliers = st.builds(Supplier, inn=inns, name=optional(words(256)), phones=phones)
details = st.lists(
    st.builds(
        IndustryDetail,
        authority=digits(3),
        date=st.just("21.11.2023"),
        number=words(32),
        value=words(256),
    ),
    max_size=2,
).map(tuple)
product_codes = st.one_of(
    st.builds(ProductCode, kind=st.just(ProductCodeKind.EAN13), value=digits(13)),
    st.builds(ProductCode, kind=st.just(ProductCodeKind.GS1M), value=digits(31)),
    st.builds(ProductCode, kind=st.sampled_from([ProductCodeKind.F1, ProductCodeKind.F6]), value=digits(9)),
)


def items(ffd: Ffd) -> st.SearchStrategy[Item]:
    """An item with everything that the version can say, VAT given for every rate that has some."""
    modern = ffd is Ffd.V1_2
    rates: dict[str, Any] = {
        "name": words(128),
        "price": kopecks,
        "quantity": quantities,
        "sum": kopecks,
        "vat": st.sampled_from(VatRate),
        "vat_sum": kopecks,
        "method": st.sampled_from(SettlementMethod),
        "object": st.sampled_from(SettlementObject),
        "agent": optional(agents),
        "supplier": optional(suppliers),
        "excise": optional(kopecks),
        "country": optional(digits(3)),
        "declaration": optional(words(32)),
        "note": optional(words(64)),
    }
    if modern:
        rates |= {
            "unit": st.sampled_from([0, 10, 11, 255]),
            "product_codes": st.lists(product_codes, max_size=1).map(tuple),
            "mark_check": optional(st.integers(0, 255)),
            "fraction": optional(st.builds(Fraction, numerator=st.just(1), denominator=st.integers(2, 99))),
            "industry": details,
        }
    else:
        rates |= {
            "unit_name": optional(words(16)),
            "nomenclature": optional(st.binary(max_size=32).map(bytes.hex)),
        }
    return st.builds(Item, **rates)


def payments() -> st.SearchStrategy[tuple[Payment, ...]]:
    """At most one payment of each form, in the order of the format, never zero."""
    sums = st.lists(st.integers(1, 10**12) | st.none(), min_size=5, max_size=5)
    return sums.map(
        lambda row: tuple(Payment(form=f, sum=s) for f, s in zip(PaymentForm, row, strict=True) if s)
    )


def corrections(ffd: Ffd) -> st.SearchStrategy[Correction]:
    """A correction's ground."""
    return st.builds(
        Correction,
        by=st.sampled_from(CorrectionBy),
        date=st.dates(date(2017, 1, 1), date(2099, 1, 1)).map(date.isoformat),
        number=optional(words(32)),
        name=optional(words(256)) if ffd is Ffd.V1_05 else st.none(),
    )


def receipts(ffd: Ffd) -> st.SearchStrategy[Receipt]:
    """A receipt or correction as a document of that version can hold it: what reads back is equal."""
    correction = optional(corrections(ffd))
    modern = ffd is Ffd.V1_2

    def without_items(receipt: Receipt) -> Receipt:
        short = receipt.correction is not None and ffd is Ffd.V1_05
        return receipt if not short else _replace(receipt, items=())

    return st.builds(
        Receipt,
        kind=st.sampled_from(Kind),
        taxation=st.sampled_from(Taxation),
        items=st.lists(items(ffd), max_size=4).map(tuple),
        payments=payments(),
        total=kopecks,
        buyer=st.builds(Buyer, contact=optional(words(64)), name=optional(words(128)), inn=optional(inns)),
        internet=st.booleans(),
        place=optional(words(256, 1)),
        address=optional(words(256, 1)),
        seller_email=optional(words(64, 1)),
        cashier=optional(st.builds(Cashier, name=words(64), inn=optional(inns))),
        agent=st.none() if modern else optional(agents),
        industry=details if modern else st.just(()),
        user_property=optional(st.builds(UserProperty, name=words(64), value=words(256))),
        note=optional(words(16)),
        machine_number=optional(words(20, 1)),
        correction=correction,
    ).map(without_items)


def _replace(receipt: Receipt, **changes: Any) -> Receipt:
    fields = {name: getattr(receipt, name) for name in receipt.__struct_fields__}
    return Receipt(**{**fields, **changes})


stamps = st.builds(
    Stamp,
    fn=digits(16),
    fd_number=st.integers(1, 2**32 - 1),
    fiscal_sign=st.integers(0, 2**32 - 1),
    made_at=moments,
    registration_number=digits(16),
    seller_inn=inns,
    shift_number=st.integers(1, 2**32 - 1),
    receipt_number=st.integers(1, 2**32 - 1),
    seller_name=optional(words(256)),
    internet_register=st.booleans(),
    mark_result=optional(st.integers(0, 255)),
)

_LEAVES = [tag for tag in TAGS.values() if tag.kind is not TagKind.STLV]
_GROUPS = [tag for tag in TAGS.values() if tag.kind is TagKind.STLV]


def _value(tag: Tag) -> st.SearchStrategy[Any]:
    match tag.kind:
        case TagKind.VLN:
            return st.integers(0, (1 << 8 * tag.max_len) - 1)
        case TagKind.FVLN:
            return quantities
        case TagKind.STRING:
            size = tag.max_len or 300
            text = st.text(CP866, max_size=min(size, 40))
            plain = text.map(lambda t: t.rstrip(" ")) if tag.fixed else text
            return plain.filter(lambda t: not t.startswith("00")) if tag.is_inn else plain
        case TagKind.BYTES:
            least = tag.max_len if tag.fixed else 0
            return st.binary(min_size=least, max_size=tag.max_len or 64)
        case _:
            return st.integers(0, (1 << 8 * tag.max_len) - 1)


leaves = st.sampled_from(_LEAVES).flatmap(lambda tag: st.builds(Node, st.just(tag.number), _value(tag)))
unknown = st.builds(
    Node, st.integers(0, 0xFFFF).filter(lambda number: number not in TAGS), st.binary(max_size=40)
)


def _groups(inside: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    members = st.lists(inside, max_size=4).map(tuple)
    return st.builds(Node, st.sampled_from([tag.number for tag in _GROUPS]), members)


def _depth(node: Node) -> int:
    return 1 + max((_depth(member) for member in node), default=0)


nodes = st.recursive(leaves | unknown, _groups, max_leaves=20).filter(lambda node: _depth(node) < MAX_DEPTH)
