"""Registers of the simulated shop: the real driver over the emulated web server, or a bare register."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol

import httpx2

from chekpoint.core.errors import (
    BlockReason,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)
from chekpoint.core.ports import (
    Absent,
    Attempt,
    Errand,
    ExchangeReading,
    FiscalDocument,
    Register,
    Registered,
    RegisterStatus,
    Ticket,
)
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.drive_errors import DeviceError, DriveError
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.null_modem import ByteStream, null_modem
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.ofd.server import serve
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Receipt
from chekpoint.registers.atol import AtolConfig, AtolRegister
from tests.doubles.bare_register import BareRegister
from tests.simulation.gate import Gate
from tests.simulation.loop import SimClock, VirtualLoop
from tests.simulation.wire import LATEST, Network, Weather, Wire

RECEIPTS = frozenset({3, 31})
Note = Callable[[str, str], None]


class Document(NamedTuple):
    """A receipt that a drive really signed. ``answer`` is the operator's (None: it has not left)."""

    fn: str
    fd_number: int
    sign: str
    total: int
    mark: str | None
    name: str | None
    answer: int | None


class Scene(NamedTuple):
    """What all parties share."""

    loop: VirtualLoop
    folder: Path
    network: Network
    ofd: EmulatedOfd
    start: Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]  # a party's own work

    def clock(self) -> SimClock:
        """A clock of one's own, which may be wrong alone."""
        return SimClock(self.loop)


class AtolMake(NamedTuple):
    """How a register behind the web server is made."""

    generation: str
    ffd: str
    shift_age: timedelta | None
    seconds_per_receipt: float
    shift_seconds: float


class Till(Protocol):
    """One register, whatever its kind. ``documents`` is the truth, over all drives it ever had."""

    key: str
    weather: Weather

    def port(self, gate: Gate, note: Note, chance: Random) -> Register: ...
    def documents(self) -> Iterator[Document]: ...
    def drives(self) -> list[str]: ...
    def idle(self) -> bool: ...
    def trouble(self, chance: Random) -> str: ...
    async def stranger(self, receipt: Receipt) -> None: ...
    def swap_drive(self) -> bool: ...
    def mend(self) -> None: ...
    def heal(self) -> None: ...
    def clock_jump(self, seconds: float) -> None: ...
    def close(self) -> None: ...


class AtolTill:
    """An emulated register behind the emulated web server of one generation, with its exchange to the operator."""

    def __init__(
        self, number: int, scene: Scene, *, weather: Weather, faults: FaultPlan, make: AtolMake
    ) -> None:
        self.key, self.clock, self.network, self.weather = f"r{number}", scene.clock(), scene.network, weather
        self._number, self._scene, self._faults, self._make = number, scene, faults, make
        self._old: list[FiscalDrive] = []
        drive = FiscalDrive(f"99990789{number:02d}000001")
        self.register = EmulatedRegister(
            drive, clock=self.clock, faults=faults, connect=self._dial, exchange_period=20.0,
            seconds_per_receipt=make.seconds_per_receipt,
        )  # fmt: skip
        if make.shift_age is not None:
            self.register.clock_offset = -make.shift_age
        self.register.ensure_registered(Registration(ffd=make.ffd))
        if make.shift_age is not None:
            drive.open_shift(self.register.local_now())
            self.register.clock_offset = timedelta()
        self.exchanging = scene.start(self.register.exchange.run())
        self.web, self._serving = self._boot()

    def _boot(self) -> "tuple[AtolWeb, asyncio.Task[Any]]":
        """The web server as a process of its own; its queue is a file."""
        web = AtolWeb(
            {"1": self.register}, clock=self.clock, generation="v1" if self._make.generation == "v1" else "v2",
            shift_seconds=self._make.shift_seconds, path=self._scene.folder / f"queue-{self.key}.db",
        )  # fmt: skip
        return web, self._scene.start(web.run())

    def _reboot(self, seconds: float) -> None:
        """Kill the web server in the middle of whatever it does; it is back after a while."""
        self._serving.cancel()
        self.web.close()
        self.weather.down_until = self.clock.monotonic() + seconds
        self.web, self._serving = self._boot()

    async def _dial(self) -> ByteStream:
        if self._scene.ofd.conduct.down:
            raise ConnectionRefusedError
        ours, theirs = null_modem(self.clock)
        self.network.carry("ofd", serve(self._scene.ofd, theirs))
        return ours

    def port(self, gate: Gate, note: Note, chance: Random) -> Register:
        wire = Wire(self.key, lambda: self.web.app, self.weather, self.network, gate)
        config = AtolConfig(base_url=f"http://{self.key}", poll_first=0.2, query_timeout=15.0)
        return AtolRegister(config, self.clock, httpx2.AsyncClient(transport=wire), chance, note)

    def documents(self) -> Iterator[Document]:
        for drive in (*self._old, self.register.drive):
            for doc in drive.documents():
                receipt = doc.receipt
                if doc.code in RECEIPTS and receipt is not None:
                    marks = (receipt.note, receipt.user_property.value if receipt.user_property else None)
                    mark = next((m for m in marks if m and len(m) == 16), None)
                    name = receipt.items[0].name if receipt.items else None
                    kept = self._scene.ofd.archive.find(doc.fn, doc.fd_number)
                    answer = kept.answer if kept else None
                    yield Document(doc.fn, doc.fd_number, doc.sign_text, doc.total, mark, name, answer)

    def drives(self) -> list[str]:
        return [drive.number for drive in (*self._old, self.register.drive)]

    def idle(self) -> bool:
        return self.network.quiet(self.key) and self.web.store.counts("1")[1] == 0

    def trouble(self, chance: Random) -> str:
        kind = chance.choice(("power", "link", "paper", "cover", "refused", "hold", "reboot"))
        seconds = chance.uniform(1, 90)
        match kind:
            case "power":
                self.register.power_off(seconds)
            case "link":
                self.register.link_off(seconds)
            case "paper":
                self.register.paper = False
            case "cover":
                self.register.cover_open = True
            case "refused":
                self.weather.down_until = self.clock.monotonic() + seconds
            case "reboot":
                self._reboot(seconds)
            case "hold":
                for device in self.web.devices:
                    device.engine.hold(on=True)
        return kind

    async def stranger(self, receipt: Receipt) -> None:
        try:
            await self.register.register_receipt(receipt)
        except (DeviceError, DriveError):
            return

    def swap_drive(self) -> bool:
        """A service engineer changes the drive, once everything on it has left."""
        drive = self.register.drive
        if drive.unsent().count or not self.register.powered or self.register._busy.locked():
            return False
        self._old.append(drive)
        fresh = FiscalDrive(f"99990789{self._number:02d}{len(self._old) + 1:06d}")
        self.register._remember(unprinted=None)  # a document of the old drive cannot be printed any more
        self.register.drive = self.register.exchange.drive = fresh
        self.register.ensure_registered(Registration(ffd=self._make.ffd))
        return True

    def mend(self) -> None:
        """A person puts in paper, shuts the cover, lets the queue go on."""
        self.register.paper, self.register.cover_open = True, False
        for device in self.web.devices:
            device.engine.hold(on=False)

    def heal(self) -> None:
        self.mend()
        self.weather.calm()
        self._faults.clear()
        self.register.power_on()
        self.register.link_on()
        self.register.clock_offset = max(self.register.clock_offset, timedelta())

    def clock_jump(self, seconds: float) -> None:
        self.register.clock_offset += timedelta(seconds=seconds)

    def close(self) -> None:
        for drive in self._old:
            drive.close()
        self.register.close()
        self.web.close()


class BareTill:
    """The port itself over a bad network: fast, and nastier in timing."""

    def __init__(self, number: int, scene: Scene, *, weather: Weather) -> None:
        self.key, self.clock, self.network, self.weather = f"r{number}", scene.clock(), scene.network, weather
        self._number = number
        self.register = BareRegister(f"99990780{number:02d}000001")
        self._old: list[BareRegister] = []
        self._block_until = 0.0

    def port(self, gate: Gate, note: Note, chance: Random) -> Register:
        del note, chance  # it speaks to nobody on a wire
        return BareLine(self, gate)

    def documents(self) -> Iterator[Document]:
        for register in (*self._old, self.register):
            for doc in register.archive.values():
                if doc.document in RECEIPTS:
                    left = register.unsent_from is None or doc.fd_number < register.unsent_from
                    answer = (14 if doc.fd_number in register.refused_at_ofd else 0) if left else None
                    yield Document(doc.fn, doc.fd_number, doc.fiscal_sign, doc.total, doc.mark, None, answer)

    def drives(self) -> list[str]:
        return [register.fn for register in (*self._old, self.register)]

    def idle(self) -> bool:
        return self.network.quiet(self.key)

    def refresh(self) -> None:
        """Troubles end by themselves."""
        if self.register.blocked is not None and self.clock.monotonic() >= self._block_until:
            self.register.blocked = None

    def trouble(self, chance: Random) -> str:
        kinds = (BlockReason.NO_LINK, BlockReason.PAPER_OUT, BlockReason.COVER_OPEN, BlockReason.BUSY)
        kind = chance.choice((*kinds, "unsent", "refused_at_ofd"))
        if isinstance(kind, BlockReason):
            self.register.blocked = kind
            self._block_until = self.clock.monotonic() + chance.uniform(1, 90)
        elif kind == "unsent" and self.register.unsent_from is None:
            self.register.unsent_from = len(self.register.archive) + 1
        elif kind == "refused_at_ofd":
            self.register.refused_at_ofd.add(len(self.register.archive) + 2)
        return str(kind)

    async def stranger(self, receipt: Receipt) -> None:
        self.register.sign(receipt.amount, receipt.kind.code, 3, None)

    def swap_drive(self) -> bool:
        if self.register.unsent_from is not None:
            return False
        self._old.append(self.register)
        fresh = BareRegister(f"99990780{self._number:02d}{len(self._old) + 1:06d}")
        fresh.burned = self.register.burned | set(
            self.register.by_attempt
        )  # an id is taken once, on any drive
        self.register = fresh
        return True

    def mend(self) -> None:
        self.register.unsent_from = None

    def heal(self) -> None:
        self.weather.calm()
        self.register.blocked = None
        self.register.unsent_from = None

    def clock_jump(self, seconds: float) -> None:
        del seconds  # it has no clock

    def close(self) -> None:
        """It keeps everything in memory."""


class BareLine:
    """What stands between a lane and a bare register."""

    gives_tickets = True
    keeps_archive = True

    def __init__(self, till: BareTill, gate: Gate) -> None:
        self._till, self._gate = till, gate

    async def _ask(self, what: str, *args: Any) -> Any:
        """A harmless question: whatever goes wrong is no link."""
        await self._gate.passing()
        fault = self._fault(what)
        if fault in {"refused", "garbage"}:
            raise RegisterBlocked(BlockReason.NO_LINK, "refused")
        await asyncio.sleep(self._till.weather.latency())
        if fault in {"lost", "late", "answer_lost", "answer_cut"}:
            await asyncio.sleep(5.0)
            raise RegisterBlocked(BlockReason.NO_LINK, "no answer")
        if fault == "slow":
            await asyncio.sleep(self._till.weather.chance.uniform(1, 90))
        self._till.refresh()
        answer = await getattr(self._till.register, what)(*args)
        await self._gate.passing()
        return answer

    def _fault(self, what: str) -> str | None:
        fault = self._till.weather.draw()
        if fault is not None:
            self._till.network.note(f"{self._till.key} {fault} {what}")
        return fault

    async def status(self) -> RegisterStatus:
        answer: RegisterStatus = await self._ask("status")
        return answer

    async def submit(self, attempt: Attempt) -> Registered:
        await self._gate.passing()
        weather, fault = self._till.weather, self._fault("submit")
        match fault:
            case "refused":
                raise RegisterBlocked(BlockReason.NO_LINK, "refused")
            case "garbage":
                raise NotSent("busy")
            case "lost":
                return await self._unknown()
            case "late":
                self._deliver(attempt, weather.chance.uniform(5.0, LATEST))
                return await self._unknown()
        answer = await asyncio.shield(self._deliver(attempt, weather.latency()))
        if fault == "doubled" and isinstance(answer, Registered):
            self._deliver(attempt, weather.chance.uniform(0.0, LATEST))
        await asyncio.sleep(weather.chance.uniform(1, 90) if fault == "slow" else weather.latency())
        if fault in {"answer_lost", "answer_cut"}:
            return await self._unknown()
        await self._gate.passing()
        if isinstance(answer, RegisterError):
            raise answer
        return answer

    async def _unknown(self) -> Registered:
        await asyncio.sleep(5.0)
        raise OutcomeUnknown("no answer")

    def _deliver(self, attempt: Attempt, seconds: float) -> "asyncio.Task[Registered | RegisterError]":
        """Put the command on its way; what the register says to it is the task's result."""
        till = self._till

        async def arrive() -> Registered | RegisterError:
            till.refresh()
            try:
                return await till.register.submit(attempt)
            except RegisterError as error:
                return error

        return till.network.carry(till.key, till.network.later(seconds, arrive))

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        if attempt.fn != self._till.register.fn:
            await self._gate.passing()
            self._till.register.burned.add(
                attempt.id
            )  # as a server's queue does, whatever drive is in the register
            raise OutcomeUnknown("another drive")
        answer: Registered | Absent = await self._ask("locate", attempt)
        return answer

    async def document(self, fd_number: int) -> FiscalDocument | None:
        answer: FiscalDocument | None = await self._ask("document", fd_number)
        return answer

    async def open_shift(self) -> FiscalDocument | None:
        answer: FiscalDocument | None = await self._ask("open_shift")
        return answer

    async def close_shift(self) -> FiscalDocument | None:
        answer: FiscalDocument | None = await self._ask("close_shift")
        return answer

    async def run(self, errand: Errand) -> str:
        raise Rejected(f"{errand.deed} is not played")

    async def exchange(self) -> ExchangeReading:
        answer: ExchangeReading = await self._ask("exchange")
        return answer

    async def ticket(self, fd_number: int) -> Ticket | None:
        answer: Ticket | None = await self._ask("ticket", fd_number)
        return answer

    async def aclose(self) -> None:
        return None
