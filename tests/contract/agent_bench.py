"""A driver behind a real agent: hub's side, a real WebSocket over a relay on loopback, the agent, its emulated register.

The relay is the office's router: it can cut a connection, or leave the agent's half of it open and hold a command.
"""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from itertools import count
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import uvicorn
from starlette.applications import Starlette

from chekpoint.app.agent_link import Link, LinkSettings
from chekpoint.app.agent_seats import Seats
from chekpoint.app.compose import BESIDE, CONFIGS, register_makers
from chekpoint.core.clock import SystemClock
from chekpoint.core.ports import Register
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.hub.hub import Hub
from chekpoint.registers.agent import (
    AgentConfig,
    AgentLimits,
    AgentRegister,
    Switchboard,
    agent_routes,
)
from chekpoint.store import agents
from tests.contract.atol_bench import atol_bench
from tests.contract.http_bench import listening
from tests.contract.shtrih_bench import shtrih_bench
from tests.doubles.hubs import running

NAME, KEY = "касса-1", "ak_key-of-the-agent"
LIMITS = AgentLimits(answer=6.0, fresh=0.3, slack=0.5, beat_every=1.0)
_INSTANCES = count(1)


class Relay:
    """TCP between agent and hub, where the hub's frames can be seen (an agent's are masked)."""

    def __init__(self, hub_port: int) -> None:
        self._hub_port = hub_port
        self.loses_answer = self.loses_command = False
        self.late: list[Callable[[], Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._frozen: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self.port = 0
        self.frozen: Callable[[], object] = lambda: None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._relay(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            hub_reader, hub_writer = await asyncio.open_connection("127.0.0.1", self._hub_port)
        except OSError:
            writer.close()
            return
        cut = asyncio.Event()
        flows = [
            asyncio.ensure_future(self._down(hub_reader, writer, cut)),
            asyncio.ensure_future(self._up(reader, hub_writer, cut)),
            asyncio.ensure_future(cut.wait()),
        ]
        try:
            await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for flow in flows:
                flow.cancel()
            await asyncio.gather(*flows, return_exceptions=True)
            hub_writer.close()
            if writer not in self._frozen:
                writer.close()

    async def _down(self, hub: asyncio.StreamReader, agent: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while octets := await hub.read(1 << 16):
            if b'"method":"submit"' in octets:
                if self.loses_command:
                    self.loses_command = False
                    self._frozen.append(agent)
                    self.late.append(partial(agent.write, octets))
                    self.frozen()
                    return
                if self.loses_answer:
                    self.loses_answer, self._armed = False, cut
            agent.write(octets)

    _armed: asyncio.Event | None = None

    async def _up(self, agent: asyncio.StreamReader, hub: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while octets := await agent.read(1 << 16):
            if self._armed is cut and len(octets) > 200:  # not a beat: the answer
                self._armed = None
                cut.set()
                return
            hub.write(octets)

    async def stop(self) -> None:
        """Cut everything."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._frozen:
            writer.close()
        self._frozen.clear()


class LocalAgent:
    """The agent's program in this loop: seats over given drivers, one link."""

    def __init__(self, hub: str, key: str = KEY) -> None:
        clock = SystemClock()
        self.seats = Seats(register_makers(clock), CONFIGS, clock)
        self.link = Link(
            LinkSettings(hub=hub, key=key), self.seats, clock, random.Random(1),
            instance=f"run-{next(_INSTANCES)}", found=tuple,
        )  # fmt: skip
        self._task = asyncio.ensure_future(self.link.run())

    async def stop(self) -> None:
        """As on SIGTERM."""
        await self.link.stop()
        await self.kill()

    async def kill(self) -> None:
        """As on SIGKILL, but for what asyncio needs."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        for task in list(self.link._commands):
            task.cancel()
        await asyncio.gather(*self.link._commands, return_exceptions=True)


class AgentBench:
    """``RegisterBench`` around another one: its driver runs inside the agent."""

    def __init__(self, inner: Any, maker: str) -> None:
        self.inner, self.maker = inner, maker
        self.emulated: EmulatedRegister = inner.emulated
        self.board = Switchboard(SystemClock(), LIMITS)
        self.board.born -= 60.0  # the hub has been running
        settings = msgspec.to_builtins(inner.config) | ({"port": inner._port} if maker == "shtrih" else {})
        config = AgentConfig(agent=NAME, maker=maker, config=settings)
        self.register: Register = AgentRegister(config, self.board, BESIDE[maker])
        self.agents: list[LocalAgent] = []
        self.successor: asyncio.Future[None] | None = None
        self.relay: Relay

    @property
    def faults(self) -> Any:
        return self.inner.faults

    async def start(self, hub: Hub) -> None:
        await hub.store.write(lambda tx: agents.add_agent(tx, "0" * 31 + "a", NAME, KEY))
        self._socket = listening(0)
        config = uvicorn.Config(
            Starlette(routes=agent_routes(hub, self.board)), lifespan="off", log_level="warning"
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[self._socket])
        self.relay = Relay(self._socket.getsockname()[1])
        await self.relay.start()
        self.relay.frozen = self._succeed
        await self.launch()

    def _succeed(self) -> None:
        self.successor = asyncio.ensure_future(self.launch())

    async def launch(self) -> None:
        """Another agent program with the same key; the old ones live on, if they can."""
        self.agents.append(LocalAgent(f"http://127.0.0.1:{self.relay.port}"))
        await self.connected()

    async def connected(self) -> None:
        with anyio.fail_after(10):
            while self._live() != self.agents[-1].link.instance:  # noqa: ASYNC110 - a line is no event
                await anyio.sleep(0.01)

    def _live(self) -> str | None:
        line = self.board.line(NAME)
        return None if line is None else line.instance

    async def stop(self) -> None:
        if self.successor is not None:
            await self.successor
        for agent in self.agents:
            await agent.kill()
            await agent.seats.aclose()
        await self.relay.stop()
        self._server.force_exit = True
        await self._server.shutdown(sockets=[self._socket])

    def lose_answer(self) -> None:
        self.relay.loses_answer = True

    def lose_command(self) -> None:
        """The command hangs in the half-open connection of an agent, whose successor connects."""
        self.relay.loses_command = True

    async def deliver_late(self) -> None:
        for deliver in self.relay.late:
            deliver()
        self.relay.late.clear()
        await anyio.lowlevel.checkpoint()

    async def break_link(self) -> None:
        await self.relay.stop()
        with anyio.fail_after(10):
            while self._live() is not None:  # noqa: ASYNC110 - a line is no event
                await anyio.sleep(0.01)

    async def mend_link(self) -> None:
        await self.relay.start()
        await self.connected()


_INNER: dict[str, Callable[..., AbstractAsyncContextManager[Any]]] = {
    "atol": atol_bench,
    "shtrih": shtrih_bench,
}


@asynccontextmanager
async def _hub() -> AsyncIterator[Hub]:
    with tempfile.TemporaryDirectory() as folder:
        async with running(f"sqlite:///{folder}/chekpoint.db", {}) as hub:
            yield hub


@asynccontextmanager
async def agent_bench(maker: str, *, faults: Any = None, **settings: Any) -> AsyncIterator[AgentBench]:
    """A running bench; everything it opened is closed at the end."""
    async with _INNER[maker](**settings, faults=faults) as inner, _hub() as hub:
        bench = AgentBench(inner, maker)
        await bench.start(hub)
        try:
            yield bench
        finally:
            await bench.stop()
