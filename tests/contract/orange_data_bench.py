"""OrangeData as a register against its test double, on a real port behind real mutual TLS."""

import atexit
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import httpx2
import msgspec
import uvicorn

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.orange_data.face import Face, server
from chekpoint.emulators.orange_data.papers import Papers, papers_in
from chekpoint.emulators.orange_data.service import ClientSetup, OrangeData
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Receipt
from chekpoint.registers.orange_data import OrangeDataConfig, OrangeDataRegister
from chekpoint.registers.orange_data.keys import tls_context
from tests.contract.http_bench import HttpBench, LossyWire

_TAKES = re.compile(r"/api/v2/\w+/$")


@cache
def papers() -> Papers:
    """One set for the whole run: an RSA key takes a while to find."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    return papers_in(Path(folder.name), SystemClock().now())


class Wire(LossyWire):
    """A real connection on which one document can be lost on its way there or back."""

    def carries(self, request: httpx2.Request) -> bool:
        return _TAKES.match(request.url.path) is not None


class OrangeDataBench(HttpBench):
    """``RegisterBench`` over the service."""

    def __init__(
        self,
        ffd: Literal["1.05", "1.2"] = "1.2",
        *,
        faults: FaultPlan | None = None,
        setup: ClientSetup | None = None,
    ) -> None:
        self.faults = faults or FaultPlan()
        self.setup = setup or ClientSetup()
        self.emulated = EmulatedRegister(FiscalDrive(), clock=SystemClock(), faults=self.faults)
        self.emulated.ensure_registered(Registration(ffd=ffd, seller_inn=self.setup.inn))
        self.papers = papers()
        self.service = OrangeData(
            self.setup, [self.emulated], key=self.papers.public_key(), clock=SystemClock()
        )
        self.face = Face(self.service, self.faults)
        super().__init__()
        self.config = OrangeDataConfig(
            inn=self.setup.inn, group=self.setup.group, key_name=self.setup.key_name, ffd=ffd,
            sign_key=str(self.papers.sign_key), client_cert=str(self.papers.client_cert),
            client_key=str(self.papers.client_key), ca=str(self.papers.ca), patience=5.0, poll_every=0.02,
            base_url=f"https://127.0.0.1:{self.port}",
        )  # fmt: skip
        self.wire = Wire(tls_context(self.config))
        self.http = httpx2.AsyncClient(transport=self.wire)
        self.register = OrangeDataRegister(self.config, SystemClock(), http=self.http)

    def carried(self, receipt: Receipt) -> Receipt:
        """FFD 1.05 has no codes of units, and corrections without items."""
        if self.config.ffd == "1.2":
            return receipt
        items = tuple(msgspec.structs.replace(item, unit=0) for item in receipt.items)
        return msgspec.structs.replace(receipt, items=() if receipt.correction else items)

    def served(self) -> uvicorn.Server:
        return server(self.face, self.papers, port=self.port)


@asynccontextmanager
async def orange_data_bench(
    ffd: Literal["1.05", "1.2"] = "1.2", *, faults: FaultPlan | None = None, setup: ClientSetup | None = None
) -> AsyncIterator[OrangeDataBench]:
    """A running bench; everything it opened is closed at the end."""
    bench = OrangeDataBench(ffd, faults=faults, setup=setup)
    await bench.start()
    try:
        yield bench
    finally:
        await bench.stop()
        await bench.register.aclose()
        await bench.http.aclose()
        bench.service.close()
        bench.emulated.close()
