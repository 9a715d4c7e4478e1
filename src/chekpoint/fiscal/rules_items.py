"""One item of a receipt: the everyday checks in a straight line, the rare fields only when they are there."""

from datetime import date
from typing import Final

import msgspec

from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.money import MAX_KOPECKS, roubles
from chekpoint.fiscal.receipt import Item, Kind, SettlementMethod
from chekpoint.fiscal.rules_fault import Fault, fault
from chekpoint.fiscal.rules_marks import ONLY_1_2, check_industry, check_marks
from chekpoint.fiscal.rules_parties import check_agent, check_supplier, check_text
from chekpoint.fiscal.rules_sums import check_numbers, check_vat_sum
from chekpoint.fiscal.text866 import blank, fits, is_digits
from chekpoint.fiscal.vat import VatRate

NAME_BYTES: Final = 128  # tag 1030
UNITS: Final = frozenset(
    {0, 10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 70, 71, 72, 73, 80, 81, 82, 83, 255}
)
"""Tag 2108."""
_NOMENCLATURE_BYTES: Final = 32  # tag 1162
_NAMELESS: Final = frozenset({SettlementMethod.ADVANCE, SettlementMethod.PREPAYMENT})


class Law(msgspec.Struct, frozen=True):
    """What the rules of one receipt depend on besides its content."""

    day: date  # of the settlement: a correction's own date, else today
    unknown_rates: frozenset[VatRate]  # rates that the law did not know on that day
    ffd: Ffd | None  # of the register that is to take it; None while that is open
    intake: bool  # a new receipt of a shop, not a document found in an archive
    kind: Kind
    agent: bool  # the receipt as a whole is an agent's (tag 1057)


def check_item(found: list[Fault], item: Item, n: int, law: Law) -> bool:
    """Append the faults of item ``n``; answers whether the item carries fields of open-ended size."""
    _check_name(found, item, n, law)
    check_numbers(found, item, n)
    if item.vat in law.unknown_rates:
        found.append(
            fault("vat_rate_unknown_on_date", f"/items/{n}/vat", rate=item.vat.label, day=law.day.isoformat())
        )
    if item.vat_sum is not None:
        check_vat_sum(found, item, n)
    if item.unit not in UNITS:
        found.append(fault("unit_unknown", f"/items/{n}/unit", value=str(item.unit)[:20]))
    if item.object in ONLY_1_2 or _has_mark(item):
        check_marks(found, item, n, law.kind, law.ffd)
    return _check_rare(found, item, n, law)


def _check_name(found: list[Fault], item: Item, n: int, law: Law) -> None:
    name = item.name
    if blank(name):
        # An archive may show no name where goods were not known yet: 54-FZ art. 4.7 lets it be absent then.
        if law.intake or item.method not in _NAMELESS:
            found.append(fault("name_empty", f"/items/{n}/name"))
    elif not fits(name, NAME_BYTES):
        found.append(fault("text_too_long", f"/items/{n}/name", limit=NAME_BYTES, tag=1030))


def _has_mark(item: Item) -> bool:
    return bool(
        item.mark_code is not None
        or item.product_codes
        or item.mark_check is not None
        or item.fraction is not None
        or item.industry
    )


def _check_rare(found: list[Fault], item: Item, n: int, law: Law) -> bool:
    """Fields that most items lack."""
    at = f"/items/{n}"
    if item.agent is not None or law.agent:
        _check_agency(found, item, at, law)
    if item.supplier is not None:
        check_supplier(found, item.supplier, f"{at}/supplier")
    if item.industry:
        check_industry(found, item.industry, f"{at}/industry")
    if item.excise is not None and not 0 <= item.excise <= MAX_KOPECKS:
        found.append(fault("excise_range", f"{at}/excise", limit=roubles(MAX_KOPECKS)))
    if item.country is not None and not is_digits(item.country, 3):
        found.append(fault("country_form", f"{at}/country"))
    if item.nomenclature is not None and not _is_nomenclature(item.nomenclature):
        found.append(fault("nomenclature_form", f"{at}/nomenclature", limit=_NOMENCLATURE_BYTES))
    check_text(found, item.unit_name, 16, 1197, f"{at}/unit_name")
    check_text(found, item.declaration, 32, 1231, f"{at}/declaration")
    check_text(found, item.note, 64, 1191, f"{at}/note")
    return item.agent is not None or item.supplier is not None or bool(item.industry)


def _check_agency(found: list[Fault], item: Item, at: str, law: Law) -> None:
    """Tag 1226 goes with 1222 and 1057: whose goods they are."""
    if item.agent is not None:
        check_agent(found, item.agent, f"{at}/agent")
    if law.intake and (item.supplier is None or item.supplier.inn is None):
        found.append(fault("supplier_inn_missing", f"{at}/supplier/inn"))


def _is_nomenclature(text: str) -> bool:
    try:
        return 0 < len(bytes.fromhex(text)) <= _NOMENCLATURE_BYTES
    except ValueError:
        return False
