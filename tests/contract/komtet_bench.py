"""Komtet Kassa as a register against its test double, on real ports, with its callbacks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.atol_web.serve import server as plain_server
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.komtet.face import Face, server
from chekpoint.emulators.komtet.service import Komtet, ShopSetup
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.registers.komtet import KomtetConfig, KomtetRegister, recognised
from tests.contract.http_bench import HttpBench, LossyWire, down, listening, up


class Wire(LossyWire):
    """A real connection on which one task can be lost on its way there or back."""

    def carries(self, request: httpx2.Request) -> bool:
        return request.url.path.endswith("/task")


class KomtetBench(HttpBench):
    """``RegisterBench`` over the service. Its callbacks come to a port of their own, as they come to a hub."""

    cannot = frozenset({"kopecks off the total"})

    def __init__(self, *, faults: FaultPlan | None = None, setup: ShopSetup | None = None) -> None:
        self.faults = faults or FaultPlan()
        self.emulated = EmulatedRegister(FiscalDrive(), clock=SystemClock(), faults=self.faults)
        self.setup = setup or ShopSetup(callback_pause=0.02)
        self.emulated.ensure_registered(Registration(seller_inn=self.setup.inn))
        self.service = Komtet(self.setup, [self.emulated], clock=SystemClock())
        self.face = Face(self.service, self.faults)
        super().__init__()
        self.wire = Wire()
        self.http = httpx2.AsyncClient(transport=self.wire)
        self._ear_socket = listening(0)
        self.callback_url = f"http://127.0.0.1:{self._ear_socket.getsockname()[1]}/called"
        self.heard: list[str] = []
        self.config = KomtetConfig(
            shop_id=self.setup.shop_id, secret=self.setup.secret, queue_id=self.setup.queue_id, inn=self.setup.inn,
            payment_address="https://shop.example", base_url=f"http://127.0.0.1:{self.port}", patience=5.0,
            poll_every=0.02, callback_url=self.callback_url,
        )  # fmt: skip
        self.register = KomtetRegister(self.config, SystemClock(), http=self.http)
        self._ear: uvicorn.Server | None = None

    async def _called(self, request: Request) -> Response:
        body = await request.body()
        told = recognised(self.config.secret, self.callback_url, request.headers, body)
        if told is None:
            return JSONResponse({}, 403)
        self.heard.append(told.attempt_id)
        self.register.heard(request.headers, body)
        return JSONResponse({})

    async def open_ear(self) -> None:
        ear = Starlette(routes=[Route("/called", self._called, methods=["POST"])])
        self._ear = plain_server(ear)
        await up(self._ear, self._ear_socket)

    async def close_ear(self) -> None:
        if self._ear is not None:
            await down(self._ear, self._ear_socket)

    def served(self) -> uvicorn.Server:
        return server(self.face, port=self.port)


@asynccontextmanager
async def komtet_bench(
    *, faults: FaultPlan | None = None, setup: ShopSetup | None = None
) -> AsyncIterator[KomtetBench]:
    """A running bench; everything it opened is closed at the end."""
    bench = KomtetBench(faults=faults, setup=setup)
    await bench.open_ear()
    await bench.start()
    try:
        yield bench
    finally:
        await bench.stop()
        await bench.close_ear()
        await bench.register.aclose()
        await bench.http.aclose()
        bench.service.close()
        bench.emulated.close()
