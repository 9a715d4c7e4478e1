"""The service's refusals -> the decision.

Documented are 403, 422 and 500 with ``{title, code, description}``. The 422 of an ``external_id`` that was taken
before differs from that of a wrong receipt in its words alone (Komtet/komtet-kassa-php-sdk, pull request 46), so any
422 that speaks of the id is read as "taken": a refusal that is believed wrongly would let a second receipt be made.
"""

from typing import Final

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, RegisterError, Rejected
from chekpoint.registers.komtet.answers import Refusal

_TAKEN: Final = ("external_id", "внешн", "уже существует", "already exists")
_BLOCKED: Final = {
    401: BlockReason.ACCESS,
    402: BlockReason.ACCESS,  # not paid for
    403: BlockReason.ACCESS,
    404: BlockReason.CONFIGURATION,  # no such queue
    405: BlockReason.CONFIGURATION,
    429: BlockReason.BUSY,
}


def taken_before(status: int, refusal: Refusal, attempt_id: str) -> bool:
    """Does the service say that it has this id already?"""
    said = refusal.text.casefold()
    return status in {409, 422} and (attempt_id.casefold() in said or any(word in said for word in _TAKEN))


def of_post(status: int, refusal: Refusal) -> RegisterError:
    """A refusal of a task: nothing was taken by this request."""
    code = str(refusal.code) if refusal.code is not None else str(status)
    text = refusal.text or f"HTTP {status}"
    if status in _BLOCKED:
        return RegisterBlocked(_BLOCKED[status], text, code=code)
    if status == 422:
        return Rejected(text, code=code)
    return OutcomeUnknown(f"{text} (HTTP {status})", code=code)


def of_question(status: int, refusal: Refusal) -> RegisterBlocked:
    """A refusal of a question that makes nothing."""
    return RegisterBlocked(_BLOCKED.get(status, BlockReason.NO_LINK), refusal.text or f"HTTP {status}")
