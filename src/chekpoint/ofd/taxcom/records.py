"""JSON of ShiftList, DocumentList, DocumentInfo, KKTList and KKTInfo -> our facts. Pure.

Sums are kopecks. Times are UTC, which the service makes of a register's wall clock by the zone set in the cabinet:
by that very zone they are turned back. The API gives neither 1022 nor 1078, and no state at the tax service: that a
document is listed means that the operator has it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from chekpoint.core.ports import OfdItem, OfdRecord, OfdRegister
from chekpoint.fiscal.vat import BY_CODE, FLAT_TAG, VatRate
from chekpoint.ofd.fields import (
    Json,
    Malformed,
    fiscal_sign,
    mapping,
    method,
    quantity,
    text,
    vat_by_code,
    whole,
    whole_or_none,
)

RECEIPTS: Final = frozenset({3, 31, 4, 41})
_KINDS: Final = {"income": 1, "incomereturn": 2, "expenditure": 3, "expenditurereturn": 4}
_FINE: Final = frozenset({"", "ok", "active", "expires", "open", "close"})


def document(row: Any, zone: ZoneInfo, evidence: str) -> OfdRecord:
    """One entry of ``DocumentList``. Raises Malformed."""
    entry = mapping(row, "документ")
    code = whole(entry, "documentType")
    receipt = code in RECEIPTS
    return OfdRecord(
        fn=_needed(entry, "fnFactoryNumber"),
        fd_number=whole(entry, "fdNumber"),
        fiscal_sign=fiscal_sign(entry, "fpd"),
        total=whole(entry, "sum") if receipt else whole_or_none(entry, "sum") or 0,
        made_at=wall_clock(entry, "dateTime", zone),
        kind=_KINDS.get(text(entry, "accountingType").lower(), 0) if receipt else 0,
        document=code,
        shift_number=whole_or_none(entry, "shiftNumber"),
        evidence=evidence,
    )


def with_tags(found: OfdRecord, body: Any, evidence: str) -> OfdRecord:
    """The record with what ``DocumentInfo`` shows of the same document: items, VAT, registration number."""
    tags = mapping(mapping(body, "DocumentInfo").get("document"), "document")
    if text(tags, "1040") and whole(tags, "1040") != found.fd_number:
        raise Malformed(f"1040: другой документ / another document ({text(tags, '1040')[:20]!r})")
    items = tuple(_item(row) for row in _group(tags, "1059"))
    return msgspec.structs.replace(
        found,
        items=items,
        vat=_vat(tags, items),
        registration_number=text(tags, "1037") or found.registration_number,
        evidence=f"{found.evidence}\n{evidence}",
    )


def _item(row: Any) -> OfdItem:
    item = mapping(row, "1059")
    return OfdItem(
        name=text(item, "1030"), sum=whole(item, "1043"), price=whole_or_none(item, "1079"),
        quantity=quantity(item, "1023"), vat=vat_by_code(item, "1199"), method=method(item, "1214"),
    )  # fmt: skip


def _vat(tags: Json, items: Iterable[OfdItem]) -> tuple[tuple[VatRate, int], ...] | None:
    """Tax sums, when those of every rate among the items are there: rates of later laws may be missing."""
    sums = {rate: kopecks for rate, tag in FLAT_TAG.items() if (kopecks := whole_or_none(tags, str(tag)))}
    for group in _group(tags, "1115"):
        for entry in _group(mapping(group, "1115"), "1119"):
            rate = BY_CODE.get(whole_or_none(mapping(entry, "1119"), "1199") or 0)
            if rate is not None:
                sums[rate] = whole_or_none(entry, "1120") or 0
    asked = {item.vat for item in items}
    return tuple(sorted(sums.items(), key=lambda one: one[0].code)) if sums and asked <= sums.keys() else None


def _group(tags: Json, name: str) -> list[Any]:
    """A tag that may be repeated: a list, or one value alone."""
    value = tags.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


def shift(row: Any) -> int:
    """The number of an entry of ``ShiftList``. Raises Malformed."""
    return whole(mapping(row, "смена"), "shiftNumber")


def card(body: Any) -> Json:
    """The register of ``KKTInfo``: at the top, or inside its only object. Raises Malformed."""
    entry = mapping(body, "KKTInfo")
    inner = [row for value in entry.values() for row in (value if isinstance(value, list) else [value])]
    for one in (entry, *inner):
        if isinstance(one, dict) and text(one, "kktRegNumber"):
            return one
    raise Malformed("KKTInfo: нет kktRegNumber / kktRegNumber is missing")


def register(shown: Json, zone: ZoneInfo, evidence: str) -> OfdRegister:
    """A register of ``KKTList`` together with what ``KKTInfo`` adds. Raises Malformed."""
    words = {
        name: text(shown, name)
        for name in ("problemIndicator", "cashdeskState", "lastDocumentState", "fnState")
    }
    return OfdRegister(
        registration_number=_needed(shown, "kktRegNumber"),
        fn=_needed(shown, "fnFactoryNumber"),
        contract_until=_wall_or_none(shown, "cashdeskEndDateTime", zone),
        drive_until=_wall_or_none(shown, "fnEndDateTime", zone),
        last_document_at=_wall_or_none(shown, "lastDocumentDateTime", zone),
        problem=", ".join(f"{name}: {word}" for name, word in words.items() if word.lower() not in _FINE),
        evidence=evidence,
    )


def wall_clock(row: Json, name: str, zone: ZoneInfo) -> str:
    """The register's wall clock of a moment in UTC. Raises Malformed."""
    shown = text(row, name)
    try:
        moment = datetime.fromisoformat(shown)
    except ValueError as fault:
        raise Malformed(f"поле {name}: не время / not a time ({shown[:40]!r})") from fault
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(zone).replace(microsecond=0, tzinfo=None).isoformat()


def _wall_or_none(row: Json, name: str, zone: ZoneInfo) -> str | None:
    return wall_clock(row, name, zone) if text(row, name) else None


def _needed(row: Json, name: str) -> str:
    found = text(row, name)
    if not found:
        raise Malformed(f"нет поля {name} / {name} is missing")
    return found
