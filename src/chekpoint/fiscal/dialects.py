"""Receipts as the tax service and the operators give them back: their JSON dialects, read into one model.

The dialects differ in units (kopecks or roubles), names of fields, forms of dates and in what they leave out.
``read`` takes them all and notes each oddity; what the register itself got wrong is left for ``rules.faults``.
"""

from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from chekpoint.fiscal.dialects_fields import (
    Json,
    Purse,
    identifier,
    in_roubles,
    integer,
    moment,
    objects,
    text,
)
from chekpoint.fiscal.dialects_items import choose, read_agent, read_industry, read_item, same_goods
from chekpoint.fiscal.dialects_notes import DialectError, note
from chekpoint.fiscal.dialects_vat import compare, item_vat, own_sum, settle, totals
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import (
    Buyer,
    Cashier,
    Correction,
    CorrectionBy,
    Item,
    Kind,
    Payment,
    PaymentForm,
    Receipt,
    Taxation,
    UserProperty,
)
from chekpoint.fiscal.rules import faults
from chekpoint.fiscal.rules_fault import Fault

__all__ = ["DialectError", "Found", "FoundStamp", "is_dialect", "read", "to_api"]

_WRAPPERS: Final = ("ticket", "document", "receipt", "bso", "receiptCorrection", "bsoCorrection", "content")
_KINDS: Final = {one.code: one for one in Kind}
_FFDS: Final = {one.code: one for one in Ffd}
_CORRECTIONS: Final = frozenset({31, 41})
_INT64: Final = (1 << 63) - 1
_PAYMENTS: Final = {
    PaymentForm.CASH: ("cashTotalSum",),
    PaymentForm.ELECTRONIC: ("ecashTotalSum",),
    PaymentForm.PREPAID: ("prepaidSum", "prepaymentSum"),
    PaymentForm.CREDIT: ("creditSum", "postpaymentSum"),
    PaymentForm.OTHER: ("provisionSum", "counterSubmissionSum"),
}


class FoundStamp(msgspec.Struct, frozen=True, kw_only=True):
    """What the register and the drive said of the document; None where the archive is silent."""

    day: date  # local date of the settlement
    made_at: str  # 1012: local ISO 8601 without zone; a date only when no time is known
    document: int = 3  # document code: 3 receipt, 4 BSO, 31 and 41 corrections
    fn: str | None = None  # 1041
    fd_number: int | None = None  # 1040
    fiscal_sign: str | None = None  # 1077 as decimal digits
    message_fiscal_sign: str | None = None  # may be above int64
    shift_number: int | None = None  # 1038
    receipt_number: int | None = None  # 1042
    registration_number: str | None = None  # 1037
    seller_inn: str | None = None  # 1018
    seller_name: str | None = None  # 1048


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt found in an archive: content, stamp, format if told, and what is odd about its writing."""

    receipt: Receipt
    stamp: FoundStamp
    ffd: Ffd | None = None
    oddities: tuple[Fault, ...] = ()

    @property
    def faults(self) -> list[Fault]:
        """What the register itself got wrong, by the law of the receipt's own day."""
        return faults(self.receipt, self.stamp.day, self.ffd, intake=False)


def is_dialect(document: Any) -> bool:
    """Does it look like a receipt of the tax service or an operator (perhaps wrapped)?"""
    return isinstance(document, dict) and "totalSum" in _unwrapped(document)


def read(document: Any) -> Found:
    """Read one receipt of any dialect.

    ``document`` is what a JSON parser gives (floats or Decimals). Raises ``DialectError`` when it is no
    receipt or a field cannot be read.
    """
    source = _unwrapped(document) if isinstance(document, dict) else {}
    missing = [name for name in ("totalSum", "operationType", "dateTime") if source.get(name) is None]
    if missing:
        raise DialectError(note("not_a_receipt", "", missing=", ".join(missing)))
    notes: list[Fault] = []
    purse = Purse(1)
    if in_roubles(source):
        purse = Purse(100)
        notes.append(note("sums_in_roubles", "/totalSum"))
    stamp = _stamp(source, notes)
    receipt = _receipt(source, purse, stamp, notes)
    ffd = _FFDS.get(integer(source, "fiscalDocumentFormatVer") or 0)
    return Found(receipt=receipt, stamp=stamp, ffd=ffd, oddities=tuple(notes))


def to_api(found: Found, contact: str) -> dict[str, Any]:
    """The body that our API takes for the same receipt, sent by a web shop for a buyer at ``contact``.

    Whose register it goes to is the shop's own setting, so the archive's seller is left out.
    """
    buyer = msgspec.structs.replace(found.receipt.buyer, contact=contact)
    again = msgspec.structs.replace(found.receipt, buyer=buyer, internet=True, seller_inn=None)
    body: dict[str, Any] = msgspec.to_builtins(again)
    return body


def _unwrapped(document: Json) -> Json:
    for _ in _WRAPPERS:  # never deeper than the names there are
        inner = next((document[name] for name in _WRAPPERS if isinstance(document.get(name), dict)), None)
        if inner is None or "totalSum" in document:
            break
        document = inner
    return document


def _stamp(source: Json, notes: list[Fault]) -> FoundStamp:
    made = moment(source, notes)
    sign, message = source.get("fiscalSign"), source.get("messageFiscalSign")
    if isinstance(sign, str):
        notes.append(note("sign_as_text", "/fiscalSign"))
    if isinstance(message, int) and message > _INT64:
        notes.append(note("message_sign_above_int64", "/messageFiscalSign"))
    return FoundStamp(
        day=made.day,
        made_at=made.text,
        document=integer(source, "code", "receiptCode") or 3,
        fn=identifier(source, "fiscalDriveNumber", notes),
        fd_number=integer(source, "fiscalDocumentNumber"),
        fiscal_sign=text(source, "fiscalSign"),
        message_fiscal_sign=text(source, "messageFiscalSign"),
        shift_number=integer(source, "shiftNumber"),
        receipt_number=integer(source, "requestNumber"),
        registration_number=identifier(source, "kktRegId", notes),
        seller_inn=identifier(source, "userInn", notes),
        seller_name=text(source, "user"),
    )


def _receipt(source: Json, purse: Purse, stamp: FoundStamp, notes: list[Fault]) -> Receipt:
    kind = choose(_KINDS, source, ("operationType",), tag=1054, at="", notes=notes)
    if kind is None:
        wanted = {"expected": "число от 1 до 4", "expected_en": "a number from 1 to 4"}
        raise DialectError(note("field_form", "/operationType", **wanted))
    items = _items(source, purse, notes)
    total = purse.take(source, "totalSum") or 0
    below = sum(item.sum for item in items) - total
    if items and 0 < below < 100:
        notes.append(note("total_rounded_down", "/totalSum", value=below))
    return Receipt(
        kind=kind,
        taxation=_taxation(source, notes),
        items=items,
        payments=_payments(source, purse),
        total=total,
        internet=bool(integer(source, "internetPayment", "internetSign")),
        seller_inn=stamp.seller_inn,
        agent=read_agent(source, "paymentAgentType", "", notes),
        industry=read_industry(source, "industryReceiptDetails", ""),
        correction=_correction(source) if stamp.document in _CORRECTIONS else None,
        **_parties(source),
    )


def _items(source: Json, purse: Purse, notes: list[Fault]) -> tuple[Item, ...]:
    """Items with their VAT: what they say themselves, else what the totals of the receipt leave."""
    raw = objects(source, "items", "")
    items = [read_item(one, purse, f"/items/{n}", notes) for n, one in enumerate(raw)]
    said = [item_vat(one, purse, f"/items/{n}", notes) for n, one in enumerate(raw)]
    sums = [item.sum for item in items]
    of_receipt = totals(source, purse)
    rates = settle(said, sums, of_receipt, notes)
    given = [own_sum(vat, rates[n], sums[n], f"/items/{n}", notes) for n, vat in enumerate(said)]
    compare(rates, sums, given, of_receipt, notes)
    whole = [
        msgspec.structs.replace(item, vat=rate, vat_sum=own)
        for item, rate, own in zip(items, rates, given, strict=True)
    ]
    return tuple(_without_voided(whole, source, purse, notes))


def _without_voided(items: list[Item], source: Json, purse: Purse, notes: list[Fault]) -> list[Item]:
    """FFD 1.0 lists voided lines apart; each takes its twin out."""
    for n, one in enumerate(objects(source, "stornoItems", "")):
        at = f"/stornoItems/{n}"
        voided = read_item(one, purse, at, [])
        twin = next((item for item in items if same_goods(item, voided)), None)
        notes.append(note("storno_unmatched" if twin is None else "storno_removed", at))
        if twin is not None:
            items.remove(twin)
    return items


def _taxation(source: Json, notes: list[Fault]) -> Taxation:
    """``appliedTaxationType`` is 1055; ``taxationType`` is 1055 in old archives and the mask 1062 in new."""
    mask = integer(source, "appliedTaxationType", "taxationType") or 0
    several = [one for one in Taxation if mask & one.bit]
    if not several:
        notes.append(note("taxation_absent", "/taxationType"))
        return Taxation.OSN
    if len(several) > 1:
        notes.append(note("taxation_many", "/taxationType"))
    return several[0]


def _payments(source: Json, purse: Purse) -> tuple[Payment, ...]:
    """The forms that have a sum; a receipt of nothing but zeros keeps one zero."""
    sums = {form: purse.take(source, *_filled(source, names)) or 0 for form, names in _PAYMENTS.items()}
    paid = tuple(Payment(form=form, sum=value) for form, value in sums.items() if value)
    return paid or (Payment(form=PaymentForm.ELECTRONIC, sum=0),)


def _filled(source: Json, names: tuple[str, ...]) -> tuple[str, ...]:
    """Two names of one tag may both be there, one of them at zero: the filled one first."""
    return tuple(sorted(names, key=lambda name: not source.get(name)))


def _correction(source: Json) -> Correction:
    base: Any = source.get("correctionBase")
    base = base if isinstance(base, dict) else {}
    by = CorrectionBy.INSTRUCTION if integer(source, "correctionType") == 1 else CorrectionBy.SELF
    return Correction(
        by=by,
        date=_base_date(base),
        number=text(base, "correctionDocumentNumber"),
        name=text(base, "correctionName"),
    )


def _base_date(base: Json) -> str:
    value = base.get("correctionDocumentDate")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32:
        return datetime.fromtimestamp(value, UTC).date().isoformat()
    return (text(base, "correctionDocumentDate") or "")[:10]


def _parties(source: Json) -> dict[str, Any]:
    """Buyer, cashier, places and free texts, where the archive keeps them."""
    told: Any = source.get("buyerInformation")
    told = told if isinstance(told, dict) else source
    cashier, extra = text(source, "operator"), source.get("properties")
    extra = extra if isinstance(extra, dict) else {}
    name, value = text(extra, "propertyName"), text(extra, "propertyValue")
    return {
        "buyer": Buyer(
            contact=text(source, "buyerPhoneOrAddress", "buyerAddress"),
            name=text(told, "buyer"),
            inn=text(told, "buyerInn"),
        ),
        "cashier": Cashier(name=cashier, inn=text(source, "operatorInn")) if cashier else None,
        "place": text(source, "retailPlace"),
        "address": text(source, "retailPlaceAddress"),
        "seller_email": text(source, "sellerAddress", "senderAddress"),
        "note": text(source, "propertiesData"),
        "machine_number": text(source, "machineNumber"),
        "user_property": UserProperty(name=name, value=value) if name and value else None,
    }
