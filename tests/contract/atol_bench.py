"""The ATOL driver against the emulated web server, on a real port."""

import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import uvicorn

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.atol_web.access import Credentials
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.atol_web.serve import server
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.registers.atol import AtolConfig, AtolRegister

_RECEIPTS = (b'"type":"sell', b'"type":"buy')


class Wire(httpx2.AsyncHTTPTransport):
    """A real connection on which one receipt can be lost on its way there or back."""

    def __init__(self) -> None:
        super().__init__()
        self.loses_answer = False
        self.loses_command = False
        self.late: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        carries = request.method == "POST" and any(mark in request.content for mark in _RECEIPTS)
        if carries and self.loses_command:
            self.loses_command = False
            self.late.append(request)
            raise httpx2.ReadTimeout("the command hangs")
        answer = await super().handle_async_request(request)
        if carries and self.loses_answer:
            self.loses_answer = False
            await answer.aread()
            raise httpx2.RemoteProtocolError("the answer is cut")
        return answer


class AtolBench:
    """``RegisterBench`` over the web server; ``generation`` is what the server speaks, the driver finds out."""

    def __init__(self, generation: str, *, ffd: str = "1.2", faults: FaultPlan | None = None) -> None:
        self.faults = faults or FaultPlan()
        drive = FiscalDrive()
        self.emulated = EmulatedRegister(drive, clock=SystemClock(), faults=self.faults)
        self.emulated.ensure_registered(Registration(ffd=ffd))
        self.web = AtolWeb(
            {"1": self.emulated},
            clock=SystemClock(),
            generation="v1" if generation == "v1" else "v2",
            faults=self.faults,
            credentials=Credentials(user="admin", password="Passw0rd-Passw0rd"),
        )
        self.wire = Wire()
        self._socket = listening(0)
        self.port = self._socket.getsockname()[1]
        self.config = AtolConfig(
            base_url=f"http://127.0.0.1:{self.port}",
            user="admin",
            password="Passw0rd-Passw0rd",
            poll_timeout=1.5,
            poll_first=0.01,
            poll_longest=0.1,
            query_timeout=5.0,
            read_timeout=5.0,
        )
        self.http = httpx2.AsyncClient(transport=self.wire)
        self.register = AtolRegister(self.config, SystemClock(), self.http, random.Random(7))
        self._server: uvicorn.Server | None = None

    async def start(self) -> None:
        """Serve on the socket. Without uvicorn's main loop, whose tick of 0.1 s each test would pay."""
        self._server = server(self.web.app, port=self.port)
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])

    async def stop(self) -> None:
        """End the server and see it end."""
        if self._server is not None:
            self._server.force_exit = True
            await self._server.lifespan.shutdown()
            await self._server.shutdown(sockets=[self._socket])
        self._server = None

    def lose_answer(self) -> None:
        self.wire.loses_answer = True

    def lose_command(self) -> None:
        self.wire.loses_command = True

    async def deliver_late(self) -> None:
        async with httpx2.AsyncClient() as client:
            for late in self.wire.late:
                await client.send(
                    client.build_request(late.method, late.url, content=late.content, headers=late.headers)
                )
        self.wire.late.clear()

    async def break_link(self) -> None:
        await self.stop()

    async def mend_link(self) -> None:
        self._socket = listening(self.port)
        await self.start()


def listening(port: int) -> socket.socket:
    # with the protocol named, asyncio turns Nagle off for what it accepts: 40 ms less for each answer
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


@asynccontextmanager
async def atol_bench(
    generation: str, *, ffd: str = "1.2", faults: FaultPlan | None = None
) -> AsyncIterator[AtolBench]:
    """A running bench; everything it opened is closed at the end."""
    bench = AtolBench(generation, ffd=ffd, faults=faults)
    await bench.start()
    try:
        yield bench
    finally:
        await bench.stop()
        await bench.register.aclose()
        await bench.http.aclose()
        bench.web.close()
        bench.emulated.drive.close()
