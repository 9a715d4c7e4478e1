"""The register's own exchange with the operator: documents in FD order, one at a time, the head blocks the rest.

The document that a drive gives is a container; here it gets the session message (30 bytes), goes over a byte stream,
and the operator's answer goes back into the drive. The transport is injected.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import anyio
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.drive_errors import DriveError
from chekpoint.emulators.faults import FaultKind, FaultPlan, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.null_modem import ByteStream, Connect, struck
from chekpoint.emulators.waiting import AnswerTimeout, within
from chekpoint.fiscal.ofd_wire import Message, Receiver, WireError, encode_message
from chekpoint.fiscal.ticket import Ticket

ANSWER_SECONDS: Final = 300.0  # how long a register waits for a ticket
NO_ERROR: Final = (0, "Ошибок нет")
NO_NETWORK: Final = (13617, "Отсутствует физический канал связи")  # the text a real register gave


class ExchangeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The queue and the LAST errors, which may be stale when the queue is empty. Times are local."""

    unsent_count: int
    first_fd: int | None
    first_made_at: datetime | None
    document_fd: int = 0  # the document of the last try
    network_code: int = 0
    network_text: str = "Ошибок нет"
    ofd_code: int = 0
    ofd_text: str = "Ошибок нет"
    drive_code: int = 0
    drive_text: str = "Ошибок нет"
    last_success_at: datetime | None = None
    waiting: bool = False  # for an answer, just now


class OfdExchange:
    """Sends what is unsent. ``run`` is the register's own task; ``send_once`` is one try, for simulations."""

    def __init__(
        self,
        drive: FiscalDrive,
        *,
        clock: Clock,
        local_now: Callable[[], datetime],
        faults: FaultPlan,
        connect: Connect | None,
        period: float = 60.0,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.drive = drive
        self.connect = connect
        self.enabled = True
        self.period = period
        self.answer_seconds = answer_seconds
        self._clock = clock
        self._local_now = local_now
        self._faults = faults
        self._woken = asyncio.Event()
        self._waiting = False
        self._document_fd = 0
        self._network = self._ofd = self._fn = NO_ERROR
        self._last_success: datetime | None = None

    def wake(self) -> None:
        """A new document is in the archive: do not wait for the timer."""
        self._woken.set()
