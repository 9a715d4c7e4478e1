"""A hub over bare registers, connected by real HTTP to emulated 1C-Bitrix sites whose clock a test can put ahead."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette

from chekpoint.core.clock import SystemClock
from chekpoint.core.ports import Attempt, Registered, RegisterStatus
from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, CashboxSettings, Handler
from chekpoint.emulators.bitrix_site.checks import Check, Status
from chekpoint.emulators.bitrix_site.face import Sites
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.serve import server
from chekpoint.emulators.bitrix_site.site import Site
from chekpoint.fiscal.receipt import Taxation
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.hub.shop_rules import ShopRules, VatRule
from chekpoint.shops.bitrix import KIND, BitrixSettings, BitrixSites, Exchange, bitrix_routes
from chekpoint.store import incidents, people
from chekpoint.store.store import open_store
from tests.doubles.bare_register import BareRegister
from tests.doubles.deaf_shop import DeafShop
from tests.doubles.hubs import QUICK, SELLER, furnish
from tests.waiting import until

PATIENCE = 30.0
HASH = "0123456789abcdef0123456789abcdef"
ZN = "00106702123456"
NONE = VatRule(received="none", rate=VatRate.NONE)
RULES = ShopRules(taxation=Taxation.OSN, vat=(NONE,))


class NumberedRegister(BareRegister):
    """A bare register that tells its factory number; while ``open`` is not set, receipts wait inside it."""

    def __init__(self, fn: str, serial: str) -> None:
        super().__init__(fn)
        self.serial = serial
        self.open = asyncio.Event()
        self.open.set()

    async def submit(self, attempt: Attempt) -> Registered:
        await self.open.wait()
        return await super().submit(attempt)

    async def status(self) -> RegisterStatus:
        return msgspec.structs.replace(await super().status(), serial=self.serial)


class AheadClock(SystemClock):
    """The machine's clock, so many seconds ahead: what is overdue in four minutes is overdue now."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)


@asynccontextmanager
async def serving(run: uvicorn.Server) -> AsyncIterator[str]:
    """A server on a free port; its address."""
    task = asyncio.create_task(run.serve())
    try:
        await until(lambda: run.started or task.done())
        if task.done():
            task.result()
        yield f"http://127.0.0.1:{run.servers[0].sockets[0].getsockname()[1]}"
    finally:
        run.should_exit = True
        await task


async def opened(hub: Hub, kind: str, patience: float = PATIENCE) -> incidents.Open:
    """Wait for an incident of a kind."""
    async with asyncio.timeout(patience):
        while True:
            for one in await hub.store.read(incidents.open_now):
                if one.kind == kind:
                    return one
            await asyncio.sleep(0.02)


class World:
    """The sites' server, and what a test asks of a site."""

    def __init__(self, sites: Sites, clock: AheadClock, address: str) -> None:
        self.sites, self.clock, self.address = sites, clock, address

    def site(
        self,
        name: str = "shop.test",
        *,
        handler: Handler = Handler.BITRIX_V3,
        number: str = ZN,
        **options: Any,
    ) -> Site:
        """A site with one active cashbox; polls end after a second and a half."""
        site = self.sites.add(name)
        site.change_settings(max_execution_time=2, **options)
        site.allow_hash(HASH)
        if handler.pull:
            self.cashbox(site, handler, number)
        return site

    def cashbox(self, site: Site, handler: Handler, number: str, **settings: Any) -> Cashbox:
        return site.add_cashbox(handler, number=number, settings=CashboxSettings(**settings))

    def link(self, name: str = "shop.test") -> str:
        return f"{self.address}/s/{name}/bitrix/tools/sale_check_print.php?hash={HASH}"

    def later(self, seconds: float = 241.0) -> None:
        """The site's clock goes ahead: what was handed out is overdue."""
        self.clock.ahead += seconds


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    clock = AheadClock()
    sites = Sites(clock=clock)
    try:
        async with serving(server(sites)) as address:
            yield World(sites, clock, address)
    finally:
        sites.close()


def exchange(
    place: World, name: str = "shop.test", *, version: Any = "3", rules: ShopRules = RULES, **more: Any
) -> BitrixSettings:
    return BitrixSettings(
        exchange=Exchange(link=place.link(name), version=version, timeout=20.0, **more), rules=rules
    )


def shop_of(settings: BitrixSettings, number: int = 2) -> people.Shop:
    body = msgspec.json.encode(settings)
    return people.Shop(
        f"{number:032x}", SELLER, f"сайт {number}", KIND, "https://shop.test", 300, None, None, None, body
    )


@asynccontextmanager
async def connected(
    url: str, registers: Mapping[str, BareRegister], shop: people.Shop, *, limits: Limits = QUICK
) -> AsyncIterator[Hub]:
    """A started hub whose 1C-Bitrix shops are connected."""
    clock = SystemClock()
    hub = Hub(
        open_store(url, node="a", clock=clock), clock, random.SystemRandom(), node="a", limits=limits,
        zone="Europe/Moscow", registers={"bare": lambda row, _note: registers[row.id]}, operators={},
        door=lambda _url, _secret: DeafShop(), connectors={KIND: BitrixSites().connect},
    )  # fmt: skip
    await hub.start()
    try:
        await furnish(hub, dict(registers), shop)
        await hub.reload()
        yield hub
    finally:
        assert hub.dead_workers() == []
        await hub.stop()


@asynccontextmanager
async def door(hub: Hub) -> AsyncIterator[str]:
    """The addresses of the REST cashbox on a real port."""
    config = uvicorn.Config(
        Starlette(routes=bitrix_routes(hub)),
        port=0,
        log_level="error",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    async with serving(uvicorn.Server(config)) as address:
        yield address


async def paid(site: Site, *lines: Line, email: str = "buyer@example.com", **more: Any) -> Check:
    """An order that was paid, and the check that it made."""
    order = site.create_order(lines or (Line(price=10_000),), email=email, **more)
    check = await site.pay(order.id)
    assert check is not None, site.order(order.id).marked
    return check


async def printed(site: Site, *numbers: int, status: Status = Status.PRINTED) -> None:
    """Wait until the site shows these checks in a status."""
    await until(lambda: all(site.check(number).status is status for number in numbers))


def marks(*registers: BareRegister) -> list[str]:
    """The order marks of all receipts on the drives."""
    return [doc.mark for one in registers for doc in one.archive.values() if doc.document == 3 and doc.mark]
