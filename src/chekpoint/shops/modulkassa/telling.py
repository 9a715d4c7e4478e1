"""Callbacks of this door: responseURL with ``status`` and ``qr`` in its query, until it answers 200."""

import asyncio
from urllib.parse import urlencode

import httpx2

from chekpoint.fiscal.receipt import Kind
from chekpoint.hub.callbacks import Callbacks, Promise
from chekpoint.hub.calling import call
from chekpoint.hub.hub import Hub
from chekpoint.shops.modulkassa import statuses
from chekpoint.shops.modulkassa.settings import settings_of
from chekpoint.store import people
from chekpoint.store.listing import Whole


async def connect(hub: Hub, shop: people.Shop) -> None:
    """Tell one shop's outcomes until cancelled."""
    settings = settings_of(shop)
    if settings is None:  # not set up yet: the hub starts this anew when it is
        await asyncio.Event().wait()
        return
    async with httpx2.AsyncClient(timeout=hub.post.limits.webhook_timeout, trust_env=False) as client:

        async def tell(promise: Promise, whole: Whole) -> None:
            await call(client, settings.callback_method.value, address(promise.url, whole))

        await Callbacks(hub, shop, tell).run()


def address(url: str, whole: Whole) -> str:
    """The module's own address (its token is in the query) with the outcome added."""
    outcome = {"status": "FAILED", "message": (whole.line.error_text or "")[:200]}
    if whole.document is not None:
        outcome = {"status": "SUCCESS", "qr": statuses.qr_of(whole.document, Kind(whole.line.kind))}
    plain, _, fragment = url.partition("#")
    joint = "&" if "?" in plain else "?"
    return f"{plain}{joint}{urlencode(outcome)}" + (f"#{fragment}" if fragment else "")
