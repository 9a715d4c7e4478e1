"""The packet about one receipt: what a report answers and a callback carries.

1C-Bitrix takes any JSON without ``status: wait``, ``error`` or a whole ``payload`` for success: so there is none.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from chekpoint.core.lifecycle import Proof, State
from chekpoint.shops.atol_online.errors import Code, text_of
from chekpoint.store.listing import Document, Whole

_NODE: Final = "chekpoint"
_TO_REPEAT: Final = frozenset(
    {Code.UNDEFINED, Code.PROCESSING_FAILED, Code.ALREADY_EXISTS, Code.STATE_NOT_FOUND, Code.BAD_REQUEST}
)
"""Codes at which clients send again by themselves: no register's own code may look like one of them."""


class About(NamedTuple):
    """What the packet says beside the receipt. ``now`` is the service's own wall clock."""

    uuid: str
    external_id: str
    group_code: str
    callback_url: str
    now: datetime
    error_id: str


def moment(at: datetime) -> str:
    """As the service writes time."""
    return at.strftime("%d.%m.%Y %H:%M:%S")


def packet(whole: Whole, about: About) -> dict[str, Any]:
    """``done``, ``fail`` or ``wait``."""
    line = whole.line
    if line.state == State.FISCALISED and line.proof >= Proof.SIGNED and whole.document is not None:
        return _final(whole, about, "done", None, _payload(whole.document))
    error = _failure(whole)
    if error is None:
        return waiting(about)
    return _final(whole, about, "fail", error, None)


def waiting(about: About) -> dict[str, Any]:
    """No answer yet: code 34 stands beside ``wait``, and is no failure."""
    return {
        "uuid": about.uuid,
        "status": "wait",
        "error": error_of(Code.STATE_NOT_FOUND, about.error_id),
        "timestamp": moment(about.now),
        "callback_url": about.callback_url,
    }


def error_of(code: Code, error_id: str, text: str | None = None) -> dict[str, Any]:
    """An error of the service itself."""
    return {"error_id": error_id, "code": int(code), "text": text or text_of(code), "type": "system"}


def _final(
    whole: Whole, about: About, status: str, error: dict[str, Any] | None, payload: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "uuid": about.uuid,
        "status": status,
        "error": error,
        "payload": payload,
        "warnings": None,
        "timestamp": moment(about.now),
        "group_code": about.group_code,
        "daemon_code": _NODE,
        "device_code": whole.line.register_id or "",
        "external_id": about.external_id,
        "callback_url": about.callback_url,
    }


def _payload(document: Document) -> dict[str, Any]:
    """Exactly typed, for strict clients; 0 and "" where a document read back from a drive does not say."""
    return {
        "total": _roubles(document.total),
        "fns_site": "www.nalog.ru",
        "fn_number": document.fn,
        "shift_number": document.shift_number or 0,
        "receipt_datetime": moment(datetime.fromisoformat(document.made_at)),
        "fiscal_receipt_number": document.receipt_number or 0,
        "fiscal_document_number": document.fd_number,
        "ecr_registration_number": document.registration_number or "",
        "fiscal_document_attribute": int(document.fiscal_sign),
    }


def _roubles(kopecks: int) -> int | float:
    """A JSON number; whole roubles have no point, as the service writes them."""
    return kopecks / 100 if kopecks % 100 else kopecks // 100


def _failure(whole: Whole) -> dict[str, Any] | None:
    """Only what is final; a receipt that waits, or is in doubt, has not failed."""
    line = whole.line
    if line.state == State.EXPIRED:
        text = "Чек не пробит: срок ожидания истёк. Документа нет, отправьте чек с новым external_id"
        return {"code": int(Code.PROCESSING_FAILED), "text": text, "type": "timeout"}
    if line.state == State.CANCELLED:
        text = "Чек отменён до регистрации. Документа нет"
        return {"code": int(Code.INVALID_RECEIPT), "text": text, "type": "agent"}
    if line.state == State.REJECTED:
        text = line.error_text or "Касса отказала в регистрации чека"
        return {"code": _code(line.error_code), "text": text, "type": "driver"}
    return None


def _code(of_register: str | None) -> int:
    bare = (of_register or "").removeprefix("-")
    if not (bare.isascii() and bare.isdigit() and len(bare) < 9):
        return int(Code.INVALID_RECEIPT)
    code = int(of_register or "")
    return int(Code.INVALID_RECEIPT) if code in _TO_REPEAT else code
