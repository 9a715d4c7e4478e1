"""The service's answers and the line's troubles -> the decision (document 2.31.3)."""

import ssl
from typing import Final

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, RegisterError, Rejected
from chekpoint.registers import cloud

TAKEN: Final = frozenset({200, 201, 409})  # 409: this id was taken before, and nothing more was made
WAITING: Final = 202
NOT_FOUND: Final = 400
MARK_REFUSED: Final = 422
EXPIRED: Final = 524  # its time in the queue is over: it goes again under a new id
_BLOCKED: Final = {
    401: (
        BlockReason.ACCESS,
        "подпись или сертификат не приняты / the signature or the certificate is refused",
    ),
    403: (BlockReason.ACCESS, "доступ закрыт / no access"),
    404: (BlockReason.CONFIGURATION, "такого адреса нет / no such address"),
    405: (BlockReason.CONFIGURATION, "такого действия нет / no such action"),
    429: (BlockReason.BUSY, "слишком часто / too often"),
    503: (BlockReason.BUSY, "очередь сервиса переполнена / the service's queue is full"),
}


def of_post(status: int, text: str) -> RegisterError:
    """A refusal of a document: nothing was taken by this request."""
    if status in _BLOCKED:
        reason, words = _BLOCKED[status]
        return RegisterBlocked(reason, f"{words} {text}".rstrip(), code=str(status))
    if status == 400:
        return Rejected(text or "чек не принят без объяснения / refused without words", code="400")
    return OutcomeUnknown(f"непонятный ответ: HTTP {status} {text}".rstrip(), code=str(status))


def of_question(status: int, text: str) -> RegisterBlocked:
    """A refusal of a question that makes nothing."""
    reason, words = _BLOCKED.get(status, (BlockReason.NO_LINK, f"HTTP {status}"))
    if status == 400:
        reason, words = BlockReason.CONFIGURATION, "группа не найдена / no such group"
    return RegisterBlocked(reason, f"{words} {text}".rstrip(), code=str(status))


def of_line(fault: Exception) -> RegisterError:
    """RegisterBlocked where no byte of a request was looked at, OutcomeUnknown elsewhere.

    TLS 1.3 tells a client that its certificate is refused after the client has spoken: the first read brings it. It
    was not let in then, and what it had said was never read.
    """
    return _certificate_of(fault) or cloud.fault_of(fault)


def _certificate_of(fault: BaseException) -> RegisterBlocked | None:
    found: BaseException | None = fault
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            words = "сертификату сервиса нет доверия (ca) / the service's certificate is not trusted"
            return RegisterBlocked(BlockReason.CONFIGURATION, f"{words}: {found.verify_message}")
        reason = str(getattr(found, "reason", "") or "") if isinstance(found, ssl.SSLError) else ""
        if "ALERT" in reason and ("CERT" in reason or "UNKNOWN_CA" in reason or "HANDSHAKE" in reason):
            words = "сервис не принял сертификат клиента / the service refuses the client certificate"
            return RegisterBlocked(BlockReason.ACCESS, f"{words}: {reason}")
        found = found.__cause__ or found.__context__
    return None
