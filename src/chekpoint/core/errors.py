"""The error tree carries the decision. Nobody above a register driver looks at codes or texts.

RegisterError
 +- NotSent          provably nothing was registered: try again, anywhere
 +- Rejected         the content cannot be registered: a person must fix it
 +- OutcomeUnknown   it may have been registered: only locate() may decide
 +- RegisterBlocked  this lane waits (paper, cover, no link ...); nothing was registered; others go on

Anything unforeseen after the first byte is OutcomeUnknown. A driver never lets another exception out of
``submit`` and ``locate``; the lane treats one that escapes as OutcomeUnknown.
"""

from enum import StrEnum


class BlockReason(StrEnum):
    """Why a register cannot work just now. Each has a sentence in both languages on the screens."""

    NO_LINK = "no_link"
    BUSY = "busy"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    PRINTER = "printer"
    SHIFT_EXPIRED = "shift_expired"
    SHIFT_CLOSED = "shift_closed"
    FISCAL_DRIVE = "fiscal_drive"
    FISCAL_DRIVE_FULL = "fiscal_drive_full"
    OFD_OVERDUE = "ofd_overdue"  # 30 days unsent: the fiscal drive makes no more signs
    CLOCK = "clock"
    ACCESS = "access"
    CONFIGURATION = "configuration"
    QUEUE_BLOCKED = "queue_blocked"  # the register's own queue waits for an outcome
    UNKNOWN = "unknown"


class RegisterError(Exception):
    """Base. ``code`` is the register's own code, ``message`` its own text, kept as evidence."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class NotSent(RegisterError):
    """Nothing was registered, provably. The receipt goes back to the queue."""


class Rejected(RegisterError):
    """The register will never take this content. ``code`` and ``message`` tell the person what to fix."""


class OutcomeUnknown(RegisterError):
    """It may have been registered. There is no second send before locate() has answered."""


class RegisterBlocked(RegisterError):
    """The register cannot work now; nothing was registered by this attempt."""

    def __init__(self, reason: BlockReason, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.reason = reason


class StoreError(Exception):
    """The journal could not write. Nothing was stored."""


class Unfit(StoreError, ValueError):
    """What a person asked for does not fit what is there. Nothing was stored."""


class Conflict(StoreError):
    """A compare-and-set found another value: somebody else got there first."""
