"""The law of a receipt: ``faults`` says what is wrong with it, ``normalise`` writes it the one proper way.

Sources: order ED-7-20/662@ of the tax service with its amendments of 2023 and 2025, 54-FZ, and what fiscal
drives refuse. Where sources disagree the rule is the milder one: a register has the last word.
"""

from collections.abc import Hashable
from datetime import date
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import msgspec

from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import Correction, CorrectionBy, Item, Kind, Receipt, Taxation
from chekpoint.fiscal.rules_fault import Fault, fault
from chekpoint.fiscal.rules_items import Law, check_item
from chekpoint.fiscal.rules_marks import check_industry
from chekpoint.fiscal.rules_parties import check_agent, check_buyer, check_seller, check_text, check_texts
from chekpoint.fiscal.rules_size import MAX_DOCUMENT, SURE_TO_FIT, document_size
from chekpoint.fiscal.rules_sums import check_payments, check_totals, plain_quantity
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.vat import VatRate, vat_of

__all__ = ["Fault", "faults", "normalise"]

_Part = TypeVar("_Part", bound=msgspec.Struct)
ENVD_ENDS: Final = date(2021, 1, 1)  # 97-FZ of 29.06.2012, art. 5


def faults(receipt: Receipt, on: date, ffd: Ffd | None = None, *, intake: bool = True) -> list[Fault]:
    """Everything that is wrong with ``receipt``; an empty list means that a register may have it.

    ``on`` is the local date of the settlement (today, for a new receipt). ``ffd`` is the format of the
    register that is to take it, when that is known. With ``intake=False`` the receipt is a document that a
    register has already made: what only a new one owes (the buyer's contact, the supplier's INN) is not
    asked for, because archives drop it.
    """
    found: list[Fault] = []
    law = _law(receipt, on, ffd, intake=intake)
    if receipt.correction is not None:
        _check_correction(found, receipt.correction, receipt.kind, on, ffd)
    if receipt.taxation is Taxation.ENVD and law.day >= ENVD_ENDS:
        found.append(fault("taxation_abolished", "/taxation"))
    heavy = _check_items(found, receipt, law)
    check_totals(found, receipt)
    check_payments(found, receipt)
    check_buyer(found, receipt, intake=intake)
    _check_whole(found, receipt, law)
    if (heavy or len(receipt.items) > SURE_TO_FIT) and (size := document_size(receipt)) > MAX_DOCUMENT:
        found.append(fault("document_too_large", "/items", value=size, limit=MAX_DOCUMENT))
    return found


def _law(receipt: Receipt, on: date, ffd: Ffd | None, *, intake: bool) -> Law:
    day = (receipt.correction and _day(receipt.correction.date)) or on
    return Law(day, _unknown_rates(day), ffd, intake, receipt.kind, receipt.agent is not None)


@lru_cache(maxsize=64)
def _unknown_rates(day: date) -> frozenset[VatRate]:
    return frozenset(rate for rate in VatRate if not rate.valid_on(day))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 and text[4] + text[7] == "--" else None
    except ValueError:
        return None


def _check_items(found: list[Fault], receipt: Receipt, law: Law) -> bool:
    """Items may be absent only from the short correction of FFD 1.05 (and while the register is not known)."""
    short = receipt.correction is not None and law.ffd in {None, Ffd.V1_05}
    if not receipt.items and not short:
        found.append(fault("items_empty", "/items"))
    heavy = False
    for n, item in enumerate(receipt.items):
        heavy = check_item(found, item, n, law) or heavy
    return heavy


def _check_whole(found: list[Fault], receipt: Receipt, law: Law) -> None:
    """What a receipt says beside its items, when it says it."""
    check_seller(found, receipt)
    check_texts(found, receipt)
    if receipt.agent is not None:
        check_agent(found, receipt.agent, "/agent")
    if receipt.industry:
        check_industry(found, receipt.industry, "/industry")
        if law.ffd is not None and law.ffd is not Ffd.V1_2:
            found.append(fault("ffd_too_old", "/industry", ffd=law.ffd.value))


def _check_correction(
    found: list[Fault], correction: Correction, kind: Kind, on: date, ffd: Ffd | None
) -> None:
    """Tags 1173 and 1174; FFD 1.05 corrects sale and purchase only (its 1054 is 1 or 3 there)."""
    day = _day(correction.date)
    if day is None:
        found.append(fault("correction_date_form", "/correction/date"))
    elif day > on:
        text = {"value": day.isoformat(), "day": on.isoformat()}
        found.append(fault("correction_date_future", "/correction/date", **text))
    if correction.by is CorrectionBy.INSTRUCTION and not (correction.number or "").strip():
        found.append(fault("correction_number_missing", "/correction/number"))
    else:
        check_text(found, correction.number, 32, 1179, "/correction/number")
    check_text(found, correction.name, 256, 1177, "/correction/name")
    if ffd is Ffd.V1_05 and kind not in {Kind.SALE, Kind.PURCHASE}:
        found.append(fault("correction_kind", "/kind"))


_VERBATIM: Final = frozenset({"mark_code", "product_codes", "nomenclature"})  # codes are not texts
_ITEM_TEXTS: Final = ("name", "unit_name", "country", "declaration", "note", "agent", "supplier", "industry")


def normalise(receipt: Receipt) -> Receipt:
    """The one proper form: texts stripped and in CP866, quantities plain, ``total`` and ``vat_sum`` filled in.

    Blank optional texts become absent. Deterministic, and a second time changes nothing: digests are taken
    of this form. A faulty receipt comes back as normal as it can be; ``faults`` still finds its faults.
    """
    items = tuple([_normal_item(item) for item in receipt.items])
    return _normal(receipt, receipt.__struct_fields__, {"items": items, "total": receipt.amount})


def _normal_item(item: Item) -> Item:
    changes: dict[str, Any] = {}
    if item.vat_sum is None and 0 <= item.sum < 1 << 48:
        changes["vat_sum"] = vat_of(item.vat, item.sum)
    quantity = plain_quantity(item.quantity)
    if quantity is not item.quantity:
        changes["quantity"] = quantity
    return _normal(item, _ITEM_TEXTS, changes)


def _normal(part: _Part, names: tuple[str, ...], changes: dict[str, Any]) -> _Part:
    """``part`` with the texts of its fields ``names`` normal; fields in ``changes`` are taken from there."""
    for name in names:
        value = getattr(part, name)
        if value is None or name in changes or name in _VERBATIM:
            continue
        normal = _normal_value(value)
        if normal is not value:
            changes[name] = (
                "" if normal is None and name in _obligatory(cast("Hashable", type(part))) else normal
            )
    return msgspec.structs.replace(part, **changes) if changes else part


def _normal_value(value: Any) -> Any:
    """A blank text answers None; what holds no text is answered as it is."""
    if type(value) is str:  # enumerations are strings too, and stay what they are
        text = substitute(value).strip()
        return value if text == value else text or None
    if isinstance(value, msgspec.Struct):
        return _normal(value, value.__struct_fields__, {})
    if type(value) is tuple and value:
        fixed = tuple([_normal_value(one) or "" for one in value])
        return value if fixed == value else fixed
    return value


@lru_cache(maxsize=64)
def _obligatory(kind: Hashable) -> frozenset[str]:
    """The fields of a part of the receipt that the model wants filled."""
    return frozenset(
        one.name for one in msgspec.structs.fields(cast("type[msgspec.Struct]", kind)) if one.required
    )
