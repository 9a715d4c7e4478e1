"""Reading the service's answers. Whatever is not of the protocol is ``Malformed``."""

from datetime import datetime
from typing import Any

import msgspec

from chekpoint.core.ports import Attempt, FiscalDocument
from chekpoint.registers.cloud import Malformed, decoded


class Fault(msgspec.Struct, frozen=True):
    """``error`` of an answer. It may stand beside ``status: wait``, and then it is none."""

    code: int = 0
    text: str = ""
    type: str = "none"


class Payload(msgspec.Struct, frozen=True):
    """What the register printed; sums are roubles."""

    fn_number: str | int
    fiscal_document_number: int
    fiscal_document_attribute: int | str
    receipt_datetime: str  # dd.mm.yyyy HH:MM:SS, the register's wall clock
    total: float = 0.0
    shift_number: int | None = None
    fiscal_receipt_number: int | None = None
    ecr_registration_number: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """Any answer: of a token, of a registration, of a report."""

    status: str | None = None
    uuid: str | None = None
    token: str | None = None
    error: Fault | None = None
    payload: Payload | None = None
    external_id: str | None = None


def read(body: bytes) -> Answer:
    """Raises Malformed."""
    return decoded(body, Answer)


def document_of(attempt: Attempt, payload: Payload) -> FiscalDocument:
    """The fiscal document of a report; raises Malformed where it cannot be this attempt's."""
    total = round(payload.total * 100)
    if total != attempt.receipt.amount:
        raise Malformed(f"the report has another total: {payload.total}")
    return FiscalDocument(
        fn=str(payload.fn_number), fd_number=payload.fiscal_document_number,
        fiscal_sign=f"{int(payload.fiscal_document_attribute):010d}", total=total, made_at=_local(payload.receipt_datetime),
        kind=attempt.receipt.kind.code, document=31 if attempt.receipt.correction is not None else 3,
        shift_number=payload.shift_number, receipt_number=payload.fiscal_receipt_number,
        registration_number=(payload.ecr_registration_number or "").strip() or None,
    )  # fmt: skip


def _local(text: str) -> str:
    try:
        return datetime.strptime(text, "%d.%m.%Y %H:%M:%S").isoformat()  # noqa: DTZ007 - a wall clock
    except ValueError as error:
        raise Malformed(f"no date: {text}") from error


def masked(text: str) -> Any:
    """An answer as it may be kept: without the token."""
    head, found, rest = text.partition('"token":"')
    return f'{head}"token":"***"{rest.partition(chr(34))[2]}' if found else text
