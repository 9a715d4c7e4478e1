"""One server of the intake measurement: `python -m bench.intake_server KIND URL` prints its port and serves."""

import contextlib
import random
import socket
import sys
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette

from bench.orders import KEY
from chekpoint.core.clock import SystemClock
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.shops.api_v1 import api_routes
from chekpoint.store import people, receipts
from chekpoint.store.store import open_store

SELLER, SHOP = "0" * 31 + "1", "0" * 31 + "2"


def chekpoint(url: str) -> tuple[Hub, Any]:
    """The hub without registers, and its API."""
    clock = SystemClock()
    hub = Hub(
        open_store(url, node="bench", clock=clock), clock, random.Random(1), node="bench", limits=Limits(),
        zone="Europe/Moscow", registers={}, operators={}, door=_no_door,
    )  # fmt: skip
    return hub, Starlette(routes=api_routes(hub))


def _no_door(url: str, secret: str) -> Any:
    raise AssertionError((url, secret))


def _furnish(tx: Any) -> None:
    people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»")
    people.add_shop(
        tx, people.Shop(SHOP, SELLER, "shop", "api", "https://shop.example", 300, None, None, None)
    )
    people.add_key(tx, "0" * 31 + "3", SHOP, KEY)


async def _not_stored(_bulk: Any, offer: receipts.Offer) -> receipts.Accepted:
    return receipts.Accepted(offer.id, "queued", 0, fresh=True, same=True)


async def serve(app: Any) -> None:
    """Serve on a free port until terminated."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", log_level="warning", access_log=False, lifespan="off"
    )
    print(listening.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve(sockets=[listening])


async def main(kind: str, url: str) -> None:
    """Start what is asked for."""
    if kind.startswith("fastapi"):
        from bench.peers.fastapi_plain import make_app  # noqa: PLC0415 - the others do without it

        await serve(await make_app(url, KEY, wal=kind.endswith("wal")))
        return
    hub, app = chekpoint(url)
    await hub.start()
    await hub.store.write(_furnish)
    await hub.reload()
    if kind == "bare":
        hub.store.write_bulk = _not_stored  # type: ignore[method-assign]
    try:
        await serve(app)
    finally:
        await hub.stop()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main(sys.argv[1], sys.argv[2]))
