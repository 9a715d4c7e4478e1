"""JSON of ``kkts`` and ``receipts-info`` -> our facts. Pure.

Sums are kopecks by declaration, times are the register's wall clock without a zone. Levelled here, because
clients of the service have met each of them: numbers as strings, padded INN and registration numbers, the
fiscal sign as an integer, as text with leading zeros, and as base64 of the six bytes of tag 1077.

The API gives neither 1022 nor 1078 of the ticket. That a receipt is listed means that the operator has it;
``FnsStatus`` "Error" (the only value ever seen) means that the format-logic control refused it. So ``answer``
is *derived*: 14 (the code of a format-logic error) for "Error", else 0.
"""

import re
from base64 import b64decode
from typing import Any, Final

from chekpoint.core.ports import OfdRecord, OfdRegister

Json = dict[str, Any]

FORMAT_LOGIC_ERROR: Final = 14
_SIGN_BYTES: Final = 6
_WHOLE: Final = re.compile(r"([0-9]{1,18})(?:\.0+)?")


class Malformed(Exception):
    """An entry that lacks what it must have; the text names the field."""


def register_numbers(rows: list[Any], fn: str) -> list[str]:
    """Registration numbers to ask for a drive: the register it is in, else every register of the seller.

    The list shows only the drive that is in each register now, so a replaced one is looked for in all.
    """
    known = [(_text(row, "KktRegId"), _text(row, "FnNumber")) for row in rows if isinstance(row, dict)]
    here = [rnm for rnm, drive in known if drive == fn and rnm]
    return here or list(dict.fromkeys(rnm for rnm, _ in known if rnm))


def record(row: Any, evidence: str) -> OfdRecord:
    """One entry of ``receipts-info``. Raises ``Malformed``."""
    if not isinstance(row, dict):
        raise Malformed("запись не объект")
    return OfdRecord(
        fn=_text(row, "FnNumber"),
        fd_number=_whole(row, "DocNumber"),
        fiscal_sign=_sign(row),
        total=_whole(row, "TotalSumm"),
        made_at=_text(row, "DocDateTime")[:19],
        kind=_kind(_text(row, "OperationType")),
        document=_code(row),
        answer=FORMAT_LOGIC_ERROR if _text(row, "FnsStatus").lower() == "error" else 0,
        evidence=evidence,
    )


def register(row: Any, evidence: str) -> OfdRegister:
    """One entry of ``kkts``: dates are the service's, without a zone. Raises ``Malformed``."""
    if not isinstance(row, dict) or not _text(row, "KktRegId"):
        raise Malformed("запись без KktRegId")
    received = _text(row, "LastDocOnOfdDateTimeUtc")
    return OfdRegister(
        registration_number=_text(row, "KktRegId"),
        fn=_text(row, "FnNumber"),
        contract_until=_text(row, "ContractEndDate") or None,
        drive_until=_text(row, "FnEndDate") or None,
        last_document_at=_text(row, "LastDocOnKktDateTime") or None,
        last_received_at=f"{received[:19]}+00:00" if received else None,
        evidence=evidence,
    )


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()


def _whole(row: Json, name: str) -> int:
    """A whole number, which some answers give as a string or as ``100.0``."""
    text = _text(row, name)
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise Malformed(f"поле {name}: не целое число ({text!r})")
    return int(found[1])


def _kind(text: str) -> int:
    """1054 of the word: clients disagree whether a refund begins with Return or Refund. 0 for a new word."""
    word = text.lower()
    if word in {"1", "2", "3", "4"}:
        return int(word)
    back = "return" in word or "refund" in word
    if "income" in word:
        return 2 if back else 1
    if "expen" in word or "outcome" in word:
        return 4 if back else 3
    return 0


def _code(row: Json) -> int:
    """Document code: 3 receipt, 4 БСО, and the correction of each."""
    code = 4 if row.get("IsBso") is True else 3
    return code * 10 + 1 if row.get("IsCorrection") is True else code


def _sign(row: Json) -> str:
    """ФПД as ten decimal digits."""
    text = _text(row, "DecimalFiscalSign") or _text(row, "FiscalSign")
    if text.isdecimal() and len(text) <= 10:
        return text.zfill(10)
    try:
        octets = b64decode(text, validate=True)
    except ValueError as fault:
        raise Malformed(f"фискальный признак не распознан ({text!r})") from fault
    if len(octets) != _SIGN_BYTES:
        raise Malformed(f"фискальный признак не распознан ({text!r})")
    return f"{int.from_bytes(octets[2:], 'big'):010d}"
