"""The ATOL driver against the emulated web server, on a real port."""

import random
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
from tests.contract.http_bench import HttpBench, LossyWire

_RECEIPTS = (b'"type":"sell', b'"type":"buy')


class Wire(LossyWire):
    """A real connection on which one receipt can be lost on its way there or back."""

    def carries(self, request: httpx2.Request) -> bool:
        return request.method == "POST" and any(mark in request.content for mark in _RECEIPTS)


class AtolBench(HttpBench):
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
        super().__init__()
        self.wire = Wire()
        self.http = httpx2.AsyncClient(transport=self.wire)
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
        self.register = AtolRegister(self.config, SystemClock(), self.http, random.Random(7))

    def served(self) -> uvicorn.Server:
        return server(self.web.app, port=self.port)


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
