"""The shapes of the driver's results. Sums are roubles as JSON numbers, the fiscal sign is a STRING.

Dates are the device's wall clock stamped with the zone of the machine, always with seconds.
"""

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, Final

from chekpoint.emulators.exchange import ExchangeStatus
from chekpoint.emulators.fiscal_drive import ArchivedDocument, Registration
from chekpoint.emulators.register import RegisterState
from chekpoint.fiscal.receipt import Taxation

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 -- a device's wall clock has no zone
"""What the driver gives where there is no date: not a moment to be believed."""
SHIFTS: Final = {"closed": "closed", "open": "opened", "expired": "expired"}
PHASES: Final = {
    "ready": "init",
    "fiscal": "fiscalMode",
    "closed": "postFiscalMode",
    "archive": "accessArchive",
}
TAXATION_WORDS: Final = {
    Taxation.OSN: "osn",
    Taxation.USN_INCOME: "usnIncome",
    Taxation.USN_INCOME_OUTCOME: "usnIncomeOutcome",
    Taxation.ENVD: "envd",
    Taxation.ESN: "esn",
    Taxation.PATENT: "patent",
}
_FN_WARNINGS: Final = {
    "criticalError": "broken",
    "memoryOverflow": "overflow",
    "needReplacement": "replace_urgently",
    "ofdTimeout": "operator_silent",
    "resourceExhausted": "exhausted",
}


def stamp(local: datetime | None, zone: timezone) -> str:
    """A local wall clock as ISO 8601 with the offset."""
    return (local or EPOCH).replace(tzinfo=zone).isoformat(timespec="seconds")


def fiscal_params(document: ArchivedDocument, registration: Registration, zone: timezone) -> dict[str, Any]:
    """The ``fiscalParams`` of one document; a receipt has a number in its shift and a total."""
    params: dict[str, Any] = {
        "fiscalDocumentDateTime": stamp(document.made_at, zone),
        "fiscalDocumentNumber": document.fd_number,
        "fiscalDocumentSign": document.sign_text,
        "fnNumber": document.fn,
        "registrationNumber": registration.registration_number.strip(),
        "shiftNumber": document.shift_number,
        "fnsUrl": registration.fns_site,
    }
    if document.kind:
        params |= {"fiscalReceiptNumber": document.receipt_number, "total": document.total / 100}
    if document.code == _SHIFT_CLOSE:
        params["receiptsCount"] = document.node.number(1118) or 0
    return params


_SHIFT_CLOSE: Final = 5


def device_info(state: RegisterState) -> dict[str, Any]:
    """``getDeviceInfo``."""
    ffd = state.registration.ffd if state.registration else "1.05"
    return {
        "deviceInfo": {
            "firmwareVersion": state.firmware,
            "model": 57,
            "modelName": state.model,
            "receiptLineLength": 48,
            "receiptLineLengthPix": 576,
            "serial": state.serial,
            "configurationVersion": "1.0.0",
            "ffdVersion": ffd,
            "fnFfdVersion": ffd,
        }
    }


def device_status(state: RegisterState, zone: timezone) -> dict[str, Any]:
    """``getDeviceStatus``."""
    return {
        "deviceStatus": {
            "blocked": False,
            "coverOpened": state.cover_open,
            "currentDateTime": stamp(state.clock, zone),
            "fiscal": state.registration is not None,
            "fnFiscal": state.phase == "fiscal",
            "fnPresent": True,
            "paperPresent": state.paper,
            "cashDrawerOpened": state.drawer_open,
            "shift": SHIFTS[state.shift],
        }
    }


def shift_status(state: RegisterState, zone: timezone, documents: int) -> dict[str, Any]:
    """``getShiftStatus``; the number of documents is told of a closed shift only."""
    status: dict[str, Any] = {
        "number": state.shift_number,
        "expiredTime": stamp(state.shift_expires_at, zone),
        "state": SHIFTS[state.shift],
    }
    if state.shift == "closed":
        status["documentsCount"] = documents
    return {"shiftStatus": status}


def fn_warnings(up: frozenset[str]) -> dict[str, bool]:
    """The five warning flags of the drive."""
    return {name: flag in up for name, flag in _FN_WARNINGS.items()}


def fn_info(state: RegisterState, zone: timezone, warnings: dict[str, bool]) -> dict[str, Any]:
    """``getFnInfo``."""
    ffd = state.registration.ffd if state.registration else "1.05"
    return {
        "fnInfo": {
            "ffdVersion": ffd,
            "fnFfdVersion": ffd,
            "numberOfRegistrations": int(state.registration is not None),
            "registrationsRemaining": state.registrations_left,
            "validityDate": stamp(state.valid_until, zone),
            "serial": state.fn,
            "version": "fn debug v 1.32",
            "execution": "Эмулятор ФН",
            "fnContainsKeysUpdaterServerUri": False,
            "livePhase": PHASES.get(state.phase, "unknown"),
            "warnings": warnings,
        }
    }


def fn_status(state: RegisterState, warnings: dict[str, bool]) -> dict[str, Any]:
    """``getFnStatus``: the LAST document number, and the receipts of the shift."""
    return {
        "fnStatus": {
            "fiscalDocumentNumber": state.last_fd,
            "fiscalReceiptNumber": state.receipt_number,
            "warnings": warnings,
        }
    }


def registration_info(registration: Registration) -> dict[str, Any]:
    """``getRegistrationInfo``."""
    taxations = [word for taxation, word in TAXATION_WORDS.items() if taxation.bit & registration.taxations]
    return {
        "organization": {
            "name": registration.seller_name,
            "vatin": registration.seller_inn,
            "email": registration.sender_email,
            "taxationTypes": taxations,
            "agents": [],
            "address": registration.address,
        },
        "device": {
            "paymentsAddress": registration.place,
            "fnsUrl": registration.fns_site,
            "registrationNumber": registration.registration_number.strip(),
            "ffdVersion": registration.ffd,
            "defaultTaxationType": taxations[0] if taxations else "osn",
            "ofdChannel": "tcpipOsStack",
            "autoMode": registration.automatic,
            "internet": registration.internet,
            **_absent(("offlineMode", "encryption", "machineInstallation", "bso", "excise", "service")),
            **_absent(("gambling", "lottery", *(_ONLY_1_2 if registration.ffd == "1.2" else ()))),
            "machineNumber": "",
        },
        "ofd": {
            "name": registration.ofd_name,
            "vatin": registration.ofd_inn,
            "host": registration.ofd_host,
            "port": registration.ofd_port,
            "dns": "",
        },
    }


_ONLY_1_2: Final = ("marking", "pawnShop", "insurance")


def _absent(names: Iterable[str]) -> dict[str, bool]:
    return dict.fromkeys(names, False)


def exchange_status(status: ExchangeStatus, zone: timezone) -> dict[str, Any]:
    """The ``status`` object of the OFD exchange; without a queue its date is the epoch."""
    return {
        "notSentCount": status.unsent_count,
        "notSentFirstDocNumber": status.first_fd or 0,
        "notSentFirstDocDateTime": stamp(status.first_made_at, zone),
    }


def exchange_errors(status: ExchangeStatus, zone: timezone) -> dict[str, Any]:
    """The ``errors`` object: the LAST errors, stale ones too."""
    return {
        "fnCommandCode": 0,
        "documentNumber": status.document_fd,
        "fn": {"code": status.drive_code, "description": status.drive_text},
        "network": {"code": status.network_code, "description": status.network_text},
        "ofd": {"code": status.ofd_code, "description": status.ofd_text},
        "lastSuccessConnectionDateTime": stamp(status.last_success_at, zone),
    }
