"""Callbacks of this door: the packet of a report, POSTed to the address that came with the receipt.

A shop is promised a callback within 300 s and polls after that; the first six tries are made by then.
1C-Bitrix takes any callback with ``payload`` for an outcome, so nothing but an outcome is ever sent.
"""

import asyncio

import httpx2
import msgspec

from chekpoint.hub.callbacks import Callbacks, Promise
from chekpoint.hub.calling import call
from chekpoint.hub.hub import Hub
from chekpoint.shops.atol_online import reports
from chekpoint.shops.atol_online.desk import Desk
from chekpoint.shops.atol_online.settings import settings_of
from chekpoint.store import people
from chekpoint.store.listing import Whole


async def connect(hub: Hub, shop: people.Shop) -> None:
    """Tell one shop's outcomes until cancelled."""
    settings = settings_of(shop)
    if settings is None:  # not set up yet: the hub starts this anew when it is
        await asyncio.Event().wait()
        return
    desk = Desk(hub)

    async with httpx2.AsyncClient(timeout=hub.post.limits.webhook_timeout, trust_env=False) as client:

        async def tell(promise: Promise, whole: Whole) -> None:
            handle = (await desk.keys()).handles.of(promise.mark)
            packet = reports.packet(whole, desk.about(settings, handle, promise.note, promise.url))
            await call(client, "POST", promise.url, msgspec.json.encode(packet))

        await Callbacks(hub, shop, tell).run()
