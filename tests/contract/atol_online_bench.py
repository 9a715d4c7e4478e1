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
from tests.contract.http_bench import HttpBench, LossyWire

_OPERATIONS = ("/sell", "/buy")


class Wire(LossyWire):
    """A real connection on which one registration can be lost on its way there or back."""

    def carries(self, request: httpx2.Request) -> bool:
        return any(word in request.url.path for word in _OPERATIONS)


class AtolOnlineBench(HttpBench):
    """``RegisterBench`` over the service."""

    def __init__(self, version: Literal["v4", "v5"], *, faults: FaultPlan | None = None) -> None:
        self.faults = faults or FaultPlan()
        self.emulated = EmulatedRegister(FiscalDrive(), clock=SystemClock(), faults=self.faults)
        self.emulated.ensure_registered(Registration(ffd="1.05" if version == "v4" else "1.2"))
        setup = CloudSetup()
        self.cloud = AtolCloud(setup, [self.emulated], clock=SystemClock())
        self.face = Face(self.cloud, self.faults)
        super().__init__()
        self.wire = Wire()
        self.http = httpx2.AsyncClient(transport=self.wire)
        self.config = AtolOnlineConfig(
            login=setup.login, password=setup.password, group_code=setup.group_code, inn=setup.inn, version=version,
            email="shop@example.com", payment_address="https://shop.example", patience=5.0, poll_every=0.02,
            base_url=f"http://127.0.0.1:{self.port}/possystem",
        )  # fmt: skip
        self.register = AtolOnlineRegister(self.config, SystemClock(), http=self.http)

    def carried(self, receipt: Receipt) -> Receipt:
        """v4 has no codes of units, and corrections without items."""
        if self.config.version == "v5":
            return receipt
        items = tuple(msgspec.structs.replace(item, unit=0) for item in receipt.items)
        return msgspec.structs.replace(receipt, items=() if receipt.correction else items)

    def served(self) -> uvicorn.Server:
        return server(self.face, port=self.port)


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
