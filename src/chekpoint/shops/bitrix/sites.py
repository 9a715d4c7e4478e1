"""The connector: one object for all 1C-Bitrix sites of a hub, so that they share connections and readings."""

import asyncio
from collections import Counter
from weakref import WeakKeyDictionary

import httpx2
import msgspec
import structlog

from chekpoint.hub.hub import Hub
from chekpoint.shops.bitrix import troubles
from chekpoint.shops.bitrix.alarms import Alarms
from chekpoint.shops.bitrix.pushes import Pushes
from chekpoint.shops.bitrix.readings import Readings
from chekpoint.shops.bitrix.settings import BitrixSettings, settings_of
from chekpoint.shops.bitrix.site import Site
from chekpoint.shops.bitrix.transport import open_client
from chekpoint.store import people

log = structlog.get_logger()


class BitrixSites:
    """``connect`` is what the hub starts for each shop of this kind."""

    def __init__(self) -> None:
        self._clients: dict[str | None, httpx2.AsyncClient] = {}
        self._users: Counter[str | None] = Counter()
        self._readings: WeakKeyDictionary[Hub, Readings] = WeakKeyDictionary()

    async def connect(self, hub: Hub, shop: people.Shop) -> None:
        """Work for one shop until cancelled. A shop whose settings do not read raises an incident and waits."""
        alarms = Alarms(hub, shop)
        try:
            settings = settings_of(shop.settings)
        except (msgspec.DecodeError, ValueError) as error:
            await alarms.ring(troubles.SETTINGS, troubles.wrong_settings(shop.name, str(error)))
            await _for_ever()
            return
        await alarms.mend(troubles.SETTINGS)
        await self._work(hub, shop, settings)

    async def _work(self, hub: Hub, shop: people.Shop, settings: BitrixSettings) -> None:
        async with asyncio.TaskGroup() as group:
            if settings.exchange is not None:
                group.create_task(self._exchange(hub, shop, settings))
            if settings.cashbox is not None and settings.cashbox.webhook:
                group.create_task(self._push(hub, shop, settings))
            group.create_task(_for_ever())

    async def _exchange(self, hub: Hub, shop: people.Shop, settings: BitrixSettings) -> None:
        exchange = settings.exchange
        if exchange is None:
            return
        readings = self._readings.setdefault(hub, Readings(hub))
        client = self._open(exchange.ca_file)
        try:
            await Site(hub, shop, settings, exchange=exchange, client=client, readings=readings).run()
        finally:
            await self._close(exchange.ca_file)

    async def _push(self, hub: Hub, shop: people.Shop, settings: BitrixSettings) -> None:
        cashbox = settings.cashbox
        if cashbox is None:
            return
        client = self._open(cashbox.ca_file)
        try:
            await Pushes(hub, shop, cashbox, client, settings.local).run()
        finally:
            await self._close(cashbox.ca_file)

    def _open(self, ca_file: str | None) -> httpx2.AsyncClient:
        self._users[ca_file] += 1
        if ca_file not in self._clients:
            self._clients[ca_file] = open_client(ca_file)
        return self._clients[ca_file]

    async def _close(self, ca_file: str | None) -> None:
        """The last one out closes the connections."""
        self._users[ca_file] -= 1
        if not self._users[ca_file]:
            await self._clients.pop(ca_file).aclose()


async def _for_ever() -> None:
    """A connector ends only when it is cancelled."""
    await asyncio.Event().wait()
