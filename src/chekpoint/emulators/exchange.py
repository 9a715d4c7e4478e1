"""The register's own exchange with the operator: documents in FD order, one at a time, the head blocks the rest.

The document that a drive gives is a container; here it gets the message header (30 bytes), goes over a byte stream,
and the operator's answer goes back into the drive. The transport is injected.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import anyio
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.drive_errors import DriveCode, DriveError
from chekpoint.emulators.faults import FaultKind, FaultPlan, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.null_modem import ByteStream, Connect, struck
from chekpoint.emulators.waiting import AnswerTimeout, either, within
from chekpoint.fiscal.ofd_wire import P_PROTOCOLS, Message, Receiver, WireError, encode_message
from chekpoint.fiscal.ticket import Ticket, answer_words

CONNECT_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 300.0  # how long a register waits for a ticket
NO_ERROR: Final = (0, "Ошибок нет")
NO_NETWORK: Final = (13617, "Отсутствует физический канал связи")  # the text a real register gave
NO_ANSWER: Final = (13620, "Таймаут ожидания ответа ОФД")
BROKEN: Final = (13618, "Соединение с ОФД разорвано")
WRONG_ANSWER: Final = 62
TICKET_CODES: Final = {
    DriveCode.TICKET_SIGN: 57,
    DriveCode.TICKET_FORMAT: 58,
    DriveCode.TICKET_FD: 59,
    DriveCode.TICKET_FN: 60,
    DriveCode.TICKET_CRC: 62,
}
"""A drive's codes 57..62 for a refused ticket; which number is which reason is not documented beyond the order."""


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
        powered: Callable[[], bool] = lambda: True,
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
        self._powered = powered
        self._faults = faults
        self._woken = asyncio.Event()
        self._waiting = False
        self._document_fd = 0
        self._network = self._ofd = self._fn = NO_ERROR
        self._last_success: datetime | None = None

    def wake(self) -> None:
        """A new document is in the archive: do not wait for the timer."""
        self._woken.set()

    def status(self) -> ExchangeStatus:
        """The queue, and what went wrong last."""
        queue = self.drive.unsent()
        return ExchangeStatus(
            unsent_count=queue.count,
            first_fd=queue.first_fd,
            first_made_at=queue.first_made_at,
            document_fd=self._document_fd,
            network_code=self._network[0],
            network_text=self._network[1],
            ofd_code=self._ofd[0],
            ofd_text=self._ofd[1],
            drive_code=self._fn[0],
            drive_text=self._fn[1],
            last_success_at=self._last_success,
            waiting=self._waiting,
        )

    async def run(self) -> None:
        """Send for ever: at once when woken, else by the timer. Cancel it to stop."""
        while True:
            self._woken.clear()
            await self.drain()
            await either(self._clock, self.period, self._woken)

    async def drain(self) -> int:
        """Send until the queue is empty or its head is stuck; the number of tickets loaded."""
        if not self.ready():
            return 0
        stream = await self._dial()
        if stream is None:
            return 0
        loaded = 0
        try:
            while self.ready() and await self._exchange(stream):
                loaded += 1
        finally:
            await stream.aclose()
        return loaded

    def ready(self) -> bool:
        """Is there something to send, and may it be sent?"""
        return self.connect is not None and self.enabled and self._powered() and self.drive.unsent().count > 0

    async def _dial(self) -> ByteStream | None:
        fault = self._faults.draw(Point.OFD_CONNECT)
        if fault is not None and fault.kind is FaultKind.DELAY:
            await self._clock.sleep(fault.seconds)
        try:
            if self.connect is None or (fault is not None and fault.kind is FaultKind.DROP):
                raise ConnectionRefusedError
            return await within(self._clock, CONNECT_SECONDS, _connected(self.connect))
        except (OSError, AnswerTimeout):
            self._network = NO_NETWORK
            return None

    async def _exchange(self, stream: ByteStream) -> bool:
        """One document and its ticket; False when the head of the queue stays where it is."""
        fd_number, container = self.drive.outgoing()
        self._document_fd = fd_number
        self._waiting = True
        try:
            octets = encode_message(
                Message(fn=self.drive.number, body=container, p_protocol=P_PROTOCOLS[self.drive.ffd])
            )
            if not await self._send(stream, octets):
                return False
            answer = await within(self._clock, self.answer_seconds, _answer(stream))
            ticket = self.drive.load_ticket(answer.body, self._local_now())
        except AnswerTimeout:
            self._network = (NO_ANSWER[0], NO_ANSWER[1])
        except WireError as error:
            self._ofd = (WRONG_ANSWER, error.ru)
        except DriveError as error:
            self._fn = (TICKET_CODES.get(error.code, WRONG_ANSWER), str(error))
        except (OSError, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._network = BROKEN
        else:
            self._succeeded(ticket)
            return True
        finally:
            self._waiting = False
        return False

    async def _send(self, stream: ByteStream, octets: bytes) -> bool:
        """Through whatever fault strikes the document on its way; False when the line died with it."""
        fault = self._faults.draw(Point.OFD_REQUEST)
        if fault is not None and fault.kind is FaultKind.DELAY:
            await self._clock.sleep(fault.seconds)
        octets = struck(octets, fault)
        if octets:
            await stream.send(octets)
        if fault is not None and fault.kind in {FaultKind.DROP, FaultKind.CUT}:
            self._network = BROKEN
            return False
        return True

    def _succeeded(self, ticket: Ticket) -> None:
        """The ticket is in the drive. An answer that is not 0 is delivered, yet rejected."""
        self._network = self._fn = NO_ERROR
        self._ofd = NO_ERROR if ticket.accepted else (ticket.answer, answer_words(ticket.answer)[0])
        self._last_success = self._local_now()


async def _connected(connect: Connect) -> ByteStream:
    return await connect()


async def _answer(stream: ByteStream) -> Message:
    """The next whole message; WireError for garbage or an answer cut short."""
    receiver = Receiver()
    while True:
        message = receiver.next_message()
        if message is not None:
            return message
        try:
            receiver.receive(await stream.receive(65536))
        except anyio.EndOfStream:
            receiver.close()
            raise
