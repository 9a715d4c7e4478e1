"""The service's errors -> the decision. One table for its own codes, one for those of the register behind it."""

from typing import Final

from chekpoint.core.errors import (
    BlockReason,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)

TOKEN: Final = frozenset({10, 11})  # get another one, and ask again
EXISTS: Final = 33  # this external_id was taken before: its uuid is in the answer, and that is success
_BLOCKED: Final = {
    12: BlockReason.ACCESS,  # login or password
    14: BlockReason.ACCESS,  # the user is blocked
    20: BlockReason.ACCESS,  # the group is not of this token
    21: BlockReason.CONFIGURATION,  # the group speaks another version
    31: BlockReason.CONFIGURATION,  # the operation is not served
    41: BlockReason.CONFIGURATION,  # media type
}
_CONTENT: Final = frozenset({1, 13, 30, 32, 40})
# Codes of the register's driver that say nothing of the content: another one, or the same later, may take it.
_DEVICE: Final = frozenset(
    {1, 2, 3, 4, 12, 13, 15, 35, 40, 44, 45, 46, 50, 52, 60, 66, 68, 73, 141, 178, 262}
)
WRONG_GROUP: Final = "2009"  # the INN is not that of the group; nothing was tried


def of_post(code: int, text: str, status: int) -> RegisterError:
    """A refusal of the request itself: nothing was accepted under this id."""
    said = f"{text} (HTTP {status})"
    if code in _BLOCKED:
        return RegisterBlocked(_BLOCKED[code], said, code=str(code))
    if code in _CONTENT and status in {400, 422}:
        return Rejected(text, code=str(code))
    return OutcomeUnknown(said, code=str(code))


def of_fail(kind: str, code: int, text: str) -> RegisterError:
    """A final ``fail``: nothing was registered, and never will be under this id."""
    if str(code) == WRONG_GROUP:
        return RegisterBlocked(BlockReason.CONFIGURATION, text, code=str(code))
    if (
        kind == "timeout"
        or (kind == "driver" and code in _DEVICE)
        or (kind == "agent" and 2003 <= code <= 2007)
    ):
        return NotSent(text, code=str(code))
    return Rejected(text, code=str(code))
