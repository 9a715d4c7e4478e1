"""JSON shapes of the dialect of Такском. Sums are kopecks, times UTC made by the cabinet's zone (Moscow)."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from chekpoint.emulators.ofd.account_json import sign
from chekpoint.emulators.ofd.archive import OfdDocument
from chekpoint.emulators.ofd.cabinet import padded
from chekpoint.emulators.ofd.conduct import AccountConduct
from chekpoint.fiscal.tlv import Node

CABINET_ZONE: Final = timedelta(hours=3)
KINDS: Final = {1: "Income", 2: "IncomeReturn", 3: "Expenditure", 4: "ExpenditureReturn"}
TAXATIONS: Final = {1: "OSN", 2: "USNIncome", 4: "USNIncomeExpenditure", 8: "ENVD", 16: "ESN", 32: "Patent"}
_TAXES: Final = {
    "nds20": 1102,
    "nds10": 1103,
    "nds0Sum": 1104,
    "nondsSum": 1105,
    "ndsC20": 1106,
    "ndsC10": 1107,
}
_TEXTS: Final = (1048, 1018, 1037, 1041, 1009, 1187, 1021, 1008)
_NUMBERS: Final = (
    1054,
    1055,
    1020,
    1031,
    1081,
    1215,
    1216,
    1217,
    1038,
    1042,
    1102,
    1103,
    1104,
    1105,
    1106,
    1107,
)


def listed(records: Sequence[Any], total: int) -> dict[str, Any]:
    """The envelope of every list (the spelling is the service's)."""
    counts = {"recordCount": total, "recordFilteredCount": total, "recordInResponceCount": len(records)}
    return {"reportDate": "2026-11-24T00:00:00", "counts": counts, "records": list(records)}


def outlet(inn: str) -> dict[str, Any]:
    """The only outlet of a seller."""
    return {
        "id": f"00000000-0000-4000-9000-{inn:0>12}", "name": "ТЕСТОВЫЙ ДВОЙНИК", "code": "1", "address": "",
        "problemIndicator": "OK", "department": "",
    }  # fmt: skip


def kkt(last: OfdDocument, first: OfdDocument, conduct: AccountConduct) -> dict[str, Any]:
    """An entry of KKTList."""
    return {
        "name": "ТЕСТОВЫЙ ДВОЙНИК", "kktRegNumber": padded(last.registration_number, 20, conduct),
        "kktFactoryNumber": (first.node.text(1013) or "").strip(), "fnFactoryNumber": last.fn,
        "cashdeskState": "Active", "problemIndicator": "OK",
    }  # fmt: skip


def kkt_info(last: OfdDocument, first: OfdDocument, conduct: AccountConduct) -> dict[str, Any]:
    """KKTInfo: paid for a year, the drive lives fifteen months."""
    return kkt(last, first, conduct) | {
        "cashdeskEndDateTime": utc(first.made_at + timedelta(days=365)), "fnDuration": 15,
        "fnEndDateTime": utc(first.made_at + timedelta(days=470)), "fnRegDateTime": utc(first.made_at),
        "fnState": "Active", "kktModelName": "ТЕСТОВЫЙ ДВОЙНИК", "lastDocumentDateTime": utc(last.made_at),
        "lastDocumentState": "OK", "shiftStatus": "Close" if last.code == 5 else "Open",
    }  # fmt: skip


def shift(documents: Sequence[OfdDocument]) -> dict[str, Any]:
    """One shift of its documents; an open one has no end."""
    closing = next((d for d in documents if d.code == 5), None)
    return {
        "fnFactoryNumber": documents[0].fn, "shiftNumber": documents[0].shift_number,
        "openDateTime": utc(documents[0].made_at), "closeDateTime": utc(closing.made_at) if closing else None,
        "receiptCount": sum(d.code in {3, 31, 4, 41} for d in documents),
    }  # fmt: skip


def document(found: OfdDocument, conduct: AccountConduct) -> dict[str, Any]:
    """An entry of DocumentList."""
    node = found.node
    shown: dict[str, Any] = {
        "fnFactoryNumber": found.fn, "shiftNumber": found.shift_number, "documentType": str(found.code),
        "dateTime": utc(found.made_at), "fdNumber": found.fd_number, "numberInShift": found.receipt_number,
        "fpd": sign(found.fiscal_sign, conduct.sign_form), "cashier": (node.text(1021) or "").strip(),
    }  # fmt: skip
    if found.code in {3, 31, 4, 41}:
        shown |= {
            "taxationSystem": TAXATIONS.get(node.number(1055) or 0, "OSN"), "accountingType": KINDS.get(found.kind, ""),
            "sum": found.total, "cash": node.number(1031) or 0, "electronic": node.number(1081) or 0,
            **{name: node.number(tag) or 0 for name, tag in _TAXES.items()},
        }  # fmt: skip
    return shown


def document_info(found: OfdDocument, conduct: AccountConduct) -> dict[str, Any]:
    """DocumentInfo: tags as JSON; 1077 is base64 of its six bytes, 1018 and 1037 are padded on the right."""
    node = found.node
    tags: dict[str, Any] = {str(t): (node.text(t) or "").strip() for t in _TEXTS if node.get(t) is not None}
    tags |= {str(t): node.number(t) for t in _NUMBERS if node.get(t) is not None}
    tags |= {
        "1018": found.seller_inn.ljust(12),
        "1037": found.registration_number.ljust(20),
        "1041": found.fn,
    }
    tags |= {"1040": found.fd_number, "1020": found.total, "1012": utc(found.made_at)}
    tags["1077"] = b64encode(b"\x31\x04" + found.fiscal_sign.to_bytes(4, "big")).decode()
    tags["1059"] = [_item(item) for item in node.all(1059)]
    groups = [{"1119": [_numbers(one, (1199, 1120)) for one in group.all(1119)]} for group in node.all(1115)]
    if groups:
        tags["1115"] = groups
    del conduct
    return {"documentType": str(found.code), "documentFormatVersion": "1.2", "document": tags}


def _item(item: Node) -> dict[str, Any]:
    count = item.get(1023)
    number = count if isinstance(count, Decimal) else Decimal(1)
    return {"1023": f"{number:.6f}", "1030": (item.text(1030) or "").strip()} | _numbers(
        item, (1079, 1043, 1199, 1214)
    )


def _numbers(node: Node, tags: Sequence[int]) -> dict[str, Any]:
    return {str(tag): node.number(tag) for tag in tags if node.get(tag) is not None}


def utc(local: datetime) -> str:
    """A register's wall clock as the service shows it."""
    return f"{local - CABINET_ZONE:%Y-%m-%dT%H:%M:%S}"
