"""The API as a shop meets it: a real server on a free port, a hub over bare registers, a key."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import httpx2
import uvicorn
from starlette.applications import Starlette

from chekpoint.hub.hub import Hub
from chekpoint.shops.api_v1 import api_routes
from chekpoint.store import people
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SELLER, SHOP, running

T = TypeVar("T")
KEY, OTHER_KEY = "key-of-the-shop", "key-of-another-shop"
KEY_ID = "0" * 31 + "5"
OTHER_SHOP = SHOP._replace(id="0" * 31 + "3", name="another", seller_id="0" * 31 + "9")


class ApiServer:
    """A running server. ``call`` runs a coroutine inside its event loop."""

    def __init__(self, url: str, registers: dict[str, BareRegister]) -> None:
        self.database, self.registers = url, registers
        self.hub: Hub
        self.loop: asyncio.AbstractEventLoop
        self._ready = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="api-server")

    def client(self, key: str | None = KEY) -> httpx2.Client:
        """A client with a shop's key."""
        headers = {b"Authorization": f"Bearer {key}".encode()} if key else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run inside the server's loop, and wait."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def read(self, look: Any) -> Any:
        """Look into the database."""
        return self.call(self.hub.store.read(look))

    def write(self, unit: Any) -> Any:
        """Write into it."""
        return self.call(self.hub.store.write(unit))

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - told to the test that waits
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        async with running(self.database, self.registers) as hub:
            self.hub = hub
            await hub.store.write(_furnish)
            await hub.reload()
            app = Starlette(routes=api_routes(hub))
            config = uvicorn.Config(app, log_level="warning", lifespan="off")
            self.server = uvicorn.Server(config)
            self.loop.call_soon(self._ready.set)
            await self.server.serve(sockets=[self._socket])

    def start(self) -> None:
        """Start, or raise what stopped it."""
        self._thread.start()
        self._ready.wait(30)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop the server, then the hub."""
        if self._thread.is_alive():
            self.server.should_exit = True
        self._thread.join(30)
        self._socket.close()
        if self._error is not None:
            raise self._error


def _furnish(tx: Any) -> None:
    if people.shop_of_key(tx, KEY) is not None:
        return
    people.add_seller(tx, OTHER_SHOP.seller_id, "500100732259", "ИП Иванов")
    people.add_shop(tx, OTHER_SHOP)
    people.add_key(tx, KEY_ID, SHOP.id, KEY)
    people.add_key(tx, "0" * 31 + "6", OTHER_SHOP.id, OTHER_KEY)


@contextlib.contextmanager
def serving(url: str, registers: dict[str, BareRegister] | None = None) -> Iterator[ApiServer]:
    """A server over a database; registers are of the first shop's seller."""
    server = ApiServer(url, registers or {})
    server.start()
    try:
        yield server
    finally:
        server.stop()


__all__ = ["KEY", "KEY_ID", "OTHER_KEY", "SELLER", "ApiServer", "serving"]
