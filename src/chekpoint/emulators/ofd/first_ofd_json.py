"""JSON shapes of the dialect of 1-ofd.ru. Sums are kopecks, times the register's local; ``ndsRate`` is tag 1199.

Names of items' and taxes' fields are those of public client code; its table of ``ndsRate`` differs from 1199 and
is not verified.
"""

from datetime import UTC, timedelta
from typing import Any, Final

from chekpoint.emulators.ofd.account_json import quantity_number, sign
from chekpoint.emulators.ofd.archive import OfdDocument
from chekpoint.emulators.ofd.cabinet import Account, padded
from chekpoint.emulators.ofd.conduct import AccountConduct, Flc
from chekpoint.emulators.ofd.taxes import tax_names
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import BY_CODE, vat_of

KPP: Final = "770001001"
TYPES: Final = {
    2: "OPEN_SHIFT", 3: "TICKET", 31: "RECEIPT_CORRECTION", 4: "BSO", 41: "BSO_CORRECTION", 5: "CLOSE_SHIFT",
    11: "FISCAL_REPORT_CORRECTION", 6: "CLOSE_ARCHIVE",
}  # fmt: skip
"""Document code -> the value of ``transactionTypes``; there is none for the first registration."""
OBJECTS: Final = {
    1: "fiscalReport", 2: "openShift", 3: "ticket", 31: "receiptCorrection", 4: "bso", 41: "bsoCorrection",
    5: "closeShift", 11: "fiscalReportCorrection", 6: "closeArchive", 21: "currentStateReport",
}  # fmt: skip
_SUMS: Final = {
    "totalSum": 1020, "cashTotalSum": 1031, "ecashTotalSum": 1081, "prepaymentSum": 1215,
    "postpaymentSum": 1216, "counterSubmissionSum": 1217,
}  # fmt: skip
_FNS: Final = {
    Flc.OK: (1, "Документ отправлен в ФНС"),
    Flc.WARNING: (2, "Документ в мягком карантине: замечание форматно-логического контроля"),
    Flc.ERROR: (3, "Документ в жёстком карантине: ошибка форматно-логического контроля"),
    Flc.WAITING: (0, "Ожидается отправка в ФНС"),
}
"""The integers of ``fnsStatus`` are this double's own: what the real ones mean is not known."""


def organisation(inn: str, registers: list[OfdDocument]) -> dict[str, Any]:
    """One seller; the contract is a year from its first register's last document."""
    start = min(d.made_at for d in registers)
    return {
        "organisationKeyKind": "INN.KPP",
        "organisationKey": f"{inn}.{KPP}",
        "startContractDate": _iso(start),
        "endContractDate": _iso(start + timedelta(days=365)),
        "inn": inn,
        "kpp": KPP,
        "organizationName": "ТЕСТОВЫЙ ДВОЙНИК",
    }


def retail_place(number: int, last: OfdDocument) -> dict[str, Any]:
    """A place of settlement."""
    return {"retailPlaceId": number, "title": "ТЕСТОВЫЙ ДВОЙНИК", "address": _text(last.node, 1009)}


def kkm(last: OfdDocument, drives: list[OfdDocument], place: int, conduct: AccountConduct) -> dict[str, Any]:
    """One register with all drives that were ever in it."""
    return {
        "retailPlaceId": place,
        "kkmRegId": padded(last.registration_number, 20, conduct),
        "kkmFactoryNumber": _text(drives[0].node, 1013),
        "kkmInternalName": "ТЕСТОВЫЙ ДВОЙНИК",
        "kkmAddress": _text(last.node, 1009),
        "online": True,
        "fsFactoryNumber": last.fn,
        "fiscalDrives": [
            {
                "fsFactoryNumber": first.fn,
                "activationDate": _iso(first.made_at),
                "expireDate": _iso(first.made_at + timedelta(days=470)),
                "closeArchiveDate": None,
            }
            for first in drives
        ],
    }


def document(found: OfdDocument, account: Account) -> dict[str, Any]:
    """One document: the head all types share, and an object named by its type."""
    state = account.flc(found)
    number, words = _FNS[state]
    head = {
        "transactionDate": _iso(found.made_at),
        "insertedAt": f"{_iso(found.received_at.astimezone(UTC))}Z",
        "transactionType": TYPES.get(found.code, "FISCAL_REPORT"),
        "kkmRegId": padded(found.registration_number, 20, account.conduct),
        "fiscalDriveNumber": found.fn,
        "fiscalDocumentNumber": found.fd_number,
        "fiscalSign": sign(found.fiscal_sign, account.conduct.sign_form),
        "shiftNum": found.shift_number,
        "fnsFlcStatus": state.value,
        "fnsStatus": number,
        "fnsDescription": words,
        "fnsConfirmation": None,
    }
    return head | {OBJECTS.get(found.code, "document"): _content(found)}


def _content(found: OfdDocument) -> dict[str, Any]:
    node = found.node
    if found.code not in {3, 31, 4, 41}:
        return {"operator": _text(node, 1021), "shiftNumber": found.shift_number}
    sums = {name: node.number(tag) or 0 for name, tag in _SUMS.items()}
    return {
        "requestNumber": found.receipt_number,
        "operationType": found.kind,
        "taxationType": node.number(1055),
        **(sums | {"totalSum": found.total}),
        "retailPlace": _text(node, 1187),
        "buyerPhoneOrAddress": _text(node, 1008),
        "items": [_item(item) for item in node.all(1059)],
        **tax_names(node),
    }


def _item(item: Node) -> dict[str, Any]:
    code, total = item.number(1199), item.number(1043) or 0
    return {
        "name": _text(item, 1030),
        "price": item.number(1079),
        "quantity": quantity_number(item),
        "sum": total,
        "ndsRate": code,
        "ndsSum": vat_of(BY_CODE[code], total) if code in BY_CODE else None,
        "calculationTypeSign": item.number(1214),
        "calculationSubjectSign": item.number(1212),
    }


def _text(node: Node, tag: int) -> str:
    return (node.text(tag) or "").strip()


def _iso(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
