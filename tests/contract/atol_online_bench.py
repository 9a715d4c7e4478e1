"""ATOL Online as a register against its test double, on a real port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import httpx2
import msgspec
import uvicorn

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.atol_cloud.face import Face, server
from chekpoint.emulators.atol_cloud.service import AtolCloud, CloudSetup
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Receipt
from chekpoint.registers.atol_online import AtolOnlineConfig, AtolOnlineRegister
from tests.contract.atol_bench import listening

_OPERATIONS = ("/sell", "/buy")


class Wire(httpx2.AsyncHTTPTransport):
    """A real connection on which one registration can be lost on its way there or back."""

    def __init__(self) -> None:
        super().__init__()
        self.loses_answer = self.loses_command = False
        self.late: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        carries = any(word in request.url.path for word in _OPERATIONS)
        if carries and self.loses_command:
            self.loses_command = False
            await request.aread()
            self.late.append(request)
            raise httpx2.ReadTimeout("the command hangs")
        answer = await super().handle_async_request(request)
        if carries and self.loses_answer:
            self.loses_answer = False
            await answer.aread()
            raise httpx2.RemoteProtocolError("the answer is cut")
        return answer


class AtolOnlineBench:
    """``RegisterBench`` over the service."""

    def __init__(self, version: Literal["v4", "v5"], *, faults: FaultPlan | None = None) -> None:
        self.faults = faults or FaultPlan()
        self.emulated = EmulatedRegister(FiscalDrive(), clock=SystemClock(), faults=self.faults)
        self.emulated.ensure_registered(Registration(ffd="1.05" if version == "v4" else "1.2"))
        setup = CloudSetup()
        self.cloud = AtolCloud(setup, [self.emulated], clock=SystemClock())
        self.face = Face(self.cloud, self.faults)
        self.wire = Wire()
        self._socket = listening(0)
        self.port = self._socket.getsockname()[1]
        self.config = AtolOnlineConfig(
            login=setup.login, password=setup.password, group_code=setup.group_code, inn=setup.inn, version=version,
            email="shop@example.com", payment_address="https://shop.example", patience=5.0, poll_every=0.02,
            base_url=f"http://127.0.0.1:{self.port}/possystem",
        )  # fmt: skip
        self.http = httpx2.AsyncClient(transport=self.wire)
        self.register = AtolOnlineRegister(self.config, SystemClock(), http=self.http)
        self._server: uvicorn.Server | None = None

    def carried(self, receipt: Receipt) -> Receipt:
        """v4 has no codes of units, and corrections without items."""
        if self.config.version == "v5":
            return receipt
        items = tuple(msgspec.structs.replace(item, unit=0) for item in receipt.items)
        return msgspec.structs.replace(receipt, items=() if receipt.correction else items)

    async def start(self) -> None:
        self._server = server(self.face, port=self.port)
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])

    async def stop(self) -> None:
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
                await client.request(late.method, late.url, content=late.content, headers=late.headers)
        self.wire.late.clear()

    async def break_link(self) -> None:
        await self.stop()

    async def mend_link(self) -> None:
        self._socket = listening(self.port)
        await self.start()


@asynccontextmanager
async def atol_online_bench(
    version: Literal["v4", "v5"], *, faults: FaultPlan | None = None
) -> AsyncIterator[AtolOnlineBench]:
    """A running bench; everything it opened is closed at the end."""
    bench = AtolOnlineBench(version, faults=faults)
    await bench.start()
    try:
        yield bench
    finally:
        await bench.stop()
        await bench.register.aclose()
        await bench.http.aclose()
        bench.cloud.close()
        bench.emulated.close()
