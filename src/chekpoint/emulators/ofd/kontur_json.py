"""JSON shapes of the dialect of Контур.ОФД. Sums are kopecks, times the register's local.

``fiscalSign`` is a number of up to 32 bits without a sign, the registration number is always padded, and
``paymentMode`` is tag 1214 minus one: so the service documents them.
"""

from datetime import UTC
from typing import Any, Final

from chekpoint.emulators.ofd.account_json import quantity_number, sign
from chekpoint.emulators.ofd.archive import OfdDocument
from chekpoint.emulators.ofd.cabinet import Account, padded
from chekpoint.emulators.ofd.conduct import AccountConduct
from chekpoint.emulators.ofd.taxes import NAMES, tax_names
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import BY_CODE, total_value

TYPES: Final = {
    1: "fiscalReport", 11: "fiscalReportCorrection", 21: "currentStateReport", 2: "openShift", 5: "closeShift",
    3: "receipt", 4: "bso", 31: "receiptCorrection", 41: "bsoCorrection", 6: "closeArchive",
}  # fmt: skip
"""Document code -> the name of its object, which is also the value of ``types``."""
_SUMS: Final = {
    "cashTotalSum": 1031, "ecashTotalSum": 1081, "prePaymentTotalSum": 1215, "postPaymentTotalSum": 1216,
    "considerationTotalSum": 1217,
}  # fmt: skip


def organisation_id(inn: str) -> str:
    """The id of a seller: looks like the real ones, and is the same after a restart."""
    return f"00000000-0000-4000-8000-{inn:0>12}"


def organisation(inn: str, conduct: AccountConduct) -> dict[str, Any]:
    """One seller."""
    return {
        "id": organisation_id(inn),
        "inn": padded(inn, 12, conduct),
        "kpp": "770001001",
        "shortName": "ТЕСТОВЫЙ ДВОЙНИК",
        "fullName": "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE",
    }


def cashbox(last: OfdDocument, drives: list[OfdDocument], conduct: AccountConduct) -> dict[str, Any]:
    """One register with all drives that were ever in it."""
    known = [_drive(first, conduct) for first in drives]
    return {
        "regNumber": padded(last.registration_number, 20, conduct),
        "serialNumber": _text(drives[0].node, 1013),
        "address": _text(last.node, 1009),
        "addresses": [],
        "name": "ТЕСТОВЫЙ ДВОЙНИК",
        "modelName": "ТЕСТОВЫЙ ДВОЙНИК",
        "kpp": "770001001",
        "lastDocumentTimestamp": _iso(last.made_at),
        "lastCashReceiptTimestamp": _iso(last.made_at),
        "fiscalDrive": next(d for d, first in zip(known, drives, strict=True) if first.fn == last.fn),
        "fiscalDrives": known,
        "salesPointName": "ТЕСТОВЫЙ ДВОЙНИК",
        "permissionFrom": _iso(drives[0].made_at),
        "permissionTo": None,
    }


def document(found: OfdDocument, account: Account) -> dict[str, Any]:
    """One document in an object named by its type."""
    node = found.node
    content: dict[str, Any] = {
        _code_name(found.code): found.code,
        "user": _text(node, 1048),
        "userInn": padded(found.seller_inn, 12, account.conduct),
        "dateTime": _iso(found.made_at),
        "receiveDateTimeUtc": _iso(found.received_at.astimezone(UTC)),
        "shiftNumber": found.shift_number,
        "operator": _text(node, 1021),
        "kktRegId": found.registration_number.ljust(20),
        "fiscalDriveNumber": padded(found.fn, 17, account.conduct),
        "fiscalDocumentNumber": found.fd_number,
        "fiscalSign": _sign(found, account.conduct),
        "id": f"00000000-0000-4000-8000-{found.fd_number:012d}",
    }
    if found.code in {3, 31, 4, 41}:
        content |= _receipt(found)
    return {TYPES.get(found.code, "document"): content}


def _receipt(found: OfdDocument) -> dict[str, Any]:
    node = found.node
    return {
        "requestNumber": found.receipt_number,
        "operationType": found.kind,
        "taxationType": node.number(1055),
        "retailPlaceAddress": _text(node, 1009),
        "buyerAddress": _text(node, 1008),
        "items": [_item(item) for item in node.all(1059)],
        "totalSum": found.total,
        **{name: node.number(tag) or 0 for name, tag in _SUMS.items()},
        **tax_names(node),
    }


def _item(item: Node) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "name": _text(item, 1030),
        "price": item.number(1079),
        "quantity": quantity_number(item),
        "sum": item.number(1043),
        "paymentMode": (item.number(1214) or 1) - 1,
        "paymentSubject": item.number(1212),
    }
    rate = BY_CODE.get(item.number(1199) or 0)
    if rate is not None:
        shape |= {"ndsType": NAMES[rate], NAMES[rate]: total_value(rate, item.number(1043) or 0)}
    return shape


def _drive(first: OfdDocument, conduct: AccountConduct) -> dict[str, Any]:
    return {
        "fiscalDriverNumber": padded(first.fn, 17, conduct),
        "earliestDocumentTimestamp": _iso(first.made_at),
    }


def _code_name(code: int) -> str:
    if code in {3, 31}:
        return "receiptCode"
    return "bsoCode" if code in {4, 41} else "code"


def _sign(found: OfdDocument, conduct: AccountConduct) -> str | int:
    """A number, unless the account is told another form."""
    form = "number" if conduct.sign_form == "text" else conduct.sign_form
    return sign(found.fiscal_sign, form)


def _text(node: Node, tag: int) -> str:
    return (node.text(tag) or "").strip()


def _iso(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
