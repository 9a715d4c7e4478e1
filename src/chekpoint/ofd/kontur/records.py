"""JSON of version 2 -> our facts. Pure. Sums are kopecks and names of fields as the service documents them.

A document is an object with one key, its type. ``fiscalSign`` is a number of more than 31 bits, ``kktRegId`` is
padded, ``paymentMode`` counts from zero. The service shows when it took a document, and nothing of the tax service.
"""

from typing import Any, Final

from chekpoint.core.ports import OfdItem, OfdRecord, OfdRegister
from chekpoint.fiscal.vat import VatRate
from chekpoint.ofd import fields
from chekpoint.ofd.fields import Json, Malformed, text, whole, whole_or_none

_TYPES: Final = {
    "receipt": 3, "bso": 4, "receiptCorrection": 31, "bsoCorrection": 41, "openShift": 2, "closeShift": 5,
    "fiscalReport": 1, "fiscalReportCorrection": 11, "currentStateReport": 21, "closeArchive": 6,
}  # fmt: skip
_RECEIPTS: Final = frozenset({3, 31, 4, 41})


def record(row: Any, evidence: str) -> OfdRecord:
    """One entry of ``documents``. Raises ``Malformed``. A type never met has code 0, and no sum."""
    name, content = _unwrapped(row)
    code = _TYPES.get(name, 0)
    receipt = code in _RECEIPTS
    return OfdRecord(
        fn=text(content, "fiscalDriveNumber"),
        fd_number=whole(content, "fiscalDocumentNumber"),
        fiscal_sign=fields.fiscal_sign(content, "fiscalSign"),
        total=whole(content, "totalSum") if receipt else 0,
        made_at=fields.wall_clock(content, "dateTime"),
        kind=fields.kind(text(content, "operationType")) if receipt else 0,
        document=code,
        shift_number=whole_or_none(content, "shiftNumber"),
        registration_number=text(content, "kktRegId") or None,
        received_at=fields.utc(content, "receiveDateTimeUtc"),
        items=_items(content),
        vat=fields.vat_sums(content) if receipt else None,
        evidence=evidence,
    )


def register(row: Any, evidence: str) -> OfdRegister:
    """One entry of ``cashboxes``. The end of the contract is not shown. Raises ``Malformed``."""
    number = register_number(row)
    drive = row.get("fiscalDrive")
    return OfdRegister(
        registration_number=number,
        fn=text(drive, "fiscalDriverNumber") if isinstance(drive, dict) else "",
        last_document_at=text(row, "lastDocumentTimestamp") or None,
        evidence=evidence,
    )


def register_number(row: Any) -> str:
    """``regNumber``; raises ``Malformed``."""
    number = text(fields.mapping(row, "cashboxes"), "regNumber")
    if not number:
        raise Malformed("запись без regNumber / an entry without regNumber")
    return number


def drives_of(row: Json) -> set[str]:
    """Every drive that is or was in a register."""
    shown = row.get("fiscalDrives")
    all_ = [row.get("fiscalDrive"), *(shown if isinstance(shown, list) else [])]
    return {text(one, "fiscalDriverNumber") for one in all_ if isinstance(one, dict)} - {""}


def following(answer: Any) -> str:
    """``nextOffset``; empty when the service names none. Raises ``Malformed`` without ``paging``."""
    return text(fields.mapping(fields.mapping(answer, "documents").get("paging"), "paging"), "nextOffset")


def _unwrapped(row: Any) -> tuple[str, Json]:
    row = fields.mapping(row, "documents")
    if len(row) != 1:
        raise Malformed(f"документ не под одним именем / not under one name: {', '.join(row)[:80]}")
    name, content = next(iter(row.items()))
    return name, fields.mapping(content, name)


def _items(content: Json) -> tuple[OfdItem, ...] | None:
    shown = content.get("items")
    return tuple(_item(fields.mapping(one, "items")) for one in shown) if isinstance(shown, list) else None


def _item(row: Json) -> OfdItem:
    return OfdItem(
        name=text(row, "name"),
        sum=whole(row, "sum"),
        price=whole_or_none(row, "price"),
        quantity=fields.quantity(row, "quantity"),
        vat=_rate(row),
        method=fields.method(row, "paymentMode", first=0),
    )


def _rate(row: Json) -> VatRate | None:
    """``ndsType``; an item of an old format has none, and its one tax sum tells."""
    named = fields.vat_by_name(text(row, "ndsType"))
    if named is not None:
        return named
    present = {rate for name in row if (rate := fields.vat_by_name(name)) is not None and text(row, name)}
    return present.pop() if len(present) == 1 else None
