"""What is answered about one document. PRINTED, WAIT_FOR_CALLBACK and COMPLETED all mean that the drive signed it."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from chekpoint.core.clock import from_epoch_ms
from chekpoint.core.lifecycle import Proof, State
from chekpoint.fiscal import qr
from chekpoint.fiscal.money import roubles
from chekpoint.fiscal.receipt import Kind
from chekpoint.hub.repeats import FAILED
from chekpoint.shops.modulkassa import words
from chekpoint.store.listing import Document, Whole

_MESSAGES: Final = {
    "QUEUED": "Document queued for printing", "REQUEUED": "Document queued for printing once more",
    "PENDING": "Document is being printed", "WAIT_FOR_CALLBACK": "Document printed, responseURL has not taken it yet",
    "COMPLETED": "Document printed", "FAILED": "Document not printed",
}  # fmt: skip


class Look(NamedTuple):
    """A document with what stands around it."""

    whole: Whole
    promised: bool  # responseURL has still to take the outcome
    serial: str  # the register's factory number, "" while that is not known
    fn_state: str


def answer(look: Look, zone: ZoneInfo) -> dict[str, Any]:
    """DocumentStatus."""
    line, status = look.whole.line, status_of(look)
    changed = from_epoch_ms(line.updated_at).astimezone(zone).isoformat(timespec="seconds")
    return {
        "status": status,
        "fnState": look.fn_state,
        "fiscalInfo": fiscal(look, zone),
        "failureInfo": _failure(look.whole),
        "message": line.error_text if status == "FAILED" and line.error_text else _MESSAGES[status],
        "timeStatusChanged": changed,
    }


def status_of(look: Look) -> str:
    """The word for where a document is."""
    line = look.whole.line
    if line.state in FAILED:
        return "FAILED"
    if line.state == State.QUEUED:
        return "REQUEUED" if line.tries else "QUEUED"
    if line.state != State.FISCALISED or line.proof < Proof.SIGNED or look.whole.document is None:
        return "PENDING"
    return "WAIT_FOR_CALLBACK" if look.promised else "COMPLETED"


def fiscal(look: Look, zone: ZoneInfo) -> dict[str, Any] | None:
    """fiscalInfo; None until the drive has signed. 0 and "" where a document read back does not say."""
    found, kind = look.whole.document, Kind(look.whole.line.kind)
    if found is None:
        return None
    return {
        "shiftNumber": found.shift_number or 0,
        "checkNumber": found.receipt_number or 0,
        "kktNumber": look.serial,
        "ecrRegistrationNumber": found.registration_number or "",
        "fnNumber": found.fn,
        "fnDocNumber": found.fd_number,
        "fnDocMark": int(found.fiscal_sign),
        "date": _utc(found, zone),
        "sum": roubles(found.total),
        "checkType": words.CHECK_TYPES[kind],
        "qr": qr_of(found, kind),
    }


def _utc(found: Document, zone: ZoneInfo) -> str:
    """The register's wall clock as ``2020-02-26T00:31:19.000+0000``: modules parse exactly that."""
    moment = datetime.fromisoformat(found.made_at).replace(tzinfo=zone).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def qr_of(found: Document, kind: Kind) -> str:
    """The register's own string, else the same made of the document."""
    if found.qr:
        return found.qr
    moment = datetime.fromisoformat(found.made_at)
    return qr.write(moment, found.total, found.fn, found.fd_number, int(found.fiscal_sign), kind)


def _failure(whole: Whole) -> dict[str, Any] | None:
    """A register whose drive fails is a trouble of the register, and the document waits: so it is never the drive."""
    texts = {
        State.REJECTED: "Касса отказала в регистрации документа",
        State.CANCELLED: "Документ отменён до регистрации",
        State.EXPIRED: "Срок ожидания истёк, документ не зарегистрирован",
    }
    state = State(whole.line.state)
    if state not in texts:
        return None
    return {"type": "NON_FN_FAILURE", "message": whole.line.error_text or texts[state]}
