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
from tests.contract.http_bench import HttpBench, LossyWire


class Wire(LossyWire):
    """A real connection on which one document can be lost on its way there or back."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[str] = []  # ids of the documents that left

    def carries(self, request: httpx2.Request) -> bool:
        if not request.url.path.endswith("/doc"):
            return False
        self.posts.append(msgspec.json.decode(request.content)["id"])
        return True


class ModulKassaBench(HttpBench):
    """``RegisterBench`` over the service."""

    wire: Wire
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
        super().__init__()
        self.wire = Wire()
        self.http = httpx2.AsyncClient(transport=self.wire)
        self.config = ModulKassaConfig(
            user_name=self.setup.pair[0], password=self.setup.pair[1], inn=inn, patience=5.0, poll_every=0.02,
            quiet=quiet, base_url=f"http://127.0.0.1:{self.port}/api/fn", callback_url=callback_url,
        )  # fmt: skip
        self.register = ModulKassaRegister(self.config, SystemClock(), http=self.http)

    def carried(self, receipt: Receipt) -> Receipt:
        """The form has no codes of units."""
        items = tuple(msgspec.structs.replace(item, unit=0) for item in receipt.items)
        return msgspec.structs.replace(receipt, items=items)

    def served(self) -> uvicorn.Server:
        return server(self.face, port=self.port)


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
