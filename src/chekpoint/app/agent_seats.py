"""The registers beside an agent: one command at a time for each, in the order of arrival.

A seat is a device: whatever row of the hub speaks of it, and over whichever connection, its commands wait for each
other here. So a locate() that comes after a lost submit() begins when that submit has ended.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, RegisterError
from chekpoint.core.ports import Fact, Register, RegisterStatus
from chekpoint.hub.lane import MakeRegister
from chekpoint.registers.agent.wire import Answer, Ask, Method, Said, answered, failed
from chekpoint.store.lanes import RegisterRow

_PLACE: Final = ("base_url", "device_id", "serial_port", "host", "port")
"""The settings that say which device it is; all others say how to speak to it."""
_NOTES_MOST: Final = 4 << 20  # characters of raw exchange that travel with one answer


class Doing(NamedTuple):
    """What a register is busy with."""

    method: Method
    since: datetime  # aware UTC


class Seat:
    """One device."""

    def __init__(self, maker: str, where: str) -> None:
        self.maker, self.where = maker, where
        self.lock = asyncio.Lock()
        self.doing: Doing | None = None
        self.status: RegisterStatus | None = None  # as it said last
        self.problem = ""  # why the last command failed; empty when it did not
        self.config = b""
        self.register: Register | None = None
        self.notes: list[tuple[str, str]] = []
        self.served = False  # has a hub asked for it?

    def note(self, request: str, answer: str) -> None:
        """Keep a raw exchange for the answer that is being made."""
        if self.doing is not None:
            self.notes.append((request, answer))

    def told(self) -> tuple[tuple[str, str], ...]:
        """The exchanges, the newest that fit whole: a text that is cut in two could hide no buyer any more."""
        room, kept = _NOTES_MOST, list[tuple[str, str]]()
        for request, answer in reversed(self.notes):
            room -= len(request) + len(answer)
            if room < 0:
                kept.append(("…", f"ещё обменов: {len(self.notes) - len(kept)}"))
                break
            kept.append((request, answer))
        return tuple(reversed(kept))


class Seats:
    """Every device that was asked for, by its maker and place. Drivers are made when first asked."""

    def __init__(
        self, makers: Mapping[str, MakeRegister], forms: Mapping[str, type[msgspec.Struct]], clock: Clock
    ) -> None:
        self._makers, self._forms, self._clock = makers, forms, clock
        self._seats: dict[tuple[Any, ...], Seat] = {}

    def all(self) -> tuple[Seat, ...]:
        """In the order in which they were first asked."""
        return tuple(self._seats.values())

    async def carry(self, ask: Ask, began: Callable[[], None]) -> Answer:
        """Ask the register; ``began`` is called when nothing can be taken back any more. Never raises an error."""
        try:
            seat, config = self._seat(ask.maker, ask.config)
            seat.served |= ask.id > 0
            await self._turn(seat, ask.patience)
        except RegisterBlocked as blocked:
            return failed(ask.id, blocked)
        try:
            began()
            return await self._run(seat, config, ask)
        finally:
            seat.lock.release()

    def works(self, maker: str, config: dict[str, Any]) -> Seat | None:
        """The seat of a device whose wire is open just now."""
        try:
            place, _ = self._place(maker, config)
        except RegisterBlocked:
            return None
        seat = self._seats.get((maker, *place))
        return seat if seat is not None and seat.register is not None else None

    def _seat(self, maker: str, config: dict[str, Any]) -> tuple[Seat, bytes]:
        place, whole = self._place(maker, config)
        where = ":".join(str(part) for part in place if part is not None)
        return self._seats.setdefault((maker, *place), Seat(maker, where)), whole

    def _place(self, maker: str, config: dict[str, Any]) -> tuple[list[Any], bytes]:
        """Which device it is, and its settings whole."""
        form = self._forms.get(maker)
        if form is None or maker not in self._makers:
            raise RegisterBlocked(BlockReason.CONFIGURATION, f"Агент не знает марки «{maker}»: обновите его")
        try:
            whole = msgspec.convert(config, form)
        except msgspec.ValidationError as fault:
            raise RegisterBlocked(BlockReason.CONFIGURATION, f"Настройки кассы: {fault}") from fault
        place = [getattr(whole, name, None) for name in _PLACE]
        if place[2] is not None:  # a serial port: host and port mean nothing then
            place[3:] = [None, None]
        return place, msgspec.json.encode(whole)

    async def _turn(self, seat: Seat, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await seat.lock.acquire()
        except TimeoutError as fault:
            doing = f": {seat.doing.method}" if seat.doing else ""
            raise RegisterBlocked(BlockReason.BUSY, f"Касса занята прежней командой{doing}") from fault

    async def _run(self, seat: Seat, config: bytes, ask: Ask) -> Answer:
        seat.notes.clear()
        seat.doing = Doing(ask.method, self._clock.now())
        try:
            result = await self._call(await self._driver(seat, config), ask)
        except RegisterError as error:
            seat.problem = error.message
            return failed(ask.id, error, seat.told())
        except Exception as fault:  # noqa: BLE001 - told to the hub, whose lane treats it as it treats its own
            seat.problem = f"{type(fault).__name__}: {fault}"
            return failed(ask.id, OutcomeUnknown(seat.problem), seat.told())
        finally:
            seat.doing = None
        seat.problem = ""
        if isinstance(result, RegisterStatus):
            seat.status = result
        return answered(ask.id, result, seat.told())

    async def _driver(self, seat: Seat, config: bytes) -> Register:
        """The seat's driver; made anew when its settings have changed."""
        if seat.register is None or seat.config != config:
            if seat.register is not None:
                await seat.register.aclose()
            row = RegisterRow("", "", "", seat.maker, config, None, None, 1, 0, "")
            seat.register = None
            try:
                seat.register = self._makers[seat.maker](row, seat.note)
            except OSError as fault:  # a file of certificates, say
                raise RegisterBlocked(BlockReason.CONFIGURATION, f"Настройки кассы: {fault}") from fault
            seat.config = config
        return seat.register

    async def _call(self, register: Register, ask: Ask) -> Fact | None:
        if ask.method in {"submit", "locate"}:
            if ask.attempt is None:
                raise RegisterBlocked(BlockReason.CONFIGURATION, f"{ask.method} без попытки")
            return await (register.submit if ask.method == "submit" else register.locate)(ask.attempt)
        if ask.method == "run":
            if ask.errand is None:
                raise RegisterBlocked(BlockReason.CONFIGURATION, "поручение без содержания")
            return Said(text=await register.run(ask.errand))
        if ask.method in {"document", "ticket"}:
            read = register.document if ask.method == "document" else register.ticket
            return await read(ask.fd_number or 0)
        plain: dict[str, Callable[[], Awaitable[Fact | None]]] = {
            "status": register.status, "exchange": register.exchange,
            "open_shift": register.open_shift, "close_shift": register.close_shift,
        }  # fmt: skip
        return await plain[ask.method]()

    async def let_go(self) -> None:
        """Close the wires that nobody uses just now; the next command opens its own again."""
        for seat in self._seats.values():
            if not seat.lock.locked():
                await self._close(seat)

    async def _close(self, seat: Seat) -> None:
        async with seat.lock:
            if seat.register is not None:
                await seat.register.aclose()
                seat.register = None

    async def aclose(self) -> None:
        """Let go of every wire, each when its command has ended."""
        for seat in self._seats.values():
            await self._close(seat)
