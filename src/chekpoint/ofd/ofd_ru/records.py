"""JSON of ``kkts`` and ``receipts-info`` -> our facts. Pure.

Sums are kopecks by declaration, times are the register's wall clock without a zone.

The API gives neither 1022 nor 1078 of the ticket. That a receipt is listed means that the operator has it;
``FnsStatus`` "Error" (the only value ever seen), or the list of ``receipts/errors``, means that the format-logic
control refused it. So ``answer`` is *derived*: 14 (the code of a format-logic error) then, else 0. Another
``FnsStatus`` is shown in its own word and not interpreted.
"""

from typing import Any

import msgspec

from chekpoint.core.ports import FnsState, OfdItem, OfdRecord, OfdRegister
from chekpoint.ofd import fields
from chekpoint.ofd.fields import FORMAT_LOGIC_ERROR, Json, Malformed, text, whole, whole_or_none


def register_numbers(rows: list[Any], fn: str) -> list[str]:
    """Registration numbers to ask for a drive: the register it is in, else every register of the seller.

    The list shows only the drive that is in each register now, so a replaced one is looked for in all.
    """
    known = [(text(row, "KktRegId"), text(row, "FnNumber")) for row in rows if isinstance(row, dict)]
    here = [rnm for rnm, drive in known if drive == fn and rnm]
    return here or list(dict.fromkeys(rnm for rnm, _ in known if rnm))


def record(row: Any, evidence: str) -> OfdRecord:
    """One entry of ``receipts-info``. Raises ``Malformed``."""
    row = fields.mapping(row, "receipts-info")
    refused = text(row, "FnsStatus").lower() == "error"
    return OfdRecord(
        fn=text(row, "FnNumber"),
        fd_number=whole(row, "DocNumber"),
        fiscal_sign=fields.fiscal_sign(row, "DecimalFiscalSign", "FiscalSign"),
        total=whole(row, "TotalSumm"),
        made_at=fields.wall_clock(row, "DocDateTime"),
        kind=fields.kind(text(row, "OperationType")),
        document=_code(row),
        answer=FORMAT_LOGIC_ERROR if refused else 0,
        shift_number=whole_or_none(row, "DocShiftNumber"),
        registration_number=text(row, "KktRegNumber") or None,
        received_at=fields.utc(row, "CDateUtc"),
        items=_items(row),
        fns=FnsState.REFUSED if refused else None,
        fns_message=_words(row),
        evidence=evidence,
    )


def refused_by_control(found: OfdRecord, told: OfdRecord) -> OfdRecord:
    """The same receipt, which ``receipts/errors`` lists; ``told`` is its entry there."""
    return msgspec.structs.replace(
        found,
        answer=FORMAT_LOGIC_ERROR,
        fns=FnsState.REFUSED,
        fns_message=told.fns_message or found.fns_message,
    )


def register(row: Any, evidence: str) -> OfdRegister:
    """One entry of ``kkts``: dates are the service's, without a zone. Raises ``Malformed``."""
    row = fields.mapping(row, "kkts")
    if not text(row, "KktRegId"):
        raise Malformed("запись без KktRegId / an entry without KktRegId")
    return OfdRegister(
        registration_number=text(row, "KktRegId"),
        fn=text(row, "FnNumber"),
        contract_until=text(row, "ContractEndDate") or None,
        drive_until=text(row, "FnEndDate") or None,
        last_document_at=text(row, "LastDocOnKktDateTime") or None,
        last_received_at=fields.utc(row, "LastDocOnOfdDateTimeUtc"),
        evidence=evidence,
    )


def _items(row: Json) -> tuple[OfdItem, ...] | None:
    """None where this list has no items: then they are not compared."""
    shown = row.get("Items")
    return tuple(map(_item, shown)) if isinstance(shown, list) else None


def _item(row: Any) -> OfdItem:
    row = fields.mapping(row, "Items")
    return OfdItem(
        name=text(row, "Name"),
        sum=whole(row, "Total"),
        price=whole_or_none(row, "Price"),
        quantity=fields.quantity(row, "Quantity"),
        vat=fields.vat_by_code(row, "NDS_Rate"),
        method=fields.method(row, "CalculationMethod"),
    )


def _words(row: Json) -> str:
    """What the service says of the tax service's answer; the names of a longer text are guesses."""
    status = text(row, "FnsStatus")
    more = text(row, "FnsDescription", "FnsError", "ErrorMessage", "Error")
    return ": ".join(filter(None, (status, more)))


def _code(row: Json) -> int:
    """Document code: 3 receipt, 4 БСО, and the correction of each."""
    code = 4 if row.get("IsBso") is True else 3
    return code * 10 + 1 if row.get("IsCorrection") is True else code
