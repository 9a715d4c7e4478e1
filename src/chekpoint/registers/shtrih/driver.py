"""``Register`` over the maker's own protocol, TCP or serial.

A receipt is many commands, and one of them signs (FF45, or FF4A for a correction of FFD 1.05). Before it everything
can be thrown away; when its answer is lost only the fiscal drive can tell. So:

1. FF01 before: the drive's number and its last document N. The hub has them durable in the attempt.
2. The receipt is entered; the signing command is sent exactly once.
3. A clear answer is the proof. A refusal is believed only after FF01 says that N has not grown and the open receipt
   is thrown away. Anything else is OutcomeUnknown.
4. ``locate`` throws away what is half open (then no late command can sign it), reads every document from N + 1 on
   and compares the content and the order mark.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked
from chekpoint.core.ports import (
    Absent,
    Attempt,
    Deed,
    Errand,
    ExchangeReading,
    FiscalDocument,
    Registered,
    RegisterStatus,
    Ticket,
)
from chekpoint.core.witness import Note, unheard
from chekpoint.fiscal.vat import VatRate
from chekpoint.registers.shtrih import answers, commands, drive, entry, shift, signing, state
from chekpoint.registers.shtrih.answers import DriveStatus, Malformed
from chekpoint.registers.shtrih.config import ShtrihConfig
from chekpoint.registers.shtrih.content import receipt_plan
from chekpoint.registers.shtrih.device import Device, Open
from chekpoint.registers.shtrih.errors import ABSENT, Refused, block_of, refusal
from chekpoint.registers.shtrih.line import AnswerLost, Unheard
from chekpoint.registers.shtrih.state import Identity, Settings

_SWAPPED: Final = frozenset({VatRate.VAT20, VatRate.VAT120})
_IDENTITY_KEPT: Final = 900.0  # seconds
_MODE_BLOCKS: Final = frozenset({1, 5, 6, 7, 9, 10, 11, 12})


class ShtrihRegister:
    """One register. Its wire is opened by the first question and kept; nobody else may use the register meanwhile."""

    gives_tickets = True
    keeps_archive = True
    """FF3C reads the operator's ticket from the drive itself: the strongest local proof."""

    def __init__(
        self, config: ShtrihConfig, clock: Clock, note: Note = unheard, opener: Open | None = None
    ) -> None:
        self._config = config
        self._device = Device(config, clock, note, opener)
        self._lock = anyio.Lock()
        self._known: Identity | None = None
        self._known_until = 0.0  # monotonic seconds
        self._settings: Settings | None = None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Device]:
        """The register for one whole operation. What escapes is a RegisterError: nothing was signed by it."""
        async with self._lock:
            try:
                yield self._device
            except (Unheard, AnswerLost) as fault:
                raise RegisterBlocked(BlockReason.NO_LINK, f"Нет связи с ККТ: {fault}") from fault
            except Refused as refused:
                raise block_of(refused) from refused
            except Malformed as fault:
                raise RegisterBlocked(BlockReason.CONFIGURATION, f"Непонятный ответ ККТ: {fault}") from fault
            except drive.StillOpen as fault:
                raise RegisterBlocked(BlockReason.BUSY, f"В ККТ {fault}") from fault

    # ------------------------------------------------------------------ what it says

    async def status(self) -> RegisterStatus:
        """What it says of itself. Raises RegisterBlocked when it does not answer."""
        async with self._turn() as device:
            full = answers.full_status(await device.run(commands.full_status(device.access)))
            now = await drive.status(device)
            reading, exchange = await state.read_exchange(device, now.fn)
            self._settings = await state.read_settings(device)
            seen = state.Snapshot(
                full=full,
                drive=now,
                reading=reading,
                exchange=exchange,
                shift_number=await shift.number(device),
                identity=await self._identity(device, now.fn, looking=True),
                settings=self._settings,
                paperless=self._config.paperless,
                mark_timeout=self._config.mark_timeout,
                documents_left=await state.documents_left(device),
                body=await state.body_of(device),
            )
            return state.register_status(seen)

    async def _identity(self, device: Device, fn: str, *, looking: bool = False) -> Identity:
        """Read for each fiscal drive; by a status also from time to time, for it may be registered anew."""
        now = device.clock.monotonic()
        if self._known is None or self._known.fn != fn or (looking and now >= self._known_until):
            self._known = await state.read_identity(device, fn)
            self._known_until = now + _IDENTITY_KEPT
        return self._known

    async def exchange(self) -> ExchangeReading:
        """The exchange counter (FF39). Raises RegisterBlocked."""
        async with self._turn() as device:
            now = await drive.status(device)
            return (await state.read_exchange(device, now.fn))[0]

    async def document(self, fd_number: int) -> FiscalDocument | None:
        """Read one document back; None when the drive has it no more or not yet. Raises RegisterBlocked."""
        async with self._turn() as device:
            now = await drive.status(device)
            found = await drive.read(device, fd_number, now.fn)
            return found.document if found else None

    async def ticket(self, fd_number: int) -> Ticket | None:
        """The operator's ticket from the drive (FF3C); None while there is none. Raises RegisterBlocked."""
        async with self._turn() as device:
            now = await drive.status(device)
            try:
                raw = await device.run(commands.ticket(device.access, fd_number))
            except Refused as refused:
                if refused.code in ABSENT:
                    return None
                raise
            return answers.operators_ticket(
                raw, now.fn, fd_number, f"ФН {now.fn}, FF3C {fd_number}: {raw.hex()}"
            )

    # ------------------------------------------------------------------ receipts

    async def submit(self, attempt: Attempt) -> Registered:
        """Register the receipt. Raises NotSent, Rejected, RegisterBlocked or OutcomeUnknown.

        ``RegisterBlocked`` for a lost answer to anything but the signing command: the half-open receipt has no
        number, and the next operation throws it away. ``NotSent`` where the register held another receipt than ours.
        """
        async with self._turn() as device:
            now = await self._cleared(device, attempt)
            known = await self._identity(device, now.fn)
            if now.last_fd > attempt.last_fd:  # somebody has been here since, perhaps this very attempt
                found, evidence = await drive.find(device, attempt, now, known.ffd)
                if found is not None:
                    return Registered(document=found.document, evidence=evidence)
            if known.ffd is None:
                raise RegisterBlocked(BlockReason.CONFIGURATION, "ККТ не назвала версию ФФД (настройка ffd)")
            plan = receipt_plan(
                attempt, known.ffd, device.access, family=known.family, tags_first=self._config.tags_first
            )
            await self._settings_allow(device)
            warning = await entry.set_printing(device, paper=attempt.receipt.paper)
            if any(item.vat in _SWAPPED for item in attempt.receipt.items):
                await entry.keep_rates(device)
            now = await self._in_shift(device, now, paper=attempt.receipt.paper)
            try:
                warnings = await entry.check_marks(device, plan.marks)
                warnings += await entry.enter(device, plan)
            except Refused as refused:
                await signing.give_up(device)
                raise refusal(refused) from refused
            warnings += [warning] if warning and not attempt.receipt.paper else []
            return await signing.sign(device, attempt, plan, now, known.ffd, warnings=tuple(warnings))

    async def _cleared(self, device: Device, attempt: Attempt) -> DriveStatus:
        """The drive's state, with nothing half open. Raises RegisterBlocked when another drive is in there."""
        now = await drive.cancel_unfinished(device)
        if now.fn != attempt.fn:
            raise RegisterBlocked(
                BlockReason.FISCAL_DRIVE, f"В ККТ другой ФН: {now.fn} вместо {attempt.fn}. Чек не начат."
            )
        return now

    async def _settings_allow(self, device: Device) -> None:
        """Sums of VAT that the host would have to give are not known for all rates: see docs/shtrih.md."""
        if self._settings is None:
            self._settings = await state.read_settings(device)
        if self._settings.host_computes_tax:
            self._settings = None  # read again next time: somebody may have set it right
            raise RegisterBlocked(
                BlockReason.CONFIGURATION, "Налоги должна считать ККТ: таблица 1 поле 14 = 0"
            )

    async def _in_shift(self, device: Device, now: DriveStatus, *, paper: bool) -> DriveStatus:
        """A shift that takes receipts; opened when it was closed. Raises RegisterBlocked."""
        mode = await drive.wait_idle(device)
        if mode.mode == 3:
            raise RegisterBlocked(BlockReason.SHIFT_EXPIRED, "Смена открыта дольше 24 часов")
        if mode.mode in _MODE_BLOCKS:
            raise RegisterBlocked(BlockReason.BUSY, f"ККТ в режиме {mode.mode}: чек невозможен")
        if (paper or not self._config.paperless) and mode.cover_open:
            raise RegisterBlocked(BlockReason.COVER_OPEN, "Открыта крышка")
        if (paper or not self._config.paperless) and mode.paper_out:
            raise RegisterBlocked(BlockReason.PAPER_OUT, "Нет бумаги")
        if now.shift_open:
            return now
        await shift.open_shift(device)
        return await drive.status(device)

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        """What became of an attempt. Any number of times; it never registers anything.

        Raises OutcomeUnknown (cannot tell yet) or RegisterBlocked.
        """
        async with self._turn() as device:
            fn = (await drive.status(device)).fn
            if fn != attempt.fn:
                raise OutcomeUnknown(
                    f"В ККТ уже другой ФН ({fn} вместо {attempt.fn}): документы прежнего прочесть нельзя. "
                    "Сверьте заказ с ОФД и вынесите решение."
                )
            try:
                now = await drive.cancel_unfinished(device)
            except drive.StillOpen as fault:
                raise OutcomeUnknown(f"В ККТ {fault}: исход ещё неизвестен") from fault
            known = await self._identity(device, now.fn)
            found, evidence = await drive.find(device, attempt, now, known.ffd)
            if found is None:
                return Absent(evidence=evidence)
            return Registered(document=found.document, evidence=evidence)

    # ------------------------------------------------------------------ shift

    async def open_shift(self) -> FiscalDocument | None:
        """Open a shift; None when one was open. Raises OutcomeUnknown when the answer was lost."""
        return await self._turn_shift(shift.open_shift, wanted=True)

    async def close_shift(self) -> FiscalDocument | None:
        """Close the shift; None when it was closed. Raises OutcomeUnknown when the answer was lost."""
        return await self._turn_shift(shift.close_shift, wanted=False)

    async def _turn_shift(self, turn: shift.Turn, *, wanted: bool) -> FiscalDocument | None:
        async with self._turn() as device:
            now = await drive.cancel_unfinished(device)
            if now.shift_open is wanted:
                return None
            await entry.set_printing(device, paper=False)
            await drive.wait_idle(device)
            return await turn(device)

    async def run(self, errand: Errand) -> str:
        """An X report, or money into the drawer or out of it. The register knows no ids: a lost answer is in doubt."""
        async with self._turn() as device:
            await drive.cancel_unfinished(device)
            await drive.wait_idle(device)
            cash = errand.deed is Deed.CASH
            make = (
                commands.move_cash(device.access, errand.kopecks)
                if cash
                else commands.x_report(device.access)
            )
            try:
                raw = await device.run(make)
            except (AnswerLost, Malformed) as fault:
                raise OutcomeUnknown(f"Ответ потерян, посмотрите чек кассы: {fault}") from fault
            except Refused as refused:
                raise refusal(refused) from refused
            return f"{make.name}: {raw.hex()}"

    async def aclose(self) -> None:
        """Close the wire."""
        async with self._lock:
            await self._device.drop()
