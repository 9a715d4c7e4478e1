"""The device behind the line: it finds a command, asks who may give it and in which state, and carries it out."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import msgspec

from chekpoint.emulators.drive_errors import DeviceCode, DeviceError, EmulatedError
from chekpoint.emulators.fiscal_drive import ArchivedDocument, ShiftState
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.emulators.shtrih_wire.codes import Code, Refused, code_of
from chekpoint.emulators.shtrih_wire.conduct import Conduct
from chekpoint.emulators.shtrih_wire.entry import KINDS_8D, Entry, cashier_of
from chekpoint.emulators.shtrih_wire.layout import Parameters
from chekpoint.emulators.shtrih_wire.marks import MarkTable
from chekpoint.emulators.shtrih_wire.tables import Tables
from chekpoint.fiscal.receipt import Cashier
from chekpoint.fiscal.tlv import Node

TWO_BYTES: Final = 0xFF
SYSADMIN: Final = 30
ADMINS: Final = frozenset({29, SYSADMIN})
DUMB: Final = frozenset({DeviceCode.NO_POWER, DeviceCode.NO_LINK})
_EARLY: Final = timedelta(minutes=1)  # T17F8 = 1: mode 3 begins before the fiscal drive's own limit


class Submode:
    """The second half of the state: what the printer is up to."""

    IDLE: Final = 0
    NO_PAPER: Final = 1
    NO_PAPER_AMID: Final = 2
    WAITS_CONTINUE: Final = 3
    PRINTING: Final = 5


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """``prints``: refused while the printer is busy, waits for B0h or (``paper``) has no paper."""

    run: Callable[["ShtrihDevice", Parameters], Awaitable[bytes] | bytes]
    password: bool = True
    admin: bool = False
    prints: bool = False
    paper: bool = False


class ShtrihDevice:
    """One device. ``execute`` takes a command's payload and gives the answer's, one at a time."""

    def __init__(
        self,
        register: EmulatedRegister,
        commands: Mapping[int, Command],
        *,
        conduct: Conduct | None = None,
        tables: Path | None = None,
    ) -> None:
        self.register = register
        self.conduct = conduct or Conduct()
        self.tables = Tables(register, tables)
        self._commands = commands
        self.operator = SYSADMIN
        self.printing: asyncio.Future[ArchivedDocument] | None = None
        self.print_result = 0
        self.over_tcp = False  # which port the host asks from, for 11h
        self._power_losses = register.power_losses
        self._one_at_a_time = asyncio.Lock()
        self.reset()

    def reset(self) -> None:
        """What a power cycle leaves of the memory: nothing. (That an open receipt is lost too is a guess.)"""
        self.entry: Entry | None = None
        self.begun = 0  # FF01's code of a report that was begun: 02, 08 or 17
        self.report_tags: list[Node] = []
        self.reading: list[bytes] = []  # what FF3B has still to give
        self.marks = MarkTable()
        self.date_offered: date | None = None  # 22h, until 23h

    # -- executing -----------------------------------------------------------------------------------------------------

    def notice_power(self) -> None:
        """Has the power gone since the last command? Then the memory is empty."""
        if self._power_losses != self.register.power_losses:
            self._power_losses = self.register.power_losses
            self.reset()

    async def execute(self, payload: bytes, *, tcp: bool = False) -> bytes:
        """Carry out one command. Raises DeviceError NO_POWER or NO_LINK: then nothing goes back to the host."""
        async with self._one_at_a_time:
            self.over_tcp = tcp
            self.notice_power()
            return await self._answered(payload)

    async def _answered(self, payload: bytes) -> bytes:
        size = 2 if payload[0] == TWO_BYTES else 1
        code = payload[:size]
        try:
            self.register.check_reachable()
            result = await self._run(int.from_bytes(code, "big"), Parameters(payload[size:]))
        except Refused as refusal:
            return code + bytes((refusal.code,))
        except EmulatedError as error:
            if isinstance(error, DeviceError) and error.code in DUMB:
                raise
            return code + bytes((code_of(error),))
        return code + b"\0" + result

    async def _run(self, code: int, parameters: Parameters) -> bytes:
        command = self._commands.get(code)
        if command is None:
            raise Refused(Code.UNSUPPORTED)
        if command.password:
            self.operator = self._operator(parameters.number(4))
        if command.admin and self.operator not in ADMINS:
            raise Refused(Code.PASSWORD)
        if command.prints:
            self._check_printer(paper=command.paper)
        result = command.run(self, parameters)
        return await result if inspect.isawaitable(result) else result

    def _operator(self, password: int) -> int:
        for row in range(SYSADMIN, 0, -1):
            if self.tables.value(2, row, 1) == password:
                return row
        raise Refused(Code.PASSWORD)

    def _check_printer(self, *, paper: bool) -> None:
        match self.submode:
            case Submode.PRINTING:
                raise Refused(Code.PRINTING)
            case Submode.WAITS_CONTINUE:
                raise Refused(Code.WAITS_CONTINUE)
            case Submode.NO_PAPER_AMID:
                raise Refused(Code.NO_PAPER)
            case Submode.NO_PAPER if paper:
                raise Refused(Code.NO_PAPER)

    # -- its state -----------------------------------------------------------------------------------------------------

    @property
    def mode(self) -> int:
        """The mode byte of 10h: 2, 3 and 4 tell the shift, 8 an open receipt with its type in the high nibble."""
        if self.entry is not None and not self.entry.short:
            return 8 | KINDS_8D.index(self.entry.kind) << 4
        return {ShiftState.OPEN: 2, ShiftState.EXPIRED: 3, ShiftState.CLOSED: 4}[self.shift]

    @property
    def shift(self) -> ShiftState:
        """As the device sees it: with T17F8 = 1 it is over a minute before the fiscal drive says so."""
        now = self.register.local_now()
        early = _EARLY if self.tables.flag(17, 8) else timedelta()
        return self.register.drive.shift_state(now + early)

    @property
    def submode(self) -> int:
        """One of ``Submode``. A document whose paper did not come out waits for B0h."""
        ready = self.register.paper and not self.register.cover_open
        if self.busy_printing:
            return Submode.PRINTING
        if self.register.unprinted is not None:
            return Submode.WAITS_CONTINUE if ready else Submode.NO_PAPER_AMID
        return Submode.IDLE if ready else Submode.NO_PAPER

    @property
    def busy_printing(self) -> bool:
        """Is a document coming out just now?"""
        return self.printing is not None and not self.printing.done()

    @property
    def flags(self) -> int:
        """Bits 1 and 7 paper, 9 head lever, 10 cover open, 11 drawer open."""
        paper = 0b1000_0010 if self.register.paper else 0
        return paper | 1 << 9 | self.register.cover_open << 10 | self.register.drawer_open << 11

    def open_entry(self) -> Entry:
        """The receipt that is being entered; raises Refused 55h."""
        if self.entry is None:
            raise Refused(Code.RECEIPT_CLOSED)
        return self.entry

    def check_idle(self) -> None:
        """No receipt may be open; raises Refused 4Ah."""
        if self.entry is not None:
            raise Refused(Code.RECEIPT_OPEN)

    def check_shift(self) -> None:
        """A shift must be open and young; raises Refused 3Dh or 4Eh."""
        if self.shift is ShiftState.CLOSED:
            raise Refused(Code.SHIFT_CLOSED)
        if self.shift is ShiftState.EXPIRED:
            raise Refused(Code.SHIFT_24H)

    def cashier(self, tags: list[Node]) -> Cashier | None:
        """Tags 1021 and 1203, else the operator's name of table 2; None when neither names anybody."""
        name, inn = (self.tables.value(2, self.operator, field) for field in (2, 3))
        return cashier_of(tags, str(name), str(inn))

    @property
    def operator_byte(self) -> bytes:
        """The answer of most commands."""
        return bytes((self.operator,))

    # -- signing and printing ------------------------------------------------------------------------------------------

    async def sign(self, make: Callable[[], Awaitable[ArchivedDocument]]) -> ArchivedDocument:
        """Make a document and answer when it is signed; its paper comes out afterwards.

        Paper that ends leaves the answer good, unless ``answers_after_print``. Power or cable that go raise DeviceError.
        """
        signed: asyncio.Future[ArchivedDocument] = asyncio.get_running_loop().create_future()
        self.register.on_signed = lambda document: _tell(signed, document)
        work = asyncio.ensure_future(make())
        self.printing = work
        work.add_done_callback(self._printed)
        if not self.conduct.answers_after_print:
            await asyncio.wait({work, signed}, return_when=asyncio.FIRST_COMPLETED)
        if signed.done() and not _silenced(work):
            return signed.result()
        return await asyncio.shield(work)

    def _printed(self, work: "asyncio.Future[ArchivedDocument]") -> None:
        """The paper is out, or it is not: 10h tells."""
        self.register.on_signed = None
        error = None if work.cancelled() else work.exception()
        self.print_result = 1 if isinstance(error, DeviceError) and error.signed is not None else 0

    async def close(self) -> None:
        """Stop printing; what is not out stays to be printed."""
        if self.printing is not None and not self.printing.done():
            self.printing.cancel()
            await asyncio.wait({self.printing})


def _tell(signed: "asyncio.Future[ArchivedDocument]", document: ArchivedDocument) -> None:
    if not signed.done():
        signed.set_result(document)


def _silenced(work: "asyncio.Future[ArchivedDocument]") -> bool:
    """Did power or cable go before the answer could leave?"""
    error = work.exception() if work.done() and not work.cancelled() else None
    return isinstance(error, DeviceError) and error.code in DUMB
