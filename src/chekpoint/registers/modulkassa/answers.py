"""Reading the service's answers. Whatever is not of the protocol is ``Malformed``."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import msgspec

from chekpoint.core.ports import Attempt, FiscalDocument
from chekpoint.fiscal import qr
from chekpoint.registers.cloud import Malformed, decoded
from chekpoint.registers.modulkassa.words import CHECK_TYPES


class FiscalInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the register signed. ``sum`` is a text in the samples and a number in the table."""

    fnNumber: str | int  # noqa: N815  the service's own names
    fnDocNumber: int  # noqa: N815
    fnDocMark: int | str  # noqa: N815
    date: str  # UTC, "2020-02-26T00:31:19.000+0000"
    sum: str | float
    shiftNumber: int | None = None  # noqa: N815
    checkNumber: int | None = None  # noqa: N815
    checkType: str | None = None  # noqa: N815
    ecrRegistrationNumber: str | None = None  # noqa: N815
    qr: str | None = None


class FailureInfo(msgspec.Struct, frozen=True):
    """Why a document FAILED."""

    type: str = "NON_FN_FAILURE"
    message: str | None = None


class DocumentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a document."""

    status: str
    fiscalInfo: FiscalInfo | None = None  # noqa: N815
    failureInfo: FailureInfo | None = None  # noqa: N815
    message: str | None = None


class PointStatus(msgspec.Struct, frozen=True):
    """The state of the retail point. ``dateTime`` is when its register was heard of last."""

    status: str
    dateTime: str | None = None  # noqa: N815


class Refusal(msgspec.Struct, frozen=True):
    """The body of HTTP 400, where there is one."""

    error: str = ""
    message: str = ""


def read_document(body: bytes) -> DocumentStatus:
    """Raises Malformed."""
    return decoded(body, DocumentStatus)


def read_point(body: bytes) -> PointStatus:
    """Raises Malformed."""
    return decoded(body, PointStatus)


def read_refusal(body: bytes) -> Refusal:
    """Never fails: a refusal may come without a body."""
    try:
        return decoded(body, Refusal)
    except Malformed:
        return Refusal(message=body[:500].decode("utf-8", "replace"))


def moment(text: str) -> datetime:
    """An aware moment in any of the service's forms: ``+07:00``, ``+0000``, with milliseconds or without."""
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise Malformed(f"no date: {text}") from error
    if found.tzinfo is None:
        raise Malformed(f"no zone: {text}")
    return found


def document_of(attempt: Attempt, info: FiscalInfo, zone: str) -> FiscalDocument:
    """The fiscal document of a status; raises Malformed where it cannot be this attempt's."""
    receipt = attempt.receipt
    total = _kopecks(info.sum)
    if total != receipt.amount or info.checkType not in {None, CHECK_TYPES[receipt.kind]}:
        raise Malformed(f"в документе другое: {info.checkType} {info.sum} / the document is another one")
    registration = (info.ecrRegistrationNumber or "").strip()
    return FiscalDocument(
        fn=str(info.fnNumber), fd_number=info.fnDocNumber, fiscal_sign=f"{int(info.fnDocMark):010d}", total=total,
        made_at=_local(info, zone).isoformat(), kind=receipt.kind.code, shift_number=info.shiftNumber,
        receipt_number=info.checkNumber, qr=info.qr or None,
        # The page calls it a factory number: only what has the length of 1037 is taken for one.
        registration_number=registration if len(registration) == 16 and registration.isdigit() else None,
    )  # fmt: skip


def _kopecks(value: str | float) -> int:
    try:
        exact = Decimal(str(value)) * 100
        whole = int(exact)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise Malformed(f"no sum: {value}") from error
    if exact != whole:
        raise Malformed(f"no sum: {value}")
    return whole


def _local(info: FiscalInfo, zone: str) -> datetime:
    """The register's wall clock: the QR string has it; ``date`` is UTC, and lends its seconds."""
    utc = moment(info.date)
    if not info.qr:
        return utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    try:
        told = qr.read(info.qr)
    except qr.QrError as error:
        raise Malformed(error.ru) from error
    if told.fd_number != info.fnDocNumber:
        raise Malformed(f"QR другого документа: {info.qr} / the QR is of another document")
    return told.made_at.replace(second=told.made_at.second or utc.second)
