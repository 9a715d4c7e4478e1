"""The emulated register (ККТ) around a fiscal drive: power, paper, cover, link, cash, printing time, its OFD exchange.

Faces (``atol_web`` and others) speak a maker's protocol and call this. All time is the injected clock's; the
register's own wall clock is the clock's moment in ``zone`` plus ``clock_offset``.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.drive_errors import (
    DeviceCode,
    DeviceError,
    DriveCode,
    DriveError,
    LinkLost,
    PowerLost,
)
from chekpoint.emulators.exchange import ExchangeStatus, OfdExchange
from chekpoint.emulators.faults import FaultKind, FaultPlan, Point
from chekpoint.emulators.fiscal_drive import (
    ArchivedDocument,
    DrivePhase,
    FiscalDrive,
    Registration,
    ShiftState,
)
from chekpoint.emulators.null_modem import Connect
from chekpoint.emulators.register_memory import MemoryCell
from chekpoint.fiscal.receipt import Cashier, Kind, PaymentForm, Receipt

MOSCOW: Final = timezone(timedelta(hours=3))
FACE: Final = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE: not a KKT, its documents have no legal force"


HARDWARE: Final = ("battery", "power", "storage", "printer", "overheated", "cutter")


class RegisterState(msgspec.Struct, frozen=True, kw_only=True):
    """What the register says of itself. Times are its own local wall clock."""

    serial: str
    model: str
    fn: str
    last_fd: int
    phase: str
    shift: str
    shift_number: int
    receipt_number: int
    shift_expires_at: datetime | None
    clock: datetime
    powered: bool
    linked: bool
    paper: bool
    cover_open: bool
    drawer_open: bool
    cash: int  # kopecks in the drawer
    documents_left: int
    valid_until: datetime | None
    unprinted_fd: int | None
    registration: Registration | None
    registrations_left: int = 0
    firmware: str = ""
    hardware: tuple[str, ...] = ()
    face: str = FACE


class EmulatedRegister:
    """One register. Methods raise DeviceError (it cannot) or DriveError (the drive refuses)."""

    def __init__(
        self,
        drive: FiscalDrive,
        *,
        clock: Clock,
        zone: timezone = MOSCOW,
        faults: FaultPlan | None = None,
        seconds_per_receipt: float = 0.0,
        connect: Connect | None = None,
        model: str = "ТЕСТОВЫЙ ДВОЙНИК 1Ф",
        exchange_period: float = 60.0,
        memory: Path | None = None,
    ) -> None:
        self.drive = drive
        self.clock = clock
        self.zone = zone
        self.faults = faults or FaultPlan()
        self.seconds_per_receipt = seconds_per_receipt
        self.model = model
        self.paper = True
        self.cover_open = False
        self.drawer_open = False
        self.hardware: frozenset[str] = frozenset()  # of HARDWARE: what a person has broken by command
        self.firmware = "TEST DOUBLE"
        self.clock_offset = timedelta()
        self.power_losses = 0  # a face that keeps something in its memory loses it with each
        self.on_signed: Callable[[ArchivedDocument], None] | None = None  # told before the paper comes out
        self._memory = MemoryCell(memory)
        self.printed: list[int] = []  # FD numbers whose paper came out, the last 1000
        self._power = True
        self._power_returns = 0.0
        self._link = True
        self._link_returns = 0.0
        self._busy = asyncio.Lock()
        self.exchange = OfdExchange(
            drive,
            clock=clock,
            local_now=self.local_now,
            faults=self.faults,
            connect=connect,
            powered=lambda: self.powered,
            period=exchange_period,
        )

    @property
    def cash(self) -> int:
        """Kopecks in the drawer."""
        return self._memory.now.cash

    @property
    def unprinted(self) -> ArchivedDocument | None:
        """The document that is signed, but whose paper did not come out whole."""
        number = self._memory.now.unprinted_fd
        return self.drive.document(number) if number else None

    def close(self) -> None:
        """Let go of the files of the register and of its drive."""
        self._memory.close()
        self.drive.close()

    def ensure_registered(self, registration: Registration) -> None:
        """Sign the registration report when the drive is new; a drive that has one keeps it."""
        if self.drive.phase is DrivePhase.READY:
            self.drive.register(registration, self.local_now())
            self.exchange.wake()

    # -- the world around it -----------------------------------------------------------------------------------------

    def local_now(self) -> datetime:
        """The register's own wall clock: naive, whole seconds."""
        return (
            (self.clock.now() + self.clock_offset).astimezone(self.zone).replace(tzinfo=None, microsecond=0)
        )

    @property
    def powered(self) -> bool:
        """Is it switched on? A timed power loss ends by itself."""
        return self._power and self.clock.monotonic() >= self._power_returns

    @property
    def linked(self) -> bool:
        """Does the cable to the host work?"""
        return self._link and self.clock.monotonic() >= self._link_returns

    def power_off(self, seconds: float = 0.0) -> None:
        """Go dark: for ``seconds``, or until ``power_on`` when 0."""
        self.power_losses += 1
        self._power = seconds > 0
        self._power_returns = self.clock.monotonic() + seconds

    def power_on(self) -> None:
        """Switch on."""
        self._power = True
        self._power_returns = 0.0

    def link_off(self, seconds: float = 0.0) -> None:
        """Pull the cable to the host: for ``seconds``, or until ``link_on`` when 0."""
        self._link = seconds > 0
        self._link_returns = self.clock.monotonic() + seconds

    def link_on(self) -> None:
        """Plug the cable in."""
        self._link = True
        self._link_returns = 0.0

    def set_clock(self, local: datetime) -> None:
        """Set the register's wall clock (naive local)."""
        self.clock_offset += local - self.local_now()

    # -- what a host may ask -----------------------------------------------------------------------------------------

    def state(self) -> RegisterState:
        """What it says of itself; raises DeviceError without power or link."""
        self.check_reachable()
        return self.inspect()

    def inspect(self) -> RegisterState:
        """The same for a person at the device, also when it is dark."""
        now, drive = self.local_now(), self.drive
        return RegisterState(
            serial=drive.state.registration.serial if drive.state.registration else "",
            model=self.model,
            fn=drive.number,
            last_fd=drive.last_fd,
            phase=drive.phase.value,
            shift=drive.shift_state(now).value,
            shift_number=drive.shift_number,
            receipt_number=drive.receipt_number,
            shift_expires_at=drive.shift_expires_at(),
            clock=now,
            powered=self.powered,
            linked=self.linked,
            paper=self.paper,
            cover_open=self.cover_open,
            drawer_open=self.drawer_open,
            cash=self.cash,
            documents_left=drive.documents_left,
            valid_until=drive.valid_until,
            unprinted_fd=self._memory.now.unprinted_fd,
            registration=drive.state.registration,
            registrations_left=drive.registrations_left,
            firmware=self.firmware,
            hardware=tuple(sorted(self.hardware)),
        )

    def check_reachable(self) -> None:
        """Raise DeviceError unless a host gets an answer at all."""
        if not self.powered:
            raise DeviceError(DeviceCode.NO_POWER)
        if not self.linked:
            raise DeviceError(DeviceCode.NO_LINK)

    def read_document(self, fd_number: int) -> ArchivedDocument:
        """A document from the drive's archive; raises NO_SUCH_DOCUMENT."""
        self.check_reachable()
        return self.drive.document(fd_number)

    def exchange_status(self) -> ExchangeStatus:
        """The queue to the operator and the last errors of the exchange."""
        self.check_reachable()
        return self.exchange.status()

    async def open_shift(self, cashier: Cashier | None = None) -> ArchivedDocument:
        """Open a shift; raises SHIFT_OPEN when one is open."""
        return await self._report(lambda: self.drive.open_shift(self.local_now(), cashier))

    async def close_shift(self, cashier: Cashier | None = None) -> ArchivedDocument:
        """Close the shift (Z report); raises SHIFT_CLOSED when none is open."""
        return await self._report(lambda: self.drive.close_shift(self.local_now(), cashier))

    async def report_exchange(self) -> ArchivedDocument:
        """Sign and print the report on the state of settlements (document 21)."""
        return await self._report(lambda: self.drive.report_exchange(self.local_now()))

    async def register_kkt(self, registration: Registration) -> ArchivedDocument:
        """Registration report (1), or change of parameters (11)."""
        return await self._report(lambda: self.drive.register(registration, self.local_now()))

    async def close_archive(self) -> ArchivedDocument:
        """Close the fiscal drive for good (document 6)."""
        return await self._report(lambda: self.drive.close_archive(self.local_now()))

    async def report_x(self) -> None:
        """Print the X report: no document is signed."""
        async with self._busy:
            self.check_reachable()
            self._check_printer()
            await self._print_time()

    async def print_text(self) -> None:
        """Print something that is not fiscal (a text, a copy)."""
        await self.report_x()

    async def cash_in(self, kopecks: int) -> int:
        """Put money into the drawer; gives the drawer's new sum in kopecks."""
        return await self._move_cash(kopecks)

    async def cash_out(self, kopecks: int) -> int:
        """Take money out; raises NO_CASH when the drawer has less."""
        return await self._move_cash(-kopecks)

    async def register_receipt(self, receipt: Receipt) -> ArchivedDocument:
        """Sign a receipt and print it unless it is electronic; opens a shift when none is open.

        Raises DriveError or DeviceError; ``signed`` of a DeviceError is the FD number when the drive had
        signed before it failed: then the document exists, whatever the host hears.
        """
        async with self._busy:
            self.check_reachable()
            if receipt.paper:
                self._check_printer()
            if self.drive.shift_state(self.local_now()) is ShiftState.CLOSED:
                self.drive.open_shift(self.local_now(), receipt.cashier)
                self.exchange.wake()
            self._check_cash(receipt)
            await self._step(Point.BEFORE_SIGN)
            document = self.drive.register_receipt(receipt, self.local_now())
            self._remember(cash=self._cash_after(receipt), unprinted=document if receipt.paper else None)
            self.exchange.wake()
            await self._step(Point.AFTER_SIGN, document)
            await self._print(document, wanted=receipt.paper)
            return document

    async def continue_print(self) -> ArchivedDocument | None:
        """Print what was signed but did not come out; None when there is nothing."""
        async with self._busy:
            self.check_reachable()
            self._check_printer()
            document = self.unprinted
            if document is not None:
                await self._print(document, wanted=True)
            return document

    # -- inside ------------------------------------------------------------------------------------------------------

    def _check_printer(self) -> None:
        if self.cover_open:
            raise DeviceError(DeviceCode.COVER_OPEN)
        if not self.paper:
            raise DeviceError(DeviceCode.PAPER_OUT)

    async def _report(self, sign: Callable[[], ArchivedDocument]) -> ArchivedDocument:
        """Sign and print a report."""
        async with self._busy:
            self.check_reachable()
            self._check_printer()
            await self._step(Point.BEFORE_SIGN)
            document = sign()
            self._remember(unprinted=document)
            self.exchange.wake()
            await self._step(Point.AFTER_SIGN, document)
            await self._print(document, wanted=True)
            return document

    async def _print(self, document: ArchivedDocument, *, wanted: bool) -> None:
        """Paper takes time, and may end half way: the document stays signed."""
        if self.on_signed is not None:
            self.on_signed(document)
        await self._step(Point.PRINTING, document)
        if not wanted:
            return
        await self._print_time()
        if not self.powered:
            raise PowerLost(Point.PRINTING, signed=document.fd_number)
        if self.cover_open:
            raise DeviceError(DeviceCode.COVER_OPEN, signed=document.fd_number)
        if not self.paper:
            raise DeviceError(DeviceCode.PAPER_OUT, signed=document.fd_number)
        self._remember(unprinted=None)
        self.printed = [*self.printed[-999:], document.fd_number]

    async def _print_time(self) -> None:
        if self.seconds_per_receipt:
            await self.clock.sleep(self.seconds_per_receipt)

    async def _step(self, point: Point, document: ArchivedDocument | None = None) -> None:
        """A place where the plan may strike: power, cable, a wait, a refusal, the clock."""
        signed = document.fd_number if document else None
        if not self.powered:
            raise PowerLost(point, signed=signed)
        fault = self.faults.draw(point)
        if fault is None:
            return
        match fault.kind:
            case FaultKind.POWER_LOSS:
                self.power_off(fault.seconds)
                raise PowerLost(point, signed=signed)
            case FaultKind.DROP:
                if fault.seconds:
                    self.link_off(fault.seconds)
                raise LinkLost(point, signed=signed)
            case FaultKind.DELAY:
                await self.clock.sleep(fault.seconds)
            case FaultKind.REFUSE:
                raise refusal(fault.detail)
            case FaultKind.WRONG_CLOCK:
                self.clock_offset = timedelta(seconds=fault.seconds)

    def _check_cash(self, receipt: Receipt) -> None:
        """A register pays cash back only out of its drawer."""
        if receipt.kind in _GIVES_MONEY and receipt.paid(PaymentForm.CASH) > self.cash:
            raise DeviceError(DeviceCode.NO_CASH)

    def _cash_after(self, receipt: Receipt) -> int:
        cash = receipt.paid(PaymentForm.CASH)
        return self.cash + (-cash if receipt.kind in _GIVES_MONEY else cash)

    def _remember(self, *, cash: int | None = None, unprinted: ArchivedDocument | None) -> None:
        number = unprinted.fd_number if unprinted else None
        self._memory.keep(cash=self.cash if cash is None else cash, unprinted_fd=number)

    async def _move_cash(self, kopecks: int) -> int:
        async with self._busy:
            self.check_reachable()
            self._check_printer()
            if self.cash + kopecks < 0:
                raise DeviceError(DeviceCode.NO_CASH)
            self._remember(cash=self.cash + kopecks, unprinted=self.unprinted)
            await self._print_time()
            return self.cash


_GIVES_MONEY: Final = frozenset({Kind.SALE_RETURN, Kind.PURCHASE})


def refusal(name: str) -> DriveError | DeviceError:
    """The refusal that a fault names (``archive_full``, ``paper_out``); an unknown name is a drive fault."""
    if name in list(DeviceCode):
        return DeviceError(DeviceCode(name))
    return DriveError(DriveCode(name)) if name in list(DriveCode) else DriveError(DriveCode.FAULT, name)
