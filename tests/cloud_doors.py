"""A hub behind the doors that shop modules call, on a real port: for tests of those doors."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from chekpoint.core.clock import SystemClock
from chekpoint.hub.hub import Connector, Hub
from chekpoint.store import listing, people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from tests.doubles.bare_register import BareRegister
from tests.doubles.deaf_shop import DeafShop
from tests.doubles.hubs import QUICK

RECORDED = Path(__file__).parent / "data" / "atol_online"
INN = "5544332219"  # of the recorded requests
FN = "9999078900006211"
SELLER_ID = "0" * 31 + "1"
SHOP_ID = "0" * 31 + "2"
NO_SITE = "https://shop.example"


def recorded(version: str, name: str) -> Any:
    """A recorded request or answer."""
    return json.loads((RECORDED / version / f"{name}.json").read_text("utf-8"))


def shop_of(kind: str, settings: msgspec.Struct, shop_id: str = SHOP_ID) -> people.Shop:
    """A shop with this door."""
    return people.Shop(
        shop_id, SELLER_ID, f"shop {shop_id[-1]}", kind, NO_SITE, 300, None, None, None,
        msgspec.json.encode(settings),
    )  # fmt: skip


class CloudDoor:
    """A running door with its hub and one register."""

    def __init__(self, hub: Hub, register: BareRegister, client: httpx2.AsyncClient, url: str) -> None:
        self.hub, self.register, self.client, self.url = hub, register, client, url

    async def lines(self) -> list[listing.Line]:
        """All receipts, oldest first."""
        found = await self.hub.store.read(lambda tx: listing.page(tx, listing.Filter(limit=500)))
        return found[::-1]

    async def configure(self, settings: msgspec.Struct, shop_id: str = SHOP_ID) -> None:
        """New settings of a shop, in force at once."""
        body = msgspec.json.encode(settings)
        await self.hub.store.write(lambda tx: people.configure_shop(tx, shop_id, body))
        await self.hub.reload()


@asynccontextmanager
async def cloud_door(
    database: str, routes: Callable[[Hub], list[BaseRoute]], connectors: dict[str, Connector],
    shops: list[people.Shop], register: BareRegister | None = None,
) -> AsyncIterator[CloudDoor]:  # fmt: skip
    """A hub over one register, and a server before it."""
    clock, made = SystemClock(), register or BareRegister(FN)
    hub = Hub(
        open_store(database, node="a", clock=clock), clock, random.SystemRandom(), node="a", limits=QUICK,
        zone="Europe/Moscow", registers={"bare": lambda _row, _note: made}, operators={},
        door=lambda _url, _secret: DeafShop(), connectors=connectors,
    )  # fmt: skip
    await hub.start()
    try:
        await hub.store.write(lambda tx: _furnish(tx, shops))
        await hub.reload()
        async with (
            serving(Starlette(routes=routes(hub))) as url,
            httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as client,
        ):
            yield CloudDoor(hub, made, client, url)
    finally:
        await hub.stop()


def _furnish(tx: Tx, shops: list[people.Shop]) -> None:
    if people.sellers(tx):
        return
    people.add_seller(tx, SELLER_ID, INN, "ООО «Ромашка»")
    for shop in shops:
        people.add_shop(tx, shop)
    people.add_register(tx, "0" * 31 + "7", SELLER_ID, "касса", maker="bare", config=b"{}")


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        running = asyncio.ensure_future(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
