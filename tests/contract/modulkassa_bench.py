"""ModulKassa as a register against its test double, on a real port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import msgspec
import uvicorn

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.modulkassa_cloud.face import Face, server
from chekpoint.emulators.modulkassa_cloud.service import ModulKassa, PointSetup
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Receipt
from chekpoint.registers.modulkassa import ModulKassaConfig, ModulKassaRegister
from tests.contract.atol_bench import listening


class Wire(httpx2.AsyncHTTPTransport):
    """A real connection on which one document can be lost on its way there or back."""

    def __init__(self) -> None:
        super().__init__()
        self.loses_answer = self.loses_command = False
        self.late: list[httpx2.Request] = []
        self.posts: list[str] = []  # ids of the documents that left

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        carries = request.url.path.endswith("/doc")
        if carries:
            self.posts.append(msgspec.json.decode(await request.aread())["id"])
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


class ModulKassaBench:
    """``RegisterBench`` over the service."""

    cannot = frozenset({"kopecks off the total", "shop's own requisites", "correction"})

    def __init__(
        self,
        *,
        faults: FaultPlan | None = None,
        setup: PointSetup | None = None,
        quiet: float = 0.0,
        inn: str = "7700000016",
        callback_url: str | None = None,
    ) -> None:
        self.faults = faults or FaultPlan()
        self.emulated = EmulatedRegister(FiscalDrive(), clock=SystemClock(), faults=self.faults)
        self.emulated.ensure_registered(Registration(seller_inn=inn))
        self.setup = setup or PointSetup()
        self.service = ModulKassa(self.setup, [self.emulated], clock=SystemClock())
        self.face = Face(self.service, self.faults)
        self.wire = Wire()
        self._socket = listening(0)
        self.port = self._socket.getsockname()[1]
        self.config = ModulKassaConfig(
            user_name=self.setup.pair[0], password=self.setup.pair[1], inn=inn, patience=5.0, poll_every=0.02,
            quiet=quiet, base_url=f"http://127.0.0.1:{self.port}/api/fn", callback_url=callback_url,
        )  # fmt: skip
        self.http = httpx2.AsyncClient(transport=self.wire)
        self.register = ModulKassaRegister(self.config, SystemClock(), http=self.http)
        self._server: uvicorn.Server | None = None

    def carried(self, receipt: Receipt) -> Receipt:
        """The form has no codes of units."""
        items = tuple(msgspec.structs.replace(item, unit=0) for item in receipt.items)
        return msgspec.structs.replace(receipt, items=items)

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
async def modulkassa_bench(
    *,
    faults: FaultPlan | None = None,
    setup: PointSetup | None = None,
    quiet: float = 0.0,
    inn: str = "7700000016",
    callback_url: str | None = None,
) -> AsyncIterator[ModulKassaBench]:
    """A running bench; everything it opened is closed at the end."""
    bench = ModulKassaBench(faults=faults, setup=setup, quiet=quiet, inn=inn, callback_url=callback_url)
    await bench.start()
    try:
        yield bench
    finally:
        await bench.stop()
        await bench.register.aclose()
        await bench.http.aclose()
        bench.service.close()
        bench.emulated.close()
