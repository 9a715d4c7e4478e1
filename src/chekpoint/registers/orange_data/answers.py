"""Reading the service's answers. Whatever is not of the protocol is ``Malformed``."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from chekpoint.core.ports import Attempt, FiscalDocument
from chekpoint.registers.cloud import Malformed, decoded


class UserAttribute(msgspec.Struct, frozen=True):
    """1084 as it is echoed."""

    value: str | None = None


class Echo(msgspec.Struct, frozen=True, rename="camel"):
    """``content`` of a result: what was asked for, given back."""

    type: int | None = None
    additional_attribute: str | None = None
    additional_user_attribute: UserAttribute | None = None


class Result(msgspec.Struct, frozen=True, rename="camel"):
    """A document that was made (HTTP 200 of a status)."""

    id: str
    fs_number: str  # 1041
    document_number: int  # 1040
    fp: str  # 1077
    processed_at: str  # 1012 without a zone
    shift_number: int | None = None  # 1038
    document_index: int | None = None  # 1042
    device_rn: str | None = msgspec.field(name="deviceRN", default=None)  # 1037
    company_inn: str | None = msgspec.field(name="companyINN", default=None)
    content: Echo | None = None


class Device(msgspec.Struct, frozen=True, rename="camel"):
    """One register of the group."""

    device_sn: str | None = msgspec.field(name="deviceSN", default=None)
    fs_number: str | None = None
    unsent_documents_count: int = 0
    first_unsent_document_date: str | None = None
    fs_documents_count: int | None = None
    fs_expiration_date: str | None = None


class Devices(msgspec.Struct, frozen=True):
    """The registers of a group."""

    devices: list[Device]

    @property
    def unsent(self) -> int:
        """Documents that have not left, of all registers together."""
        return sum(device.unsent_documents_count for device in self.devices)

    @property
    def unsent_since(self) -> str | None:
        """The oldest of them; a date is given for registers that have sent everything, too, and means nothing there."""
        return _oldest(d.first_unsent_document_date for d in self.devices if d.unsent_documents_count > 0)

    @property
    def valid_until(self) -> str | None:
        """When the first of the drives ends."""
        return _oldest(device.fs_expiration_date for device in self.devices)


class Refusal(msgspec.Struct, frozen=True):
    """The body of HTTP 400, 401 and 422."""

    errors: list[str] = []


class Call(msgspec.Struct, frozen=True):
    """A callback, as far as it is looked at."""

    id: str


def read_result(body: bytes) -> Result:
    """Raises Malformed."""
    return decoded(body, Result)


def read_devices(body: bytes) -> Devices:
    """Raises Malformed."""
    return decoded(body, Devices)


def read_refusal(body: bytes) -> str:
    """Everything that a refusal says; never fails."""
    try:
        return "; ".join(decoded(body, Refusal).errors)
    except Malformed:
        return body[:500].decode("utf-8", "replace")


def recognised(body: bytes) -> str | None:
    """The attempt that a callback speaks of. Nothing proves that the service has sent it: it is a hint to ask."""
    try:
        return decoded(body, Call).id
    except Malformed:
        return None


def document_of(attempt: Attempt, inn: str, result: Result) -> FiscalDocument:
    """The fiscal document of a result; raises Malformed where it cannot be this attempt's."""
    receipt, echo = attempt.receipt, result.content or Echo()
    if result.id != attempt.id:
        raise Malformed(f"документ чужого чека {result.id} / of another receipt")
    if result.company_inn not in {None, "", inn}:
        raise Malformed(f"документ другого продавца {result.company_inn} / of another seller")
    if echo.type not in {None, receipt.kind.code}:
        raise Malformed(f"другой признак расчёта: {echo.type} / of another kind")
    own = echo.additional_user_attribute.value if echo.additional_user_attribute else None
    return FiscalDocument(
        fn=result.fs_number, fd_number=result.document_number, fiscal_sign=f"{int(result.fp):010d}",
        total=receipt.amount, made_at=_local(result.processed_at), kind=receipt.kind.code,
        document=31 if receipt.correction is not None else 3, shift_number=result.shift_number,
        receipt_number=result.document_index, registration_number=(result.device_rn or "").strip() or None,
        mark=attempt.mark if attempt.mark in {echo.additional_attribute, own} else None,
    )  # fmt: skip


def _local(text: str) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0).isoformat()
    except ValueError as error:
        raise Malformed(f"не время: {text} / no time") from error


def _oldest(moments: Iterable[str | None]) -> str | None:
    """ISO 8601 without a zone sorts as text."""
    return min((moment for moment in moments if moment), default=None)
