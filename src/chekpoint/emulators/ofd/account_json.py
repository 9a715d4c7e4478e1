"""The JSON shapes of the account API: KKT, receipts, shift reports. Sums are kopecks, times the register's local."""

from base64 import b64encode
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any, Final

from chekpoint.emulators.ofd.archive import OfdDocument
from chekpoint.emulators.ofd.cabinet import Account, padded
from chekpoint.emulators.ofd.conduct import Flc
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.tlv import Node

OPERATIONS: Final = {1: "Income", 2: "RefundIncome", 3: "Expense", 4: "RefundExpense"}
"""1054 in words; unverified: clients disagree whether a refund begins with Refund or Return."""
_PAYMENTS: Final = {
    "CashSumm": 1031, "ECashSumm": 1081, "PrepaidSumm": 1215, "CreditSumm": 1216, "ProvisionSumm": 1217,
}  # fmt: skip


def register(last: OfdDocument, first: OfdDocument | None, *, padded: bool) -> dict[str, Any]:
    """One KKT with its drive; the contract and the drive end a year and fifteen months after the first document."""
    start = first or last
    node = start.node
    return {
        "Id": f"{last.registration_number}-{last.fn}",
        "KktRegId": last.registration_number.ljust(20) if padded else last.registration_number,
        "KktName": "ТЕСТОВЫЙ ДВОЙНИК",
        "SerialNumber": _text(node, 1013),
        "FnNumber": last.fn,
        "CreateDate": _iso(start.made_at),
        "PaymentDate": _iso(start.made_at + timedelta(days=365)),
        "CheckDate": _iso(start.made_at),
        "ActivationDate": _iso(start.made_at),
        "FirstDocumentDate": _iso(start.made_at),
        "ContractStartDate": _iso(start.made_at),
        "ContractEndDate": _iso(start.made_at + timedelta(days=365)),
        "LastDocOnKktDateTime": _iso(last.made_at),
        "LastDocOnOfdDateTimeUtc": _iso(last.received_at.astimezone(UTC)),
        "FiscalAddress": _text(node, 1009),
        "FiscalPlace": _text(node, 1187),
        "Path": "",
        "KktModel": "ТЕСТОВЫЙ ДВОЙНИК",
        "FnEndDate": _iso(start.made_at + timedelta(days=470)),
    }


def short_receipt(document: OfdDocument, account: Account) -> dict[str, Any]:
    """A receipt without its items."""
    node, conduct = document.node, account.conduct
    shape: dict[str, Any] = {
        "Id": document.raw_id,
        "CDateUtc": _iso(document.received_at.astimezone(UTC)),
        "Tag": document.code,
        "IsBso": document.code in {4, 41},
        "IsCorrection": document.code in {31, 41},
        "OperationType": OPERATIONS.get(document.kind, str(document.kind)),
        "UserInn": padded(document.seller_inn, 12, conduct),
        "KktRegNumber": padded(document.registration_number, 20, conduct),
        "FnNumber": document.fn,
        "DocNumber": document.fd_number,
        "DocDateTime": _iso(document.made_at),
        "DocShiftNumber": document.shift_number,
        "ReceiptNumber": document.receipt_number,
        "DocRawId": document.raw_id,
        "DecimalFiscalSign": sign(document.fiscal_sign, conduct.sign_form),
        "FiscalSign": sign(document.fiscal_sign, conduct.sign_form),
        "Operator": _text(node, 1021),
        "TotalSumm": document.total,
        "Depth": len(node.all(1059)),
    }
    shape |= {name: node.number(tag) or 0 for name, tag in _PAYMENTS.items()}
    if account.flc(document) is Flc.ERROR:
        shape["FnsStatus"] = "Error"  # the only value seen; a good receipt carries none here
    return shape


def full_receipt(document: OfdDocument, account: Account) -> dict[str, Any]:
    """A receipt with its items."""
    return short_receipt(document, account) | {"Items": [_item(item) for item in document.node.all(1059)]}


def shift_reports(documents: list[OfdDocument]) -> list[dict[str, Any]]:
    """One report per shift; an open shift comes without the Close_ fields, and ``Id`` means nothing."""
    reports: dict[tuple[str, int], dict[str, Any]] = {}
    for document in documents:
        key = (document.fn, document.shift_number)
        report = reports.setdefault(
            key, {"ShiftNumber": document.shift_number, "FnNumber": document.fn, "ShiftDocsCount": 0}
        )
        report["ShiftDocsCount"] += 1
        if document.code in {2, 5}:
            report |= _report_end("Open" if document.code == 2 else "Close", document)
    return [{"Id": f"{fn}/{shift}", **report} for (fn, shift), report in reports.items() if shift]


def public_document(document: OfdDocument) -> dict[str, Any]:
    """What anybody may see who has the paper receipt."""
    node = document.node
    return {
        "Operator": _text(node, 1021),
        "Amount_Total": document.total,
        "UserInn": document.seller_inn,
        "FN_FactoryNumber": document.fn,
        "Document_Number": document.fd_number,
        "DecimalFiscalSign": f"{document.fiscal_sign:010d}",
        "ShiftNumber": document.shift_number,
        "Number": document.receipt_number,
        "KKT_RegNumber": document.registration_number,
        "DateTime": _iso(document.made_at),
        "Items": [{k: _item(i)[k] for k in ("Name", "Price", "Quantity", "Total")} for i in node.all(1059)],
    }


def _item(item: Node) -> dict[str, Any]:
    return {
        "Name": _text(item, 1030),
        "Price": item.number(1079),
        "Quantity": quantity_number(item),
        "Total": item.number(1043),
        "SubjectType": item.number(1212),
        "CalculationMethod": item.number(1214),
        "ProductUnitOfMeasure": item.number(2108) if item.get(2108) is not None else item.text(1197),
        "NDS_Rate": item.number(1199),
    }


def quantity_number(item: Node) -> float | None:
    """1023 as these services give it: a JSON number."""
    quantity = item.get(1023)
    return float(quantity_text(quantity)) if isinstance(quantity, Decimal) else None


def _report_end(end: str, document: OfdDocument) -> dict[str, Any]:
    return {
        f"{end}_CDateUtc": _iso(document.received_at.astimezone(UTC)),
        f"{end}_DocNumber": document.fd_number,
        f"{end}_DocDateTime": _iso(document.made_at),
        f"{end}_DocRawId": document.raw_id,
    }


def sign(value: int, form: str) -> str | int:
    """The three forms clients meet: text with leading zeros, a number, base64 of the six bytes of 1077."""
    if form == "number":
        return value
    if form == "base64":
        return b64encode(b"\x21\x04" + value.to_bytes(4, "big")).decode("ascii")
    return f"{value:010d}"


def _text(node: Node, tag: int) -> str:
    return (node.text(tag) or "").strip()


def _iso(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
