"""A host of our own for the emulated Shtrih-M device: raw bytes over a null modem, on a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chekpoint.core.clock import Clock
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.null_modem import NullModemEnd, null_modem
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.emulators.shtrih_wire import link1, link2
from chekpoint.emulators.shtrih_wire.conduct import Conduct
from chekpoint.emulators.shtrih_wire.device import ShtrihDevice
from chekpoint.emulators.shtrih_wire.face import ShtrihWire
from chekpoint.fiscal import tlv
from chekpoint.fiscal.tlv import Node
from tests.doubles.hand_clock import HandClock

ENQ, ACK, NAK, STX = b"\x05", b"\x06", b"\x15", b"\x02"
PASSWORD = (30).to_bytes(4, "little")
NOT_GIVEN = b"\xff" * 5


class NoAnswer(Exception):
    """The device stayed silent."""


def make_register(clock: Clock | None = None, *, ffd: str = "1.2", **options: Any) -> EmulatedRegister:
    register = EmulatedRegister(FiscalDrive(), clock=clock or HandClock(), **options)
    register.ensure_registered(Registration(ffd=ffd))
    return register


class Host:
    """Speaks to one port. Answers come at once: the clock does not run, so silence is a fact."""

    def __init__(self, face: ShtrihWire, line: NullModemEnd, clock: HandClock) -> None:
        self.face = face
        self.line = line
        self.clock = clock
        self.number = 0

    @property
    def device(self) -> ShtrihDevice:
        return self.face.device

    @property
    def register(self) -> EmulatedRegister:
        return self.face.register

    @property
    def plan(self) -> FaultPlan:
        return self.face.faults

    async def settle(self) -> None:
        """Let the device do all it can do without time passing."""
        for _ in range(60):
            await asyncio.sleep(0)

    async def heard(self) -> bytes:
        """What the device has sent since."""
        await self.settle()
        taken = bytes(self.line._inbox)
        self.line._inbox.clear()
        return taken

    async def say(self, octets: bytes) -> bytes:
        await self.line.send(octets)
        return await self.heard()

    async def one(self, payload: bytes) -> bytes:
        """A command by protocol 1; gives the answer's payload, acknowledged."""
        answer = (await self.say(link1.frame(payload))).lstrip(b"\xff")
        if answer[:2] != ACK + STX:
            raise NoAnswer(answer.hex())
        [event] = link1.Receiver().receive(answer[1:])
        assert isinstance(event, link1.Payload)
        await self.say(ACK)
        return event.octets

    async def two(self, payload: bytes, number: int | None = None) -> bytes:
        """A command by protocol 2; gives the answer's payload."""
        self.number = self.number + 1 if number is None else number
        answer = await self.say(link2.encode(link2.Frame(self.number, payload)))
        frames = link2.Receiver().receive(answer)
        if not frames:
            raise NoAnswer(answer.hex())
        assert frames[0].number == self.number
        return frames[0].payload

    async def code(self, command: str, parameters: bytes = b"", password: bytes = PASSWORD) -> int:
        """The error byte of a command."""
        return (await self.raw(command, parameters, password))[0]

    async def raw(self, command: str, parameters: bytes = b"", password: bytes = PASSWORD) -> bytes:
        """Error byte and what follows."""
        octets = bytes.fromhex(command)
        answer = await self.one(octets + password + parameters)
        assert answer[: len(octets)] == octets
        return answer[len(octets) :]

    async def ask(self, command: str, parameters: bytes = b"", password: bytes = PASSWORD) -> bytes:
        """What follows error 0."""
        answer = await self.raw(command, parameters, password)
        assert answer[0] == 0, f"{command}: {answer[0]:02X}"
        return answer[1:]

    async def mode(self) -> tuple[int, int]:
        """Mode and submode."""
        answer = await self.ask("10")
        return answer[3], answer[4]

    async def sell(self, *items: bytes, paid: bytes | None = None, kind: int = 0) -> bytes:
        """A whole receipt; the answer of FF45."""
        await self.ask("8D", bytes((kind,)))
        for octets in items or (item(),):
            await self.ask("FF46", octets)
        return await self.ask("FF45", paid or closing(cash=10_000))


@asynccontextmanager
async def host(
    *,
    ffd: str = "1.2",
    tcp: bool = True,
    conduct: Conduct | None = None,
    register: EmulatedRegister | None = None,
    **options: Any,
) -> AsyncIterator[Host]:
    """A device with an open shift's worth of nothing: registered, shift closed."""
    clock = HandClock()
    register = register or make_register(clock, ffd=ffd, **options)
    face = ShtrihWire(register, conduct=conduct)
    near, far = null_modem(register.clock)
    port = face.tcp if tcp else face.serial
    serving = asyncio.create_task(port.serve(far))
    built = Host(face, near, clock)
    try:
        yield built
        if serving.done():
            serving.result()
    finally:
        serving.cancel()
        await asyncio.wait({serving})
        await face.close()


def five(value: int) -> bytes:
    return value.to_bytes(5, "little")


def item(
    name: str = "Бананы", price: int = 10_000, quantity: int = 1_000_000, *, kind: int = 1, rate: int = 8
) -> bytes:
    """Parameters of FF46; the device computes the sum."""
    head = bytes((kind,)) + quantity.to_bytes(6, "little") + five(price) + NOT_GIVEN + NOT_GIVEN
    return head + bytes((rate, 1, 4, 1)) + name.encode("cp1251")


def closing(
    *, cash: int = 0, electronic: int = 0, prepaid: int = 0, rounding: int = 0, taxation: int = 1
) -> bytes:
    """Parameters of FF45 without text."""
    sums = [cash, electronic, *[0] * 11, prepaid, 0, 0]
    return b"".join(map(five, sums)) + bytes((rounding,)) + bytes(30) + bytes((taxation,))


def tags(*nodes: Node) -> bytes:
    return tlv.encode_many(nodes)


def four(value: int) -> bytes:
    return value.to_bytes(4, "little")
