"""The agent: links to hubs, seats of registers, a search, and a small page. Composed here, run until it is stopped."""

import asyncio
import socket
from collections.abc import Callable
from random import Random

import msgspec
import structlog

from chekpoint.app.agent_find import Places, find
from chekpoint.app.agent_link import BadSettings, Link, LinkSettings
from chekpoint.app.agent_page import page, page_server
from chekpoint.app.agent_seats import Seats
from chekpoint.app.compose import BESIDE, CONFIGS, register_makers
from chekpoint.core.clock import Clock, epoch_ms, uuid7_hex
from chekpoint.registers.agent.wire import FoundRegister

log = structlog.get_logger()


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``page_port`` also keeps a second agent from starting on the same computer by mistake."""

    links: tuple[LinkSettings, ...]
    places: Places = Places()
    page_host: str = "127.0.0.1"
    page_port: int = 16733


def local_seats(clock: Clock) -> Seats:
    """Seats over the drivers of registers that may stand beside an agent."""
    makers = {maker: make for maker, make in register_makers(clock).items() if maker in BESIDE}
    return Seats(makers, CONFIGS, clock)


class Agent:
    """One run of the program. Raises BadSettings when it is made or started with settings that cannot work."""

    def __init__(self, settings: AgentSettings, clock: Clock, chance: Random) -> None:
        self.settings, self.clock = settings, clock
        self.seats = local_seats(clock)
        self.found: tuple[FoundRegister, ...] = ()
        self.searched = False
        instance = uuid7_hex(epoch_ms(clock.now()), chance)
        self.links = tuple(
            Link(one, self.seats, clock, chance, instance=instance, found=lambda: self.found)
            for one in settings.links
        )
        self._stop = asyncio.Event()
        self._search = asyncio.Event()

    def stop(self) -> None:
        """End what has begun, begin nothing more."""
        self._stop.set()

    def search(self) -> None:
        """Look for registers again."""
        self._search.set()

    async def run(self, ready: Callable[[int], None] = lambda _port: None) -> None:
        """Until ``stop``; ``ready`` is told the page's port. Raises BadSettings when that is taken."""
        listener = self._listen()
        server = page_server(page(self), listener)
        await server.startup(sockets=[listener])
        ready(listener.getsockname()[1])
        tasks = [asyncio.ensure_future(link.run()) for link in self.links]
        searching = asyncio.ensure_future(self._searches())
        try:
            await self._stop.wait()
            await asyncio.gather(*(link.stop() for link in self.links))
        finally:
            for task in (*tasks, searching):
                task.cancel()
            await asyncio.gather(*tasks, searching, return_exceptions=True)
            server.force_exit = True
            await server.shutdown(sockets=[listener])
            await self.seats.aclose()

    def _listen(self) -> socket.socket:
        try:
            return socket.create_server((self.settings.page_host, self.settings.page_port))
        except OSError as fault:
            raise BadSettings(
                f"порт страницы {self.settings.page_port} занят: агент уже запущен? Другой порт: --page-port / "
                f"the page's port is taken: does an agent run already? ({fault})"
            ) from fault

    async def _searches(self) -> None:
        """Once at the start, then whenever somebody asks."""
        while True:
            self._search.clear()
            self.found = await find(self.seats, self.settings.places)
            self.searched = True
            log.info("searched", found=[one.where for one in self.found if one.status is not None])
            for link in self.links:
                await link.report()
            await self._search.wait()
