"""JSON of the API for reconciliation -> our facts. Pure.

``fnsFlcStatus`` is the operator's word for how far a document got: OK (sent to the tax service), WARNING and
ERROR (soft and hard quarantine of the format-logic control), WAITING. 1022 is not shown, so ``answer`` is
*derived*: 14 (the code of a format-logic error) for ERROR, else 0. What the integers of ``fnsStatus`` mean is
not known; they stay in the evidence.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from chekpoint.core.ports import FnsState, OfdItem, OfdRecord, OfdRegister
from chekpoint.fiscal.money import round_half_up
from chekpoint.fiscal.vat import VatRate, vat_of
from chekpoint.ofd import fields
from chekpoint.ofd.fields import FORMAT_LOGIC_ERROR, Json, Malformed, text, whole, whole_or_none

_OBJECTS: Final = {
    "ticket": 3, "receiptCorrection": 31, "bso": 4, "bsoCorrection": 41, "openShift": 2, "closeShift": 5,
    "fiscalReport": 1, "fiscalReportCorrection": 11, "currentStateReport": 21, "closeArchive": 6,
}  # fmt: skip
"""The nested object of a document -> its code. It is surer than ``transactionType``, which may come in words."""
_TYPES: Final = {
    "TICKET": 3, "RECEIPT_CORRECTION": 31, "BSO": 4, "BSO_CORRECTION": 41, "OPEN_SHIFT": 2, "CLOSE_SHIFT": 5,
    "FISCAL_REPORT": 1, "FISCAL_REPORT_CORRECTION": 11, "CURRENT_STATE_REPORT": 21, "CLOSE_ARCHIVE": 6,
}  # fmt: skip
_RECEIPTS: Final = frozenset({3, 31, 4, 41})
_STATES: Final = {
    "OK": FnsState.ACCEPTED, "WARNING": FnsState.WARNING, "ERROR": FnsState.REFUSED, "WAITING": FnsState.WAITING,
}  # fmt: skip
_OWN_RATES: Final = {
    "0": VatRate.NONE, "1": VatRate.VAT0, "2": VatRate.VAT10, "3": VatRate.VAT110, "4": VatRate.VAT120,
    "6": VatRate.VAT20,
}  # fmt: skip
"""``ndsRate`` as one client's table has it; tag 1199 has another. Neither is verified."""


class Reader(msgspec.Struct, frozen=True):
    """Reads documents. ``zone``: of an ``insertedAt`` without one; None: such a moment is not shown."""

    sums: str = "kopecks"
    zone: ZoneInfo | None = None

    def record(self, row: Any, evidence: str) -> OfdRecord:
        """One entry of ``documents``. Raises ``Malformed``. A type never met has code 0, and no sum."""
        row = fields.mapping(row, "documents")
        name, code = _what(row)
        content = row[name] if isinstance(row.get(name), dict) else {}
        receipt = code in _RECEIPTS
        state = text(row, "fnsFlcStatus").upper()
        return OfdRecord(
            fn=text(row, "fiscalDriveNumber"),
            fd_number=whole(row, "fiscalDocumentNumber"),
            fiscal_sign=fields.fiscal_sign(row, "fiscalSign"),
            total=self._sum(content, "totalSum") if receipt else 0,
            made_at=fields.wall_clock(row, "transactionDate"),
            kind=fields.kind(text(content, "operationType")) if receipt else 0,
            document=code,
            answer=FORMAT_LOGIC_ERROR if state == "ERROR" else 0,
            shift_number=whole_or_none(row, "shiftNum"),
            registration_number=text(row, "kkmRegId") or None,
            received_at=self._inserted(row),
            items=self._items(content),
            vat=self._taxes(content) if receipt else None,
            fns=_STATES.get(state),
            fns_message=_words(row, state),
            evidence=evidence,
        )

    def _items(self, content: Json) -> tuple[OfdItem, ...] | None:
        """None without the right to see them (``nomenclature``): then they are not compared."""
        shown = content.get("items")
        return (
            tuple(self._item(fields.mapping(one, "items")) for one in shown)
            if isinstance(shown, list)
            else None
        )

    def _item(self, row: Json) -> OfdItem:
        total = self._sum(row, "sum")
        tax = self._sum(row, "ndsSum") if text(row, "ndsSum") else None
        return OfdItem(
            name=text(row, "name"),
            sum=total,
            price=self._sum(row, "price") if text(row, "price") else None,
            quantity=fields.quantity(row, "quantity"),
            vat=rate_of(row, total, tax),
            method=fields.method(row, "calculationTypeSign"),
        )

    def _taxes(self, content: Json) -> tuple[tuple[VatRate, int], ...] | None:
        """Without the right to see them (``ndsInfo``) there are none."""
        if self.sums == "kopecks":
            return fields.vat_sums(content)
        named = [name for name in content if fields.vat_by_name(name) is not None and text(content, name)]
        return fields.vat_sums({name: self._sum(content, name) for name in named})

    def _sum(self, row: Json, name: str) -> int:
        """Kopecks by the unit that was declared, never by a guess."""
        if self.sums == "kopecks":
            return whole(row, name)
        try:
            return round_half_up(Decimal(text(row, name)) * 100)
        except (InvalidOperation, OverflowError) as fault:
            raise Malformed(f"поле {name}: не сумма / not a sum ({text(row, name)[:40]!r})") from fault

    def _inserted(self, row: Json) -> str | None:
        shown = text(row, "insertedAt")
        try:
            moment = datetime.fromisoformat(shown)
        except ValueError:
            return None
        if moment.tzinfo is None:
            if self.zone is None:
                return None
            moment = moment.replace(tzinfo=self.zone)
        return fields.in_utc(moment)


def rate_of(row: Json, total: int, tax: int | None) -> VatRate | None:
    """The rate that ``ndsRate`` and ``ndsSum`` agree on; None where two tables of codes leave it open."""
    code = text(row, "ndsRate")
    possible = {
        rate for rate in (fields.vat_by_code(row, "ndsRate"), _OWN_RATES.get(code)) if rate is not None
    }
    fitting = {rate for rate in possible if tax is None or abs(vat_of(rate, total) - tax) <= 1}
    return fitting.pop() if len(fitting) == 1 else None


def register(row: Any, contract: Any, evidence: str) -> OfdRegister:
    """One entry of ``kkms``; ``contract``: the organisation's ``endContractDate``. Raises ``Malformed``."""
    number = register_number(row)
    here = text(row, "fsFactoryNumber")
    ends = [text(drive, "expireDate") for drive in _drives(row) if text(drive, "fsFactoryNumber") == here]
    return OfdRegister(
        registration_number=number,
        fn=here,
        contract_until=str(contract) if contract else None,
        drive_until=next(filter(None, ends), None),
        problem="не в сети / offline" if row.get("online") is False else "",
        evidence=evidence,
    )


def register_number(row: Any) -> str:
    """``kkmRegId``; raises ``Malformed``."""
    number = text(fields.mapping(row, "kkms"), "kkmRegId")
    if not number:
        raise Malformed("запись без kkmRegId / an entry without kkmRegId")
    return number


def drives_of(row: Json) -> set[str]:
    """Every drive that is or was in a register."""
    return {text(row, "fsFactoryNumber"), *(text(drive, "fsFactoryNumber") for drive in _drives(row))} - {""}


def organisation_key(row: Json) -> str:
    """``INN.KPP`` or the like."""
    return text(row, "organisationKey")


def _drives(row: Json) -> list[Json]:
    shown = row.get("fiscalDrives")
    return [one for one in shown if isinstance(one, dict)] if isinstance(shown, list) else []


def _what(row: Json) -> tuple[str, int]:
    for name, code in _OBJECTS.items():
        if isinstance(row.get(name), dict):
            return name, code
    return "", _TYPES.get(text(row, "transactionType").upper(), 0)


def _words(row: Json, state: str) -> str:
    """The operator's own words; of a state never met, its name as well."""
    unknown = state if state and state not in _STATES else ""
    return ": ".join(filter(None, (unknown, text(row, "fnsDescription"))))
