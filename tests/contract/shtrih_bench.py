"""The Shtrih-M driver against the emulated device, over a real TCP port or a pseudo-terminal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

import anyio

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.emulators.shtrih_wire.face import ShtrihWire
from chekpoint.registers.shtrih import ShtrihConfig, ShtrihRegister
from chekpoint.registers.shtrih.streams import ByteStream, LinkLost, open_serial, open_tcp

_SIGNING = (b"\xff\x45", b"\xff\x4a")


class Wire:
    """A real wire on which the signing command can be lost on its way there or back."""

    def __init__(self, inner: ByteStream, bench: "ShtrihBench") -> None:
        self._inner, self._bench = inner, bench
        self._swallows = self._hangs = False

    async def send(self, octets: bytes) -> None:
        if (octets[:1] in {b"\x02", b"\x8f"} and octets[2:4] in _SIGNING) or octets[5:7] in _SIGNING:
            if self._bench.loses_command:
                self._bench.loses_command = False
                self._bench.late.append(octets)
                self._hangs = True
                return
            if self._bench.loses_answer:
                self._bench.loses_answer = False
                self._swallows = True
        await self._inner.send(octets)

    async def receive(self) -> bytes:
        if self._hangs:
            raise LinkLost("the command hangs")
        octets = await self._inner.receive()
        if self._swallows:
            if octets in {b"\x06", b"\xff", b"\xff\x06"}:
                return octets  # the command was taken; what came of it is cut off
            raise LinkLost("the answer is cut")
        return octets

    async def aclose(self) -> None:
        await self._inner.aclose()


class ShtrihBench:
    """``RegisterBench`` over one wire and one protocol."""

    def __init__(
        self,
        wire: Literal["tcp", "pty"],
        protocol: Literal["v1", "v2", "auto"],
        *,
        ffd: str = "1.2",
        faults: FaultPlan | None = None,
    ) -> None:
        self.faults = faults or FaultPlan()
        self.emulated = EmulatedRegister(FiscalDrive(), clock=SystemClock(), faults=self.faults)
        self.emulated.ensure_registered(Registration(ffd=ffd))
        self.face = ShtrihWire(self.emulated, faults=self.faults)
        self.late: list[bytes] = []
        self.loses_answer = self.loses_command = self.stuttered = False
        self.wire: type[Wire] = Wire
        self._wire = wire
        self._address = ""
        self._port = 0
        self._serving: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        patience = 1.0 if faults is None else 0.1  # a bad line costs many time-outs
        self.config = ShtrihConfig(
            protocol=protocol,
            connect_timeout=2.0,
            probe_timeout=0.15,
            enq_timeout=0.15 * patience**0.5,
            enq_tries=4,
            byte_timeout=0.1 * patience,
            answer_timeout=patience,
            close_timeout=patience,
            shift_timeout=1.0,
            mark_timeout=1.0,
            busy_timeout=2.0,
            busy_pause=0.02,
        )
        self.register = ShtrihRegister(self.config, SystemClock(), opener=self._open)

    async def _open(self) -> ByteStream:
        if self._serving is None:
            raise LinkLost("the cable is out")
        if self._wire == "pty":
            return self.wire(await open_serial(self._address, 115200), self)
        return self.wire(await open_tcp("127.0.0.1", self._port), self)

    async def start(self) -> None:
        """Serve, in a task of its own: the link is broken and mended in the middle of a test."""
        ready, self._ending = asyncio.Event(), asyncio.Event()
        self._serving = asyncio.create_task(self._serve(ready, self._ending))
        await ready.wait()

    async def _serve(self, ready: asyncio.Event, ending: asyncio.Event) -> None:
        if self._wire == "pty":
            async with self.face.pty() as self._address:
                ready.set()
                await ending.wait()
        else:
            async with self.face.listen(port=self._port) as self._port:
                ready.set()
                await ending.wait()

    async def stop(self) -> None:
        """End serving and see it end."""
        serving, self._serving = self._serving, None
        if serving is not None:
            self._ending.set()
            await serving

    def lose_answer(self) -> None:
        self.loses_answer = True

    def lose_command(self) -> None:
        self.loses_command = True

    async def deliver_late(self) -> None:
        """What hung reaches the device, bare, while nobody else holds the wire."""
        await self.register.aclose()
        late, self.late = self.late, []
        for octets in late:
            wire = await self._open()
            await wire.send(octets)
            with suppress(LinkLost), anyio.move_on_after(0.3):
                while True:
                    await wire.receive()
            await wire.aclose()

    async def break_link(self) -> None:
        await self.stop()

    async def mend_link(self) -> None:
        await self.start()


@asynccontextmanager
async def shtrih_bench(
    wire: Literal["tcp", "pty"],
    protocol: Literal["v1", "v2", "auto"],
    *,
    ffd: str = "1.2",
    faults: FaultPlan | None = None,
) -> AsyncIterator[ShtrihBench]:
    """A running bench; everything it opened is closed at the end."""
    bench = ShtrihBench(wire, protocol, ffd=ffd, faults=faults)
    await bench.start()
    try:
        yield bench
    finally:
        await bench.register.aclose()
        await bench.stop()
        bench.emulated.close()
